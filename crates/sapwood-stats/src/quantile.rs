//! Comparing one quantile of two samples by their order: for comparison with the literature, and for small samples.
//!
//! Howard and Ramdas (2022, arXiv 1906.09712), theorem 5. It needs every value, where [`crate::latency`] needs two
//! integers and sees more; no guardrail uses it.

use crate::logs::count;
use crate::mixture::beta_binomial::{BetaBinomial, Sides};

/// Where the test is tightest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// Values of one sample, above 0.
    pub values: f64,
    /// Level, in (0, 1).
    pub alpha: f64,
}

/// Logarithm of the evidence that the two samples have different quantiles at `part`, in (0, 1).
///
/// The least, over every value `x`, of what the two samples together say against `x` being the quantile of both; each
/// says it by a two-sided beta-binomial mixture of its count at or below `x`. Values that are no numbers are ignored; an
/// empty sample or an argument out of range gives 0.
#[must_use]
pub fn log_e(first: &[f64], second: &[f64], part: f64, tuning: Tuning) -> f64 {
    let spread = part * (1.0 - part);
    let mixture = BetaBinomial::new(tuning.values * spread, tuning.alpha, part, 1.0 - part, Sides::Two);
    let (first, second) = (sorted(first), sorted(second));
    let Some(mixture) = mixture else { return 0.0 };
    if first.is_empty() || second.is_empty() {
        return 0.0;
    }
    let against = |sample: &[f64], x: f64| {
        let values = float(sample.len());
        let (below, at_or_below) = (
            float(sample.partition_point(|value| *value < x)),
            float(sample.partition_point(|value| *value <= x)),
        );
        // Where the value itself covers the quantile there is nothing to say against it.
        let centre = values * part;
        let hits = centre.clamp(below, at_or_below);
        mixture.log_e(hits - centre, values * spread)
    };
    let candidates = first.iter().chain(&second);
    candidates.map(|x| against(&first, *x) + against(&second, *x)).fold(f64::INFINITY, f64::min)
}

fn sorted(sample: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = sample.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

fn float(values: usize) -> f64 {
    count(u64::try_from(values).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
