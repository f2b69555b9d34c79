//! The ledger's contribution to a test: affected units per epoch and arm, and which direction hurts.

use crate::logs::count;

/// One epoch's affected units, each counted once, in the arm in force for it at its first affecting event.
///
/// Two integers per epoch are sufficient for every ratio test of this crate, and merging two nodes' counts is
/// adding them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stratum {
    /// Probability that an eligible unit is treated while the epoch is in force; open interval (0, 1).
    ///
    /// At 0 or 1 (or anything that is not a probability) the arm of a unit says nothing, so the stratum carries
    /// no information and is left out.
    pub treated_share: f64,
    /// Affected units in the treated arm.
    pub treated: u64,
    /// Affected units in the control arm.
    pub control: u64,
}

impl Stratum {
    /// The affected units of two nodes in the same epoch; `None` if the shares differ, because then it is not the same.
    #[must_use]
    pub fn merged(self, other: Self) -> Option<Self> {
        (self.treated_share.to_bits() == other.treated_share.to_bits()).then_some(Self {
            treated_share: self.treated_share,
            treated: self.treated.saturating_add(other.treated),
            control: self.control.saturating_add(other.control),
        })
    }
}

/// The direction in which a rate moves when a release does harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// More affected units in the treated arm are harm: errors, tickets, slow requests.
    Up,
    /// Fewer affected units in the treated arm are harm: conversions, heartbeats, telemetry.
    Down,
}

/// A stratum that carries information, in the form every test wants it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) share: f64,
    pub(crate) treated: f64,
    pub(crate) units: f64,
}

/// The strata with a share strictly between 0 and 1, in the order given.
pub(crate) fn cells(strata: &[Stratum]) -> impl Iterator<Item = Cell> + '_ {
    strata.iter().filter(|stratum| informative(stratum.treated_share)).map(|stratum| {
        let treated = count(stratum.treated);
        Cell { share: stratum.treated_share, treated, units: treated + count(stratum.control) }
    })
}

/// Whether a treated share leaves the arm of a unit open; false for not-a-number.
pub(crate) fn informative(share: f64) -> bool {
    share > 0.0 && share < 1.0
}

/// Probability that an affected unit is treated when the treated rate is `ratio` times the control rate:
/// `share r / (share r + 1 - share)`.
pub(crate) fn treated_probability(share: f64, ratio: f64) -> f64 {
    let weighed = share * ratio;
    weighed / (weighed + (1.0 - share))
}
