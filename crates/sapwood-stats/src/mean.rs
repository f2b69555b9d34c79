//! Comparing means per subject (revenue, minutes, an average of latencies) between the arms, epoch by epoch.
//!
//! Each epoch contributes its difference of means in units of information, `1 / V` with the *pooled* variance: the
//! variance per arm makes a heavy tail look like harm as soon as it lands in the smaller arm (27 % false alarms where
//! 5 % were promised). The sum over epochs is judged by a one-sided normal mixture. Asymptotic, unlike the ratio
//! test: it wants a hundred subjects per arm, and values capped at a level declared before the start.

use crate::logs::{budget, centred_squares, count, difference_of_quotients, exact_sum, positive};
use crate::mixture::{one_sided_bound, one_sided_log_e, one_sided_rho};
use crate::special::normal::normal_quantile;
use crate::strata::Harm;
use crate::tally::{Cap, Pair};

/// Subjects below which an arm's mean is not judged, per arm and epoch.
pub const UNITS_MIN: u64 = 100;
/// Subjects with a value other than zero below which an arm's mean is not judged: the normal limit is theirs to reach.
pub const NONZERO_MIN: u64 = 30;

/// Sums over the subjects of one arm in one epoch; merging is adding.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sums {
    /// Number of subjects.
    pub units: u64,
    /// Sum of their values.
    pub sum: f64,
    /// Sum of the squares of their values.
    pub sum_squares: f64,
}

/// Both arms of one epoch.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Epoch {
    /// Subjects who had the slice.
    pub treated: Sums,
    /// Subjects who did not.
    pub control: Sums,
}

/// What a set of epochs says together.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Score {
    /// Harm beyond the margin, weighted by information: `sum_s (d_s - margin) / V_s`.
    pub harm: f64,
    /// Information, the inverse of a variance of the difference: `sum_s 1 / V_s`.
    pub information: f64,
}

impl Score {
    /// Harm beyond the margin, in the metric's own unit; `None` without information.
    #[must_use]
    pub fn estimate(&self) -> Option<f64> {
        (self.information > 0.0).then(|| self.harm / self.information)
    }

    /// Logarithm of the evidence that there is harm beyond the margin; 0 without information. Never NaN.
    #[must_use]
    pub fn log_e(&self, rho: f64) -> f64 {
        if self.information > 0.0 { one_sided_log_e(self.harm, self.information, rho) } else { 0.0 }
    }

    /// The confidence sequence for the harm beyond the margin at level `1 - alpha`, valid however often it is looked at.
    ///
    /// It holds every value against which neither direction has evidence `2 / alpha`, so that its lower end crosses 0 at
    /// the very look at which the one-sided test at `alpha / 2` fires. Without information, tuning or budget it excludes
    /// nothing.
    #[must_use]
    pub fn interval(&self, alpha: f64, rho: f64) -> Interval {
        let reach = one_sided_bound(self.information, 0.5 * alpha, rho);
        let end = |sum: f64| (sum.is_finite() && self.information > 0.0).then(|| sum / self.information);
        Interval { lower: end(self.harm - reach), upper: end(self.harm + reach), estimate: self.estimate() }
    }

    /// One epoch's difference of means in the direction of harm and its variance; what is no number is left out.
    pub(crate) fn add(&mut self, difference: f64, variance: f64, harm: Harm, margin: f64) {
        let harmful = match harm {
            Harm::Up => difference,
            Harm::Down => -difference,
        };
        let (score, information) = ((harmful - margin) / variance, variance.recip());
        if score.is_finite() && information.is_finite() && information > 0.0 {
            self.harm += score;
            self.information += information;
        }
    }
}

/// A confidence sequence for a difference of means, in the metric's own unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Smallest value not excluded; `None` when none is.
    pub lower: Option<f64>,
    /// Largest value not excluded; `None` when none is.
    pub upper: Option<f64>,
    /// The most likely value; `None` without information.
    pub estimate: Option<f64>,
}

/// Adds up the epochs: `V_s = s_pooled^2 (1 / n_T + 1 / n_C)`, `d_s` the difference of means in the direction of harm.
///
/// `margin` is the tolerated harm in the metric's own unit, at least 0. Epochs with fewer than [`UNITS_MIN`] subjects
/// in an arm, without spread, or with sums that are not numbers are left out.
#[must_use]
pub fn score(epochs: &[Epoch], harm: Harm, margin: f64) -> Score {
    score_from(epochs, harm, margin, UNITS_MIN)
}

/// [`score`] with another number of subjects (at least 1) from which an arm is judged; fewer than the default break
/// the promise, so this is for holding the formula against other implementations of it.
#[must_use]
pub fn score_from(epochs: &[Epoch], harm: Harm, margin: f64, units_min: u64) -> Score {
    let mut total = Score::default();
    for epoch in epochs {
        let Some((difference, variance)) = difference(epoch, units_min) else { continue };
        total.add(difference, variance, harm, margin);
    }
    total
}

/// Logarithm of the evidence that the treated mean is harmed by more than `margin`.
///
/// `rho` is the tuning, see [`tuning`]. No usable epoch, or a tuning that is not above 0, gives 0. Never NaN.
#[must_use]
pub fn log_e(epochs: &[Epoch], harm: Harm, margin: f64, rho: f64) -> f64 {
    score(epochs, harm, margin).log_e(rho)
}

/// The tuning that sees a harm of `detectable` (in the metric's own unit, above 0) soonest at level `alpha`.
///
/// The mixture is made tightest at the information a fixed-size test of power 80 % would need,
/// `((z_(1-alpha) + z_0.8) / detectable)^2`. `None` unless `alpha` is in (0, 1/2).
#[must_use]
pub fn tuning(detectable: f64, alpha: f64) -> Option<f64> {
    if !budget(alpha) || !positive(detectable) {
        return None;
    }
    let root = (normal_quantile(1.0 - alpha) + normal_quantile(0.8)) / detectable;
    one_sided_rho(root * root, alpha)
}

/// [`score`] of exact sums, which also asks for [`NONZERO_MIN`] subjects per arm whose value is not zero.
///
/// `cap` is the one the sums were made with, `margin` the tolerated harm in the metric's own unit.
#[must_use]
pub fn score_of_tallies(pairs: &[Pair], cap: Cap, harm: Harm, margin: f64) -> Score {
    let mut total = Score::default();
    for pair in pairs {
        let (treated, control) = (&pair.treated, &pair.control);
        if !enough(pair) || treated.nonzero.min(control.nonzero) < NONZERO_MIN {
            continue;
        }
        let ([treated_sum, _, treated_squares, ..], [control_sum, _, control_squares, ..]) =
            (treated.sums(), control.sums());
        let (n_treated, n_control) = (count(treated.units), count(control.units));
        let n = n_treated + n_control;
        let squares =
            centred_squares(pooled(treated_squares, control_squares), pooled(treated_sum, control_sum), n);
        let variance = squares / (n - 1.0) * (n_treated.recip() + n_control.recip()) * cap.step().powi(2);
        let difference =
            difference_of_quotients((treated_sum.0, n_treated), (control_sum.0, n_control)) * cap.step();
        total.add(difference, variance, harm, margin);
    }
    total
}

/// Whether both arms have [`UNITS_MIN`] subjects.
pub(crate) fn enough(pair: &Pair) -> bool {
    pair.treated.units.min(pair.control.units) >= UNITS_MIN
}

/// The sum of two numbers that each come with the rest rounding cut off.
pub(crate) fn pooled(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    let (sum, rest) = exact_sum(a.0, b.0);
    (sum, rest + a.1 + b.1)
}

/// Difference of means and its variance under "no effect".
fn difference(epoch: &Epoch, units_min: u64) -> Option<(f64, f64)> {
    let (treated, control) = (&epoch.treated, &epoch.control);
    if treated.units.min(control.units) < units_min.max(1) {
        return None;
    }
    let (n_treated, n_control) = (count(treated.units), count(control.units));
    let n = n_treated + n_control;
    let sum = exact_sum(treated.sum, control.sum);
    let squares = centred_squares(exact_sum(treated.sum_squares, control.sum_squares), sum, n);
    let variance = squares / (n - 1.0) * (n_treated.recip() + n_control.recip());
    positive(variance)
        .then(|| (difference_of_quotients((treated.sum, n_treated), (control.sum, n_control)), variance))
}

#[cfg(test)]
mod tests;
