//! Exact sums over subjects: what nodes keep of measured values, and add up in any order to the same bits.
//!
//! Sums of floats depend on the order of adding, and a verdict that depends on which node spoke first cannot be
//! replayed. Values are therefore capped at a level declared before the start, which a mean wants anyway, and counted
//! in whole steps of a 2^24th of that cap; sums of whole numbers have no order.

use std::ops::Add;

use crate::logs::positive;

/// Steps from zero to the cap.
const STEPS: f64 = 16_777_216.0;

/// The cap of a value, and so the size of a step. The same for all nodes, epochs and arms of a guardrail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cap(f64);

impl Cap {
    /// Values beyond `-cap` and `cap` (in the metric's own unit, above 0) count as those.
    ///
    /// `None` unless `cap` is finite and above 0.
    #[must_use]
    pub fn new(cap: f64) -> Option<Self> {
        (positive(cap) && (cap / STEPS).is_normal()).then_some(Self(cap))
    }

    /// The cap, in the metric's own unit.
    #[must_use]
    pub const fn value(self) -> f64 {
        self.0
    }

    /// Size of a step in the metric's own unit.
    #[must_use]
    pub fn step(self) -> f64 {
        self.0 / STEPS
    }

    /// The value in steps, to the nearest; what is not a number counts as zero.
    fn steps(self, value: f64) -> i64 {
        let steps = (value / self.0 * STEPS).clamp(-STEPS, STEPS).round();
        whole(steps)
    }
}

/// A whole number of at most [`STEPS`] either way; zero for what is not a number.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "the argument is whole and within 2^24, and a cast turns what is not a number into zero"
)]
const fn whole(steps: f64) -> i64 {
    steps as i64
}

/// A whole number as a float: the nearest, whose relative error is below 2^-53.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "there is no lossless conversion; the rest is handed on by `split`"
)]
const fn nearest(number: i128) -> f64 {
    number as f64
}

/// A whole number as a float and what rounding cut off.
fn split(number: i128) -> (f64, f64) {
    let near = nearest(number);
    // At most 2^24 * 2^24 * 2^64 in size, so the cast back is exact.
    (near, nearest(number.saturating_sub(back(near))))
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "the float came from a whole number of this type"
)]
const fn back(number: f64) -> i128 {
    number as i128
}

/// Sums over the subjects of one arm in one epoch: a value, and a companion for metrics that need two (the
/// denominator of a quotient, or the same subject's value before the rollout). Merging is adding.
///
/// Each subject is observed once, when its window has closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Number of subjects.
    pub units: u64,
    /// Subjects whose value is not zero.
    pub nonzero: u64,
    /// Sum of the values, in steps.
    pub value: i128,
    /// Sum of the companions, in steps of their own.
    pub companion: i128,
    /// Sum of the squares of the values.
    pub value_squared: i128,
    /// Sum of the squares of the companions.
    pub companion_squared: i128,
    /// Sum of the products of the two.
    pub product: i128,
}

impl Tally {
    /// One subject with a value.
    #[must_use]
    pub fn of(value: f64, cap: Cap) -> Self {
        Self::of_steps(cap.steps(value), 0)
    }

    /// One subject with a value and its companion.
    #[must_use]
    pub fn of_pair((value, cap): (f64, Cap), (companion, companion_cap): (f64, Cap)) -> Self {
        Self::of_steps(cap.steps(value), companion_cap.steps(companion))
    }

    fn of_steps(value: i64, companion: i64) -> Self {
        let (value, companion) = (i128::from(value), i128::from(companion));
        Self {
            units: 1,
            nonzero: u64::from(value != 0),
            value,
            companion,
            value_squared: value * value,
            companion_squared: companion * companion,
            product: value * companion,
        }
    }

    pub(crate) fn sums(&self) -> [(f64, f64); 5] {
        [self.value, self.companion, self.value_squared, self.companion_squared, self.product].map(split)
    }
}

impl Add for Tally {
    type Output = Self;

    /// The subjects of both; each subject must be in one of them only.
    fn add(self, other: Self) -> Self {
        Self {
            units: self.units.saturating_add(other.units),
            nonzero: self.nonzero.saturating_add(other.nonzero),
            value: self.value.saturating_add(other.value),
            companion: self.companion.saturating_add(other.companion),
            value_squared: self.value_squared.saturating_add(other.value_squared),
            companion_squared: self.companion_squared.saturating_add(other.companion_squared),
            product: self.product.saturating_add(other.product),
        }
    }
}

/// Both arms of one epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pair {
    /// Subjects who had the slice.
    pub treated: Tally,
    /// Subjects who did not.
    pub control: Tally,
}

impl Add for Pair {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { treated: self.treated + other.treated, control: self.control + other.control }
    }
}

#[cfg(test)]
mod tests;
