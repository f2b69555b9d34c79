//! Fail stop: after an I/O error nobody knows what the disk holds, so nothing is written until a restart.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::{Executor, SqliteConnection};

use crate::error::{Failure, StoreError};

const CODE_IOERR: u32 = 10;
const CODE_CORRUPT: u32 = 11;
const CODE_FULL: u32 = 13;
const CODE_NOTADB: u32 = 26;

/// Shared by all writers of a store: down once one of them met a disk that fails.
#[derive(Debug, Clone, Default)]
pub(super) struct Fence(Arc<AtomicBool>);

impl Fence {
    /// Takes no writes from here on.
    pub(super) fn lower(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Refuses a write once the fence is down.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        if self.0.load(Ordering::SeqCst) { Err(StoreError::ReadOnly) } else { Ok(()) }
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
            | StoreError::ReadOnly => false,
        };
        if doubtful && !self.0.swap(true, Ordering::SeqCst) {
            let cause = error.source().map(ToString::to_string);
            tracing::error!(%error, cause, "the store takes no more writes until it is restarted");
        }
    }
}

/// What an error of the database means to the caller, who was `doing` something.
pub(super) fn storage(doing: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |error| {
        let full = primary_code(&error) == Some(CODE_FULL);
        let failure = Failure { doing, source: std::sync::Arc::new(error) };
        if full { StoreError::Full(failure) } else { StoreError::Failed(failure) }
    }
}

fn is_disk_fault(cause: &(dyn Error + Send + Sync + 'static)) -> bool {
    let Some(error) = cause.downcast_ref::<sqlx::Error>() else { return false };
    matches!(primary_code(error), Some(CODE_IOERR | CODE_CORRUPT | CODE_NOTADB))
        || matches!(error, sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed)
}

/// The first byte of SQLite's extended code says what kind of failure it is.
fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}
