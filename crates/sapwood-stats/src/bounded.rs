//! A bounded mean of very few subjects (a score from 1 to 5, a part of an hour): betting, value by value.
//!
//! For one arm against a level declared before the start; exact at any count, where [`crate::mean`] says nothing below a
//! hundred subjects. Its state depends on the order of the values, so one node keeps it. Each stage starts a bet anew
//! and the stages multiply. With hundreds of subjects `mean` is quicker.

use crate::betting::{Bettor, Direction};
use crate::strata::Harm;

/// A running bet that the mean of values between two bounds is beyond a level, in the direction of harm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoundedMean {
    low: f64,
    span: f64,
    harm: Harm,
    bettor: Bettor,
    log_e_before: f64,
}

/// Part of the capital at stake on one value at most, so that none can ruin the bet.
const STAKE_MAX: f64 = 0.5;

impl BoundedMean {
    /// Starts a bet on values in [`low`, `high`] against `level`, strictly between them; `alpha` sizes the bets.
    ///
    /// `None` if an argument is out of range.
    #[must_use]
    pub fn new(low: f64, high: f64, level: f64, harm: Harm, alpha: f64) -> Option<Self> {
        let span = high - low;
        let scaled = match harm {
            Harm::Up => (level - low) / span,
            Harm::Down => (high - level) / span,
        };
        let bettor = Bettor::new(scaled, Direction::Above, alpha, STAKE_MAX)?;
        (span.is_finite() && span > 0.0 && low.is_finite()).then_some(Self {
            low,
            span,
            harm,
            bettor,
            log_e_before: 0.0,
        })
    }

    /// Takes the next subject's value; values beyond the bounds are cut off there, one that is not a number is ignored.
    pub fn observe(&mut self, value: f64) {
        let scaled = (value - self.low) / self.span;
        self.bettor.observe(match self.harm {
            Harm::Up => scaled,
            Harm::Down => 1.0 - scaled,
        });
    }

    /// Begins a stage: what was learned about the spread of values is forgotten, what was won is kept.
    #[must_use]
    pub fn next_stage(self) -> Self {
        Self { log_e_before: self.log_e(), bettor: self.bettor.fresh(), ..self }
    }

    /// Logarithm of the evidence over all stages; never NaN.
    #[must_use]
    pub fn log_e(&self) -> f64 {
        self.log_e_before + self.bettor.log_e()
    }
}

#[cfg(test)]
mod tests;
