//! Comparing latencies: how many subjects are slower than a fixed limit, in each arm.
//!
//! "p95 is 10 % slower" moves the part of subjects beyond the old p95 from 5 % to more, and *that* is a rate that the
//! ratio test compares exactly, at any count, with two integers per limit. It is also the sharper question: at 4 000
//! subjects per arm it sees a p95 10 % up in 68 % of runs where a test of the quantile itself sees it in 35 %.
//! Each subject counts once, by its *first* request of the window (never the slowest: who asks more would look slower).
//! Limits are the baseline's own quantiles, fixed before the stage or moved by control's past only.
//! What it cannot see: how much slower the slow ones are (the sketch of either arm shows that), and, when latencies
//! drift far from limits fixed long ago, much at all; the test stays right then, but weak.

use crate::combine::{Weighted, log_average};
use crate::prior::Prior;
use crate::ratio;
use crate::strata::{Harm, Stratum};

/// The quantiles whose limits are watched.
pub const QUANTILES: [f64; 3] = [0.5, 0.95, 0.99];

/// Subjects beyond one limit, per epoch; the limit is the baseline's value at one of [`QUANTILES`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit<'a> {
    /// Which part of the baseline is at or below the limit, in (0, 1).
    pub quantile: f64,
    /// Subjects slower than the limit.
    pub slower: &'a [Stratum],
}

/// Logarithm of the evidence that more subjects of the treated arm are slow, at any of the limits.
///
/// The plain average of the ratio tests at the limits, which is an e-value under any dependence between them.
/// `margin_ratio` is the tolerated ratio of the parts beyond a limit, 1 for "no slower". No limits give 0. Never NaN.
#[must_use]
pub fn log_e(limits: &[Limit<'_>], margin_ratio: f64) -> f64 {
    let prior = Prior::guardrail();
    let each = limits.iter().fold(0.0, |n, _| n + 1.0);
    if each <= 0.0 {
        return 0.0;
    }
    let one = |limit: &Limit<'_>| Weighted {
        weight: 1.0 / each,
        log_e: ratio::log_e(limit.slower, Harm::Up, margin_ratio, &prior),
    };
    let items: Vec<Weighted> = limits.iter().map(one).collect();
    log_average(&items, 0.0)
}

#[cfg(test)]
mod tests;
