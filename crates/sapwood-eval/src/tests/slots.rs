//! Editing shares: who moves, in what order they leave again, and the tables that remain.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use crate::{Move, Share, Slot, SlotsError, VariantKey, lay_out, moves, reshare, shares};

fn arms(shares: &[(&str, u32)]) -> BTreeMap<VariantKey, Share> {
    let arm = |(key, parts): &(&str, u32)| {
        (VariantKey::try_from(*key).unwrap(), Share::from_parts(*parts).unwrap())
    };
    shares.iter().map(arm).collect()
}

/// `a10000 -40000 …`, with `-` for passing on.
fn shown(slots: &[Slot]) -> String {
    let slot = |slot: &Slot| {
        format!("{}{}", slot.serve.as_ref().map_or("-", VariantKey::as_str), slot.width.parts())
    };
    slots.iter().map(slot).collect::<Vec<_>>().join(" ")
}

fn served(slots: &[Slot], bucket: u32) -> Option<&VariantKey> {
    let mut until = 0;
    let holds = |slot: &&Slot| {
        until += slot.width.parts();
        bucket < until
    };
    slots.iter().find(holds).and_then(|slot| slot.serve.as_ref())
}

/// Who is served what, without the anchors.
fn spans(slots: &[Slot]) -> Vec<(Option<&VariantKey>, u32)> {
    let mut spans: Vec<(Option<&VariantKey>, u32)> = Vec::new();
    for slot in slots.iter().filter(|slot| slot.width != Share::NONE) {
        let serve = slot.serve.as_ref();
        match spans.last_mut() {
            Some((last, width)) if *last == serve => *width += slot.width.parts(),
            Some(_) | None => spans.push((serve, slot.width.parts())),
        }
    }
    spans
}

#[test]
fn three_arms_grow_inside_their_thirds_and_shrink_the_way_they_came() {
    let steps = [1_000, 5_000, 10_000, 20_000, 33_333];
    let mut tables = vec![lay_out(&arms(&[("a", 0), ("b", 0), ("c", 0)]), None).unwrap()];
    assert_eq!(shown(&tables[0]), "a0 -33333 b0 -33333 c0 -33334");
    let mut before = 0;
    for each in steps {
        let wanted = arms(&[("a", each), ("b", each), ("c", each)]);
        let next = reshare(tables.last().unwrap(), &wanted, None).unwrap();
        assert_eq!(next.moved.parts(), 3 * (each - before));
        assert!(next.moves.iter().all(|one| one.from.is_none()));
        before = each;
        tables.push(next.slots);
    }
    assert_eq!(shown(&tables[3]), "a10000 -23333 b10000 -23333 c10000 -23334");
    for (each, table) in [0, 1_000, 5_000, 10_000, 20_000].into_iter().zip(&tables).rev() {
        let wanted = arms(&[("a", each), ("b", each), ("c", each)]);
        assert_eq!(reshare(tables.last().unwrap(), &wanted, None).unwrap().slots, *table);
    }
}

#[test]
fn known_edits_move_what_is_needed_and_no_more() {
    let moved = |before: &[(&str, u32)], after: &[(&str, u32)]| {
        let table = lay_out(&arms(before), None).unwrap();
        reshare(&table, &arms(after), None).unwrap().moved.parts()
    };
    assert_eq!(
        moved(&[("a", 34_000), ("b", 33_000), ("c", 33_000)], &[("a", 50_000), ("b", 25_000), ("c", 25_000)]),
        16_000
    );
    assert_eq!(moved(&[("a", 10_000), ("b", 10_000)], &[("a", 20_000), ("b", 20_000)]), 20_000);
    let thirds = [("a", 33_333), ("b", 33_333), ("c", 33_334)];
    assert_eq!(moved(&thirds, &[("a", 25_000), ("b", 25_000), ("c", 25_000), ("d", 25_000)]), 25_000);
    assert_eq!(moved(&[("a", 50_000)], &[("b", 50_000)]), 50_000);
    assert_eq!(moved(&[("a", 100_000)], &[]), 100_000);
}

#[test]
fn moves_say_from_what_to_what() {
    let off = VariantKey::try_from("off").unwrap();
    let on = VariantKey::try_from("on").unwrap();
    let table = lay_out(&arms(&[("on", 10_000)]), Some(&off)).unwrap();
    assert_eq!(shown(&table), "on10000 off90000");
    let next = reshare(&table, &arms(&[("on", 30_000)]), Some(&off)).unwrap();
    let share = Share::from_parts(20_000).unwrap();
    assert_eq!(next.moves, [Move { from: Some(off.clone()), to: Some(on), share }]);
    let all = shares(&next.slots);
    assert_eq!(all[&Some(off)].parts(), 70_000);
}

#[test]
fn an_arm_grown_around_the_end_remembers_where_it_began() {
    let half = lay_out(&arms(&[("a", 10_000), ("b", 40_000)]), None).unwrap();
    let grown = reshare(&half, &arms(&[("a", 10_000), ("b", 70_000)]), None).unwrap().slots;
    assert_eq!(shown(&grown), "a10000 b20000 -20000 b0 b50000");
    let back = reshare(&grown, &arms(&[("a", 10_000), ("b", 40_000)]), None).unwrap().slots;
    assert_eq!(back, half);
}

#[test]
fn a_new_arm_settles_where_it_leaves_its_neighbours_room() {
    let one = lay_out(&arms(&[("a", 20_000)]), None).unwrap();
    let two = reshare(&one, &arms(&[("a", 20_000), ("b", 10_000)]), None).unwrap().slots;
    assert_eq!(shown(&two), "a20000 -40000 b10000 -30000");
}

#[test]
fn a_new_arm_takes_what_another_gave_up_in_one_piece() {
    let all = lay_out(&arms(&[("off", 100_000)]), None).unwrap();
    let some = reshare(&all, &arms(&[("off", 90_000), ("on", 10_000)]), None).unwrap();
    assert_eq!(shown(&some.slots), "off90000 on10000");
}

#[test]
fn tables_are_compared_bucket_by_bucket() {
    let table = |slots: &[(Option<&str>, u32)]| -> Vec<Slot> {
        let slot = |(serve, width): &(Option<&str>, u32)| json!({"serve": serve, "width": width});
        serde_json::from_value(slots.iter().map(slot).collect()).unwrap()
    };
    let said = |before: &[Slot], after: &[Slot]| {
        let name = |key: &Option<VariantKey>| key.as_ref().map_or("-".to_owned(), ToString::to_string);
        let one = |of: &Move| format!("{}>{} {}", name(&of.from), name(&of.to), of.share.parts());
        moves(before, after).iter().map(one).collect::<Vec<_>>()
    };
    let (a, b, off) = (Some("a"), Some("b"), Some("off"));
    let before = table(&[(a, 10_000), (b, 0), (b, 10_000), (off, 80_000)]);
    let after = table(&[(a, 20_000), (b, 10_000), (off, 70_000)]);
    assert_eq!(said(&before, &after), ["b>a 10000", "off>b 10000"]);
    assert_eq!(said(&before, &before), [""; 0]);
    assert_eq!(said(&before, &table(&[(None, 100_000)])), ["a>- 10000", "b>- 10000", "off>- 80000"]);
    assert_eq!(said(&before, &table(&[(a, 5)])), [""; 0], "not a whole table");
}

#[test]
fn what_cannot_be_is_refused_with_its_figure() {
    let off = VariantKey::try_from("off").unwrap();
    let table = lay_out(&arms(&[("a", 1)]), None).unwrap();
    let refused = |wanted: &[(&str, u32)], rest| reshare(&table, &arms(wanted), rest).unwrap_err();
    assert_eq!(refused(&[("a", 60_000), ("b", 60_000)], None), SlotsError::MoreThanWhole { parts: 120_000 });
    assert_eq!(refused(&[("off", 1)], Some(&off)), SlotsError::RestNamed(off.clone()));
    let broken: Vec<Slot> = serde_json::from_value(json!([{"serve": "a", "width": 5}])).unwrap();
    assert_eq!(reshare(&broken, &arms(&[]), None).unwrap_err(), SlotsError::NotWhole { parts: 5 });
    let comb: Vec<Slot> = serde_json::from_value(
        (0..100).map(|n| json!({"serve": if n % 2 == 0 { "a" } else { "b" }, "width": 1_000})).collect(),
    )
    .unwrap();
    let refused = reshare(&comb, &arms(&[("a", 50_000), ("b", 49_999)]), None).unwrap_err();
    assert_eq!(refused, SlotsError::TooManySlots { slots: 101, limit: 64 });
}

fn wanted() -> impl Strategy<Value = Vec<(&'static str, u32)>> {
    prop::collection::vec(prop_oneof![Just(0_u32), 0_u32..=100], 3).prop_map(|weights| {
        let sum = weights.iter().sum::<u32>().max(100);
        ["a", "b", "c"].into_iter().zip(weights.iter().map(|weight| weight * 100_000 / sum)).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn growing_and_shrinking_again_is_as_if_nothing_happened(start in wanted(), more in prop::collection::vec(0_u32..=100, 3)) {
        let table = lay_out(&arms(&start), None).unwrap();
        let free = 100_000 - start.iter().map(|(_, parts)| parts).sum::<u32>();
        let grown: Vec<_> = start.iter().zip(more).map(|((key, parts), more)| (*key, parts + free / 3 * more / 100)).collect();
        let expanded = reshare(&table, &arms(&grown), None).unwrap();
        for bucket in (0..100_000).step_by(97) {
            let had = served(&table, bucket);
            prop_assert!(had.is_none() || had == served(&expanded.slots, bucket));
        }
        let back = reshare(&expanded.slots, &arms(&start), None).unwrap();
        prop_assert_eq!(spans(&back.slots), spans(&table));
        prop_assert_eq!(back.moved, expanded.moved);
    }

    #[test]
    fn any_run_of_edits_moves_the_fewest_and_adds_up(edits in prop::collection::vec(wanted(), 1..12)) {
        let mut table = lay_out(&arms(&[]), None).unwrap();
        for edit in edits {
            let (before, wanted) = (shares(&table), arms(&edit));
            let Ok(next) = reshare(&table, &wanted, None) else { break };
            prop_assert_eq!(moves(&table, &next.slots), next.moves);
            let after = shares(&next.slots);
            let gained = after.iter().map(|(serve, share)| share.saturating_sub(before.get(serve).copied().unwrap_or_default()).parts());
            prop_assert_eq!(gained.sum::<u32>(), next.moved.parts());
            for (key, share) in wanted {
                prop_assert_eq!(after.get(&Some(key)).copied().unwrap_or_default(), share);
            }
            prop_assert_eq!(after.values().map(|share| share.parts()).sum::<u32>(), 100_000);
            table = next.slots;
        }
    }
}
