//! The gamma function and its incomplete forms, as logarithms.

use super::{ENOUGH, TERMS_MAX, WIDE, continued_fraction, falling_integral};
use crate::logs::deviance;

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
    if x >= STIRLING_FROM {
        return (x - 0.5) * x.ln() - x + LN_SQRT_TWO_PI + series(x);
    }
    let (mut shifted, mut product) = (x, 1.0);
    while shifted < STIRLING_FROM {
        product *= shifted;
        shifted += 1.0;
    }
    (shifted - 0.5) * shifted.ln() - shifted + LN_SQRT_TWO_PI + series(shifted) - product.ln()
}

/// What Stirling's formula leaves out: `ln gamma(x) - ((x - 1/2) ln x - x + ln sqrt(2 pi))`, for `x` above 0.
///
/// Sums of gamma functions whose large parts cancel are written with this, so that they cancel on paper.
pub(crate) fn stirling_rest(x: f64) -> f64 {
    if x >= STIRLING_FROM { series(x) } else { ln_gamma(x) - ((x - 0.5) * x.ln() - x + LN_SQRT_TWO_PI) }
}

fn series(x: f64) -> f64 {
    let inverse = x.recip();
    let square = inverse * inverse;
    STIRLING.iter().rev().fold(0.0, |sum, coefficient| sum * square + coefficient) * inverse
}

/// Logarithm of the regularised upper incomplete gamma function `Q(a, x)`, for `a` and `x` above 0, where `surplus`
/// is `a - x`.
pub(crate) fn log_gamma_q(a: f64, x: f64, surplus: f64) -> f64 {
    let front = -deviance(a, x, surplus) + 0.5 * a.ln() - LN_SQRT_TWO_PI - stirling_rest(a);
    if surplus > -1.0 {
        let below = if a > WIDE { log_wide_lower(a, x, front) } else { log_lower(a, x, front) };
        (-below.exp()).ln_1p()
    } else if a > WIDE {
        log_wide_upper(a, x, front)
    } else {
        log_upper(a, x, front)
    }
}

/// Logarithm of the regularised lower incomplete gamma function `P(a, x)`; arguments as in [`log_gamma_q`].
pub(crate) fn log_gamma_p(a: f64, x: f64, surplus: f64) -> f64 {
    let front = -deviance(a, x, surplus) + 0.5 * a.ln() - LN_SQRT_TWO_PI - stirling_rest(a);
    if surplus > -1.0 {
        if a > WIDE { log_wide_lower(a, x, front) } else { log_lower(a, x, front) }
    } else {
        let above = if a > WIDE { log_wide_upper(a, x, front) } else { log_upper(a, x, front) };
        (-above.exp()).ln_1p()
    }
}

/// The series for `P`, which converges quickly below the mean; `front` is `ln(x^a e^-x / gamma(a))`.
fn log_lower(a: f64, x: f64, front: f64) -> f64 {
    let (mut term, mut sum, mut divisor) = (a.recip(), a.recip(), a);
    for _ in 0..TERMS_MAX {
        divisor += 1.0;
        term *= x / divisor;
        sum += term;
        if term < sum * ENOUGH {
            break;
        }
    }
    (front + sum.ln()).min(0.0)
}

/// The continued fraction for `Q`, which converges quickly above the mean.
fn log_upper(a: f64, x: f64, front: f64) -> f64 {
    let fraction = continued_fraction(x + 1.0 - a, |level| (level * (a - level), x + 2.0 * level + 1.0 - a));
    (front - fraction.ln()).min(0.0)
}

/// `P` for a large `a`, where the series would need more terms than there is time for.
fn log_wide_lower(a: f64, x: f64, front: f64) -> f64 {
    let fall = |u: f64| if u < x { -(a - 1.0) * (-u / x).ln_1p() - u } else { f64::INFINITY };
    (front - x.ln() + falling_integral(fall).ln()).min(0.0)
}

/// `Q` for a large `a`.
fn log_wide_upper(a: f64, x: f64, front: f64) -> f64 {
    let fall = |u: f64| u - (a - 1.0) * (u / x).ln_1p();
    (front - x.ln() + falling_integral(fall).ln()).min(0.0)
}
