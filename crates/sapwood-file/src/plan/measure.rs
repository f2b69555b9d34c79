//! Whether a ladder can show an effect at all, and how long it takes.
//!
//! The question of a guardrail that looks for harm, asked of a benefit: how many affected people of both arms until an
//! always-valid test at 1 % has seen a relative change, with four chances in five.

use sapwood_planner::cuts::Measured;
use sapwood_stats::power::{Watch, units_needed};
use sapwood_stats::{Harm, Prior, combine::rollback_line};

use super::ladders::Ladder;
use crate::quantity;
use crate::tree::Node;

/// Chance with which an effect is to be seen.
const PROBABILITY: f64 = 0.8;
/// Chance of seeing an effect that is not there.
const ALPHA: f64 = 0.01;

/// What is known about the measure of a slice.
pub(super) fn measured(
    measure: Option<&Node>,
    ladder: Option<&Ladder>,
    subjects_per_day: Option<u64>,
) -> Measured {
    let Some(measure) = measure else { return Measured::Unnamed };
    let text = |key: &str| measure.get(&[key]).and_then(Node::text);
    let own = text("subjects_per_day").and_then(quantity::whole).or(subjects_per_day);
    let baseline = text("baseline").and_then(|text| quantity::share(text).ok());
    let smallest = text("smallest").and_then(|text| quantity::percent(text).ok());
    let (Some(subjects), Some(baseline), Some(smallest), Some(ladder)) = (own, baseline, smallest, ladder)
    else {
        return Measured::Named;
    };
    let change = number(smallest) / 100_000.0;
    let is_up = text("better_if") != Some("down");
    let (harm, ratio) = if is_up { (Harm::Up, 1.0 + change) } else { (Harm::Down, 1.0 - change) };
    let watch = Watch { harm, margin_ratio: 1.0, prior: Prior::guardrail(), line: rollback_line(ALPHA, 1.0) };
    let per_day = number(subjects) * f64::from(baseline) / 100_000.0;
    let mut best: Option<(u32, u64)> = None;
    for stage in ladder.shares.iter().filter(|stage| (1..100_000).contains(&stage.share)) {
        let share = f64::from(stage.share) / 100_000.0;
        let Some(units) = units_needed(&watch, share, ratio, PROBABILITY) else { continue };
        let days = whole_days(number(units) / per_day);
        let given = stage.minutes / (24 * 60);
        if days <= given {
            return Measured::Shown { share: stage.share, days, given };
        }
        if best.is_none_or(|(_, fewest)| days < fewest) {
            best = Some((stage.share, days));
        }
    }
    Measured::Hidden { best }
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "counts of people are far below 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to a range in which every whole number is exact"
)]
fn whole_days(days: f64) -> u64 {
    days.ceil().clamp(1.0, 1e9) as u64
}
