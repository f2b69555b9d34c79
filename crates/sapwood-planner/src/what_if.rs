//! The same plan under other rules, and with other efforts.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::contradiction::Contradiction;
use crate::limits::DRAWS_MAX;
use crate::model::{Plan, SliceId};
use crate::network::Network;
use crate::rng::Rng;
use crate::solve::{Answer, Effort, solve};

/// One set of rules, and what the best order costs under it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Variant {
    /// Team-days each release costs.
    pub overhead: u64,
    /// Days between releases on one surface.
    pub settle: u64,
    /// Teams that build.
    pub teams: u32,
    /// The answer.
    pub answer: Answer,
}

/// Solves a plan under each combination of rules, in the order given.
///
/// # Errors
/// The contradictions of the first combination that has any.
pub fn what_if(
    plan: &Plan,
    rules: &[(u64, u64, u32)],
    effort: Effort,
    keep_going: &mut dyn FnMut() -> bool,
) -> Result<Vec<Variant>, Vec<Contradiction>> {
    let variants = rules.iter().map(|(overhead, settle, teams)| {
        let mut other = plan.clone();
        (other.overhead, other.settle, other.teams) = (*overhead, *settle, *teams);
        // A team that is not there cannot be away.
        other.absences.retain(|absence| absence.team < *teams);
        let answer = solve(&Network::new(&other)?, effort, keep_going);
        Ok(Variant { overhead: *overhead, settle: *settle, teams: *teams, answer })
    });
    variants.collect()
}

/// The lowest, likely and highest effort of a slice, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// If all goes well.
    pub low: u64,
    /// Most likely.
    pub likely: u64,
    /// If little does.
    pub high: u64,
}

/// How much of an order depends on the estimates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stability {
    /// How often efforts were drawn.
    pub draws: u32,
    /// In how many of them the order of releases stayed the same.
    pub same: u32,
    /// Pairs whose order changed, with the number of draws, the most frequent first; at most five.
    pub swaps: Vec<(SliceId, SliceId, u32)>,
}

/// Draws efforts from their ranges (triangular, with a fixed seed), solves each plan, and compares with `base`.
///
/// At most [`DRAWS_MAX`] draws. Slices without a range keep their effort.
///
/// # Errors
/// The contradictions of the plan.
pub fn stability(
    plan: &Plan,
    base: &Answer,
    ranges: &BTreeMap<SliceId, Range>,
    draws: u32,
    effort: Effort,
) -> Result<Stability, Vec<Contradiction>> {
    let mut rng = Rng::new(0x5a70_0d02);
    let draws = draws.min(DRAWS_MAX);
    let places = release_of(base);
    let mut swaps: BTreeMap<(SliceId, SliceId), u32> = BTreeMap::new();
    let mut same = 0;
    for _ in 0..draws {
        let mut drawn = plan.clone();
        drawn.slices.sort_by(|left, right| left.id.cmp(&right.id));
        for slice in &mut drawn.slices {
            if let Some(range) = ranges.get(&slice.id) {
                slice.effort = draw(*range, &mut rng);
            }
        }
        let answer = solve(&Network::new(&drawn)?, effort, &mut || true);
        let other = release_of(&answer);
        let mut changed = false;
        for (left, place) in &places {
            for (right, after) in
                places.range::<SliceId, _>((std::ops::Bound::Excluded(left), std::ops::Bound::Unbounded))
            {
                let (Some(now), Some(then)) = (other.get(left), other.get(right)) else { continue };
                let order = place.cmp(after);
                let turned = order != std::cmp::Ordering::Equal && now.cmp(then) == order.reverse();
                changed |= order != now.cmp(then);
                if turned {
                    *swaps.entry((left.clone(), right.clone())).or_default() += 1;
                }
            }
        }
        same += u32::from(!changed);
    }
    let mut swaps: Vec<(SliceId, SliceId, u32)> =
        swaps.into_iter().map(|((left, right), count)| (left, right, count)).collect();
    swaps.sort_by(|left, right| {
        right.2.cmp(&left.2).then_with(|| (&left.0, &left.1).cmp(&(&right.0, &right.1)))
    });
    swaps.truncate(5);
    Ok(Stability { draws, same, swaps })
}

fn release_of(answer: &Answer) -> BTreeMap<SliceId, usize> {
    let releases = answer.schedule.releases.iter().enumerate();
    releases.flat_map(|(place, release)| release.slices.iter().map(move |id| (id.clone(), place))).collect()
}

/// A triangular draw in integers: the mean of two even draws over the half the coin chose, pulled to the likely value.
fn draw(range: Range, rng: &mut Rng) -> u64 {
    let (low, high) = (range.low.min(range.likely), range.high.max(range.likely));
    let span = high - low;
    if span == 0 {
        return low;
    }
    // Inverse of the triangular distribution function, with a resolution of 2^20.
    let unit = u128::from(rng.next() >> 44);
    let whole = 1_u128 << 20;
    let (low, likely, high) = (u128::from(low), u128::from(range.likely), u128::from(high));
    let rising = (likely - low) * whole / u128::from(span);
    let drawn = if unit < rising {
        low + (unit * u128::from(span) * (likely - low) / whole).isqrt()
    } else {
        high - ((whole - unit) * u128::from(span) * (high - likely) / whole).isqrt()
    };
    u64::try_from(drawn).unwrap_or(range.likely)
}
