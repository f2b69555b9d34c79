//! Mixture martingales of Howard, Ramdas and others (2021, arXiv 1810.08240): evidence from a running
//! sum and its running variance, and the boundary the sum must cross.
//!
//! They carry the tests that cannot count affected units: means, counters without subjects, single arms.
//! In all of them `sum` is the sum so far, `variance` (at least 0) its intrinsic time, and a result of 0 is "no
//! evidence", which is also the answer to input out of range. None is ever NaN.

pub mod beta_binomial;
pub mod gamma_exponential;
pub mod gamma_poisson;

use crate::logs::{bisect, budget, positive};
use crate::special::normal::log_scaled_normal_cdf;

/// The tuning that makes a two-sided normal mixture tightest when the variance is `optimal`, at level `alpha`.
///
/// Equation (21): `optimal / (2 ln(1/a) + ln(1 + 2 ln(1/a)))`; the choice affects how soon, never whether the test
/// is valid. `None` unless `optimal` is above 0 and `alpha` in (0, 1).
#[must_use]
pub fn two_sided_rho(optimal: f64, alpha: f64) -> Option<f64> {
    let twice_log = -2.0 * alpha.ln();
    let rho = optimal / (twice_log + twice_log.ln_1p());
    (positive(optimal) && budget(alpha) && positive(rho)).then_some(rho)
}

/// The same for a one-sided normal mixture: [`two_sided_rho`] at twice the level, so `alpha` is in (0, 1/2).
#[must_use]
pub fn one_sided_rho(optimal: f64, alpha: f64) -> Option<f64> {
    two_sided_rho(optimal, 2.0 * alpha)
}

/// Logarithm of the two-sided normal mixture: evidence that the sum drifts either way.
///
/// `ln(rho / (v + rho)) / 2 + s^2 / (2 (v + rho))`, equation (14).
#[must_use]
pub fn two_sided_log_e(sum: f64, variance: f64, rho: f64) -> f64 {
    if !usable(sum, variance, rho) {
        return 0.0;
    }
    let scaled = sum / (variance + rho).sqrt();
    -0.5 * log_spread(variance, rho) + 0.5 * scaled * scaled
}

/// Logarithm of the one-sided normal mixture: evidence that the sum drifts upwards.
///
/// `ln(4 rho / (v + rho)) / 2 + s^2 / (2 (v + rho)) + ln Phi(s / sqrt(v + rho))`, proposition 5.
#[must_use]
pub fn one_sided_log_e(sum: f64, variance: f64, rho: f64) -> f64 {
    if !usable(sum, variance, rho) {
        return 0.0;
    }
    let scaled = sum / (variance + rho).sqrt();
    std::f64::consts::LN_2 - 0.5 * log_spread(variance, rho) + log_scaled_normal_cdf(scaled)
}

/// The sum at which [`two_sided_log_e`] reaches `ln(1 / alpha)`; infinite without a budget or a tuning.
#[must_use]
pub fn two_sided_bound(variance: f64, alpha: f64, rho: f64) -> f64 {
    if !usable(0.0, variance, rho) || !budget(alpha) {
        return f64::INFINITY;
    }
    ((variance + rho) * (log_spread(variance, rho) - 2.0 * alpha.ln())).sqrt()
}

/// The sum at which [`one_sided_log_e`] reaches `ln(1 / alpha)`; infinite without a budget or a tuning.
#[must_use]
pub fn one_sided_bound(variance: f64, alpha: f64, rho: f64) -> f64 {
    // The one-sided mixture is the larger for every positive sum, so its boundary lies below the two-sided one.
    let beyond = two_sided_bound(variance, alpha, rho);
    if beyond.is_infinite() {
        return f64::INFINITY;
    }
    crossing(-beyond, beyond, alpha, |sum| one_sided_log_e(sum, variance, rho))
}

/// `ln((v + rho) / rho)`, also where the quotient overflows.
fn log_spread(variance: f64, rho: f64) -> f64 {
    let ratio = variance / rho;
    if ratio.is_finite() { ratio.ln_1p() } else { variance.ln() - rho.ln() }
}

/// Where an increasing log-evidence reaches `ln(1 / alpha)`, between two sums.
fn crossing(low: f64, high: f64, alpha: f64, log_e: impl Fn(f64) -> f64) -> f64 {
    let line = -alpha.ln();
    bisect(low, high, |sum| log_e(sum) < line)
}

fn usable(sum: f64, variance: f64, tuning: f64) -> bool {
    sum.is_finite() && variance.is_finite() && variance >= 0.0 && positive(tuning)
}

#[cfg(test)]
mod tests;
