//! Checking a stream's hash chain from its first entry to its head.

use sapwood_core::entry::{self, ChainError, Entry, Hash};
use sapwood_core::id::Stream;

use crate::error::StoreError;
use crate::store::Store;

/// The end of a stream: what the next entry follows. Version 0 and a hash of zeros before the first entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// Version of the last entry.
    pub version: u64,
    /// Hash of the last entry.
    pub hash: Hash,
}

/// Entries checked between two reads.
const PAGE: usize = 1_000;

/// Checks that `entries` follow `from` without a gap or an alteration, and returns the head they lead to.
pub fn verify_chain(from: Head, entries: &[Entry]) -> Result<Head, ChainError> {
    entries.iter().try_fold(from, |head, entry| {
        entry::follows(head.version, head.hash, entry)?;
        Ok(Head { version: entry.version, hash: entry.hash })
    })
}

/// Checks a whole stream and returns its head, for whoever anchors it elsewhere.
pub async fn verify(store: &dyn Store, stream: Stream) -> Result<Head, StoreError> {
    let mut head = Head::default();
    loop {
        let entries = store.read_from(stream.clone(), head.version, PAGE).await?;
        if entries.is_empty() {
            return Ok(head);
        }
        head = verify_chain(head, &entries)?;
    }
}
