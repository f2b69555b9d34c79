//! One project in memory: its folded state, and what each of its environments serves.

use std::collections::btree_map::Entry as Place;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use arc_swap::ArcSwap;
use sapwood_core::entry::{Entry, Hash};
use sapwood_core::event::Event;
use sapwood_core::evidence::Evidence;
use sapwood_core::id::{EnvironmentKey, ProjectKey};
use sapwood_core::state::{FoldError, State, Touched};
use sapwood_core::tick::Gate;
use sapwood_core::time::Timestamp;
use sapwood_eval::{FlagKey, RolloutId, VariantKey, Warning};

use crate::activity::Broadcaster;
use crate::fingerprint::Fingerprint;
use crate::limits::FLAGS_REPUBLISHED_SINGLY_MAX;
use crate::overrides::{Locals, Override, What};
use crate::snapshot::{Scope, Snapshot};
use crate::standing::Tide;

/// What the controller last saw of a rollout.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reading {
    /// The rollout's revision that was looked at; what was said of an older one is not true of this one.
    pub(crate) revision: u64,
    pub(crate) sentence: String,
    pub(crate) gate: Gate,
    pub(crate) evidence: Evidence,
}

/// What one environment serves and says.
#[derive(Debug, Default)]
pub(crate) struct Served {
    pub(crate) snapshot: ArcSwap<Snapshot>,
    pub(crate) broadcaster: Broadcaster,
    pub(crate) tide: Tide,
    pub(crate) readings: RwLock<BTreeMap<RolloutId, Reading>>,
}

impl Served {
    /// Serves this from now on, and says so.
    pub(crate) fn show(&self, snapshot: Arc<Snapshot>, now: Timestamp) {
        self.tide.move_to(snapshot, now, |snapshot| self.snapshot.store(snapshot));
    }
}

/// One project.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) key: ProjectKey,
    /// One writer at a time: two folds in parallel could publish an older snapshot over a newer one.
    pub(crate) writer: tokio::sync::Mutex<()>,
    /// An append was begun and nobody heard how it ended, so the log may be ahead of the state.
    in_doubt: AtomicBool,
    state: RwLock<State>,
    touches: RwLock<Touches>,
    halted: RwLock<Option<FoldError>>,
    served: RwLock<BTreeMap<Scope, Arc<Served>>>,
    /// Overrides set beside the data. Where one is, it is what counts, and not what the log says of the same flag.
    locals: RwLock<Locals>,
}

/// What has to be compiled again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// One flag, in one environment or in all.
    Flag(Option<EnvironmentKey>, FlagKey),
    /// Everything.
    All,
}

/// The last entry that touched something.
#[derive(Debug, Clone, Copy, Default)]
struct Touch {
    version: u64,
    hash: Hash,
    at: Timestamp,
}

/// The last entries that touched what environments serve. The same after every fold of the same log, however many entries
/// are folded at a time.
#[derive(Debug, Default)]
struct Touches {
    /// When the last entry of all was appended.
    last_at: Timestamp,
    /// All environments.
    all: Touch,
    /// One of them.
    places: BTreeMap<EnvironmentKey, Touch>,
}

impl Touches {
    fn note(&mut self, entry: &Entry, change: Option<&Change>) {
        self.last_at = entry.at;
        let touch = Touch { version: entry.version, hash: entry.hash, at: entry.at };
        match change {
            None => {}
            Some(Change::Flag(Some(place), _)) => drop(self.places.insert(place.clone(), touch)),
            Some(Change::Flag(None, _) | Change::All) => self.all = touch,
        }
    }

    /// The last entry that touched an environment, and when the last of all was appended.
    fn of(&self, environment: &EnvironmentKey) -> (Touch, Timestamp) {
        let place = self.places.get(environment).copied().unwrap_or_default();
        (if place.version > self.all.version { place } else { self.all }, self.last_at)
    }
}

impl Change {
    /// Whether an environment may serve something else after this.
    fn is_of(&self, environment: &EnvironmentKey) -> bool {
        match self {
            Self::Flag(Some(place), _) => place == environment,
            Self::Flag(None, _) | Self::All => true,
        }
    }
}

impl Project {
    pub(crate) fn new(key: ProjectKey) -> Self {
        Self {
            key,
            writer: tokio::sync::Mutex::default(),
            in_doubt: AtomicBool::new(false),
            state: RwLock::default(),
            touches: RwLock::default(),
            halted: RwLock::default(),
            served: RwLock::default(),
            locals: RwLock::default(),
        }
    }

    /// A project as it was served, without what it was compiled from.
    pub(crate) fn revived(key: ProjectKey, state: State, served: BTreeMap<Scope, Arc<Served>>) -> Self {
        Self { state: RwLock::new(state), served: RwLock::new(served), ..Self::new(key) }
    }

    /// Whether there is anything of it in the log. Before its first entry a project is only an attempt.
    pub(crate) fn exists(&self) -> bool {
        self.state().version > 0 || self.halted().is_some()
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

    pub(crate) fn is_in_doubt(&self) -> bool {
        self.in_doubt.load(Ordering::SeqCst)
    }

    pub(crate) fn doubt(&self, in_doubt: bool) {
        self.in_doubt.store(in_doubt, Ordering::SeqCst);
    }

    /// Folds entries and publishes what they changed. Stops for good at an entry it cannot read: what was
    /// folded so far goes on being served.
    pub(crate) fn fold(&self, entries: &[Entry]) -> Result<(), FoldError> {
        let (changes, outcome) = self.absorb(entries);
        self.publish(&changes);
        outcome
    }

    /// Folds entries and publishes nothing yet.
    pub(crate) fn absorb(&self, entries: &[Entry]) -> (Vec<Change>, Result<(), FoldError>) {
        let mut changes = Vec::new();
        let outcome: Result<(), FoldError> = {
            let mut state = write(&self.state);
            entries.iter().try_for_each(|entry| {
                let change = change(state.apply(entry)?, entry);
                write(&self.touches).note(entry, change.as_ref());
                changes.extend(change);
                Ok(())
            })
        };
        if let Err(error) = &outcome {
            tracing::error!(project = %self.key, "folding the log stopped: {error}");
            *write(&self.halted) = Some(error.clone());
        }
        changes.dedup();
        if changes.contains(&Change::All) || changes.len() > FLAGS_REPUBLISHED_SINGLY_MAX {
            changes = vec![Change::All];
        }
        (changes, outcome)
    }

    /// What an environment would serve in a state that may never be; nothing of it stays.
    pub(crate) fn supposing(
        &self,
        scope: &Scope,
        supposed: &State,
        changes: &[Change],
    ) -> (Snapshot, Vec<Warning>) {
        let served = read(&self.served).get(scope).map(|served| served.snapshot.load_full());
        served.unwrap_or_default().supposing(scope, supposed, changes, &read(&self.locals))
    }

    /// Publishes what `changes` come to; an environment seen for the first time is compiled whole. Answers
    /// whether everything that is defined is served.
    pub(crate) fn publish(&self, changes: &[Change]) -> bool {
        let state = self.state();
        let mut served = write(&self.served);
        let mut whole = true;
        for environment in state.environments.keys() {
            let scope = Scope { project: self.key.clone(), environment: environment.clone() };
            let (served, changes) = match served.entry(scope.clone()) {
                Place::Occupied(known) => (Arc::clone(known.get()), changes),
                Place::Vacant(new) => (Arc::clone(new.insert(Arc::default())), &[Change::All][..]),
            };
            let locals = read(&self.locals);
            let (mut next, complete) = served.snapshot.load().next(&scope, &state, changes, &locals);
            drop(locals);
            whole &= complete;
            let changed = changes.iter().any(|change| change.is_of(environment));
            let (touch, last_at) = read(&self.touches).of(environment);
            if changed {
                // An environment in which nothing was said yet is as old as itself.
                let defined = state.environments.get(environment).map_or(0, |place| place.revision);
                let is_new = touch.version < defined;
                (next.revision, next.changed_at) =
                    if is_new { (defined, last_at) } else { (touch.version, touch.at) };
                next.said = touch.hash;
                next.fingerprint = Fingerprint::new(&next.said, environment, &read(&self.locals));
            }
            let next = Arc::new(next);
            if changed {
                served.show(next, last_at);
            } else {
                served.snapshot.store(next);
            }
        }
        whole
    }
}

impl Project {
    /// Puts local overrides into force; answers which flags have something else in force now. It needs no writer's lock:
    /// publications take turns at `served`, and each reads the state and the overrides that are there when it has it.
    pub(crate) fn set_locals(
        &self,
        new: &Locals,
        now: Timestamp,
    ) -> Vec<(Scope, FlagKey, Option<VariantKey>)> {
        let before = std::mem::replace(&mut *write(&self.locals), new.clone());
        let changed: BTreeSet<_> = before
            .iter()
            .filter(|(place, old)| new.get(*place) != Some(old))
            .chain(new.iter().filter(|(place, new)| before.get(*place) != Some(new)))
            .map(|(place, _)| place.clone())
            .collect();
        let state = self.state();
        let served = write(&self.served);
        let locals = read(&self.locals);
        let mut told = Vec::new();
        for (environment, flag) in changed {
            let scope = Scope { project: self.key.clone(), environment };
            let Some(served) = served.get(&scope) else { continue };
            let said = state.environments.get(&scope.environment).and_then(|of| of.break_glass.get(&flag));
            let logged = said.and_then(|said| said.variant.clone());
            let local = locals.get(&(scope.environment.clone(), flag.clone()));
            if let Some(mut next) = served.snapshot.load().overridden(&flag, local, logged, now) {
                next.fingerprint = Fingerprint::new(&next.said, &scope.environment, &locals);
                let gets = next.flags.get(flag.as_str()).and_then(|flag| flag.config().break_glass.clone());
                let next = Arc::new(next);
                served.show(next, now);
                told.push((scope, flag, gets));
            }
        }
        told
    }

    /// Local overrides that the log does not know yet. Of what is lifted and was never recorded there is nothing to say,
    /// and of what is no flag here there is nothing to record.
    pub(crate) fn unrecorded(&self) -> Vec<Override> {
        let state = self.state();
        let locals = read(&self.locals);
        let missing = locals.values().filter(|one| {
            let Some(environment) = state.environments.get(&one.environment) else { return false };
            let said = environment.break_glass.get(&one.flag);
            match (said, &one.what) {
                (Some(said), _) => said.record != one.id,
                (None, _) if !environment.targeting.contains_key(&one.flag) => false,
                (None, What::Lifted) => false,
                (None, What::Off | What::Variant(_)) => true,
            }
        });
        missing.cloned().collect()
    }
}

/// What of the compiled flags an entry touched. A flag's own definition touches that flag alone: what asks for it
/// finds it by name when it is evaluated.
fn change(touched: Touched, entry: &Entry) -> Option<Change> {
    match touched {
        Touched::Nothing => None,
        Touched::Flag(environment, flag) => Some(Change::Flag(Some(environment), flag)),
        Touched::All => Some(match Event::read(entry) {
            Ok(Event::FlagDefined(event)) => Change::Flag(None, event.flag.key),
            Ok(Event::FlagRetired(event)) => Change::Flag(None, event.flag),
            Ok(_) | Err(_) => Change::All,
        }),
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
