//! The beta-binomial mixture: evidence from a sum of bounded steps, exact for a coin of known bias.

use super::{crossing, one_sided_rho, two_sided_rho, usable};
use crate::logs::{budget, positive};
use crate::special::beta::Halves;

/// A mixture for steps between `-down` and `+up` of mean 0 (Howard et al. 2021, propositions 6 and 7).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BetaBinomial {
    down: f64,
    up: f64,
    tuning: f64,
    sides: Sides,
    normaliser: f64,
}

/// Whether evidence is wanted for a drift either way or upwards only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sides {
    /// A drift upwards.
    One,
    /// A drift either way.
    Two,
}

impl BetaBinomial {
    /// Tightest when the variance is `optimal` (above 0) at level `alpha`, for steps between `-down` and `up` (both
    /// above 0).
    ///
    /// `None` if an argument is out of range.
    #[must_use]
    pub fn new(optimal: f64, alpha: f64, down: f64, up: f64, sides: Sides) -> Option<Self> {
        let rho = match sides {
            Sides::One => one_sided_rho(optimal, alpha)?,
            Sides::Two => two_sided_rho(optimal, alpha)?,
        };
        if !positive(down) || !positive(up) {
            return None;
        }
        // Steps of this size already carry variance `down * up`; what is left must stay above zero.
        let tuning = (rho - down * up).max(1e-3 * down * up);
        let mut mixture = Self { down, up, tuning, sides, normaliser: 0.0 };
        mixture.normaliser = mixture.log_mass(0.0, 0.0);
        mixture.normaliser.is_finite().then_some(mixture)
    }

    /// Logarithm of the mixture at this sum and variance; 0 where [`Self::log_e_if_possible`] has none.
    #[must_use]
    pub fn log_e(&self, sum: f64, variance: f64) -> f64 {
        self.log_e_if_possible(sum, variance).unwrap_or(0.0)
    }

    /// Logarithm of the mixture at this sum and variance; `None` if no steps can have led there, or they are no numbers.
    #[must_use]
    pub fn log_e_if_possible(&self, sum: f64, variance: f64) -> Option<f64> {
        if !usable(sum, variance, self.tuning) || !self.possible(sum, variance) {
            return None;
        }
        let log_e = self.log_mass(sum, variance) - self.normaliser;
        (!log_e.is_nan()).then_some(log_e)
    }

    /// The sum at which [`Self::log_e`] reaches `ln(1 / alpha)`; infinite when no possible sum does.
    #[must_use]
    pub fn bound(&self, variance: f64, alpha: f64) -> f64 {
        let largest = variance / self.down;
        if !budget(alpha)
            || !usable(largest, variance, self.tuning)
            || self.log_e(largest, variance) < -alpha.ln()
        {
            return f64::INFINITY;
        }
        crossing(0.0, largest, alpha, |sum| self.log_e(sum, variance))
    }

    /// Whether steps of these sizes can have led to the sum.
    fn possible(&self, sum: f64, variance: f64) -> bool {
        self.tuning + variance - self.down * sum > 0.0 && self.tuning + variance + self.up * sum > 0.0
    }

    /// Logarithm of the mixture before it is normalised: the beta function of prior and data, per sequence of steps
    /// under no drift, times the part of it on the side of the drift.
    fn log_mass(&self, sum: f64, variance: f64) -> f64 {
        let Self { down, up, .. } = *self;
        let span = down + up;
        let halves = Halves {
            first: (self.tuning + variance - down * sum) / (down * span),
            second: (self.tuning + variance + up * sum) / (up * span),
            share: up / span,
            rest: down / span,
            surplus: -sum / span,
        };
        let tail = match self.sides {
            Sides::One => halves.log_incomplete(),
            Sides::Two => 0.0,
        };
        halves.log_fair_beta() + tail
    }
}
