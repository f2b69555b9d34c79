//! The store of a server whose database cannot be used: it says so to whoever asks.

use std::sync::Arc;

use sapwood_core::entry::Entry;
use sapwood_core::id::Stream;

use crate::condition::Condition;
use crate::error::StoreError;
use crate::store::{
    Append, BoxFuture, JournalBatch, Journaled, LedgerCommit, LedgerScope, LoadedLedger, SourceRow, Store,
};

/// Holds nothing and takes nothing.
#[derive(Debug, Clone)]
pub struct DeadStore {
    why: Arc<str>,
}

impl DeadStore {
    /// A store that cannot be used, and why.
    pub fn new(why: &str) -> Self {
        Self { why: Arc::from(why) }
    }

    fn refuse<T: Send + 'static>(&self) -> BoxFuture<'_, Result<T, StoreError>> {
        let error = StoreError::Unavailable(Arc::clone(&self.why));
        Box::pin(async move { Err(error) })
    }
}

impl Store for DeadStore {
    fn append(&self, _append: Append) -> BoxFuture<'_, Result<Vec<Entry>, StoreError>> {
        self.refuse()
    }

    fn read_from(
        &self,
        _stream: Stream,
        _after: u64,
        _limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Entry>, StoreError>> {
        self.refuse()
    }

    fn streams(&self) -> BoxFuture<'_, Result<Vec<Stream>, StoreError>> {
        self.refuse()
    }

    fn journal_append(
        &self,
        _batches: Vec<JournalBatch>,
    ) -> BoxFuture<'_, Result<Vec<Journaled>, StoreError>> {
        self.refuse()
    }

    fn journal_read(
        &self,
        _after: u64,
        _limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(u64, JournalBatch)>, StoreError>> {
        self.refuse()
    }

    fn ledger_save(&self, _commit: LedgerCommit) -> BoxFuture<'_, Result<(), StoreError>> {
        self.refuse()
    }

    fn ledger_offset(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.refuse()
    }

    fn ledger_load(&self, _scope: LedgerScope) -> BoxFuture<'_, Result<LoadedLedger, StoreError>> {
        self.refuse()
    }

    fn sources_load(&self) -> BoxFuture<'_, Result<Vec<SourceRow>, StoreError>> {
        self.refuse()
    }

    fn secret(&self, _name: &'static str, _minted: [u8; 32]) -> BoxFuture<'_, Result<[u8; 32], StoreError>> {
        self.refuse()
    }

    fn condition(&self) -> Condition {
        Condition::ReadOnly { why: self.why.to_string() }
    }
}
