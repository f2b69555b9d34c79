//! Several guardrails, one budget: what a rollout spends on each, and what they say together.

use crate::logs::{budget, log_sum_exp};

/// One guardrail's evidence and its part of the rollout's budget.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weighted {
    /// Part of the budget, in (0, 1]; the weights of a rollout and the unspent rest sum to one.
    pub weight: f64,
    /// Logarithm of the guardrail's e-value.
    pub log_e: f64,
}

/// Logarithm of the weighted average of e-values: `ln(sum_i w_i E_i + unspent)`.
///
/// An average of e-values is an e-value under any dependence (Vovk and Wang 2021), so it may be compared with the
/// hold lines (enter at 3, leave at 1.5) at every look. `unspent` is weight kept for guardrails added later: it
/// bets nothing and counts as an e-value of 1. A weight that is not a positive finite number counts as zero and
/// evidence that is not a number counts as 1. With no weight at all the average is that of an e-value of 0:
/// negative infinity. Never NaN.
#[must_use]
pub fn log_average(items: &[Weighted], unspent: f64) -> f64 {
    let rest = Weighted { weight: unspent, log_e: 0.0 };
    let spent = items.iter().chain(std::iter::once(&rest));
    log_sum_exp(spent.filter(|item| item.weight.is_finite() && item.weight > 0.0).map(|item| {
        let log_e = if item.log_e.is_nan() { 0.0 } else { item.log_e };
        item.weight.ln() + log_e
    }))
}

/// The line one guardrail's `ln E` must reach to roll back by itself: `ln(1 / (alpha * weight))`.
///
/// `alpha` is the rollout's budget of false rollbacks, in (0, 1); `weight` the guardrail's part of it, in (0, 1].
/// By Ville's inequality and a union bound, a harmless release crosses any of its lines, ever, with probability
/// at most `alpha`. Outside those ranges there is no budget to spend, so the line is at infinity.
#[must_use]
pub fn rollback_line(alpha: f64, weight: f64) -> f64 {
    if budget(alpha) && weight > 0.0 && weight <= 1.0 { -(alpha.ln() + weight.ln()) } else { f64::INFINITY }
}

/// Which of many e-values to act on, so that of those acted on at most a part `alpha` is harmless on average.
///
/// The e-BH procedure (Wang and Ramdas 2022): reject the `k` largest for the greatest `k` with
/// `k e_[k] / m >= 1 / alpha`, valid under any dependence. Meant for a view over many rollouts, not for rolling one
/// back. One answer per input, in order; evidence that is not a number is never acted on, and neither is any for an
/// `alpha` outside (0, 1).
#[must_use]
pub fn discoveries(log_es: &[f64], alpha: f64) -> Vec<bool> {
    if !budget(alpha) {
        return vec![false; log_es.len()];
    }
    let mut sorted: Vec<f64> = log_es.iter().copied().filter(|log_e| !log_e.is_nan()).collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let all = log_es.iter().fold(0.0, |n, _| n + 1.0);
    let mut rank = 0.0_f64;
    let mut least = None;
    for log_e in sorted {
        rank += 1.0;
        // A hair of slack, so that an e-value that is the line itself is not lost to its own logarithm.
        if log_e >= (all / (rank * alpha)).ln() - 1e-12 {
            least = Some(log_e);
        }
    }
    log_es.iter().map(|&log_e| least.is_some_and(|least| log_e >= least)).collect()
}

/// Logarithm of the e-value a p-value from outside is worth: `(1 - p + p ln p) / (p ln^2 p)`.
///
/// The average of all the calibrators `k p^(k-1)` (Vovk and Wang 2021); our own tests never make a p-value. A half for a
/// `p` of one or more, infinite at 0, and no evidence at all (an e-value of 0) for what is no p-value. Never NaN.
#[must_use]
pub fn log_e_of_p_value(p: f64) -> f64 {
    if p.is_nan() || p < 0.0 {
        return f64::NEG_INFINITY;
    }
    // With x = -ln p it is (e^x - 1 - x) / x^2, whose series does not cancel where p is near one.
    let x = -p.min(1.0).ln();
    if x < 0.1 {
        let series = (3..12_u32).rev().fold(1.0, |sum, n| 1.0 + sum * x / f64::from(n));
        return (0.5 * series).ln();
    }
    if x.is_infinite() { x } else { x + (-(1.0 + x) * (-x).exp()).ln_1p() - 2.0 * x.ln() }
}

#[cfg(test)]
mod tests;
