//! A mergeable picture of many values, for showing quantiles; it decides nothing.
//!
//! `DDSketch` (Masson, Rim and Lee 2019) with buckets a fiftieth wide: every quantile it shows is within 1 % of a value
//! that has that rank. Values from a thousand millionth to a thousand million, in whatever unit, have a bucket of
//! their own, some two thousand in all, so nothing is ever collapsed and merging is adding counts.

use std::collections::BTreeMap;
use std::ops::Add;

use crate::logs::count;

/// Relative accuracy of a quantile.
pub const ACCURACY: f64 = 0.01;
/// Smaller values count as zero, larger ones as this one's inverse.
const SMALLEST: f64 = 1e-9;

/// Counts of values by size; negative values and zeros count as zero.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sketch {
    zeros: u64,
    buckets: BTreeMap<i16, u64>,
}

impl Sketch {
    /// Takes one value; one that is not a number is ignored.
    pub fn observe(&mut self, value: f64) {
        if value.is_nan() {
            return;
        }
        if value < SMALLEST {
            self.zeros = self.zeros.saturating_add(1);
            return;
        }
        let bucket = whole((value.min(SMALLEST.recip()).ln() / width()).ceil());
        let counted = self.buckets.entry(bucket).or_default();
        *counted = counted.saturating_add(1);
    }

    /// How many values it holds.
    #[must_use]
    pub fn values(&self) -> u64 {
        self.buckets.values().fold(self.zeros, |sum, counted| sum.saturating_add(*counted))
    }

    /// The value of this rank, a part of all values in [0, 1], to [`ACCURACY`]; `None` without values or such a part.
    #[must_use]
    pub fn quantile(&self, part: f64) -> Option<f64> {
        let values = self.values();
        if values == 0 || !(0.0..=1.0).contains(&part) {
            return None;
        }
        let rank = part * (count(values) - 1.0);
        let mut below = count(self.zeros);
        if below > rank {
            return Some(0.0);
        }
        let mut last = 0.0;
        for (bucket, counted) in &self.buckets {
            below += count(*counted);
            // The middle of the bucket in relative terms.
            last = (f64::from(*bucket) * width()).exp() * (1.0 - ACCURACY);
            if below > rank {
                break;
            }
        }
        Some(last)
    }
}

impl Add for Sketch {
    type Output = Self;

    /// The values of both; each value must be in one of them only.
    fn add(mut self, other: Self) -> Self {
        self.zeros = self.zeros.saturating_add(other.zeros);
        for (bucket, counted) in other.buckets {
            let own = self.buckets.entry(bucket).or_default();
            *own = own.saturating_add(counted);
        }
        self
    }
}

/// Width of a bucket in the logarithm: `ln((1 + a) / (1 - a))`.
fn width() -> f64 {
    ACCURACY.ln_1p() - (-ACCURACY).ln_1p()
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "a whole number within the thousand buckets either way of one"
)]
const fn whole(bucket: f64) -> i16 {
    bucket as i16
}

#[cfg(test)]
mod tests;
