//! What a rollout could have seen by now, and what it would take to see more.
//!
//! "No harm seen" means nothing where harm could not have been seen. The questions here are answered for a guardrail
//! that is looked at after every affected unit: an exact recursion over the number of treated units steps through the
//! first 50 000 affected units; beyond, a single look at the end in normal approximation is taken when it says more.
//! Both err on the modest side: the true chance of having seen the harm is never smaller but for the normal
//! approximation itself, whose counts are large there.

mod walk;

use crate::logs::positive;
use crate::prior::Prior;
use crate::strata::{Harm, Stratum, informative, treated_probability};
use walk::{Bank, Course, Epoch, Walk, last_look};

/// Affected units walked through one by one; the cost grows with the power 1.5 of it (some 50 ms at worst here).
const EXACT_UNITS: u64 = 50_000;
/// Affected units of an epoch from which the normal approximation may answer "certainly" by itself.
const LAST_LOOK_FROM: u64 = 1_000;
/// The search for a detectable ratio ends at this many times the margin.
const RATIO_MAX: f64 = 100.0;
/// Largest number of affected units [`units_needed`] considers.
const UNITS_MAX: u64 = 1_000_000_000;

/// A ratio guardrail as it is watched: what counts as harm, and the line its evidence must reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Watch {
    /// Direction of harm.
    pub harm: Harm,
    /// Tolerated ratio of the treated to the control rate, above 0; 1 for "no change".
    pub margin_ratio: f64,
    /// What the test bets on.
    pub prior: Prior,
    /// Value of `ln E` at which the guardrail acts, see [`crate::combine::rollback_line`].
    pub line: f64,
}

/// Probability, in [0, 1], that the guardrail would have reached its line by now had the true ratio been `ratio`.
///
/// `affected` holds the affected units so far per epoch, in the order in which the epochs were in force; how they
/// split into arms is ignored. Takes a millisecond for a thousand units and at most some 100 ms, so it is asked at
/// gates and for the screen, not for every event. 0 when nothing was affected, when the ratio or the line is not a usable number, and
/// when the line is at infinity; 1 when the line is at or below 0, where every guardrail starts.
#[must_use]
pub fn probability_seen(watch: &Watch, affected: &[Stratum], ratio: f64) -> f64 {
    let Some(side) = Side::new(watch) else { return 0.0 };
    if !positive(ratio) {
        return 0.0;
    }
    let epochs = side.epochs(affected);
    let alternative = side.turned(ratio);
    // Where even one look at the end is certain to see it, there is no need to walk.
    if epochs.iter().any(|epoch| epoch.units >= LAST_LOOK_FROM)
        && let Some(seen) = last_look(&side, &epochs, alternative)
        && seen > 1.0 - 1e-6
    {
        return seen.min(1.0);
    }
    Course::new(&side, &epochs).seen(&side, &epochs, alternative)
}

/// The smallest harm the guardrail would have seen by now with the given probability, as a ratio of rates.
///
/// Above the margin for harm upwards, below it for harm downwards; found to 0.2 %, in a few calls' time of
/// [`probability_seen`]. `None` when even a hundredfold
/// change would not have been seen with that `probability` (in (0, 1)), so that the stage is uninformative.
#[must_use]
pub fn smallest_detectable_ratio(watch: &Watch, affected: &[Stratum], probability: f64) -> Option<f64> {
    let side = Side::new(watch)?;
    let epochs = side.epochs(affected);
    let course = Course::new(&side, &epochs);
    let missed = |log_change: f64| {
        course.seen(&side, &epochs, side.margin * log_change.exp()) < probability || probability.is_nan()
    };
    let (mut small, mut large) = (0.0, RATIO_MAX.ln());
    if missed(large) {
        return None;
    }
    for _ in 0..12 {
        let middle = f64::midpoint(small, large);
        if missed(middle) {
            small = middle;
        } else {
            large = middle;
        }
    }
    Some(side.turned(side.margin * large.exp()))
}

/// Affected units, both arms together, after which the guardrail has seen a true `ratio` with the given probability.
///
/// For one stage of constant `treated_share` in (0, 1). `None` when a thousand million units are not enough or an
/// argument is out of range. This is the table "how much evidence" (B7) for any share, ratio and line; dividing by
/// the affected units per hour gives the bake time a stage needs to be informative.
#[must_use]
pub fn units_needed(watch: &Watch, treated_share: f64, ratio: f64, probability: f64) -> Option<u64> {
    let side = Side::new(watch)?;
    if !informative(treated_share) || !positive(ratio) || probability.is_nan() {
        return None;
    }
    let share = if watch.harm == Harm::Up { treated_share } else { 1.0 - treated_share };
    let alternative = side.turned(ratio);
    let mut bank = Bank::new(&side);
    let mut walk = Walk::new();
    let mut boundary = 0.0;
    for units in 0..=EXACT_UNITS {
        if walk.crossed >= probability || side.line <= 0.0 {
            return Some(units);
        }
        bank.observe(share, 1.0);
        boundary = bank.boundary(boundary);
        walk.step(treated_probability(share, alternative), boundary);
    }
    let misses = |units: u64| {
        last_look(&side, &[Epoch { share, units }], alternative).is_none_or(|seen| seen < probability)
    };
    let (mut few, mut many) = (EXACT_UNITS, UNITS_MAX);
    if misses(many) {
        return None;
    }
    while many - few > 1 {
        let middle = few.midpoint(many);
        if misses(middle) {
            few = middle;
        } else {
            many = middle;
        }
    }
    Some(many)
}

/// The guardrail seen from the arm that suffers, so that harm is always "more": a test for fewer treated units at
/// share `s` is, to the letter, the test for more control units at share `1 - s`.
struct Side {
    harm: Harm,
    margin: f64,
    prior: Prior,
    line: f64,
}

impl Side {
    fn new(watch: &Watch) -> Option<Self> {
        let mut side = Self { harm: watch.harm, margin: 1.0, prior: watch.prior, line: watch.line };
        side.margin = side.turned(watch.margin_ratio);
        let usable = positive(watch.margin_ratio) && positive(side.margin) && !watch.line.is_nan();
        (usable && watch.line < f64::INFINITY).then_some(side)
    }

    /// A ratio of treated to control as a ratio of the suffering arm to the other, or back.
    fn turned(&self, ratio: f64) -> f64 {
        match self.harm {
            Harm::Up => ratio,
            Harm::Down => ratio.recip(),
        }
    }

    fn epochs(&self, affected: &[Stratum]) -> Vec<Epoch> {
        let informative = affected.iter().filter(|stratum| informative(stratum.treated_share));
        informative
            .map(|stratum| Epoch {
                share: match self.harm {
                    Harm::Up => stratum.treated_share,
                    Harm::Down => 1.0 - stratum.treated_share,
                },
                units: stratum.treated.saturating_add(stratum.control),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
