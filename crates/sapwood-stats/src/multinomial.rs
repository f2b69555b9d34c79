//! Counts over several arms against the shares they should have: the Dirichlet-multinomial test.
//!
//! Lindon and Malek (2022, arXiv 2011.03567). Rollouts have two arms and use `srm`, which is sharper and adds up over
//! epochs; this one serves splits of several variants within one epoch, and counts of events of two arms whose rate
//! varies with time, which cancels out.

use crate::logs::{bisect, budget, count, positive};
use crate::special::beta::{Part, log_fair_beta};

/// Concentration of the Dirichlet prior around the shares; the larger, the smaller the imbalance it bets on.
pub const CONCENTRATION: f64 = 100.0;

/// One arm: what part of the units it should have, and how many it has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arm {
    /// Expected part of the units, above 0; the shares of all arms sum to one.
    pub share: f64,
    /// Units counted in the arm.
    pub units: u64,
}

/// Logarithm of the evidence that the units are not split by the shares.
///
/// `ln B(a + n) - ln B(a) - sum n_i ln share_i` with `a = concentration * share` and `B` the multivariate beta
/// function. Shares that are not positive or do not sum to one within 1e-9, or a concentration that is not positive,
/// give 0. Never NaN.
#[must_use]
pub fn log_e(arms: &[Arm], concentration: f64) -> f64 {
    if !usable(arms, concentration) {
        return 0.0;
    }
    let units: f64 = arms.iter().map(|arm| count(arm.units)).sum();
    let part = |arm: &Arm, counted: f64, all: f64| Part {
        size: concentration * arm.share + counted,
        share: arm.share,
        surplus: (-all).mul_add(arm.share, counted),
    };
    let after = arms.iter().map(|arm| part(arm, count(arm.units), units));
    let before = arms.iter().map(|arm| part(arm, 0.0, 0.0));
    let log_e = log_fair_beta(after, concentration + units) - log_fair_beta(before, concentration);
    if log_e.is_nan() { 0.0 } else { log_e }
}

/// A confidence sequence for the ratio of two arms' event rates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateRatio {
    /// Most likely logarithm of (rate of the second arm / rate of the first); `None` when an arm has no event.
    pub log_estimate: Option<f64>,
    /// Smallest log ratio not excluded; `None` when none is.
    pub log_lower: Option<f64>,
    /// Largest log ratio not excluded; `None` when none is.
    pub log_upper: Option<f64>,
}

/// The confidence sequence for the log ratio of event rates of the second arm to the first, at level `1 - alpha`.
///
/// `arms` holds the exposure shares and the events of either arm. All splits `p` of events with
/// `sum n_i ln p_i >= ln alpha + ln B(a + n) - ln B(a)` remain (section 4); the common rate may vary with time.
/// Unusable input excludes nothing.
#[must_use]
pub fn rate_ratio(arms: [Arm; 2], alpha: f64, concentration: f64) -> RateRatio {
    let [first, second] = arms;
    let mut ratio = RateRatio { log_estimate: None, log_lower: None, log_upper: None };
    if !usable(&arms, concentration) || !budget(alpha) {
        return ratio;
    }
    let offset = second.share.ln() - first.share.ln();
    let (n_first, n_second) = (count(first.units), count(second.units));
    let at_shares = n_first * first.share.ln() + n_second * second.share.ln();
    let line = alpha.ln() + log_e(&arms, concentration) + at_shares;
    // The split as log odds x: the probabilities are 1 / (1 + e^x) and 1 / (1 + e^-x).
    let excluded = |odds: f64| -(n_first * softplus(odds) + n_second * softplus(-odds)) < line;
    let centre = n_second.ln() - n_first.ln();
    ratio.log_estimate = centre.is_finite().then_some(centre - offset);
    let centre = centre.clamp(-LOG_ODDS_MAX, LOG_ODDS_MAX);
    ratio.log_lower = excluded(-LOG_ODDS_MAX).then(|| bisect(-LOG_ODDS_MAX, centre, excluded) - offset);
    ratio.log_upper =
        excluded(LOG_ODDS_MAX).then(|| bisect(centre, LOG_ODDS_MAX, |odds| !excluded(odds)) - offset);
    ratio
}

/// Log odds are searched for within this distance of even.
const LOG_ODDS_MAX: f64 = 60.0;

/// `ln(1 + e^x)` without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn usable(arms: &[Arm], concentration: f64) -> bool {
    let total: f64 = arms.iter().map(|arm| arm.share).sum();
    positive(concentration)
        && (total - 1.0).abs() < 1e-9
        && arms.iter().all(|arm| positive(concentration * arm.share))
}

#[cfg(test)]
mod tests;
