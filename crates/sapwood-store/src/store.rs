//! The seam: what the engine asks of storage, whichever storage it is.

use std::pin::Pin;

use sapwood_core::entry::{Actor, Draft, Entry};
use sapwood_core::event::Event;
use sapwood_core::id::{EnvironmentKey, MetricKey, ProjectKey, Stream};
use sapwood_core::ledger::{Changes, RowKey, SubjectRow, SumKey, Sums};
use sapwood_core::record::Record;
use sapwood_core::time::Timestamp;
use sapwood_eval::RolloutId;
use uuid::Uuid;

use crate::condition::Condition;
use crate::error::StoreError;

/// A future behind a pointer, which keeps [`Store`] object-safe.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Log, journal, ledger and secrets. Everything that is answered `Ok` is durable.
pub trait Store: Send + Sync + 'static {
    /// Appends all drafts of one decision in one transaction, gapless and hash-chained, only if the stream's
    /// head is `expected`.
    ///
    /// If the first draft's id is already in the log, the entries of that append are returned and nothing is
    /// appended: a retry after a lost answer is safe, whatever the head is by now.
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Vec<Entry>, StoreError>>;

    /// Entries of a stream with versions above `after`, in order, at most `limit`. An unknown stream is empty.
    fn read_from(
        &self,
        stream: Stream,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Entry>, StoreError>>;

    /// All streams with at least one entry, in order.
    fn streams(&self) -> BoxFuture<'_, Result<Vec<Stream>, StoreError>>;

    /// Stores batches in one transaction and answers for each, in order. A batch id seen before is answered
    /// with its old offset and not stored again.
    fn journal_append(&self, batches: Vec<JournalBatch>)
    -> BoxFuture<'_, Result<Vec<Journaled>, StoreError>>;

    /// Batches with offsets above `after`, in order, at most `limit`.
    fn journal_read(
        &self,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(u64, JournalBatch)>, StoreError>>;

    /// Saves whole new values of sums, rows and sources together with the journal offset they stand for, in
    /// one transaction.
    fn ledger_save(&self, commit: LedgerCommit) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Offset of the last journal batch folded into the saved ledger; 0 at first.
    fn ledger_offset(&self) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// All that was saved for one rollout, in key order.
    fn ledger_load(&self, scope: LedgerScope) -> BoxFuture<'_, Result<LoadedLedger, StoreError>>;

    /// All saved sources, in key order.
    fn sources_load(&self) -> BoxFuture<'_, Result<Vec<SourceRow>, StoreError>>;

    /// The secret of that name; `minted` is kept, and returned, if there is none yet.
    fn secret(&self, name: &'static str, minted: [u8; 32]) -> BoxFuture<'_, Result<[u8; 32], StoreError>>;

    /// Whether it takes writes now.
    fn condition(&self) -> Condition {
        Condition::Sound
    }
}

/// The events of one decision, to be appended together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// To which stream.
    pub stream: Stream,
    /// The head of the stream that was decided on; 0 for an empty stream.
    pub expected: u64,
    /// Who decided.
    pub actor: Actor,
    /// The events, in order.
    pub drafts: Vec<Draft>,
    /// Set for the controller's decisions.
    pub decided: Option<Decided>,
}

impl Append {
    /// Whether it only stops or takes back, which must stay possible when nothing else is.
    pub fn stops(&self) -> bool {
        !self.drafts.is_empty() && self.drafts.iter().all(|draft| Event::STOPPING.contains(&&*draft.kind))
    }
}

/// What a decision of the controller stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decided {
    /// When it was decided.
    pub at: Timestamp,
    /// The journal offset of the ledger it was decided on.
    pub ledger_offset: u64,
    /// Whether it lets more people in. Only such a decision grows stale; a hold or a rollback never does.
    pub expands: bool,
}

/// One batch of resolved records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalBatch {
    /// Chosen by the sender; stored once.
    pub id: Uuid,
    /// Whose evidence.
    pub project: ProjectKey,
    /// In which environment.
    pub environment: EnvironmentKey,
    /// When intake received it.
    pub received_at: Timestamp,
    /// The records.
    pub records: Vec<Record>,
}

/// Where a batch stands in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Journaled {
    /// Its place in the one global order; from 1, ascending, with gaps at most where an append failed.
    pub offset: u64,
    /// Whether it had been stored before.
    pub duplicate: bool,
}

/// Which rollout's ledger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LedgerScope {
    /// Of which project.
    pub project: ProjectKey,
    /// In which environment.
    pub environment: EnvironmentKey,
    /// The rollout.
    pub rollout: RolloutId,
}

/// What the folder saves at once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LedgerCommit {
    /// The last journal offset folded in.
    pub offset: u64,
    /// What changed, per rollout.
    pub changes: Vec<(LedgerScope, Changes)>,
    /// Sources that changed.
    pub sources: Vec<SourceRow>,
}

/// One rollout's ledger as saved.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoadedLedger {
    /// All sums.
    pub sums: Vec<(SumKey, Sums)>,
    /// All subject rows.
    pub rows: Vec<(RowKey, SubjectRow)>,
}

/// How a metric's source reported so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRow {
    /// Of which project.
    pub project: ProjectKey,
    /// In which environment.
    pub environment: EnvironmentKey,
    /// Which metric.
    pub metric: MetricKey,
    /// Its first event.
    pub first: Timestamp,
    /// Its latest event.
    pub last: Timestamp,
    /// How many events.
    pub events: u64,
}
