//! What the store could not do. Every case is "the world said no"; the domain's own refusals live elsewhere.

use std::sync::Arc;

use sapwood_core::entry::ChainError;
use sapwood_core::id::Stream;
use sapwood_core::time::Timestamp;
use uuid::Uuid;

/// Why a call on the store was not carried out. Nothing of a refused call is kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Somebody else appended first; fold what is new and decide again.
    #[error("could not append to stream {stream} after version {expected}: its head is {head}")]
    Conflict {
        /// Which stream.
        stream: Stream,
        /// The head the caller decided on.
        expected: u64,
        /// The head there is.
        head: u64,
    },
    /// A decision to let more people in was made too long ago; decide again.
    #[error(
        "could not append: decided at {decided_at}, which is too long before {now} to let more people in"
    )]
    Stale {
        /// When it was decided.
        decided_at: Timestamp,
        /// The store's time.
        now: Timestamp,
    },
    /// An id was used before for something else; ids are minted once.
    #[error("could not append: id {id} is already in the log for something else")]
    Reused {
        /// The id.
        id: Uuid,
    },
    /// Over a limit of [`crate::limits`].
    #[error("could not store {what}: {found} is over the limit of {limit}")]
    TooLarge {
        /// What is limited, with its unit.
        what: &'static str,
        /// How much was given.
        found: usize,
        /// How much is allowed.
        limit: usize,
    },
    /// The disk has no room; the store goes on once there is.
    #[error("the disk is full; nothing of this was stored, free some space and try again")]
    Full(#[source] Failure),
    /// An I/O error came before; what the disk holds is in doubt until a restart has checked it.
    #[error("the store takes no writes since an I/O error; check the disk and restart")]
    ReadOnly,
    /// There is no database to ask.
    #[error("the database cannot be used: {0}")]
    Unavailable(Arc<str>),
    /// The storage failed.
    #[error(transparent)]
    Failed(Failure),
    /// What is stored is not what was written.
    #[error("{what} is damaged: {detail}")]
    Corrupt {
        /// Which part of the store.
        what: &'static str,
        /// What is wrong with it.
        detail: String,
    },
}

/// The error underneath; shared, because one failed commit may answer many callers.
pub type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// What was being done when the storage failed, and how it failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("could not {doing}")]
pub struct Failure {
    /// What could not be done, to follow "could not".
    pub doing: &'static str,
    /// How it failed.
    #[source]
    pub source: Cause,
}

impl StoreError {
    /// The storage failed at something, for another reason than any of the others.
    pub fn failed(doing: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(Failure { doing, source: Arc::from(source.into()) })
    }
}

impl From<ChainError> for StoreError {
    fn from(error: ChainError) -> Self {
        Self::Corrupt { what: "the log", detail: error.to_string() }
    }
}
