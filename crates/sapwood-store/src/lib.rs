#![doc = include_str!("../README.md")]

mod admit;
pub mod backup;
pub mod checked;
mod clock;
mod condition;
mod dead;
mod error;
pub mod limits;
mod memory;
mod sqlite;
mod store;
mod verify;

pub use clock::{Clock, ManualClock, SystemClock};
pub use condition::Condition;
pub use dead::DeadStore;
pub use error::{Cause, Failure, StoreError};
pub use memory::{Call, Fault, MemoryStore};
pub use sqlite::{FilesChecked, OpenError, SqliteStore};
pub use store::{
    Append, BoxFuture, Decided, JournalBatch, Journaled, LedgerCommit, LedgerScope, LoadedLedger, SourceRow,
    Store,
};
pub use verify::{Head, verify, verify_chain};
