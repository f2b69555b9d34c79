//! Losing things that should keep coming: orders, heartbeats, telemetry. Harm is a decrease.
//!
//! A ratio test with harm downwards, on the first event of each subject. Losses come in two sizes: a broken client sends
//! nothing at all, a broken path loses one in twenty. Half the capital bets on each (ratios down to a twentieth with
//! scale 0.7, and small losses with scale 0.05), which is an e-value again and costs at most a factor of two.
//! It cannot see a loss that hits both arms, nor one that hides the exposure along with the event: that one is the
//! sample-ratio check's.

use crate::logs::log_sum_exp;
use crate::prior::Prior;
use crate::ratio;
use crate::strata::{Harm, Stratum};

/// Logarithm of the evidence that the treated arm's rate is below `margin_ratio` times control's (1 for "no loss").
///
/// Nothing affected, or a margin that is not a positive finite number, gives 0. Never NaN.
#[must_use]
pub fn log_e(strata: &[Stratum], margin_ratio: f64) -> f64 {
    let sizes = [Prior::guardrail(), Prior::srm()];
    log_sum_exp(sizes.iter().map(|prior| ratio::log_e(strata, Harm::Down, margin_ratio, prior)))
        - std::f64::consts::LN_2
}

#[cfg(test)]
mod tests;
