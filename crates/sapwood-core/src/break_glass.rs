//! What was said of a flag in an emergency, beside the log, and recorded in it afterwards.

use sapwood_eval::{FlagKey, VariantKey};
use uuid::Uuid;

use crate::event::{BreakGlassLifted, BreakGlassSet};

/// What was last said of a flag in an emergency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakGlass {
    /// What everybody gets; `None` once it is over.
    pub variant: Option<VariantKey>,
    /// The id of what was said.
    pub record: Uuid,
    /// Why.
    pub reason: String,
    /// Version of the entry that recorded it.
    pub revision: u64,
}

impl BreakGlass {
    /// What an entry says of which flag.
    pub(crate) fn set(event: BreakGlassSet, revision: u64) -> (FlagKey, Self) {
        let BreakGlassSet { flag, variant, record, said_at: _, because } = event;
        (flag, Self { variant: Some(variant), record, reason: because.reason, revision })
    }

    /// What an entry ends of which flag.
    pub(crate) fn lifted(event: BreakGlassLifted, revision: u64) -> (FlagKey, Self) {
        let BreakGlassLifted { flag, record, said_at: _, because } = event;
        (flag, Self { variant: None, record, reason: because.reason, revision })
    }
}
