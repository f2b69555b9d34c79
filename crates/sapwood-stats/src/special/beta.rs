//! The beta function and its incomplete form, as logarithms.

use super::continued_fraction;
use super::gamma::ln_gamma;

/// Logarithm of the beta function, for `a` and `b` above 0.
pub(crate) fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

/// Logarithm of the (not regularised) incomplete beta function: `ln integral_0^x t^(a-1) (1-t)^(b-1) dt`.
///
/// For `a` and `b` above 0 and `x` in [0, 1].
pub(crate) fn log_incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x >= 1.0 {
        return ln_beta(a, b);
    }
    if x <= 0.0 {
        return f64::NEG_INFINITY;
    }
    // Each fraction converges on its side of the mean; the other side is the complement, which is not small there.
    if x < (a + 1.0) / (a + b + 2.0) {
        log_left(a, b, x)
    } else {
        let whole = ln_beta(a, b);
        whole + (-(log_left(b, a, 1.0 - x) - whole).min(0.0).exp()).ln_1p()
    }
}

fn log_left(a: f64, b: f64, x: f64) -> f64 {
    let fraction = continued_fraction(1.0, |level| {
        let half = (level / 2.0).floor();
        let numerator = if level % 2.0 < 0.5 {
            half * (b - half) * x / ((a + 2.0 * half - 1.0) * (a + 2.0 * half))
        } else {
            -(a + half) * (a + b + half) * x / ((a + 2.0 * half) * (a + 2.0 * half + 1.0))
        };
        (numerator, 1.0)
    });
    a * x.ln() + b * (-x).ln_1p() - a.ln() - fraction.ln()
}
