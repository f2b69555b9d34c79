//! The special functions the tests need, to some 1e-13, because the standard library has none of them.

pub(crate) mod beta;
pub(crate) mod gamma;
pub(crate) mod normal;

/// Relative size at which a further term no longer matters.
const ENOUGH: f64 = 1e-16;
/// Terms after which a series or fraction is taken as it stands; thousands of times what ordinary counts need.
const TERMS_MAX: u32 = 200_000;
/// Arguments from which incomplete functions are integrated rather than expanded: expansions need some square root of
/// the argument terms, the integral always the same.
const WIDE: f64 = 1e5;
/// Stands for zero where a continued fraction must not divide by it.
const TINY: f64 = 1e-300;

/// A continued fraction `b0 + a1 / (b1 + a2 / (b2 + ...))` by the modified Lentz method.
///
/// `step` yields `(a, b)` of the given level, from 1.
fn continued_fraction(b0: f64, step: impl Fn(f64) -> (f64, f64)) -> f64 {
    let nonzero = |x: f64| if x.abs() < TINY { TINY } else { x };
    let mut value = nonzero(b0);
    let (mut upper, mut lower) = (value, 0.0);
    for level in 1..=TERMS_MAX {
        let (a, b) = step(f64::from(level));
        lower = nonzero(b + a * lower).recip();
        upper = nonzero(b + a / upper);
        let factor = upper * lower;
        value *= factor;
        if (factor - 1.0).abs() < ENOUGH {
            break;
        }
    }
    value
}

/// `integral_0^inf exp(-fall(u)) du` for a convex `fall` that rises from 0, to some 1e-14.
///
/// By the double exponential rule: with `u = scale exp(t - exp(-t))` the integrand dies doubly exponentially on either
/// side, so that the plain trapezoid rule converges geometrically (Takahasi and Mori 1974).
fn falling_integral(fall: impl Fn(f64) -> f64) -> f64 {
    let scale = fold_length(&fall);
    let mut sum = 0.0;
    let mut t = FOLDS_FROM;
    while t <= FOLDS_TO {
        let back = (-t).exp();
        let u = (t - back).exp();
        sum += (-fall(scale * u)).exp() * u * (1.0 + back);
        t += FOLDS_STEP;
    }
    scale * sum * FOLDS_STEP
}

/// Range and step of the rule: beyond, the integrand is below 1e-17 of its largest value.
const FOLDS_FROM: f64 = -4.0;
const FOLDS_TO: f64 = 5.0;
const FOLDS_STEP: f64 = 1.0 / 32.0;

/// The length over which `fall` rises to about one, to a factor of two.
fn fold_length(fall: impl Fn(f64) -> f64) -> f64 {
    let mut length = 1.0;
    for _ in 0..1100 {
        if fall(length) <= 1.0 {
            break;
        }
        length *= 0.5;
    }
    for _ in 0..1100 {
        if fall(length) > 1.0 {
            break;
        }
        length *= 2.0;
    }
    length
}

#[cfg(test)]
mod tests;
