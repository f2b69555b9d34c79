//! One project in memory: its folded state, and what each of its environments serves.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use arc_swap::ArcSwap;
use sapwood_core::entry::Entry;
use sapwood_core::evidence::Evidence;
use sapwood_core::id::ProjectKey;
use sapwood_core::state::{FoldError, State, Touched};
use sapwood_core::tick::Gate;
use sapwood_eval::RolloutId;

use crate::activity::Broadcaster;
use crate::snapshot::{Scope, Snapshot};

/// What the controller last saw of a rollout.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reading {
    pub(crate) sentence: String,
    pub(crate) gate: Gate,
    pub(crate) evidence: Evidence,
}

/// What one environment serves and says.
#[derive(Debug, Default)]
pub(crate) struct Served {
    pub(crate) snapshot: ArcSwap<Snapshot>,
    pub(crate) broadcaster: Broadcaster,
    pub(crate) readings: RwLock<BTreeMap<RolloutId, Reading>>,
}

/// One project.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) key: ProjectKey,
    /// One writer at a time: two folds in parallel could publish an older snapshot over a newer one.
    pub(crate) writer: tokio::sync::Mutex<()>,
    state: RwLock<State>,
    halted: RwLock<Option<FoldError>>,
    served: RwLock<BTreeMap<Scope, Arc<Served>>>,
}

impl Project {
    pub(crate) fn new(key: ProjectKey) -> Self {
        Self {
            key,
            writer: tokio::sync::Mutex::default(),
            state: RwLock::default(),
            halted: RwLock::default(),
            served: RwLock::default(),
        }
    }

    /// The state, to read. Held for the length of one look, never over an await.
    pub(crate) fn state(&self) -> RwLockReadGuard<'_, State> {
        read(&self.state)
    }

    /// Why folding stopped, if it did.
    pub(crate) fn halted(&self) -> Option<FoldError> {
        read(&self.halted).clone()
    }

    /// What environments serve, by scope.
    pub(crate) fn served(&self) -> BTreeMap<Scope, Arc<Served>> {
        read(&self.served).clone()
    }

    /// Folds entries and publishes what they changed. Stops for good at an entry it cannot read: what was
    /// folded so far goes on being served.
    pub(crate) fn fold(&self, entries: &[Entry]) -> Result<(), FoldError> {
        let mut touched = Vec::new();
        let outcome = {
            let mut state = write(&self.state);
            entries.iter().try_for_each(|entry| state.apply(entry).map(|what| touched.push(what)))
        };
        if let Err(error) = &outcome {
            tracing::error!(project = %self.key, "folding the log stopped: {error}");
            *write(&self.halted) = Some(error.clone());
        }
        if touched.contains(&Touched::All) {
            touched = vec![Touched::All];
        }
        touched.dedup();
        self.publish(&touched);
        outcome
    }

    fn publish(&self, touched: &[Touched]) {
        let state = self.state();
        let mut served = write(&self.served);
        for environment in state.environments.keys() {
            let scope = Scope { project: self.key.clone(), environment: environment.clone() };
            let served = served.entry(scope.clone()).or_default();
            let next = served.snapshot.load().next(&scope, &state, touched);
            served.snapshot.store(Arc::new(next));
        }
    }
}

/// A poisoned lock means that a thread panicked while holding it; what it guards is replaced whole, so it is
/// still consistent.
pub(crate) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

/// See [`read`].
pub(crate) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
