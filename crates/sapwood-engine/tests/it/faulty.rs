//! A store that fails at a chosen call and, if asked, answers nothing after it, as if the process had died there.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use sapwood_core::entry::Entry;
use sapwood_core::id::Stream;
use sapwood_engine::{MemoryStore, Store, StoreError};
use sapwood_store::{
    Append, BoxFuture, Failure, JournalBatch, Journaled, LedgerCommit, LedgerScope, LoadedLedger, SourceRow,
};

/// What happens at the chosen call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    /// The call is not carried out.
    Before,
    /// It is carried out and nobody hears of it.
    After,
}

/// What is planned.
#[derive(Debug, Clone, Copy)]
enum Plan {
    /// From this call on nothing is answered.
    Die(usize, Death),
    /// The next call of this name fails with this error, once.
    FailOnce(&'static str, fn() -> StoreError),
    /// Calls of this name are carried out at once and answered later.
    Linger(&'static str),
    /// The next call of this name is carried out later, if somebody still waits for it then.
    Stall(&'static str),
}

pub(crate) struct Faulty {
    inner: Arc<MemoryStore>,
    calls: AtomicUsize,
    plan: Mutex<Option<Plan>>,
}

pub(crate) fn full() -> StoreError {
    StoreError::Full(Failure { doing: "write", source: Arc::new(std::io::Error::other("no room")) })
}

pub(crate) fn read_only() -> StoreError {
    StoreError::ReadOnly
}

pub(crate) fn failed() -> StoreError {
    StoreError::Failed(Failure { doing: "write", source: Arc::new(std::io::Error::other("gone")) })
}

impl Faulty {
    pub(crate) fn new(inner: Arc<MemoryStore>) -> Arc<Self> {
        Arc::new(Self { inner, calls: AtomicUsize::new(0), plan: Mutex::new(None) })
    }

    /// Dies at the `n`th call from now.
    pub(crate) fn die_at(&self, n: usize, death: Death) {
        let at = self.calls.load(Ordering::SeqCst) + n;
        *self.plan.lock().unwrap() = Some(Plan::Die(at, death));
    }

    /// Whether the call it was to die at was made.
    pub(crate) fn died(&self) -> bool {
        matches!(*self.plan.lock().unwrap(), Some(Plan::Die(at, _)) if self.calls() > at)
    }

    pub(crate) fn fail_once(&self, call: &'static str, error: fn() -> StoreError) {
        *self.plan.lock().unwrap() = Some(Plan::FailOnce(call, error));
    }

    pub(crate) fn linger(&self, call: &'static str) {
        *self.plan.lock().unwrap() = Some(Plan::Linger(call));
    }

    pub(crate) fn stall(&self, call: &'static str) {
        *self.plan.lock().unwrap() = Some(Plan::Stall(call));
    }

    /// Whether what was planned has happened.
    pub(crate) fn had_it(&self) -> bool {
        self.plan.lock().unwrap().is_none()
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    fn pass<'a, T: Send + 'a>(
        &self,
        call: &'static str,
        work: BoxFuture<'a, Result<T, StoreError>>,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst);
        let mut plan = self.plan.lock().unwrap();
        match *plan {
            Some(Plan::Die(at, Death::After)) if number == at => {
                Box::pin(async move { work.await.and_then(|_| Err(failed())) })
            }
            Some(Plan::Die(at, _)) if number >= at => Box::pin(async { Err(failed()) }),
            Some(Plan::FailOnce(name, error)) if name == call => {
                *plan = None;
                Box::pin(async move { Err(error()) })
            }
            Some(Plan::Linger(name)) if name == call => Box::pin(async move {
                let answer = work.await;
                tokio::task::yield_now().await;
                answer
            }),
            Some(Plan::Stall(name)) if name == call => {
                *plan = None;
                Box::pin(async move {
                    tokio::task::yield_now().await;
                    work.await
                })
            }
            Some(_) | None => work,
        }
    }
}

impl Store for Faulty {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Vec<Entry>, StoreError>> {
        self.pass("append", self.inner.append(append))
    }

    fn read_from(
        &self,
        stream: Stream,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Entry>, StoreError>> {
        self.pass("read_from", self.inner.read_from(stream, after, limit))
    }

    fn streams(&self) -> BoxFuture<'_, Result<Vec<Stream>, StoreError>> {
        self.pass("streams", self.inner.streams())
    }

    fn journal_append(
        &self,
        batches: Vec<JournalBatch>,
    ) -> BoxFuture<'_, Result<Vec<Journaled>, StoreError>> {
        self.pass("journal_append", self.inner.journal_append(batches))
    }

    fn journal_read(
        &self,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(u64, JournalBatch)>, StoreError>> {
        self.pass("journal_read", self.inner.journal_read(after, limit))
    }

    fn ledger_save(&self, commit: LedgerCommit) -> BoxFuture<'_, Result<(), StoreError>> {
        self.pass("ledger_save", self.inner.ledger_save(commit))
    }

    fn ledger_offset(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.pass("ledger_offset", self.inner.ledger_offset())
    }

    fn ledger_load(&self, scope: LedgerScope) -> BoxFuture<'_, Result<LoadedLedger, StoreError>> {
        self.pass("ledger_load", self.inner.ledger_load(scope))
    }

    fn sources_load(&self) -> BoxFuture<'_, Result<Vec<SourceRow>, StoreError>> {
        self.pass("sources_load", self.inner.sources_load())
    }

    fn secret(&self, name: &'static str, minted: [u8; 32]) -> BoxFuture<'_, Result<[u8; 32], StoreError>> {
        self.pass("secret", self.inner.secret(name, minted))
    }
}
