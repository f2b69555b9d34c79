//! Who moves when shares are edited: exactly those who must, and nobody between two arms unless one shrank and the other grew.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::{Share, Slot, VariantKey, lay_out, reshare, shares};

type Served = Option<VariantKey>;

fn key(name: &str) -> VariantKey {
    VariantKey::try_from(name).unwrap()
}

/// Shares of up to five arms, some of them not there at all.
fn wanted() -> impl Strategy<Value = BTreeMap<VariantKey, Share>> {
    prop::collection::vec(
        prop_oneof![1 => Just(None), 1 => Just(Some(0_u32)), 3 => (0_u32..=1_000).prop_map(Some)],
        5,
    )
    .prop_map(|weights| {
        let sum = weights.iter().flatten().sum::<u32>().max(1_000);
        let part = |weight: u32| u64::from(weight) * 100_000 / u64::from(sum);
        ["a", "b", "c", "d", "e"]
            .into_iter()
            .zip(weights)
            .filter_map(|(name, weight)| {
                Some((key(name), Share::from_parts(u32::try_from(part(weight?)).unwrap()).unwrap()))
            })
            .collect()
    })
}

/// What each bucket is served.
fn by_bucket(slots: &[Slot]) -> Vec<&Served> {
    slots
        .iter()
        .flat_map(|slot| std::iter::repeat_n(&slot.serve, usize::try_from(slot.width.parts()).unwrap()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nobody_moves_between_two_arms_unless_one_shrank_and_the_other_grew(edits in prop::collection::vec(wanted(), 2..8), named in any::<bool>()) {
        let rest = named.then(|| key("rest"));
        let mut table = lay_out(&edits[0], rest.as_ref()).unwrap();
        for edit in &edits[1..] {
            let Ok(next) = reshare(&table, edit, rest.as_ref()) else { break };
            let (had, has) = (shares(&table), shares(&next.slots));
            let parts = |of: &BTreeMap<Served, Share>, arm: &Served| i64::from(of.get(arm).copied().unwrap_or_default().parts());
            let mut moved: BTreeMap<(&Served, &Served), i64> = BTreeMap::new();
            for (from, to) in by_bucket(&table).into_iter().zip(by_bucket(&next.slots)).filter(|(from, to)| from != to) {
                *moved.entry((from, to)).or_default() += 1;
            }
            // What is said of the edit is what happens to the buckets.
            let said: BTreeMap<_, _> = next.moves.iter().map(|one| ((&one.from, &one.to), i64::from(one.share.parts()))).collect();
            prop_assert_eq!(&said, &moved);
            // For each arm and each pair, what the shares alone force: whoever leaves an arm is surplus there, whoever comes is
            // missing there, so nobody leaves an arm that grows or comes to one that shrinks.
            let arms: Vec<&Served> = had.keys().chain(has.keys().filter(|arm| !had.contains_key(*arm))).collect();
            for arm in &arms {
                let change = parts(&has, arm) - parts(&had, arm);
                let left: i64 = moved.iter().filter(|((from, _), _)| from == arm).map(|(_, count)| count).sum();
                let came: i64 = moved.iter().filter(|((_, to), _)| to == arm).map(|(_, count)| count).sum();
                prop_assert_eq!((left, came), ((-change).max(0), change.max(0)), "{:?}", arm);
            }
            for ((from, to), count) in &moved {
                let surplus = parts(&had, from) - parts(&has, from);
                let missing = parts(&has, to) - parts(&had, to);
                prop_assert!(surplus > 0 && missing > 0 && *count <= surplus.min(missing), "{:?} to {:?}", from, to);
            }
            // No table with these shares moves fewer: each arm that grows has to get what it lacks from somebody.
            let fewest: i64 = arms.iter().map(|arm| (parts(&has, arm) - parts(&had, arm)).max(0)).sum();
            prop_assert_eq!(i64::from(next.moved.parts()), fewest);
            table = next.slots;
        }
    }
}
