//! The gamma-exponential mixture: evidence from a sum whose upward jumps have no bound but light tails.

use super::{crossing, one_sided_rho, two_sided_bound, usable};
use crate::logs::{budget, deviance, positive};
use crate::special::gamma::{log_gamma_p, stirling_rest};

/// A one-sided mixture for a sub-exponential sum with scale `scale` (Howard et al. 2021, proposition 9).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GammaExponential {
    scale: f64,
    /// `rho / scale^2`.
    shape: f64,
    /// What does not depend on the data: `ln(shape) / 2` less the rests of Stirling's formula and of the tail.
    constant: f64,
}

impl GammaExponential {
    /// Tightest when the variance is `optimal` (above 0) at level `alpha` (in (0, 1/2)); `scale` is above 0.
    ///
    /// `None` if an argument is out of range.
    #[must_use]
    pub fn new(optimal: f64, alpha: f64, scale: f64) -> Option<Self> {
        let shape = one_sided_rho(optimal, alpha)? / (scale * scale);
        if !positive(scale) || !positive(shape) {
            return None;
        }
        let constant = 0.5 * shape.ln() - stirling_rest(shape) - log_gamma_p(shape, shape, 0.0);
        constant.is_finite().then_some(Self { scale, shape, constant })
    }

    /// Logarithm of the mixture at this sum and variance; 0 where [`Self::log_e_if_possible`] has none.
    #[must_use]
    pub fn log_e(&self, sum: f64, variance: f64) -> f64 {
        self.log_e_if_possible(sum, variance).unwrap_or(0.0)
    }

    /// Logarithm of the mixture at this sum and variance; `None` if the sum is too low for the mixture, or no number.
    #[must_use]
    pub fn log_e_if_possible(&self, sum: f64, variance: f64) -> Option<f64> {
        if !usable(sum, variance, self.shape) {
            return None;
        }
        let surplus = sum / self.scale;
        let count = variance / (self.scale * self.scale) + self.shape;
        let rate = count + surplus;
        if rate <= 0.0 || !rate.is_finite() {
            return None;
        }
        let log_e = self.constant + deviance(count, rate, -surplus) - 0.5 * count.ln()
            + stirling_rest(count)
            + log_gamma_p(count, rate, -surplus);
        (!log_e.is_nan()).then_some(log_e)
    }

    /// The sum at which [`Self::log_e`] reaches `ln(1 / alpha)`; infinite for an `alpha` outside (0, 1).
    #[must_use]
    pub fn bound(&self, variance: f64, alpha: f64) -> f64 {
        let mut beyond = two_sided_bound(variance, alpha, self.shape * self.scale * self.scale);
        if !budget(alpha) || beyond.is_infinite() {
            return f64::INFINITY;
        }
        for _ in 0..60 {
            if self.log_e(beyond, variance) >= -alpha.ln() {
                return crossing(0.0, beyond, alpha, |sum| self.log_e(sum, variance));
            }
            beyond *= 2.0;
        }
        f64::INFINITY
    }
}
