//! Fail stop: after an I/O error nobody knows what the disk holds, so nothing is written until a restart.

use std::error::Error;
use std::sync::{Arc, OnceLock};

use sqlx::{Executor, SqliteConnection};

use crate::error::{Failure, StoreError};

const CODE_IOERR: u32 = 10;
const CODE_CORRUPT: u32 = 11;
const CODE_FULL: u32 = 13;
/// The shared memory beside a write-ahead log could not grow: there is no room, and nothing is in doubt.
const CODE_IOERR_SHMSIZE: u32 = 4874;
const CODE_NOTADB: u32 = 26;

/// Shared by all writers of a store: down once one of them met a disk that fails.
#[derive(Debug, Clone, Default)]
pub(super) struct Fence(Arc<OnceLock<String>>);

impl Fence {
    /// Takes no writes from here on.
    pub(super) fn lower(&self, why: &str) {
        // The first reason stands.
        self.0.set(why.to_owned()).ok();
    }

    /// Why it is down, if it is.
    pub(super) fn why(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }

    /// Refuses a write once the fence is down.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        if self.why().is_some() { Err(StoreError::ReadOnly) } else { Ok(()) }
    }

    /// Opens a transaction that writes.
    pub(super) async fn begin(
        &self,
        db: &mut SqliteConnection,
        doing: &'static str,
    ) -> Result<(), StoreError> {
        self.check()?;
        let begun = db.execute("begin immediate").await;
        begun.map(drop).map_err(storage(doing)).inspect_err(|error| self.note(error))
    }

    /// Commits if all went well, undoes everything otherwise, and comes down if it was the disk's fault.
    pub(super) async fn finish<T>(
        &self,
        db: &mut SqliteConnection,
        doing: &'static str,
        outcome: Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let outcome = match outcome {
            Ok(value) => db.execute("commit").await.map(|_| value).map_err(storage(doing)),
            Err(error) => Err(error),
        };
        if let Err(error) = &outcome {
            // SQLite has undone some failed transactions by itself; then there is nothing left to undo.
            db.execute("rollback").await.ok();
            self.note(error);
        }
        outcome
    }

    fn note(&self, error: &StoreError) {
        let doubtful = match error {
            StoreError::Corrupt { .. } => true,
            StoreError::Failed(failure) => is_disk_fault(failure.source.as_ref()),
            StoreError::Conflict { .. }
            | StoreError::Stale { .. }
            | StoreError::Reused { .. }
            | StoreError::TooLarge { .. }
            | StoreError::Full(_)
            | StoreError::ReadOnly
            | StoreError::Unavailable(_) => false,
        };
        if doubtful && self.why().is_none() {
            let cause = error.source().map(ToString::to_string);
            tracing::error!(%error, cause, "the store takes no more writes until it is restarted");
            self.lower(&cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}")));
        }
    }
}

/// What an error of the database means to the caller, who was `doing` something.
pub(super) fn storage(doing: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |error| {
        let full = matches!(code(&error), Some((CODE_FULL, _) | (_, CODE_IOERR_SHMSIZE)));
        let failure = Failure { doing, source: std::sync::Arc::new(error) };
        if full { StoreError::Full(failure) } else { StoreError::Failed(failure) }
    }
}

/// The refusal of a write that was not tried, because what room there is belongs to what stops or takes back.
pub(super) fn no_room(doing: &'static str) -> StoreError {
    let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
    StoreError::Full(Failure { doing, source: Arc::new(source) })
}

fn is_disk_fault(cause: &(dyn Error + Send + Sync + 'static)) -> bool {
    let Some(error) = cause.downcast_ref::<sqlx::Error>() else { return false };
    matches!(code(error), Some((CODE_IOERR | CODE_CORRUPT | CODE_NOTADB, _)))
        || matches!(error, sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed)
}

/// SQLite's code: its first byte, which says what kind of failure it is, and all of it.
fn code(error: &sqlx::Error) -> Option<(u32, u32)> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some((code & 0xff, code))
}
