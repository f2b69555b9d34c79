//! The gamma-Poisson mixture: evidence from counts, whose upper tail is heavier than a normal one.

use super::{crossing, one_sided_rho, two_sided_bound, usable};
use crate::logs::{budget, positive};
use crate::special::gamma::{ln_gamma, log_gamma_q};

/// A one-sided mixture for a sum whose upward jumps are at most `scale` (Howard et al. 2021, proposition 9).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GammaPoisson {
    scale: f64,
    /// `rho / scale^2`.
    shape: f64,
    constant: f64,
}

impl GammaPoisson {
    /// Tightest when the variance is `optimal` (above 0) at level `alpha` (in (0, 1/2)); `scale` is above 0.
    ///
    /// `None` if an argument is out of range.
    #[must_use]
    pub fn new(optimal: f64, alpha: f64, scale: f64) -> Option<Self> {
        let shape = one_sided_rho(optimal, alpha)? / (scale * scale);
        let constant = shape * shape.ln() - ln_gamma_of(shape)? - log_gamma_q(shape, shape);
        (positive(scale) && constant.is_finite()).then_some(Self { scale, shape, constant })
    }

    /// Logarithm of the mixture at this sum and variance.
    #[must_use]
    pub fn log_e(&self, sum: f64, variance: f64) -> f64 {
        if !usable(sum, variance, self.shape) {
            return 0.0;
        }
        let time = variance / (self.scale * self.scale);
        let rate = time + self.shape;
        let count = rate + sum / self.scale;
        if count <= 0.0 || !count.is_finite() {
            return 0.0;
        }
        let log_e = self.constant + ln_gamma(count) + log_gamma_q(count, rate) - count * rate.ln() + time;
        if log_e.is_nan() { 0.0 } else { log_e }
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

fn ln_gamma_of(shape: f64) -> Option<f64> {
    positive(shape).then(|| ln_gamma(shape))
}
