//! Comparing means with what is known from before: each subject's value less what its own past predicts of it.
//!
//! `y - theta x`, with `x` the same metric of the same subject before the rollout and `theta = cov(x, y) / var(x)` over
//! both arms and all epochs (Deng, Xu, Kohavi and Walker 2013). The variance falls by the square of the correlation, so
//! a metric that correlates by 0.7 with its past needs half the subjects. `theta` is the same for all subjects of a look.
//! Judged like a mean, with its assumptions; and `x` must be from *before the first exposure*: a covariate the slice
//! can touch hides the very harm it is looked for. Subjects without a past have `x = 0`, in both arms alike.

use crate::logs::{centred_products, centred_squares, count, difference_of_quotients};
use crate::mean::{Score, enough, pooled};
use crate::strata::Harm;
use crate::tally::{Cap, Pair};

/// Caps of the value and of the value from before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Caps {
    /// Cap of a subject's value; the value of the sums.
    pub value: Cap,
    /// Cap of its value from before; the companion of the sums.
    pub before: Cap,
}

/// Adds up the epochs: the difference of the adjusted means in the direction of harm, in units of information.
///
/// `margin` is the tolerated harm in the metric's own unit. Epochs with fewer than [`crate::mean::UNITS_MIN`] subjects
/// in an arm or without spread are left out.
#[must_use]
pub fn score(pairs: &[Pair], caps: Caps, harm: Harm, margin: f64) -> Score {
    let spreads: Vec<Spread> = pairs.iter().filter(|pair| enough(pair)).map(Spread::of).collect();
    let theta = slope(&spreads);
    let step = caps.value.step();
    let mut total = Score::default();
    for spread in spreads {
        let squares = spread.yy - 2.0 * theta * spread.xy + theta * theta * spread.xx;
        let variance = squares / (spread.units - 1.0) * spread.per_unit;
        total.add(
            (spread.y_difference - theta * spread.x_difference) * step,
            variance * step * step,
            harm,
            margin,
        );
    }
    total
}

/// How much of a value its past predicts, in steps of the value per step of the past; 0 when nobody has a past.
fn slope(spreads: &[Spread]) -> f64 {
    let total = |pick: fn(&Spread) -> f64| spreads.iter().map(pick).sum::<f64>();
    let (xy, xx) = (total(|spread| spread.xy), total(|spread| spread.xx));
    if xx > 0.0 { xy / xx } else { 0.0 }
}

/// One epoch's squares about the pooled means, and its differences of means, in steps.
struct Spread {
    units: f64,
    /// `1 / n_T + 1 / n_C`.
    per_unit: f64,
    yy: f64,
    xx: f64,
    xy: f64,
    y_difference: f64,
    x_difference: f64,
}

impl Spread {
    fn of(pair: &Pair) -> Self {
        let [y_treated, x_treated, yy_treated, xx_treated, xy_treated] = pair.treated.sums();
        let [y_control, x_control, yy_control, xx_control, xy_control] = pair.control.sums();
        let (n_treated, n_control) = (count(pair.treated.units), count(pair.control.units));
        let units = n_treated + n_control;
        let (y, x) = (pooled(y_treated, y_control), pooled(x_treated, x_control));
        let apart =
            |treated: f64, control: f64| difference_of_quotients((treated, n_treated), (control, n_control));
        Self {
            units,
            per_unit: n_treated.recip() + n_control.recip(),
            yy: centred_squares(pooled(yy_treated, yy_control), y, units),
            xx: centred_squares(pooled(xx_treated, xx_control), x, units),
            xy: centred_products(pooled(xy_treated, xy_control), y, x, units),
            y_difference: apart(y_treated.0, y_control.0),
            x_difference: apart(x_treated.0, x_control.0),
        }
    }
}

#[cfg(test)]
mod tests;
