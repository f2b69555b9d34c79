//! The one folder: reads the journal in order, keeps the ledgers in memory, saves what changed together with the
//! offset it stands for.

use std::collections::{BTreeMap, BTreeSet};

use sapwood_core::evidence::Evidence;
use sapwood_core::id::{EnvironmentKey, MetricKey, ProjectKey};
use sapwood_core::ledger::RolloutLedger;
use sapwood_core::record::Record;
use sapwood_core::rollout::{Phase, Rollout};
use sapwood_core::tick::{self, SourceSeen};
use sapwood_core::time::Timestamp;
use sapwood_eval::RolloutId;
use sapwood_store::{JournalBatch, LedgerCommit, LedgerScope, SourceRow, StoreError};

use crate::engine::Engine;
use crate::limits::FOLD_BATCHES_MAX;
use crate::project::{Reading, write};
use crate::snapshot::Scope;

/// Evidence in memory.
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
    /// A save failed, so memory is ahead of the disk in ways nobody wrote down: load again before folding.
    behind: bool,
}

#[derive(Debug, Default)]
struct Unsaved {
    rollouts: BTreeSet<LedgerScope>,
    sources: BTreeSet<(ProjectKey, EnvironmentKey, MetricKey)>,
}

impl Engine {
    /// Loads what was saved; the tail of the journal is folded by the next look.
    pub(crate) async fn load_ledgers(&self, ledgers: &mut Ledgers) -> Result<(), StoreError> {
        *ledgers = Ledgers { behind: true, ..Ledgers::default() };
        ledgers.offset = self.0.store.ledger_offset().await?;
        for row in self.0.store.sources_load().await? {
            let seen = SourceSeen { first: row.first, last: row.last, events: row.events };
            ledgers.sources.entry(row.project).or_default().insert((row.environment, row.metric), seen);
        }
        for project in self.all_projects() {
            let scopes: Vec<_> = project
                .state()
                .environments
                .iter()
                .flat_map(|(key, environment)| {
                    environment.rollouts.keys().map(|id| (key.clone(), id.clone()))
                })
                .collect();
            for (environment, rollout) in scopes {
                let scope = LedgerScope { project: project.key.clone(), environment, rollout };
                let loaded = self.0.store.ledger_load(scope.clone()).await?;
                let ledger = RolloutLedger::restore(loaded.sums, loaded.rows);
                self.remember_ended(&scope, &ledger, ledgers.offset);
                ledgers.rollouts.entry(scope.project).or_default().insert(scope.rollout, ledger);
            }
        }
        ledgers.behind = false;
        Ok(())
    }

    /// A rollout that ended is not looked at any more; what its ledger says is read once.
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

    /// Folds the journal to its end, settles what waited long enough, and saves.
    pub(crate) async fn fold_journal(&self, ledgers: &mut Ledgers) -> Result<(), StoreError> {
        if ledgers.behind {
            self.load_ledgers(ledgers).await?;
        }
        loop {
            let batches = self.0.store.journal_read(ledgers.offset, FOLD_BATCHES_MAX).await?;
            let last = batches.len() < FOLD_BATCHES_MAX;
            for (offset, batch) in batches {
                self.fold_batch(ledgers, &batch);
                ledgers.offset = offset;
            }
            if last {
                break;
            }
        }
        self.settle_pending(ledgers);
        self.save(ledgers).await
    }

    fn fold_batch(&self, ledgers: &mut Ledgers, batch: &JournalBatch) {
        let Ledgers { rollouts, sources, unsaved, .. } = ledgers;
        let rollouts = rollouts.entry(batch.project.clone()).or_default();
        let sources = sources.entry(batch.project.clone()).or_default();
        self.read(&batch.project, |state| {
            let Some(environment) = state.environments.get(&batch.environment) else { return };
            for record in &batch.records {
                let id = match record {
                    Record::Exposure { rollout, .. }
                    | Record::Event { rollout, .. }
                    | Record::Activity { rollout, .. } => rollout,
                    Record::Seen { metric, at, events } => {
                        see(sources, (batch.environment.clone(), metric.clone()), *at, *events);
                        unsaved.sources.insert((
                            batch.project.clone(),
                            batch.environment.clone(),
                            metric.clone(),
                        ));
                        continue;
                    }
                };
                let Some(rollout) = environment.rollouts.get(id) else { continue };
                rollouts.entry(id.clone()).or_default().fold(&rollout.spec, record);
                unsaved.rollouts.insert(LedgerScope {
                    project: batch.project.clone(),
                    environment: batch.environment.clone(),
                    rollout: id.clone(),
                });
            }
        });
    }

    fn settle_pending(&self, ledgers: &mut Ledgers) {
        let now = self.now();
        for project in self.all_projects() {
            let Some(rollouts) = ledgers.rollouts.get_mut(&project.key) else { continue };
            for (key, environment) in &project.state().environments {
                for id in environment.rollouts.values().filter(|r| r.is_live()).map(|r| &r.spec.id) {
                    if let Some(ledger) = rollouts.get_mut(id) {
                        ledger.settle(now);
                        ledgers.unsaved.rollouts.insert(LedgerScope {
                            project: project.key.clone(),
                            environment: key.clone(),
                            rollout: id.clone(),
                        });
                    }
                }
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
        if commit.changes.is_empty() && commit.sources.is_empty() {
            return Ok(());
        }
        let saved = self.0.store.ledger_save(commit).await;
        ledgers.behind = saved.is_err();
        saved
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
        sentence,
        gate: tick::gate(rollout, ledger, at),
        evidence: Evidence::read(rollout, ledger, offset, at).with_intervals(rollout, ledger),
    }
}
