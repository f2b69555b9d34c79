//! Arithmetic on logarithms and counts that stays finite where the textbook formula overflows or cancels.

/// A count as a float; exact to 2^53, far beyond any ledger, and nearest above.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "the one place where counts become floats; there is no lossless conversion to use instead"
)]
pub(crate) const fn count(units: u64) -> f64 {
    units as f64
}

/// `ln(sum(exp(x)))` without overflow: negative infinity for nothing, positive infinity if any term is.
pub(crate) fn log_sum_exp(terms: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = terms.clone().fold(f64::NEG_INFINITY, f64::max);
    if largest.is_infinite() {
        return largest;
    }
    largest + terms.map(|term| (term - largest).exp()).sum::<f64>().ln()
}

/// Whether a number can stand as a rate ratio: finite and above zero.
pub(crate) fn positive(ratio: f64) -> bool {
    ratio.is_finite() && ratio > 0.0
}

/// Whether a number can stand as an error budget: strictly between 0 and 1.
pub(crate) fn budget(alpha: f64) -> bool {
    alpha > 0.0 && alpha < 1.0
}

/// The point where a decreasing `holds` turns from true to false between two ends, to the last bit.
///
/// The number of halvings is fixed: 64 reduce any interval of ours below the spacing of floats.
pub(crate) fn bisect(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..64 {
        let middle = f64::midpoint(low, high);
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}
