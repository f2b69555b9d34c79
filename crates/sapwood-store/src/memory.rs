//! The store in memory: the same promises as on disk for as long as the process lives, and faults on demand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sapwood_core::entry::Entry;
use sapwood_core::id::{EnvironmentKey, MetricKey, ProjectKey, Stream};
use sapwood_core::ledger::{RowKey, SubjectRow, SumKey, Sums};
use uuid::Uuid;

use crate::admit;
use crate::clock::Clock;
use crate::error::StoreError;
use crate::store::{
    Append, BoxFuture, JournalBatch, Journaled, LedgerCommit, LedgerScope, LoadedLedger, SourceRow, Store,
};
use crate::verify::Head;

/// A call that can be made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// [`Store::append`].
    Append,
    /// [`Store::journal_append`].
    JournalAppend,
    /// [`Store::ledger_save`].
    LedgerSave,
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is stored.
    Refused,
    /// Everything is stored, but the caller hears of a failure.
    AnswerLost,
}

/// Log, journal and ledger in memory.
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::default() }
    }

    /// The next `call` fails; the ones after it do not. Asking twice makes the next two fail.
    pub fn fail_next(&self, call: Call, fault: Fault) {
        self.lock().faults.push((call, fault));
    }

    /// What a new process would find: everything acknowledged, nothing shared with this store, no faults.
    #[must_use]
    pub fn restarted(&self) -> Self {
        let durable = self.lock().durable.clone();
        Self { clock: self.clock.clone(), state: Mutex::new(State { durable, faults: Vec::new() }) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` on the durable state, with the fault that is due before or after it.
    fn write<T>(
        &self,
        call: Call,
        work: impl FnOnce(&mut Durable) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut state = self.lock();
        match state.take_fault(call) {
            None => work(&mut state.durable),
            Some(Fault::Refused) => Err(asked_for(call)),
            Some(Fault::AnswerLost) => work(&mut state.durable).and_then(|_| Err(asked_for(call))),
        }
    }
}

#[derive(Default)]
struct State {
    durable: Durable,
    faults: Vec<(Call, Fault)>,
}

impl State {
    fn take_fault(&mut self, call: Call) -> Option<Fault> {
        let due = self.faults.iter().position(|(asked, _)| *asked == call)?;
        Some(self.faults.remove(due).1)
    }
}

/// Everything that outlives a restart.
#[derive(Clone, Default)]
struct Durable {
    streams: BTreeMap<Stream, Vec<Entry>>,
    /// First id of each append → its stream, and how many entries stand before and belong to it.
    appends: BTreeMap<Uuid, (Stream, usize, usize)>,
    ids: BTreeSet<Uuid>,
    journal: BTreeMap<u64, JournalBatch>,
    batches: BTreeMap<Uuid, u64>,
    offset: u64,
    ledgers: BTreeMap<LedgerScope, Ledger>,
    sources: BTreeMap<(ProjectKey, EnvironmentKey, MetricKey), SourceRow>,
    secrets: BTreeMap<&'static str, [u8; 32]>,
}

#[derive(Clone, Default)]
struct Ledger {
    sums: BTreeMap<SumKey, Sums>,
    rows: BTreeMap<RowKey, SubjectRow>,
}

impl Durable {
    fn append(&mut self, append: Append, clock: &dyn Clock) -> Result<Vec<Entry>, StoreError> {
        admit::check_append(&append)?;
        let Some(first) = append.drafts.first().map(|draft| draft.id) else { return Ok(Vec::new()) };
        if let Some((stream, skip, count)) = self.appends.get(&first)
            && *stream == append.stream
        {
            let entries = self.streams.get(stream).into_iter().flatten();
            return Ok(entries.skip(*skip).take(*count).cloned().collect());
        }
        let mut ids = BTreeSet::new();
        if let Some(draft) = append.drafts.iter().find(|d| self.ids.contains(&d.id) || !ids.insert(d.id)) {
            return Err(StoreError::Reused { id: draft.id });
        }
        let stream = append.stream.clone();
        let before = self.streams.get(&stream).map_or(&[][..], Vec::as_slice);
        let skip = before.len();
        let head = before.last().map_or(Head::default(), |e| Head { version: e.version, hash: e.hash });
        let entries = admit::seal(append, head, clock.now())?;
        self.ids.append(&mut ids);
        self.appends.insert(first, (stream.clone(), skip, entries.len()));
        self.streams.entry(stream).or_default().extend_from_slice(&entries);
        Ok(entries)
    }

    fn journal_append(&mut self, batches: Vec<JournalBatch>) -> Result<Vec<Journaled>, StoreError> {
        admit::check_batches(&batches)?;
        let mut answers = Vec::with_capacity(batches.len());
        for batch in batches {
            if let Some(offset) = self.batches.get(&batch.id) {
                answers.push(Journaled { offset: *offset, duplicate: true });
                continue;
            }
            let offset = self.journal.last_key_value().map_or(0, |(last, _)| *last).saturating_add(1);
            self.batches.insert(batch.id, offset);
            self.journal.insert(offset, batch);
            answers.push(Journaled { offset, duplicate: false });
        }
        Ok(answers)
    }

    fn ledger_save(&mut self, commit: LedgerCommit) -> Result<(), StoreError> {
        // Databases count in signed numbers; the limit is the same here so that tests meet it.
        i64::try_from(commit.offset).map_err(|error| StoreError::failed("save the ledger", error))?;
        for (scope, changes) in commit.changes {
            let ledger = self.ledgers.entry(scope).or_default();
            ledger.sums.extend(changes.sums);
            ledger.rows.extend(changes.rows);
        }
        for row in commit.sources {
            let key = (row.project.clone(), row.environment.clone(), row.metric.clone());
            self.sources.insert(key, row);
        }
        self.offset = commit.offset;
        Ok(())
    }
}

impl Store for MemoryStore {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Vec<Entry>, StoreError>> {
        Box::pin(
            async move { self.write(Call::Append, |durable| durable.append(append, self.clock.as_ref())) },
        )
    }

    fn read_from(
        &self,
        stream: Stream,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Entry>, StoreError>> {
        Box::pin(async move {
            let state = self.lock();
            let entries = state.durable.streams.get(&stream).into_iter().flatten();
            let skip = usize::try_from(after).unwrap_or(usize::MAX);
            Ok(entries.skip(skip).take(limit).cloned().collect())
        })
    }

    fn streams(&self) -> BoxFuture<'_, Result<Vec<Stream>, StoreError>> {
        Box::pin(async move { Ok(self.lock().durable.streams.keys().cloned().collect()) })
    }

    fn journal_append(
        &self,
        batches: Vec<JournalBatch>,
    ) -> BoxFuture<'_, Result<Vec<Journaled>, StoreError>> {
        Box::pin(async move { self.write(Call::JournalAppend, |durable| durable.journal_append(batches)) })
    }

    fn journal_read(
        &self,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(u64, JournalBatch)>, StoreError>> {
        Box::pin(async move {
            let Some(next) = after.checked_add(1) else { return Ok(Vec::new()) };
            let state = self.lock();
            let batches = state.durable.journal.range(next..).take(limit);
            Ok(batches.map(|(offset, batch)| (*offset, batch.clone())).collect())
        })
    }

    fn ledger_save(&self, commit: LedgerCommit) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.write(Call::LedgerSave, |durable| durable.ledger_save(commit)) })
    }

    fn ledger_offset(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move { Ok(self.lock().durable.offset) })
    }

    fn ledger_load(&self, scope: LedgerScope) -> BoxFuture<'_, Result<LoadedLedger, StoreError>> {
        Box::pin(async move {
            let ledger = self.lock().durable.ledgers.get(&scope).cloned().unwrap_or_default();
            Ok(LoadedLedger {
                sums: ledger.sums.into_iter().collect(),
                rows: ledger.rows.into_iter().collect(),
            })
        })
    }

    fn sources_load(&self) -> BoxFuture<'_, Result<Vec<SourceRow>, StoreError>> {
        Box::pin(async move { Ok(self.lock().durable.sources.values().cloned().collect()) })
    }

    fn secret(&self, name: &'static str, minted: [u8; 32]) -> BoxFuture<'_, Result<[u8; 32], StoreError>> {
        Box::pin(async move { Ok(*self.lock().durable.secrets.entry(name).or_insert(minted)) })
    }
}

fn asked_for(call: Call) -> StoreError {
    let doing = match call {
        Call::Append => "append to the log",
        Call::JournalAppend => "append to the journal",
        Call::LedgerSave => "save the ledger",
    };
    StoreError::failed(doing, "a failure was asked for")
}
