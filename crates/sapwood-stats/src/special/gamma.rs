//! The gamma function and its incomplete forms, as logarithms.

use super::{ENOUGH, TERMS_MAX, continued_fraction};

/// `ln(sqrt(2 pi))`.
const LN_SQRT_TWO_PI: f64 = 0.918_938_533_204_672_8;
/// Coefficients of Stirling's series, in powers of `1 / x^2`.
const STIRLING: [f64; 8] = [
    1.0 / 12.0,
    -1.0 / 360.0,
    1.0 / 1260.0,
    -1.0 / 1680.0,
    1.0 / 1188.0,
    -691.0 / 360_360.0,
    1.0 / 156.0,
    -3617.0 / 122_400.0,
];
/// From here on eight terms of the series are exact to the last bit.
const STIRLING_FROM: f64 = 16.0;

/// Logarithm of the gamma function, for `x` above 0.
pub(crate) fn ln_gamma(x: f64) -> f64 {
    let (mut shifted, mut product) = (x, 1.0);
    while shifted < STIRLING_FROM {
        product *= shifted;
        shifted += 1.0;
    }
    let inverse = shifted.recip();
    let square = inverse * inverse;
    let series = STIRLING.iter().rev().fold(0.0, |sum, coefficient| sum * square + coefficient);
    (shifted - 0.5) * shifted.ln() - shifted + LN_SQRT_TWO_PI + series * inverse - product.ln()
}

/// Logarithm of the regularised upper incomplete gamma function `Q(a, x)`, for `a` and `x` above 0.
pub(crate) fn log_gamma_q(a: f64, x: f64) -> f64 {
    if x < a + 1.0 { (-log_lower(a, x).exp()).ln_1p() } else { log_upper(a, x) }
}

/// `ln(x^a e^-x / gamma(a))`.
fn log_front(a: f64, x: f64) -> f64 {
    a * x.ln() - x - ln_gamma(a)
}

/// The series for `P`, which converges quickly below the mean.
fn log_lower(a: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut divisor) = (a.recip(), a.recip(), a);
    for _ in 0..TERMS_MAX {
        divisor += 1.0;
        term *= x / divisor;
        sum += term;
        if term < sum * ENOUGH {
            break;
        }
    }
    (log_front(a, x) + sum.ln()).min(0.0)
}

/// The continued fraction for `Q`, which converges quickly above the mean.
fn log_upper(a: f64, x: f64) -> f64 {
    let fraction = continued_fraction(x + 1.0 - a, |level| (level * (a - level), x + 2.0 * level + 1.0 - a));
    (log_front(a, x) - fraction.ln()).min(0.0)
}
