//! The beta function and its incomplete form, as logarithms that keep their digits at any count.

use super::gamma::stirling_rest;
use super::{WIDE, continued_fraction, falling_integral};
use crate::logs::deviance;

/// `ln(sqrt(2 pi))`.
const LN_SQRT_TWO_PI: f64 = 0.918_938_533_204_672_8;

/// One part of a whole: its size (above 0), its expected share of the whole, and by how much it exceeds that share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub(crate) size: f64,
    pub(crate) share: f64,
    pub(crate) surplus: f64,
}

/// `ln B(sizes) - sum size ln share`: the beta function (of any number of parts) per sequence of the expected shares.
///
/// `whole` is the sum of the sizes; the shares sum to one and the surpluses to zero. Written with Stirling's formula
/// so that the large terms cancel on paper: what is left is the deviance and terms that grow like a logarithm.
pub(crate) fn log_fair_beta(parts: impl Iterator<Item = Part>, whole: f64) -> f64 {
    let each = parts.map(|part| {
        deviance(part.size, whole * part.share, part.surplus) - 0.5 * part.size.ln()
            + LN_SQRT_TWO_PI
            + stirling_rest(part.size)
    });
    each.sum::<f64>() - (LN_SQRT_TWO_PI - 0.5 * whole.ln() + stirling_rest(whole))
}

/// Two parts of a whole that share it as `share` and `1 - share`; `surplus` is that of the first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Halves {
    pub(crate) first: f64,
    pub(crate) second: f64,
    pub(crate) share: f64,
    /// `1 - share`, given by the caller because subtracting would lose a small one.
    pub(crate) rest: f64,
    pub(crate) surplus: f64,
}

impl Halves {
    /// [`log_fair_beta`] of the two.
    pub(crate) fn log_fair_beta(&self) -> f64 {
        let first = Part { size: self.first, share: self.share, surplus: self.surplus };
        let second = Part { size: self.second, share: self.rest, surplus: -self.surplus };
        log_fair_beta([first, second].into_iter(), self.first + self.second)
    }

    /// Logarithm of the regularised incomplete beta function `I_share(first, second)`.
    pub(crate) fn log_incomplete(&self) -> f64 {
        if self.share >= 1.0 || self.share <= 0.0 {
            return if self.share >= 1.0 { 0.0 } else { f64::NEG_INFINITY };
        }
        // Each form is quick on its side of the mean; the other side is the complement, which is not small there.
        if self.share < (self.first + 1.0) / (self.first + self.second + 2.0) {
            self.log_left()
        } else {
            (-self.turned().log_left().exp()).ln_1p()
        }
    }

    fn turned(&self) -> Self {
        Self {
            first: self.second,
            second: self.first,
            share: self.rest,
            rest: self.share,
            surplus: -self.surplus,
        }
    }

    fn log_left(&self) -> f64 {
        let Self { first: a, second: b, share: x, rest, .. } = *self;
        if a.min(b) > 30.0 && a + b > WIDE {
            let fall = |u: f64| {
                if u < x {
                    -(a - 1.0) * (-u / x).ln_1p() - (b - 1.0) * (u / rest).ln_1p()
                } else {
                    f64::INFINITY
                }
            };
            return (falling_integral(fall).ln() - self.log_fair_beta() - x.ln() - rest.ln()).min(0.0);
        }
        let fraction = continued_fraction(1.0, |level| {
            let half = (level / 2.0).floor();
            let numerator = if level % 2.0 < 0.5 {
                half * (b - half) * x / ((a + 2.0 * half - 1.0) * (a + 2.0 * half))
            } else {
                -(a + half) * (a + b + half) * x / ((a + 2.0 * half) * (a + 2.0 * half + 1.0))
            };
            (numerator, 1.0)
        });
        (-self.log_fair_beta() - a.ln() - fraction.ln()).min(0.0)
    }
}
