//! Checking the files themselves: SQLite's own structure, and that everything in the journal can still be read.

use sqlx::SqlitePool;

use super::SqliteStore;
use super::fence::storage;
use crate::error::StoreError;
use crate::store::Store as _;

const CHECKING: &str = "check the files";
/// Batches read at a time.
const PAGE: usize = 64;

/// What [`SqliteStore::check_files`] went through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilesChecked {
    /// Batches of the journal, all of which can be read.
    pub batches: u64,
    /// Offset of the last one.
    pub offset: u64,
}

impl SqliteStore {
    /// Checks the structure of both files and reads the whole journal. The log's own chain is checked whenever the
    /// log is read.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] with what is wrong.
    pub async fn check_files(&self) -> Result<FilesChecked, StoreError> {
        structure(&self.log_readers, "log.db").await?;
        structure(&self.evidence_readers, "evidence.db").await?;
        let mut checked = FilesChecked { batches: 0, offset: 0 };
        loop {
            let batches = self.journal_read(checked.offset, PAGE).await?;
            let Some((last, _)) = batches.last() else { return Ok(checked) };
            checked.offset = *last;
            checked.batches =
                checked.batches.saturating_add(u64::try_from(batches.len()).unwrap_or(u64::MAX));
        }
    }
}

async fn structure(db: &SqlitePool, what: &'static str) -> Result<(), StoreError> {
    let said: Vec<String> =
        sqlx::query_scalar("pragma integrity_check(10)").fetch_all(db).await.map_err(storage(CHECKING))?;
    if said == ["ok"] { Ok(()) } else { Err(StoreError::Corrupt { what, detail: said.join("; ") }) }
}
