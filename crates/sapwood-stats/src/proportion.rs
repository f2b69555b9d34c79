//! One arm by itself: how often its subjects are affected, and whether that is above a ceiling.
//!
//! A ceiling ("never above 20 % errors") needs no control, so it also fires on an outage that hits both arms. It
//! cannot tell the release from the weather; that is why ceilings hold by default and do not roll back.

use crate::logs::{bisect, budget, count};
use crate::mixture::two_sided_rho;
use crate::special::beta::Halves;

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
    // The integral from the ceiling up is the one from zero up, seen from the other end.
    let surplus = (affected + unaffected + 2.0).mul_add(ceiling, -(affected + 1.0));
    let halves = Halves {
        first: unaffected + 1.0,
        second: affected + 1.0,
        share: 1.0 - ceiling,
        rest: ceiling,
        surplus,
    };
    let log_e = halves.log_fair_beta() + ceiling.ln() + halves.log_incomplete();
    if log_e.is_nan() { 0.0 } else { log_e }
}

/// Logarithm of the evidence that subjects are affected less often than `floor`, a probability in (0, 1).
///
/// [`log_e_above`] of the others: a floor under an outcome is a ceiling over its absence.
#[must_use]
pub fn log_e_below(affected: u64, unaffected: u64, floor: f64) -> f64 {
    log_e_above(unaffected, affected, 1.0 - floor)
}

/// A confidence sequence for a probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Smallest probability not excluded; 0 when none is.
    pub lower: f64,
    /// Largest probability not excluded; 1 when none is.
    pub upper: f64,
}

/// Where a confidence sequence is to be tightest; this affects its width, never its validity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// Number of subjects, above 0.
    pub units: f64,
    /// Level, in (0, 1).
    pub alpha: f64,
}

impl Tuning {
    /// The weight of the mixing distribution, in units: equation (21) of Howard and others in units of the variance of
    /// one subject, less that subject, and at least a thousandth. `None` if out of range.
    fn prior_units(self) -> Option<f64> {
        Some((two_sided_rho(self.units, self.alpha)? - 1.0).max(1e-3))
    }
}

/// The confidence sequence for the probability of being affected, at level `1 - alpha`, at every look at once.
///
/// Holds every probability against which the two-sided beta-binomial mixture has less evidence than `1 / alpha`
/// (confseq's Bernoulli interval). `tuning` says where it is to be tightest. An `alpha` outside (0, 1) or an unusable
/// tuning excludes nothing.
#[must_use]
pub fn interval(affected: u64, unaffected: u64, alpha: f64, tuning: Tuning) -> Interval {
    let whole = Interval { lower: 0.0, upper: 1.0 };
    let Some(prior) = tuning.prior_units() else { return whole };
    if !budget(alpha) || (affected == 0 && unaffected == 0) {
        return whole;
    }
    let counts = (count(affected), count(unaffected));
    let line = -alpha.ln();
    let excluded = |odds: f64| log_e_against(counts, prior, odds) >= line;
    let estimate = (counts.0.ln() - counts.1.ln()).clamp(-LOG_ODDS_MAX, LOG_ODDS_MAX);
    let probability = |odds: f64| ((-odds).exp() + 1.0).recip();
    Interval {
        lower: if excluded(-LOG_ODDS_MAX) {
            probability(bisect(-LOG_ODDS_MAX, estimate, excluded))
        } else {
            0.0
        },
        upper: if excluded(LOG_ODDS_MAX) {
            probability(bisect(estimate, LOG_ODDS_MAX, |odds| !excluded(odds)))
        } else {
            1.0
        },
    }
}

/// Probabilities are searched for as log odds, so that small ones keep their digits; those beyond are taken for 0 or 1.
const LOG_ODDS_MAX: f64 = 700.0;

/// Logarithm of the two-sided beta-binomial mixture against the probability with these log odds.
///
/// `prior` is the weight of the mixing distribution in units, spread as the probability says.
fn log_e_against((affected, unaffected): (f64, f64), prior: f64, odds: f64) -> f64 {
    let (probability, rest) = (((-odds).exp() + 1.0).recip(), (odds.exp() + 1.0).recip());
    let halves = |affected: f64, unaffected: f64| {
        Halves {
            first: prior.mul_add(probability, affected),
            second: prior.mul_add(rest, unaffected),
            share: probability,
            rest,
            surplus: affected * rest - unaffected * probability,
        }
        .log_fair_beta()
    };
    halves(affected, unaffected) - halves(0.0, 0.0)
}

#[cfg(test)]
mod tests;
