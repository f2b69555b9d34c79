//! Comparing quotients of sums (errors per request, value per order) between the arms: the delta method on subjects.
//!
//! The subject is what was assigned by chance, so it is the subject that varies, never the request: a few busy subjects
//! with bad luck are one accident, not a thousand. With `R` the pooled quotient and `m` the pooled mean of the
//! denominator, each subject counts as `(y - R x) / m`, whose mean differs between the arms as the quotients do; its
//! pooled variance gives `V_s = [s_y^2 - 2 R s_xy + R^2 s_x^2] / m^2 (1 / n_T + 1 / n_C)` (Deng, Knoblich and Lu 2018).
//! Judged like a mean: asymptotic, from a hundred subjects per arm, values and denominators capped. It cannot see a
//! change that leaves the quotient alone, such as half the requests with half the errors; guard the denominator too.

use crate::logs::{centred_products, centred_squares, count};
use crate::mean::{Score, enough, pooled};
use crate::strata::Harm;
use crate::tally::{Cap, Pair};

/// Caps of numerator and denominator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Caps {
    /// Cap of a subject's numerator; the value of the sums.
    pub numerator: Cap,
    /// Cap of a subject's denominator; the companion of the sums.
    pub denominator: Cap,
}

/// Adds up the epochs: the difference of the arms' quotients in the direction of harm, in units of information.
///
/// `margin` is the tolerated harm, in the quotient's own unit. Epochs with fewer than [`crate::mean::UNITS_MIN`]
/// subjects in an arm, a denominator that is not above zero, or no spread are left out.
#[must_use]
pub fn score(pairs: &[Pair], caps: Caps, harm: Harm, margin: f64) -> Score {
    let mut total = Score::default();
    for pair in pairs.iter().filter(|pair| enough(pair)) {
        let Some((difference, variance)) = difference(pair) else { continue };
        let unit = caps.numerator.step() / caps.denominator.step();
        total.add(difference * unit, variance * unit * unit, harm, margin);
    }
    total
}

/// Difference of the quotients and its variance under "no effect", in steps per step.
fn difference(pair: &Pair) -> Option<(f64, f64)> {
    let [y_treated, x_treated, yy_treated, xx_treated, xy_treated] = pair.treated.sums();
    let [y_control, x_control, yy_control, xx_control, xy_control] = pair.control.sums();
    if x_treated.0 <= 0.0 || x_control.0 <= 0.0 {
        return None;
    }
    let (n_treated, n_control) = (count(pair.treated.units), count(pair.control.units));
    let n = n_treated + n_control;
    let (y, x) = (pooled(y_treated, y_control), pooled(x_treated, x_control));
    let quotient = y.0 / x.0;
    let yy = centred_squares(pooled(yy_treated, yy_control), y, n);
    let xx = centred_squares(pooled(xx_treated, xx_control), x, n);
    let xy = centred_products(pooled(xy_treated, xy_control), y, x, n);
    let spread = (yy - 2.0 * quotient * xy + quotient * quotient * xx) / (n - 1.0);
    let mean = x.0 / n;
    let variance = spread / (mean * mean) * (n_treated.recip() + n_control.recip());
    let difference = y_treated.0 / x_treated.0 - y_control.0 / x_control.0;
    (variance > 0.0).then_some((difference, variance))
}

#[cfg(test)]
mod tests;
