//! The special functions the tests need, to some 1e-13, because the standard library has none of them.

pub(crate) mod beta;
pub(crate) mod gamma;
pub(crate) mod normal;

/// Relative size at which a further term no longer matters.
const ENOUGH: f64 = 1e-16;
/// Terms after which a series or fraction is taken as it stands; thousands of times what ordinary counts need.
const TERMS_MAX: u32 = 200_000;
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

#[cfg(test)]
mod tests;
