//! Every limit of the store, in one place.

use std::time::Duration;

/// Name of the file that says which process uses a data directory.
pub(crate) const LOCK_FILE: &str = "sapwood.lock";
/// Name of the file of local overrides in a data directory.
pub const OVERRIDES_FILE: &str = "break-glass.json";
/// Name of the file that keeps room for an emergency.
pub(crate) const RESERVE_FILE: &str = "sapwood.reserve";
/// Bytes kept for an emergency: a hundred rollbacks and more.
pub const RESERVE_BYTES: u64 = 4 << 20;
/// How often it is tried to keep room again once it was given away.
pub const RESERVE_RETRY_EVERY: Duration = Duration::from_secs(1);
/// An expanding decision older than this, by the store's clock, is refused.
pub const DECISION_AGE_MS_MAX: i64 = 5_000;
/// Entries of one append: one decision, or one imported project, which is ten thousand flags in nine environments.
pub const APPEND_DRAFTS_MAX: usize = 100_000;
/// Bytes of one entry's body.
pub const ENTRY_BODY_BYTES_MAX: usize = 4 << 20;
/// Records of one journal batch.
pub const BATCH_RECORDS_MAX: usize = 100_000;
/// Bytes of one journal batch as JSON lines, before it is deflated.
pub const BATCH_BYTES_MAX: usize = 64 << 20;
/// Batches of one call of [`crate::Store::journal_append`].
pub const BATCHES_PER_CALL_MAX: usize = 1_000;
/// Calls of [`crate::Store::append`] that wait for the log's writer. Further callers wait for a place.
pub const LOG_QUEUE_MAX: usize = 64;
/// Calls that wait for the writer of evidence. Further callers wait for a place, which is what slows intake
/// down when the disk does.
pub const EVIDENCE_QUEUE_MAX: usize = 256;
/// Batches that one transaction of the journal takes from the queue; it may end one call above.
pub const GROUP_BATCHES_MAX: usize = 1_000;
/// Deflated bytes that one transaction of the journal takes from the queue; it may end one call above.
pub const GROUP_BYTES_MAX: usize = 8 << 20;
/// Journal batches encoded or decoded at a time, so that evidence cannot take every core.
pub const CODERS_MAX: usize = 2;
/// Connections that read each file.
pub const READERS_MAX: u32 = 4;
/// How long a reader waits for one of them.
pub const READER_WAIT_MAX: Duration = Duration::from_secs(5);
/// How long a connection waits for a lock of another one.
pub const BUSY_WAIT_MAX: Duration = Duration::from_secs(5);
/// Rows written by one statement.
pub const ROWS_PER_STATEMENT: usize = 250;
