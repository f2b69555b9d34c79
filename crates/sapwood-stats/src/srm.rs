//! The check on the measurement itself: do the arms hold as many exposed subjects as the share says?
//!
//! A sample-ratio mismatch means lost telemetry, a broken bucketing or bots in one arm; every other comparison of
//! the rollout is then suspect, so it has its own budget (0.1 %) and its own action (hold).

use crate::logs::log_sum_exp;
use crate::prior::Prior;
use crate::ratio;
use crate::strata::{Harm, Stratum};

/// Logarithm of the evidence that first exposures are split otherwise than the shares say, in either direction.
///
/// Here a stratum counts *first exposures*, not affected units. The evidence is the average of the two one-sided
/// ratio tests at ratio 1 with [`Prior::srm`]. Zero exposures give 0; never NaN.
#[must_use]
pub fn log_e(strata: &[Stratum]) -> f64 {
    let prior = Prior::srm();
    let directions = [Harm::Up, Harm::Down];
    log_sum_exp(directions.iter().map(|&harm| ratio::log_e(strata, harm, 1.0, &prior)))
        - std::f64::consts::LN_2
}

#[cfg(test)]
mod tests;
