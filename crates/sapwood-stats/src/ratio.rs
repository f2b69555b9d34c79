//! The test behind most guardrails: is the treated arm affected at a higher (or lower) rate than control?
//!
//! Given that a unit was affected, and given no effect, it is treated with the probability in force when it was:
//! the arm of the next affected unit is a biased coin with known bias. Betting against that coin gives a process
//! `E` that starts at 1 and, while the ratio of rates stays within the margin, exceeds `1/a` with probability at
//! most `a` — however often and whenever one looks, and whatever the rollout did because of what it saw.

use crate::logs::{bisect, budget, log_sum_exp, positive};
use crate::prior::Prior;
use crate::strata::{Cell, Harm, Stratum, cells, treated_probability};

/// Ratios are searched for between `exp(-60)` and `exp(60)`; a bound outside is reported as absent.
const LOG_RATIO_MAX: f64 = 60.0;

/// A confidence sequence for the rate ratio: valid at every look at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Smallest ratio not excluded; `None` when none is (so: zero).
    pub lower: Option<f64>,
    /// Largest ratio not excluded; `None` when none is (so: unbounded).
    pub upper: Option<f64>,
    /// Most likely ratio, as [`estimate`] gives it.
    pub estimate: Option<f64>,
}

/// Logarithm of the evidence that the rate ratio is beyond `margin_ratio` in the direction of harm.
///
/// `margin_ratio` is the tolerated ratio of the treated to the control rate (1 for "no change", 1.25 for "a quarter
/// more is tolerated"; above 0). With `T` treated of `N_s` affected units per epoch, `q_s` the probability of
/// treated at the margin and bets `r_k = r0 exp(±d_k)` of weight `w_k`:
///
/// `ln E = ln sum_k w_k exp(± T d_k - sum_s N_s ln(1 + q_s (exp(±d_k) - 1)))`
///
/// which is the stage-stratified conditional-binomial mixture (kernel B2), rearranged to cancel nothing.
/// Exact at any count: `E[E] = 1` at the margin. Zero affected units give 0 (`E = 1`), and so does a margin that
/// is not a positive finite number, because nothing can be bet against it. Never NaN.
#[must_use]
pub fn log_e(strata: &[Stratum], harm: Harm, margin_ratio: f64, prior: &Prior) -> f64 {
    if !positive(margin_ratio) || cells(strata).all(|cell| cell.units <= 0.0) {
        return 0.0;
    }
    let treated: f64 = cells(strata).map(|cell| cell.treated).sum();
    log_sum_exp(prior.points().iter().map(|point| {
        let expected: f64 = cells(strata)
            .map(|cell| {
                cell.units * log_mean(treated_probability(cell.share, margin_ratio), point.relative(harm))
            })
            .sum();
        point.log_weight + treated * point.log_ratio(harm) - expected
    }))
}

/// Logarithm of the mean likelihood ratio of one affected unit: `ln(1 + q (r / r0 - 1))`.
pub(crate) fn log_mean(probability: f64, relative: f64) -> f64 {
    (probability * relative).ln_1p()
}

/// The most likely ratio of the treated to the control rate; above or equal to 0.
///
/// Solves `T = sum_s N_s p_s(r)`. `None` when nothing can be said: no affected unit at all, or none in control
/// (any ratio, however large, is less likely than a larger one).
#[must_use]
pub fn estimate(strata: &[Stratum]) -> Option<f64> {
    let treated: f64 = cells(strata).map(|cell| cell.treated).sum();
    let control: f64 = cells(strata).map(|cell| cell.units - cell.treated).sum();
    if control <= 0.0 {
        return None;
    }
    if treated <= 0.0 {
        return Some(0.0);
    }
    // Compared through both arms' shortfall, so that a few units among very many do not cancel away.
    let too_small = |log_ratio: f64| {
        let ratio = log_ratio.exp();
        let surplus = |cell: Cell| {
            let probability = treated_probability(cell.share, ratio);
            cell.treated * (1.0 - probability) - (cell.units - cell.treated) * probability
        };
        cells(strata).map(surplus).sum::<f64>() > 0.0
    };
    Some(bisect(-LOG_RATIO_MAX, LOG_RATIO_MAX, too_small).exp())
}

/// The confidence sequence for the rate ratio at level `1 - alpha`, valid however often it is looked at.
///
/// It holds every ratio `r0` against which neither direction of harm has evidence `2 / alpha`; both are monotone
/// in `r0`, so bisection finds the ends exactly. Hence the lower end of the interval at `alpha` crosses a margin at
/// the very look at which the one-sided test at `alpha / 2` fires. An `alpha` outside (0, 1) excludes nothing.
#[must_use]
pub fn interval(strata: &[Stratum], alpha: f64, prior: &Prior) -> Interval {
    let estimate = estimate(strata);
    if !budget(alpha) {
        return Interval { lower: None, upper: None, estimate };
    }
    let line = (2.0 / alpha).ln();
    let excluded = |log_ratio: f64, harm: Harm| log_e(strata, harm, log_ratio.exp(), prior) >= line;
    let lower = excluded(-LOG_RATIO_MAX, Harm::Up)
        .then(|| bisect(-LOG_RATIO_MAX, LOG_RATIO_MAX, |log_ratio| excluded(log_ratio, Harm::Up)).exp());
    let upper = excluded(LOG_RATIO_MAX, Harm::Down)
        .then(|| bisect(-LOG_RATIO_MAX, LOG_RATIO_MAX, |log_ratio| !excluded(log_ratio, Harm::Down)).exp());
    Interval { lower, upper, estimate }
}

#[cfg(test)]
mod rollouts;
#[cfg(test)]
mod tests;
