//! A store with its clock, whichever backend it is, and samples to put into it.

use std::ops::Deref;
use std::sync::Arc;

use sapwood_core::entry::{Actor, Draft};
use sapwood_core::id::Stream;
use sapwood_core::record::{Arm, Record, UnitHash};
use sapwood_core::time::Timestamp;
use sapwood_eval::RolloutId;
use sapwood_store::{
    Append, Decided, JournalBatch, LedgerScope, ManualClock, MemoryStore, SqliteStore, Store,
};
use tempfile::TempDir;
use uuid::Uuid;

/// 2026-11-22T14:03:07.250Z.
pub(crate) const NOON: Timestamp = Timestamp::from_ms(1_795_356_187_250);

pub(crate) struct Rig {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: ManualClock,
    backend: Backend,
}

enum Backend {
    Memory(Arc<MemoryStore>),
    Sqlite(Arc<SqliteStore>, TempDir),
}

impl Deref for Rig {
    type Target = dyn Store;

    fn deref(&self) -> &Self::Target {
        self.store.as_ref()
    }
}

impl Rig {
    pub(crate) fn memory() -> Self {
        let clock = ManualClock::new(NOON);
        let store = MemoryStore::new(Arc::new(clock.clone()));
        Self::of_memory(store, clock)
    }

    fn of_memory(store: MemoryStore, clock: ManualClock) -> Self {
        let store = Arc::new(store);
        Self { store: store.clone(), clock, backend: Backend::Memory(store) }
    }

    pub(crate) async fn sqlite() -> Self {
        Self::of_directory(tempfile::tempdir().unwrap(), ManualClock::new(NOON)).await
    }

    async fn of_directory(dir: TempDir, clock: ManualClock) -> Self {
        let store = Arc::new(SqliteStore::open(dir.path(), Arc::new(clock.clone())).await.unwrap());
        Self { store: store.clone(), clock, backend: Backend::Sqlite(store, dir) }
    }

    /// Ends the process, as it were, and starts the next one.
    pub(crate) async fn restart(self) -> Self {
        match self.backend {
            Backend::Memory(store) => Self::of_memory(store.restarted(), self.clock),
            Backend::Sqlite(store, dir) => {
                store.close().await;
                Self::of_directory(dir, self.clock).await
            }
        }
    }
}

pub(crate) fn shop() -> Stream {
    stream("shop")
}

pub(crate) fn stream(project: &str) -> Stream {
    Stream::Project(project.parse().unwrap())
}

/// An append of one draft per id.
pub(crate) fn append(stream: Stream, expected: u64, ids: &[u128]) -> Append {
    let draft = |id: &u128| Draft {
        id: Uuid::from_u128(*id),
        kind: "flag_defined.v1".to_owned(),
        environment: id.is_multiple_of(2).then(|| "production".parse().unwrap()),
        body: format!(r#"{{"name":"Flag {id} with a \"quote\" and ü"}}"#),
    };
    let drafts = ids.iter().map(draft).collect();
    Append { stream, expected, actor: Actor::User("ada".to_owned()), drafts, decided: None }
}

pub(crate) fn decided(at: Timestamp, expands: bool) -> Decided {
    Decided { at, ledger_offset: 3, expands }
}

pub(crate) fn rollout(last_digit: char) -> RolloutId {
    RolloutId::try_from(format!("0192f0c1-2345-7abc-8def-01234567890{last_digit}")).unwrap()
}

pub(crate) fn scope(last_digit: char) -> LedgerScope {
    LedgerScope {
        project: "shop".parse().unwrap(),
        environment: "production".parse().unwrap(),
        rollout: rollout(last_digit),
    }
}

pub(crate) fn unit(n: u8) -> UnitHash {
    UnitHash::from_bytes([n; 16])
}

pub(crate) fn batch(id: u128, records: u8) -> JournalBatch {
    let record = |n| match n % 4 {
        0 => Record::Exposure { rollout: rollout('a'), epoch: 1, arm: Arm::Treated, unit: unit(n), at: NOON },
        1 => {
            let metric = "errors".parse().unwrap();
            Record::Event {
                rollout: rollout('a'),
                epoch: 1,
                arm: Arm::Control,
                unit: unit(n),
                at: NOON,
                metric,
            }
        }
        2 => Record::Activity {
            rollout: rollout('b'),
            epoch: 2,
            arm: Arm::Ring,
            minute: NOON.minute(),
            evaluations: u64::from(n),
        },
        _ => Record::Seen { metric: "errors".parse().unwrap(), at: NOON, events: 3 },
    };
    JournalBatch {
        id: Uuid::from_u128(id),
        project: "shop".parse().unwrap(),
        environment: "production".parse().unwrap(),
        received_at: NOON,
        records: (0..records).map(record).collect(),
    }
}
