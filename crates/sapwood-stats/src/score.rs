//! The test for counters without subjects: scraped counts, whose events may come in bursts.
//!
//! A burst breaks the coin of the ratio test: five errors of one subject are not five subjects. Here each interval
//! of scraping is one observation, `d = T - N theta`, and its own square stands for its variance, so bursts make the
//! test slower rather than wrong (0.1 % false alarms where the ratio test on raw events has 63 %).
//! The caller first looks at [`dispersion`]: below [`DISPERSION_MAX`] the ratio test is right, and faster.

use crate::mixture::one_sided_log_e;
use crate::strata::{Harm, Stratum, cells};

/// The tuning of the mixture, in events squared; found by simulation, see the guardrail study (B3).
pub const RHO: f64 = 50.0;
/// Dispersion above which events are too bursty for the ratio test.
pub const DISPERSION_MAX: f64 = 1.5;
/// Intervals below which neither the dispersion nor the score says anything.
pub const INTERVALS_MIN: usize = 30;

/// Logarithm of the evidence that events of the treated arm exceed (or fall short of) its part of the exposure.
///
/// Each stratum is one interval of scraping, its share the treated part of the exposure in it. Fewer than
/// [`INTERVALS_MIN`] informative intervals give 0. Never NaN.
#[must_use]
pub fn log_e(intervals: &[Stratum], harm: Harm) -> f64 {
    if cells(intervals).count() < INTERVALS_MIN {
        return 0.0;
    }
    let (mut sum, mut sum_squares) = (0.0, 0.0);
    for cell in cells(intervals) {
        let surplus = cell.treated - cell.units * cell.share;
        sum += surplus;
        sum_squares += surplus * surplus;
    }
    let harmful = match harm {
        Harm::Up => sum,
        Harm::Down => -sum,
    };
    log_e_of_sums(harmful, sum_squares, RHO)
}

/// Logarithm of the evidence from the sum of the surpluses and the sum of their squares, which is all a node keeps.
#[must_use]
pub fn log_e_of_sums(sum: f64, sum_squares: f64, rho: f64) -> f64 {
    one_sided_log_e(sum, sum_squares, rho)
}

/// How much burstier the events are than independent ones: `sum (T - N theta)^2 / sum N theta (1 - theta)`.
///
/// About 1 for independent events. `None` with fewer than [`INTERVALS_MIN`] informative intervals or no events.
#[must_use]
pub fn dispersion(intervals: &[Stratum]) -> Option<f64> {
    let (mut squares, mut expected) = (0.0, 0.0);
    for cell in cells(intervals) {
        let surplus = cell.treated - cell.units * cell.share;
        squares += surplus * surplus;
        expected += cell.units * cell.share * (1.0 - cell.share);
    }
    (cells(intervals).count() >= INTERVALS_MIN && expected > 0.0).then(|| squares / expected)
}

#[cfg(test)]
mod tests;
