//! How evaluation can be watched without being written twice: the walk reports to a trace, which in production is nothing.

use crate::flag::LayerSlice;
use crate::key::{RolloutId, RuleId, SegmentKey, VariantKey};
use crate::outcome::Outcome;
use crate::program::{CompiledFlag, CompiledServes, Cond};

/// A place the walk enters and leaves.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    Flag(&'a CompiledFlag),
    Rule(&'a RuleId),
    Rollout(&'a RolloutId),
    Prerequisite(&'a CompiledServes),
    Audience,
    Ring(&'a SegmentKey),
    Condition(&'a Cond),
}

/// Something the walk finds out on its way.
#[derive(Clone, Copy)]
pub(crate) enum Fact<'a> {
    /// The unit is absent or not a non-empty text.
    NoUnit(&'a str),
    Layer {
        bucket: u32,
        slice: &'a LayerSlice,
    },
    Share {
        bucket: u32,
        share: u32,
    },
    Slot {
        bucket: u32,
        serve: Option<&'a VariantKey>,
    },
    /// On a segment's list.
    Listed {
        included: bool,
    },
    /// What is served stands in for a variant that was rolled back.
    Barred {
        rollout: &'a RolloutId,
        baseline: &'a VariantKey,
    },
    /// A prerequisite on a flag that is not there.
    NoSuchFlag,
    /// Too many evaluations of other flags; only definitions that no check has seen can come this far.
    BudgetSpent,
}

/// Watches one walk.
pub(crate) trait Trace<'a> {
    /// Whether anybody does; finding out what to say is left out otherwise.
    const WATCHES: bool;
    fn enter(&mut self, place: Place<'a>);
    /// Leaves the place entered last: whether it held.
    fn leave(&mut self, held: bool);
    fn fact(&mut self, fact: Fact<'a>);
    /// The answer of the flag entered last, before it is left.
    fn answer(&mut self, outcome: &Outcome<'a>);
}

/// Watches nothing, and compiles to nothing.
pub(crate) struct NoTrace;

impl<'a> Trace<'a> for NoTrace {
    const WATCHES: bool = false;
    #[inline]
    fn enter(&mut self, _: Place<'a>) {}
    #[inline]
    fn leave(&mut self, _: bool) {}
    #[inline]
    fn fact(&mut self, _: Fact<'a>) {}
    #[inline]
    fn answer(&mut self, _: &Outcome<'a>) {}
}
