//! The store on SQLite: one directory with a file for the log and a file for evidence, each with one writer.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use sapwood_core::entry::Entry;
use sapwood_core::id::Stream;
use sqlx::SqlitePool;
use tokio::sync::{mpsc, oneshot};

mod check;
mod codec;
mod connect;
mod evidence;
mod fence;
mod journal;
mod ledger;
mod lock;
mod log;
mod migrate;
mod row;
mod space;
#[cfg(test)]
mod tests;

pub use check::FilesChecked;
pub use connect::OpenError;
pub(crate) use connect::plain_connection;

use crate::admit;
use crate::clock::Clock;
use crate::condition::Condition;
use crate::error::StoreError;
use crate::limits::{EVIDENCE_QUEUE_MAX, LOG_QUEUE_MAX};
use crate::store::{
    Append, BoxFuture, JournalBatch, Journaled, LedgerCommit, LedgerScope, LoadedLedger, SourceRow, Store,
};
use codec::Codec;
use connect::File;
use fence::Fence;
use lock::DirectoryLock;
use space::Space;

/// Log, journal and ledger in a directory of their own.
///
/// Its writers are tasks of the runtime it was opened in. They end after [`SqliteStore::close`], or some time
/// after the store was dropped; what was acknowledged is on disk either way.
pub struct SqliteStore {
    log: mpsc::Sender<log::Job>,
    log_readers: SqlitePool,
    evidence: mpsc::Sender<evidence::Job>,
    evidence_readers: SqlitePool,
    codec: Codec,
    fence: Fence,
    space: Option<Space>,
    lock: Mutex<Option<Arc<DirectoryLock>>>,
}

impl SqliteStore {
    /// Opens the store in `dir`, making both where there are none.
    pub async fn open(dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let lock = Arc::new(DirectoryLock::take(dir)?);
        let log_db = connect::writer(dir, File::Log).await?;
        let evidence_db = connect::writer(dir, File::Evidence).await?;
        let (fence, codec, space) = (Fence::default(), Codec::default(), Space::open(dir));

        let (log, jobs) = mpsc::channel(LOG_QUEUE_MAX);
        let (of_fence, of_space) = (fence.clone(), space.clone());
        let writer = log::Writer { db: log_db, clock, fence: of_fence, space: of_space, lock: lock.clone() };
        tokio::spawn(writer.run(jobs));

        let (evidence, jobs) = mpsc::channel(EVIDENCE_QUEUE_MAX);
        let (of_fence, of_space) = (fence.clone(), space.clone());
        let writer =
            evidence::Writer { db: evidence_db, fence: of_fence, space: of_space, lock: lock.clone() };
        tokio::spawn(writer.run(jobs));

        Ok(Self {
            log,
            log_readers: connect::readers(dir, File::Log),
            evidence,
            evidence_readers: connect::readers(dir, File::Evidence),
            codec,
            fence,
            space: Some(space),
            lock: Mutex::new(Some(lock)),
        })
    }

    /// The same for a directory that is known to have data in it: what is missing is not made anew, because an empty
    /// log in the place of a lost one would be served as if it were the truth.
    pub async fn open_existing(dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        for file in [File::Log, File::Evidence] {
            if !dir.join(file.name()).is_file() {
                return Err(OpenError::Nothing { dir: dir.to_owned(), file: file.name() });
            }
        }
        Self::open(dir, clock).await
    }

    /// Opens what is in `dir` to read: a server may be running on it, and nothing is made or changed. Every write
    /// is refused.
    pub async fn open_read_only(dir: &Path) -> Result<Self, OpenError> {
        check_readable(dir).await?;
        let fence = Fence::default();
        fence.lower("it was opened to be read only");
        // Nobody listens at the other ends; the fence refuses before anybody is asked.
        let ((log, _), (evidence, _)) = (mpsc::channel(1), mpsc::channel(1));
        Ok(Self {
            log,
            log_readers: connect::readers(dir, File::Log),
            evidence,
            evidence_readers: connect::readers(dir, File::Evidence),
            codec: Codec::default(),
            fence,
            space: None,
            lock: Mutex::new(None),
        })
    }

    /// Finishes what is queued, closes both files and frees the directory for another process.
    /// Whatever is asked of the store afterwards fails.
    pub async fn close(&self) {
        self.log_readers.close().await;
        self.evidence_readers.close().await;
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
        // A writer that is gone has closed its file already.
        let (answer, log_closed) = oneshot::channel();
        self.log.send(log::Job::Close(answer)).await.ok();
        let (answer, evidence_closed) = oneshot::channel();
        self.evidence.send(evidence::Job::Close(answer)).await.ok();
        log_closed.await.ok();
        evidence_closed.await.ok();
    }

    async fn ask_log<T>(
        &self,
        doing: &'static str,
        job: impl FnOnce(Answer<T>) -> log::Job,
    ) -> Result<T, StoreError> {
        self.fence.check()?;
        let (answer, answered) = oneshot::channel();
        self.log.send(job(answer)).await.map_err(|_| closed(doing))?;
        answered.await.map_err(|_| closed(doing))?
    }

    async fn ask_evidence<T>(
        &self,
        doing: &'static str,
        job: impl FnOnce(Answer<T>) -> evidence::Job,
    ) -> Result<T, StoreError> {
        self.fence.check()?;
        let (answer, answered) = oneshot::channel();
        self.evidence.send(job(answer)).await.map_err(|_| closed(doing))?;
        answered.await.map_err(|_| closed(doing))?
    }
}

/// Whether both files are there and this program can read them; nothing is made or changed.
pub(crate) async fn check_readable(dir: &Path) -> Result<(), OpenError> {
    for file in [File::Log, File::Evidence] {
        connect::check_readable(dir, file).await?;
    }
    Ok(())
}

/// Where a writer sends the outcome of a job. Whoever asked may have left; the outcome stands all the same.
type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

fn closed(doing: &'static str) -> StoreError {
    StoreError::failed(doing, "the store is closed")
}

impl Store for SqliteStore {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Vec<Entry>, StoreError>> {
        Box::pin(async move {
            admit::check_append(&append)?;
            self.ask_log(log::APPENDING, |answer| log::Job::Append(append, answer)).await
        })
    }

    fn read_from(
        &self,
        stream: Stream,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Entry>, StoreError>> {
        Box::pin(log::read_from(&self.log_readers, stream, after, limit))
    }

    fn streams(&self) -> BoxFuture<'_, Result<Vec<Stream>, StoreError>> {
        Box::pin(log::streams(&self.log_readers))
    }

    fn journal_append(
        &self,
        batches: Vec<JournalBatch>,
    ) -> BoxFuture<'_, Result<Vec<Journaled>, StoreError>> {
        Box::pin(async move {
            admit::check_batches(&batches)?;
            self.fence.check()?;
            let batches = self.codec.encode(batches).await?;
            self.ask_evidence(journal::APPENDING, |answer| evidence::Job::Journal(batches, answer)).await
        })
    }

    fn journal_read(
        &self,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(u64, JournalBatch)>, StoreError>> {
        Box::pin(async move {
            let batches = journal::read(&self.evidence_readers, after, limit).await?;
            self.codec.decode(batches).await
        })
    }

    fn ledger_save(&self, commit: LedgerCommit) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.ask_evidence(ledger::SAVING, |answer| evidence::Job::Ledger(commit, answer)))
    }

    fn ledger_offset(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(ledger::offset(&self.evidence_readers))
    }

    fn ledger_load(&self, scope: LedgerScope) -> BoxFuture<'_, Result<LoadedLedger, StoreError>> {
        Box::pin(ledger::load(&self.evidence_readers, scope))
    }

    fn sources_load(&self) -> BoxFuture<'_, Result<Vec<SourceRow>, StoreError>> {
        Box::pin(ledger::sources(&self.evidence_readers))
    }

    fn secret(&self, name: &'static str, minted: [u8; 32]) -> BoxFuture<'_, Result<[u8; 32], StoreError>> {
        Box::pin(async move {
            if let Some(kept) = evidence::secret(&self.evidence_readers, name).await? {
                return Ok(kept);
            }
            self.ask_evidence(evidence::KEEPING, |answer| evidence::Job::Secret(name, minted, answer)).await
        })
    }

    fn condition(&self) -> Condition {
        if let Some(why) = self.fence.why() {
            return Condition::ReadOnly { why: why.to_owned() };
        }
        if self.space.as_ref().is_some_and(Space::is_short) { Condition::Full } else { Condition::Sound }
    }
}
