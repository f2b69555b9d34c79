//! Betting on a bounded mean, value by value: the test for very few subjects, where asymptotics do not hold.
//!
//! Waudby-Smith and Ramdas (2024, arXiv 2010.09686), theorem 3 with predictable plug-in bets. It depends on the
//! order of the values, so its state cannot be merged: one node keeps it. Slower than `mean` once there are hundreds.

use crate::logs::{budget, log_sum_exp};

/// Which way the mean is suspected to be off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The mean is above the null.
    Above,
    /// The mean is above or below the null; half the capital is bet on each, the larger counts.
    Either,
}

/// A running bet against "the mean of values in [0, 1] is `null`".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bettor {
    null: f64,
    direction: Direction,
    /// `2 ln(1 / alpha)`, which sets the size of the bets (confseq's choice; the paper halves alpha).
    eagerness: f64,
    /// Largest part of the capital at stake on one value.
    stake_max: f64,
    values: f64,
    sum: f64,
    sum_squared_errors: f64,
    log_above: f64,
    log_below: f64,
}

impl Bettor {
    /// Starts a bet. `null` and `alpha` (which only sizes the bets) are in (0, 1), `stake_max` in (0, 1].
    ///
    /// `None` if an argument is out of range. With a `stake_max` below 1 no value can ruin the bettor.
    #[must_use]
    pub fn new(null: f64, direction: Direction, alpha: f64, stake_max: f64) -> Option<Self> {
        let valid = budget(null) && budget(alpha) && stake_max > 0.0 && stake_max <= 1.0;
        valid.then_some(Self {
            null,
            direction,
            eagerness: -2.0 * alpha.ln(),
            stake_max,
            values: 0.0,
            sum: 0.0,
            sum_squared_errors: 0.0,
            log_above: 0.0,
            log_below: 0.0,
        })
    }

    /// The same bet before its first value.
    pub(crate) const fn fresh(&self) -> Self {
        Self { values: 0.0, sum: 0.0, sum_squared_errors: 0.0, log_above: 0.0, log_below: 0.0, ..*self }
    }

    /// Takes the next value; values outside [0, 1] are cut off there, and one that is not a number is ignored.
    pub fn observe(&mut self, value: f64) {
        if value.is_nan() {
            return;
        }
        let value = value.clamp(0.0, 1.0);
        // The bet is placed on what was known before the value; mean and variance each start from one pseudo-value,
        // 1/2 and 1/4, as in the paper.
        let next = self.values + 1.0;
        let variance = (0.25 + self.sum_squared_errors) / next;
        let eager = (self.eagerness / (next * next.ln_1p() * variance)).sqrt();
        let gain = value - self.null;
        self.log_above += (eager.min(self.stake_max / self.null) * gain).ln_1p();
        self.log_below += (-eager.min(self.stake_max / (1.0 - self.null)) * gain).ln_1p();
        self.values = next;
        self.sum += value;
        let error = value - (0.5 + self.sum) / (next + 1.0);
        self.sum_squared_errors += error * error;
    }

    /// Logarithm of the capital, an e-value at every moment; negative infinity after ruin, never NaN.
    #[must_use]
    pub fn log_e(&self) -> f64 {
        match self.direction {
            Direction::Above => self.log_above,
            Direction::Either => self.log_hedged(0.5, Hedge::Larger),
        }
    }

    /// Logarithm of what is left when `above`, a part in [0, 1], was bet on the mean being above and the rest on its
    /// being below; negative infinity for an `above` outside that range, never NaN.
    #[must_use]
    pub fn log_hedged(&self, above: f64, hedge: Hedge) -> f64 {
        if !(0.0..=1.0).contains(&above) {
            return f64::NEG_INFINITY;
        }
        let parts = [above.ln() + self.log_above, (-above).ln_1p() + self.log_below];
        match hedge {
            Hedge::Larger => parts.into_iter().fold(f64::NEG_INFINITY, f64::max),
            Hedge::Sum => log_sum_exp(parts.into_iter()),
        }
    }
}

/// What counts of a bet that was split between two directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hedge {
    /// The larger part only.
    Larger,
    /// Both parts together.
    Sum,
}

#[cfg(test)]
mod tests;
