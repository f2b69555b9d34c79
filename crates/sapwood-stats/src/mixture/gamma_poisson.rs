//! The gamma-Poisson mixture: evidence from counts, whose upper tail is heavier than a normal one.

use super::{crossing, one_sided_rho, two_sided_bound, usable};
use crate::logs::{budget, deviance, positive};
use crate::special::gamma::{log_gamma_q, stirling_rest};

/// A one-sided mixture for a sum whose upward jumps are at most `scale` (Howard et al. 2021, proposition 9).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GammaPoisson {
    scale: f64,
    /// `rho / scale^2`.
    shape: f64,
    /// What does not depend on the data: `ln(shape) / 2` less the rests of Stirling's formula and of the tail.
    constant: f64,
}

impl GammaPoisson {
    /// Tightest when the variance is `optimal` (above 0) at level `alpha` (in (0, 1/2)); `scale` is above 0.
    ///
    /// `None` if an argument is out of range.
    #[must_use]
    pub fn new(optimal: f64, alpha: f64, scale: f64) -> Option<Self> {
        let shape = one_sided_rho(optimal, alpha)? / (scale * scale);
        if !positive(scale) || !positive(shape) {
            return None;
        }
        let constant = 0.5 * shape.ln() - stirling_rest(shape) - log_gamma_q(shape, shape, 0.0);
        constant.is_finite().then_some(Self { scale, shape, constant })
    }

    /// Logarithm of the mixture at this sum and variance; 0 where [`Self::log_e_if_possible`] has none.
    #[must_use]
    pub fn log_e(&self, sum: f64, variance: f64) -> f64 {
        self.log_e_if_possible(sum, variance).unwrap_or(0.0)
    }

    /// Logarithm of the mixture at this sum and variance; `None` if no counts can have led there, or they are no numbers.
    #[must_use]
    pub fn log_e_if_possible(&self, sum: f64, variance: f64) -> Option<f64> {
        if !usable(sum, variance, self.shape) {
            return None;
        }
        let time = variance / (self.scale * self.scale);
        let rate = time + self.shape;
        let surplus = sum / self.scale;
        let count = rate + surplus;
        if count <= 0.0 || !count.is_finite() {
            return None;
        }
        // `shape ln shape - ln gamma(shape) + ln gamma(count) - count ln rate + time`, with Stirling's formula on both
        // gamma functions: the large terms cancel on paper.
        let log_e = self.constant + deviance(count, rate, surplus) - 0.5 * count.ln()
            + stirling_rest(count)
            + log_gamma_q(count, rate, surplus);
        (!log_e.is_nan()).then_some(log_e)
    }

    /// The sum at which [`Self::log_e`] reaches `ln(1 / alpha)`; infinite for an `alpha` outside (0, 1).
    #[must_use]
    pub fn bound(&self, variance: f64, alpha: f64) -> f64 {
        let start = two_sided_bound(variance, alpha, self.shape * self.scale * self.scale);
        if !budget(alpha) || start.is_infinite() {
            return f64::INFINITY;
        }
        let mut beyond = start;
        for _ in 0..60 {
            if self.log_e(beyond, variance) >= -alpha.ln() {
                return crossing(0.0, beyond, alpha, |sum| self.log_e(sum, variance));
            }
            beyond *= 2.0;
        }
        f64::INFINITY
    }
}

/// Logarithm of the evidence that a counting process has another rate than expected: `events` where `expected` should
/// have come.
///
/// A gamma mixture of `shape` around the expected rate (Lindon's counting-process test):
/// `shape ln shape - (shape + N) ln(shape + L) + ln gamma(shape + N) - ln gamma(shape) + L`, written so that the large
/// terms cancel on paper. 0 for an `expected` below 0 or a `shape` not above 0. Never NaN.
#[must_use]
pub fn log_e_of_count(events: u64, expected: f64, shape: f64) -> f64 {
    if !usable(0.0, expected, shape) {
        return 0.0;
    }
    let events = crate::logs::count(events);
    let (counted, awaited) = (shape + events, shape + expected);
    let log_e = deviance(counted, awaited, events - expected) - 0.5 * (counted.ln() - shape.ln())
        + stirling_rest(counted)
        - stirling_rest(shape);
    if log_e.is_nan() { 0.0 } else { log_e }
}
