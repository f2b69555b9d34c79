//! The controller's loop. It takes no hints: whatever woke it, it looks at everything and acts on what it sees.

use std::time::Duration;

use sapwood_api::stream::Activity;
use sapwood_core::command::Command;
use sapwood_core::entry::Actor;
use sapwood_core::evidence::Evidence;
use sapwood_core::tick::{self, Observed, Report};
use sapwood_store::{Decided, StoreError};

use crate::commit::Terms;
use crate::engine::Engine;
use crate::error::SubmitError;
use crate::folder::Ledgers;
use crate::limits::LOOK_SECONDS;
use crate::project::{Project, Reading, read, write};
use crate::snapshot::Scope;

impl Engine {
    /// Journals waiting exposures, folds the journal, looks at every rollout once and acts.
    ///
    /// A part that fails does not keep the others from their work: what is known of harm is acted on even if
    /// nothing new can be stored. Only letting more people in waits until everything works again.
    ///
    /// # Errors
    /// The first of the store's; nothing is lost, the next look starts where this one failed.
    pub async fn settle(&self) -> Result<(), StoreError> {
        self.tell_what_turned().await;
        let caught_up = self.resolve_doubts().await;
        let flushed = self.flush_exposures().await;
        let mut ledgers = self.0.ledgers.lock().await;
        let folded = self.fold_journal(&mut ledgers).await;
        let stored = caught_up.and(flushed).and(folded);
        for project in self.all_projects() {
            self.look(&project, &mut ledgers, stored.is_ok()).await;
        }
        let settled = stored.and(self.read_ended(&ledgers).await);
        self.0.looks.add(settled.is_err(), self.now());
        settled
    }

    /// Settles every second until the future is dropped, and tells the streams of flags that turn with the time when
    /// they do. A look that fails is logged and made again.
    pub async fn run(&self) {
        let mut looks = tokio::time::interval(Duration::from_secs(LOOK_SECONDS));
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = looks.tick() => {
                    if let Err(error) = self.settle().await {
                        tracing::error!("the controller could not look: {error}");
                    }
                }
                () = self.until_next_turn() => self.tell_what_turned().await,
            }
        }
    }

    async fn look(&self, project: &Project, ledgers: &mut Ledgers, may_expand: bool) {
        let now = self.now();
        let of_project = ledgers.rollouts.entry(project.key.clone()).or_default();
        let sources = ledgers.sources.entry(project.key.clone()).or_default();
        let observed = Observed { ledgers: of_project, sources, ledger_offset: ledgers.offset };
        let reports = tick::tick(&project.state(), &observed, now);
        for mut report in reports {
            if !may_expand && expands(&report) {
                report.sentence = format!("{}, as soon as storage works again", report.sentence);
                report.command = None;
            }
            self.note(project, &report, ledgers);
            if let Some(command) = report.command.clone() {
                self.act(project, command, &report).await;
            }
        }
    }

    /// Keeps what was seen, for the console, and tells the streams if it changed.
    fn note(&self, project: &Project, report: &Report, ledgers: &Ledgers) {
        let scope = Scope { project: project.key.clone(), environment: report.environment.clone() };
        let Some(served) = self.served(&scope) else { return };
        let state = project.state();
        let rollout =
            state.environments.get(&report.environment).and_then(|e| e.rollouts.get(&report.rollout));
        let Some(rollout) = rollout else { return };
        let mut reading = Reading {
            revision: rollout.revision,
            sentence: report.sentence.clone(),
            gate: report.gate,
            evidence: report.evidence.clone(),
        };
        let known = read(&served.readings).get(&report.rollout).cloned();
        if known.as_ref().is_some_and(|known| same_counts(known, &reading)) {
            return;
        }
        let ledger = ledgers.rollouts.get(&project.key).and_then(|of| of.get(&report.rollout));
        if let Some(ledger) = ledger {
            reading.evidence = reading.evidence.with_intervals(rollout, ledger);
        }
        let version = state.version;
        drop(state);
        write(&served.readings).insert(report.rollout.clone(), reading);
        if served.broadcaster.has_readers()
            && let Some(rollout) = self.rollout(&scope, report.rollout.as_str())
        {
            served.broadcaster.tell(version, Activity::Rollout { rollout });
        }
    }

    async fn act(&self, project: &Project, command: Command, report: &Report) {
        let Evidence { at, ledger_offset, .. } = report.evidence;
        let decided = Decided { at, ledger_offset, expands: expands(report) };
        let terms = Terms { decided: Some(decided), at: None };
        match self.commit(&project.key, Actor::System, command, terms).await {
            Ok(_) => tracing::info!(rollout = %report.rollout, "{}", report.sentence),
            // Somebody was quicker, or too much time passed: the next look decides anew.
            Err(SubmitError::Rejected(rejection)) => {
                tracing::info!(rollout = %report.rollout, "not done: {rejection}");
            }
            Err(SubmitError::Store(stale @ StoreError::Stale { .. })) => {
                tracing::info!(rollout = %report.rollout, "not done: {stale}");
            }
            Err(error) => tracing::error!(rollout = %report.rollout, "could not act: {error}"),
        }
    }
}

/// Whether a report proposes to let more people in.
const fn expands(report: &Report) -> bool {
    match &report.command {
        Some(Command::Step { step, .. }) => step.expands(),
        Some(_) | None => false,
    }
}

/// Whether two readings say the same; the moment of reading and intervals (which follow from counts) apart.
fn same_counts(one: &Reading, other: &Reading) -> bool {
    let said = |reading: &Reading| -> Vec<_> {
        let of = reading.evidence.guardrails.iter();
        of.map(|g| (g.treated, g.control, g.revision, g.log_e.to_bits())).collect()
    };
    one.revision == other.revision
        && one.sentence == other.sentence
        && one.gate == other.gate
        && one.evidence.exposed_treated == other.evidence.exposed_treated
        && one.evidence.had_candidate == other.evidence.had_candidate
        && one.evidence.exposed_control == other.evidence.exposed_control
        && said(one) == said(other)
}
