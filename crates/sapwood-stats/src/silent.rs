//! Telling silence from luck: the treated arm reports no affected unit at all, while control does.

use crate::strata::{Stratum, cells};

/// Logarithm of the probability that *no* affected unit is treated although the treated rate is unchanged.
///
/// With `N_s` affected units (both arms together) and treated share `pi_s` per epoch: `sum_s N_s ln(1 - pi_s)`,
/// at most 0. The caller compares it with a budget when the treated counts are zero: a tiny value means the treated
/// arm fell silent (its telemetry is broken, or nobody reaches the place any more), not that it is well.
/// It is a probability at one look; what may act by itself under continuous looking is a `volume` guardrail,
/// which is a ratio test with harm downwards.
#[must_use]
pub fn log_p_silent(strata: &[Stratum]) -> f64 {
    cells(strata).map(|cell| cell.units * (-cell.share).ln_1p()).sum::<f64>().min(0.0)
}

#[cfg(test)]
mod tests;
