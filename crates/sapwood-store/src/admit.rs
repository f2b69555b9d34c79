//! The rules of appending that every backend shares: limits, age of the decision, expected version, sealing.

use sapwood_core::entry::Entry;
use sapwood_core::time::Timestamp;

use crate::error::StoreError;
use crate::limits::{
    APPEND_DRAFTS_MAX, BATCH_RECORDS_MAX, BATCHES_PER_CALL_MAX, DECISION_AGE_MS_MAX, ENTRY_BODY_BYTES_MAX,
};
use crate::store::{Append, JournalBatch};
use crate::verify::Head;

/// Refuses an append over a limit, before anything is asked of the storage.
pub(crate) fn check_append(append: &Append) -> Result<(), StoreError> {
    within("a decision's entries", append.drafts.len(), APPEND_DRAFTS_MAX)?;
    append
        .drafts
        .iter()
        .try_for_each(|draft| within("an entry's bytes", draft.body.len(), ENTRY_BODY_BYTES_MAX))
}

/// Refuses a batch over a limit.
pub(crate) fn check_batches(batches: &[JournalBatch]) -> Result<(), StoreError> {
    within("a call's batches", batches.len(), BATCHES_PER_CALL_MAX)?;
    batches.iter().try_for_each(|batch| within("a batch's records", batch.records.len(), BATCH_RECORDS_MAX))
}

/// Places the drafts after `head`, unless the decision is stale or was made on another head.
/// Whether they are in the log already has been asked before.
pub(crate) fn seal(append: Append, head: Head, now: Timestamp) -> Result<Vec<Entry>, StoreError> {
    let Append { stream, expected, actor, drafts, decided } = append;
    if let Some(decided) = decided {
        let age_ms = now.ms().saturating_sub(decided.at.ms());
        if decided.expands && age_ms > DECISION_AGE_MS_MAX {
            return Err(StoreError::Stale { decided_at: decided.at, now });
        }
    }
    if head.version != expected {
        return Err(StoreError::Conflict { stream, expected, head: head.version });
    }
    let mut last = head;
    let mut entries = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let version = last.version.saturating_add(1);
        let entry = Entry::seal(stream.clone(), version, last.hash, actor.clone(), now, draft);
        last = Head { version, hash: entry.hash };
        entries.push(entry);
    }
    Ok(entries)
}

fn within(what: &'static str, found: usize, limit: usize) -> Result<(), StoreError> {
    if found > limit { Err(StoreError::TooLarge { what, found, limit }) } else { Ok(()) }
}
