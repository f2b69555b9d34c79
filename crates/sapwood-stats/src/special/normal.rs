//! The normal distribution, accurate far into both tails.

use crate::logs::bisect;

/// `ln(sqrt(2 pi))`.
const LN_SQRT_TWO_PI: f64 = 0.918_938_533_204_672_8;
/// Beyond this the tail's continued fraction is used; below, the series of the centre.
const TAIL: f64 = 2.0;

/// Standard normal density.
pub(crate) fn normal_density(x: f64) -> f64 {
    (-0.5 * x * x - LN_SQRT_TWO_PI).exp()
}

/// Probability that a standard normal variable is at most `x`; relative accuracy in both tails.
pub(crate) fn normal_cdf(x: f64) -> f64 {
    if x < -TAIL {
        normal_density(x) * mills(-x)
    } else if x > TAIL {
        1.0 - normal_density(x) * mills(x)
    } else {
        0.5 + centre(x)
    }
}

/// `x^2 / 2 + ln cdf(x)`, which neither overflows nor cancels in the lower tail.
pub(crate) fn log_scaled_normal_cdf(x: f64) -> f64 {
    if x < -TAIL { mills(-x).ln() - LN_SQRT_TWO_PI } else { 0.5 * x * x + normal_cdf(x).ln() }
}

/// The `x` at which [`normal_cdf`] reaches `probability`, in (0, 1); the ends of ±40 stand for the rest.
pub(crate) fn normal_quantile(probability: f64) -> f64 {
    bisect(-40.0, 40.0, |x| normal_cdf(x) < probability)
}

/// `cdf(x) - 1/2` by the series `density(x) * (x + x^3/3 + x^5/15 + ...)`, whose terms all have one sign.
fn centre(x: f64) -> f64 {
    let square = x * x;
    let (mut term, mut sum, mut divisor) = (x, x, 1.0);
    for _ in 0..60 {
        divisor += 2.0;
        term *= square / divisor;
        sum += term;
    }
    normal_density(x) * sum
}

/// Mills ratio `(1 - cdf(x)) / density(x)` for x above [`TAIL`], by Laplace's continued fraction from its far end.
fn mills(x: f64) -> f64 {
    let mut fraction = x;
    let mut level = 160.0;
    while level > 0.0 {
        fraction = x + level / fraction;
        level -= 1.0;
    }
    fraction.recip()
}
