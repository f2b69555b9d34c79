//! Boundaries in closed form, by stitching: looser than mixtures, and valid for whole distributions at once.
//!
//! For comparison with the literature; no guardrail uses them. Howard, Ramdas, `McAuliffe` and Sekhon (2021), theorem 1,
//! and Howard and Ramdas (2022, arXiv 1906.09712), theorems 2 and 3, with the packages' tuning.

use crate::logs::{bisect, budget, positive};

/// How fast the epochs of stitching grow, and how the error is spread over them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Epochs {
    /// Ratio of the lengths of neighbouring epochs, above 1.
    pub eta: f64,
    /// Exponent of the error's decay, above 1.
    pub s: f64,
}

impl Default for Epochs {
    /// The packages' defaults.
    fn default() -> Self {
        Self { eta: 2.0, s: 1.4 }
    }
}

impl Epochs {
    fn usable(self) -> bool {
        self.eta > 1.0 && self.eta.is_finite() && self.s > 1.0 && self.s.is_finite()
    }

    /// `(eta^(1/4) + eta^(-1/4)) / sqrt 2` and `(sqrt eta + 1) / 2`.
    fn constants(self) -> (f64, f64) {
        let fourth = self.eta.sqrt().sqrt();
        ((fourth + fourth.recip()) / std::f64::consts::SQRT_2, f64::midpoint(self.eta.sqrt(), 1.0))
    }
}

/// The polynomial-stitched boundary of a sub-gamma sum of scale `scale` at variance `variance`.
///
/// `variance_min` is where it starts. Infinite if an argument is out of range.
#[must_use]
pub fn sub_gamma_bound(variance: f64, alpha: f64, variance_min: f64, scale: f64, epochs: Epochs) -> f64 {
    let usable = positive(variance_min) && variance.is_finite() && scale >= 0.0 && scale.is_finite();
    if !usable || !budget(alpha) || !epochs.usable() {
        return f64::INFINITY;
    }
    let variance = variance.max(variance_min);
    let (first, second) = epochs.constants();
    let log_errors = epochs.s * (epochs.eta * variance / variance_min).ln().ln()
        + (zeta(epochs.s) / (alpha * epochs.eta.ln().powf(epochs.s))).ln();
    let linear = second * scale * log_errors;
    (first * first * variance * log_errors + linear * linear).sqrt() + linear
}

/// The bound on the deviation of an empirical distribution function from the true one, everywhere and always:
/// `A sqrt((ln(1 + ln(t / t_min)) + C) / t)`, with the least `C` that keeps the error. Infinite before `t_min` or if an
/// argument is out of range; `factor` (the `A`) is above `1 / sqrt 2`.
#[must_use]
pub fn distribution_bound(time: f64, alpha: f64, time_min: f64, factor: f64) -> f64 {
    let usable = positive(time_min) && time.is_finite() && time >= time_min && factor.is_finite();
    if !usable || !budget(alpha) || factor <= std::f64::consts::FRAC_1_SQRT_2 {
        return f64::INFINITY;
    }
    let constant = bisect(1e-3, 1e4, |constant| distribution_error(constant, factor) > alpha);
    factor * (((time / time_min).ln().ln_1p() + constant) / time).sqrt()
}

/// `inf over eta of 4 exp(-gamma^2 C) (1 + 1 / ((gamma^2 - 1) ln eta))`, `gamma = sqrt(2 / eta) (A - sqrt(2 (eta - 1) / C))`.
fn distribution_error(constant: f64, factor: f64) -> f64 {
    let error = |log_eta: f64| {
        let eta = log_eta.exp();
        let gamma = (2.0 / eta).sqrt() * (factor - (2.0 * (eta - 1.0) / constant).sqrt());
        if gamma <= 1.0 {
            return f64::INFINITY;
        }
        let square = gamma * gamma;
        4.0 * (-square * constant).exp() * (1.0 + ((square - 1.0) * log_eta).recip())
    };
    // The error falls and then rises in eta; a coarse look finds the valley, thirds of it find its floor.
    let steps = (1..400_u32).map(|step| f64::from(step) / 400.0 * (2.0 * factor * factor).ln());
    let coarse = steps.min_by(|a, b| error(*a).total_cmp(&error(*b))).unwrap_or(0.0);
    let width = (2.0 * factor * factor).ln() / 400.0;
    let (mut low, mut high) = ((coarse - width).max(0.0), coarse + width);
    for _ in 0..100 {
        let third = (high - low) / 3.0;
        if error(low + third) < error(high - third) {
            high -= third;
        } else {
            low += third;
        }
    }
    error(f64::midpoint(low, high))
}

/// What the double-stitched bound for quantiles is asked about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// Which quantile, in (0, 1).
    pub part: f64,
    /// Values so far, above 0.
    pub time: f64,
    /// Values at which the bound starts, above 0.
    pub time_optimal: f64,
    /// Spacing of the grid of quantiles, in log odds, above 0.
    pub delta: f64,
}

/// The double-stitched bound, in values, on how far a quantile's rank strays, for all quantiles and times at once.
///
/// Infinite if an argument is out of range.
#[must_use]
pub fn quantile_bound(asked: Quantile, alpha: f64, epochs: Epochs) -> f64 {
    let Quantile { part, time, time_optimal, delta } = asked;
    let usable = budget(part) && positive(time) && positive(time_optimal) && positive(delta);
    if !usable || !budget(alpha) || !epochs.usable() {
        return f64::INFINITY;
    }
    let Epochs { eta, s } = epochs;
    let time = time.max(time_optimal);
    let odds = part.ln() - (-part).ln_1p();
    let spread_at = if part >= 0.5 {
        part
    } else {
        ((-(odds + 2.0 * delta * (eta * time_optimal / time).sqrt())).exp() + 1.0).recip().min(0.5)
    };
    let spread = spread_at * (1.0 - spread_at);
    let (first, second) = epochs.constants();
    let zeta = zeta(s);
    let grid = (time / time_optimal).sqrt() * odds.abs() / (2.0 * delta) + 1.0;
    let log_errors = s * (eta * time / time_optimal).ln().ln()
        + s * grid.ln()
        + (2.0 * zeta * (2.0 * zeta + 1.0) / (alpha * eta.ln().powf(s))).ln();
    let linear = second * (1.0 - 2.0 * part) / 3.0 * log_errors;
    delta * (eta * time * spread / time_optimal).sqrt()
        + (first * first * spread * time * log_errors + linear * linear).sqrt()
        + linear
}

/// Riemann's zeta function for `s` above 1, by Euler and Maclaurin from the tenth term on.
fn zeta(s: f64) -> f64 {
    let last: f64 = 10.0;
    let head: f64 = (1..10_u32).map(|n| f64::from(n).powf(-s)).sum();
    let edge = last.powf(-s);
    let (mut tail, mut rising, mut power) = (last * edge / (s - 1.0) + 0.5 * edge, s, edge / last);
    // Bernoulli numbers over factorials: B_2 / 2!, B_4 / 4!, …
    for (index, weight) in [1.0 / 12.0, -1.0 / 720.0, 1.0 / 30_240.0, -1.0 / 1_209_600.0, 1.0 / 47_900_160.0]
        .into_iter()
        .enumerate()
    {
        tail += weight * rising * power;
        let step = 2.0 * f64::from(u32::try_from(index).unwrap_or(0)) + 1.0;
        rising *= (s + step) * (s + step + 1.0);
        power /= last * last;
    }
    head + tail
}

#[cfg(test)]
mod tests;
