//! One arm by itself: how often its subjects are affected, and whether that is above a ceiling.
//!
//! A ceiling ("never above 20 % errors") needs no control, so it also fires on an outage that hits both arms. It
//! cannot tell the release from the weather; that is why ceilings hold by default and do not roll back.

use crate::logs::{bisect, budget, count, positive};
use crate::mixture::beta_binomial::{BetaBinomial, Sides};
use crate::special::beta::log_incomplete_beta;

/// Logarithm of the evidence that subjects are affected more often than `ceiling`, a probability in (0, 1).
///
/// Bets evenly on every probability above the ceiling: with `x` affected and `y` unaffected subjects,
/// `E = integral_c^1 p^x (1-p)^y dp / ((1-c) c^x (1-c)^y)`. Its mean is 1 at the ceiling and less below, at any
/// count. No subjects, or a ceiling outside (0, 1), give 0; never NaN.
#[must_use]
pub fn log_e_above(affected: u64, unaffected: u64, ceiling: f64) -> f64 {
    if !budget(ceiling) || (affected == 0 && unaffected == 0) {
        return 0.0;
    }
    let (affected, unaffected) = (count(affected), count(unaffected));
    let (log_ceiling, log_rest) = (ceiling.ln(), (-ceiling).ln_1p());
    // The integral from the ceiling up is the one from zero up, seen from the other end.
    let bets = log_incomplete_beta(unaffected + 1.0, affected + 1.0, 1.0 - ceiling) - log_rest;
    let log_e = bets - affected * log_ceiling - unaffected * log_rest;
    if log_e.is_nan() { 0.0 } else { log_e }
}

/// A confidence sequence for a probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Smallest probability not excluded; 0 when none is.
    pub lower: f64,
    /// Largest probability not excluded; 1 when none is.
    pub upper: f64,
}

/// The confidence sequence for the probability of being affected, at level `1 - alpha`, at every look at once.
///
/// Holds every probability against which the two-sided beta-binomial mixture has less evidence than `1 / alpha`
/// (confseq's Bernoulli interval). `optimal_units` (at least 1) is the number of subjects at which it is to be
/// tightest. An `alpha` outside (0, 1) or an unusable `optimal_units` excludes nothing.
#[must_use]
pub fn interval(affected: u64, unaffected: u64, alpha: f64, optimal_units: f64) -> Interval {
    let whole = Interval { lower: 0.0, upper: 1.0 };
    let (affected, units) = (count(affected), count(affected) + count(unaffected));
    if !budget(alpha) || !positive(optimal_units) || units <= 0.0 {
        return whole;
    }
    let line = -alpha.ln();
    let excluded = |probability: f64| {
        let spread = probability * (1.0 - probability);
        BetaBinomial::new(optimal_units * spread, TUNED_AT, probability, 1.0 - probability, Sides::Two)
            .is_some_and(|mixture| mixture.log_e(affected - units * probability, units * spread) >= line)
    };
    let estimate = affected / units;
    Interval {
        lower: if excluded(NEAR_ZERO) { bisect(NEAR_ZERO, estimate, excluded) } else { 0.0 },
        upper: if excluded(NEAR_ONE) { bisect(estimate, NEAR_ONE, |p| !excluded(p)) } else { 1.0 },
    }
}

/// Level the mixture is tuned for, as in confseq; the interval is valid at any.
const TUNED_AT: f64 = 0.05;
/// The ends of the search: probabilities beyond are not told apart from 0 and 1.
const NEAR_ZERO: f64 = 1e-12;
const NEAR_ONE: f64 = 1.0 - 1e-12;

#[cfg(test)]
mod tests;
