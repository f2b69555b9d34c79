//! Common outcomes (a conversion, a reply): count the rarer side, because that is where the evidence is.
//!
//! The ratio test looks at affected units only, and the efficiency of that falls like one less the rate: at 80 %
//! conversions, counting those who do *not* convert needs a quarter of the subjects. Each subject has a closed window,
//! the same in both arms, at whose end it has converted or not. Which side is counted is decided by the rate declared
//! before the start, never by the data.

use crate::logs::{budget, positive};
use crate::strata::Harm;

/// What to count of an outcome, and how to judge it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counted {
    /// Whether subjects count who had the outcome (true), or who had not by the end of their window.
    pub outcome: bool,
    /// Direction of harm of what is counted.
    pub harm: Harm,
    /// Tolerated ratio of what is counted.
    pub margin_ratio: f64,
}

/// The rarer side of an outcome that happens to a part `base_rate` of subjects, in (0, 1).
///
/// `margin_ratio` is the tolerated ratio of the outcome's own rate. At rate `p` the other side's is
/// `(1 - p r) / (1 - p)`. `None` if an argument is out of range, or if the margin tolerates everything: `p r >= 1`.
#[must_use]
pub fn rarer_side(base_rate: f64, harm: Harm, margin_ratio: f64) -> Option<Counted> {
    if !budget(base_rate) || !positive(margin_ratio) {
        return None;
    }
    if base_rate <= 0.5 {
        return Some(Counted { outcome: true, harm, margin_ratio });
    }
    let other = (1.0 - base_rate * margin_ratio) / (1.0 - base_rate);
    let harm = match harm {
        Harm::Up => Harm::Down,
        Harm::Down => Harm::Up,
    };
    positive(other).then_some(Counted { outcome: false, harm, margin_ratio: other })
}

#[cfg(test)]
mod tests;
