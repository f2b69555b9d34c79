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

/// `x ln(x / m) + m - x` for `x` at least 0 and `m` above 0, where `difference` is `x - m`.
///
/// Half the deviance of a Poisson count (Loader 2000, "Fast and accurate computation of binomial probabilities"). Near
/// `m` the textbook form loses every digit; the series of the logarithm in `(x - m) / (x + m)` loses none.
pub(crate) fn deviance(x: f64, m: f64, difference: f64) -> f64 {
    if x <= 0.0 {
        return m;
    }
    let slant = difference / (x + m);
    if slant.abs() > 0.1 {
        return x * (x / m).ln() - difference;
    }
    let square = slant * slant;
    let (mut term, mut sum, mut divisor) = (2.0 * x * slant, difference * slant, 1.0);
    // Each term is a hundredth of the one before, or less.
    for _ in 0..10 {
        term *= square;
        divisor += 2.0;
        sum += term / divisor;
    }
    sum
}

/// `a + b` and the part of it that rounding cut off.
pub(crate) fn exact_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let seen = sum - a;
    (sum, (a - (sum - seen)) + (b - seen))
}

/// `squares - sum^2 / n` where each of the first two is a rounded value and its rest: the sum of squared distances
/// from the mean, without the cancellation that eats it when the mean is far from zero. `n` is above 0.
pub(crate) fn centred_squares(squares: (f64, f64), sum: (f64, f64), n: f64) -> f64 {
    centred_products(squares, sum, sum, n)
}

/// The same for two variables: `products - sum_a sum_b / n`.
pub(crate) fn centred_products(products: (f64, f64), a: (f64, f64), b: (f64, f64), n: f64) -> f64 {
    let whole = a.0 * b.0;
    let rest = a.0.mul_add(b.0, -whole) + (a.0 * b.1 + a.1 * b.0);
    let quotient = whole / n;
    let remainder = (quotient.mul_add(-n, whole) + rest) / n;
    (products.0 - quotient) + (products.1 - remainder)
}

/// `a / n - b / m`, also where the two quotients agree in most of their digits; `n` and `m` are above 0.
pub(crate) fn difference_of_quotients((a, n): (f64, f64), (b, m): (f64, f64)) -> f64 {
    let (first, second) = (a / n, b / m);
    let rest = |quotient: f64, dividend: f64, divisor: f64| quotient.mul_add(-divisor, dividend) / divisor;
    (first - second) + (rest(first, a, n) - rest(second, b, m))
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
