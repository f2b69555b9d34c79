//! The one folder: reads the journal in order, keeps the ledgers in memory, saves what changed together with the
//! offset it stands for.

use std::collections::{BTreeMap, BTreeSet};

use sapwood_core::evidence::Evidence;
use sapwood_core::id::{EnvironmentKey, MetricKey, ProjectKey};
use sapwood_core::ledger::RolloutLedger;
use sapwood_core::record::Record;
use sapwood_core::rollout::{Phase, Rollout, RolloutSpec};
use sapwood_core::tick::{self, SourceSeen};
use sapwood_core::time::Timestamp;
use sapwood_eval::RolloutId;
use sapwood_store::{JournalBatch, LedgerCommit, LedgerScope, SourceRow, StoreError};

use crate::engine::Engine;
use crate::limits::{ENDED_READ_PER_LOOK, FOLD_BATCHES_MAX};
use crate::project::{Reading, Served, read, write};
use crate::snapshot::Scope;

/// Evidence in memory: of live rollouts, and of others only until what came late for them is saved.
#[derive(Debug, Default)]
pub(crate) struct Ledgers {
    /// The last journal batch folded.
    pub(crate) offset: u64,
    /// By project, then rollout.
    pub(crate) rollouts: BTreeMap<ProjectKey, BTreeMap<RolloutId, RolloutLedger>>,
    /// By project, then environment and metric.
    pub(crate) sources: BTreeMap<ProjectKey, BTreeMap<(EnvironmentKey, MetricKey), SourceSeen>>,
    /// Not saved yet.
    unsaved: Unsaved,
    /// The last offset saved.
    saved: u64,
    /// A save failed or was cut short, so memory is ahead of the disk in ways nobody wrote down: load again
    /// before folding.
    behind: bool,
}

#[derive(Debug, Default)]
struct Unsaved {
    rollouts: BTreeSet<LedgerScope>,
    sources: BTreeSet<(ProjectKey, EnvironmentKey, MetricKey)>,
}

/// What the rollouts that a page of the journal names were agreed to be.
type Specs = BTreeMap<LedgerScope, RolloutSpec>;

impl Engine {
    /// Loads what was saved of live rollouts; the tail of the journal is folded by the next look.
    pub(crate) async fn load_ledgers(&self) -> Result<Ledgers, StoreError> {
        let offset = self.0.store.ledger_offset().await?;
        let mut ledgers = Ledgers { offset, saved: offset, ..Ledgers::default() };
        for row in self.0.store.sources_load().await? {
            let seen = SourceSeen { first: row.first, last: row.last, events: row.events };
            ledgers.sources.entry(row.project).or_default().insert((row.environment, row.metric), seen);
        }
        for scope in self.rollouts_that(|_, rollout| rollout.is_live()) {
            self.load_ledger(&mut ledgers, scope).await?;
        }
        Ok(ledgers)
    }

    async fn load_ledger(&self, ledgers: &mut Ledgers, scope: LedgerScope) -> Result<(), StoreError> {
        let loaded = self.0.store.ledger_load(scope.clone()).await?;
        let ledger = RolloutLedger::restore(loaded.sums, loaded.rows);
        ledgers.rollouts.entry(scope.project).or_default().insert(scope.rollout, ledger);
        Ok(())
    }

    /// A rollout that ended is not looked at any more. What its ledger says is read once, and the ledger itself
    /// does not stay in memory. A few at a time: nobody waits for them, and live rollouts do wait.
    pub(crate) async fn read_ended(&self, ledgers: &Ledgers) -> Result<(), StoreError> {
        let unread = self.rollouts_that(|served, rollout| {
            !rollout.is_live() && !read(&served.readings).contains_key(&rollout.spec.id)
        });
        for scope in unread.into_iter().take(ENDED_READ_PER_LOOK) {
            let loaded = self.0.store.ledger_load(scope.clone()).await?;
            let ledger = RolloutLedger::restore(loaded.sums, loaded.rows);
            self.remember_ended(&scope, &ledger, ledgers.offset);
        }
        Ok(())
    }

    fn rollouts_that(&self, wanted: impl Fn(&Served, &Rollout) -> bool) -> Vec<LedgerScope> {
        let mut found = Vec::new();
        for project in self.all_projects() {
            let served = project.served();
            for (key, environment) in &project.state().environments {
                let place = Scope { project: project.key.clone(), environment: key.clone() };
                let Some(served) = served.get(&place) else { continue };
                let rollouts = environment.rollouts.values().filter(|rollout| wanted(served, rollout));
                found.extend(rollouts.map(|rollout| ledger_scope(&place, rollout)));
            }
        }
        found
    }

    fn remember_ended(&self, scope: &LedgerScope, ledger: &RolloutLedger, offset: u64) {
        let place = Scope { project: scope.project.clone(), environment: scope.environment.clone() };
        let reading = self.read(&scope.project, |state| {
            let rollout = state.environments.get(&scope.environment)?.rollouts.get(&scope.rollout)?;
            let at = match rollout.phase {
                Phase::RolledBack { at, .. } | Phase::Completed { at } => at,
                Phase::Running | Phase::Held { .. } => return None,
            };
            Some(reading(rollout, ledger, offset, at, String::new()))
        });
        if let (Some(Some(reading)), Some(served)) = (reading, self.served(&place)) {
            write(&served.readings).insert(scope.rollout.clone(), reading);
        }
    }

    /// Folds the journal to its end, settles what waited long enough, and saves. Whatever fails, what is in
    /// memory then is still the fold of the journal up to its offset.
    pub(crate) async fn fold_journal(&self, ledgers: &mut Ledgers) -> Result<(), StoreError> {
        if ledgers.behind {
            *ledgers = self.load_ledgers().await?;
        }
        loop {
            let batches = self.0.store.journal_read(ledgers.offset, FOLD_BATCHES_MAX).await?;
            let last = batches.len() < FOLD_BATCHES_MAX;
            let specs = self.specs(&batches);
            self.load_missing(ledgers, &specs).await?;
            for (offset, batch) in batches {
                fold_batch(ledgers, &specs, &batch);
                ledgers.offset = offset;
                // A long journal is folded in one go, but not at the cost of everybody else on this thread.
                tokio::task::yield_now().await;
            }
            if last {
                break;
            }
            self.save(ledgers).await?;
        }
        self.settle_pending(ledgers);
        self.save(ledgers).await?;
        self.forget_ended(ledgers);
        Ok(())
    }

    /// Copied, so that changes need not wait while the page is folded.
    fn specs(&self, batches: &[(u64, JournalBatch)]) -> Specs {
        let mut specs = Specs::new();
        for (_, batch) in batches {
            let mut named: Vec<_> = batch.records.iter().filter_map(rollout_of).collect();
            named.sort_unstable();
            named.dedup();
            self.read(&batch.project, |state| {
                let Some(environment) = state.environments.get(&batch.environment) else { return };
                for rollout in named.into_iter().filter_map(|id| environment.rollouts.get(id)) {
                    let scope = LedgerScope {
                        project: batch.project.clone(),
                        environment: batch.environment.clone(),
                        rollout: rollout.spec.id.clone(),
                    };
                    specs.entry(scope).or_insert_with(|| rollout.spec.clone());
                }
            });
        }
        specs
    }

    /// What is folded later must be in memory first: saved are whole new values.
    async fn load_missing(&self, ledgers: &mut Ledgers, specs: &Specs) -> Result<(), StoreError> {
        for scope in specs.keys() {
            let known =
                ledgers.rollouts.get(&scope.project).is_some_and(|of| of.contains_key(&scope.rollout));
            if !known {
                self.load_ledger(ledgers, scope.clone()).await?;
            }
        }
        Ok(())
    }

    fn settle_pending(&self, ledgers: &mut Ledgers) {
        let now = self.now();
        for scope in self.rollouts_that(|_, rollout| rollout.is_live()) {
            let Some(rollouts) = ledgers.rollouts.get_mut(&scope.project) else { continue };
            if let Some(ledger) = rollouts.get_mut(&scope.rollout) {
                ledger.settle(now);
                ledgers.unsaved.rollouts.insert(scope);
            }
        }
    }

    async fn save(&self, ledgers: &mut Ledgers) -> Result<(), StoreError> {
        let unsaved = std::mem::take(&mut ledgers.unsaved);
        let mut commit = LedgerCommit { offset: ledgers.offset, ..LedgerCommit::default() };
        for scope in unsaved.rollouts {
            let ledger = ledgers.rollouts.get_mut(&scope.project).and_then(|of| of.get_mut(&scope.rollout));
            if let Some(changes) = ledger.map(RolloutLedger::take_changes)
                && !(changes.sums.is_empty() && changes.rows.is_empty())
            {
                commit.changes.push((scope, changes));
            }
        }
        for (project, environment, metric) in unsaved.sources {
            let known =
                ledgers.sources.get(&project).and_then(|of| of.get(&(environment.clone(), metric.clone())));
            if let Some(SourceSeen { first, last, events }) = known.copied() {
                commit.sources.push(SourceRow { project, environment, metric, first, last, events });
            }
        }
        if commit.offset == ledgers.saved && commit.changes.is_empty() && commit.sources.is_empty() {
            return Ok(());
        }
        // What was taken for this save is written down nowhere else, should it fail or nobody wait for it.
        ledgers.behind = true;
        self.0.store.ledger_save(commit).await?;
        ledgers.behind = false;
        ledgers.saved = ledgers.offset;
        Ok(())
    }

    /// Lets go of the ledgers of rollouts that ended, with all of their subjects.
    fn forget_ended(&self, ledgers: &mut Ledgers) {
        for scope in self.rollouts_that(|_, rollout| !rollout.is_live()) {
            let of_project = ledgers.rollouts.get_mut(&scope.project);
            if let Some(ledger) = of_project.and_then(|of| of.remove(&scope.rollout)) {
                self.remember_ended(&scope, &ledger, ledgers.offset);
            }
        }
    }
}

fn ledger_scope(place: &Scope, rollout: &Rollout) -> LedgerScope {
    LedgerScope {
        project: place.project.clone(),
        environment: place.environment.clone(),
        rollout: rollout.spec.id.clone(),
    }
}

const fn rollout_of(record: &Record) -> Option<&RolloutId> {
    match record {
        Record::Exposure { rollout, .. }
        | Record::Event { rollout, .. }
        | Record::Activity { rollout, .. } => Some(rollout),
        Record::Seen { .. } => None,
    }
}

fn fold_batch(ledgers: &mut Ledgers, specs: &Specs, batch: &JournalBatch) {
    let Ledgers { rollouts, sources, unsaved, .. } = ledgers;
    let rollouts = rollouts.entry(batch.project.clone()).or_default();
    let mut scope: Option<LedgerScope> = None;
    for record in &batch.records {
        let Some(id) = rollout_of(record) else {
            if let Record::Seen { metric, at, events } = record {
                let sources = sources.entry(batch.project.clone()).or_default();
                see(sources, (batch.environment.clone(), metric.clone()), *at, *events);
                unsaved.sources.insert((batch.project.clone(), batch.environment.clone(), metric.clone()));
            }
            continue;
        };
        let scope: &LedgerScope = match &mut scope {
            Some(same) if same.rollout == *id => same,
            other => other.insert(LedgerScope {
                project: batch.project.clone(),
                environment: batch.environment.clone(),
                rollout: id.clone(),
            }),
        };
        let Some(spec) = specs.get(scope) else { continue };
        rollouts.entry(id.clone()).or_default().fold(spec, record);
        if !unsaved.rollouts.contains(scope) {
            unsaved.rollouts.insert(scope.clone());
        }
    }
}

fn see(
    sources: &mut BTreeMap<(EnvironmentKey, MetricKey), SourceSeen>,
    key: (EnvironmentKey, MetricKey),
    at: Timestamp,
    events: u64,
) {
    let seen = sources.entry(key).or_insert(SourceSeen { first: at, last: at, events: 0 });
    seen.first = seen.first.min(at);
    seen.last = seen.last.max(at);
    seen.events = seen.events.saturating_add(events);
}

/// What a ledger says of a rollout, for people.
pub(crate) fn reading(
    rollout: &Rollout,
    ledger: &RolloutLedger,
    offset: u64,
    at: Timestamp,
    sentence: String,
) -> Reading {
    Reading {
        revision: rollout.revision,
        sentence,
        gate: tick::gate(rollout, ledger, at),
        evidence: Evidence::read(rollout, ledger, offset, at).with_intervals(rollout, ledger),
    }
}
