//! The special functions the tests need, to about 1e-14, because the standard library has none of them.

/// `ln(sqrt(2 pi))`.
pub(crate) const LN_SQRT_TWO_PI: f64 = 0.918_938_533_204_672_8;
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
