//! What is true now in one project: the fold of its stream of the log, and nothing else.

mod defined;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use defined::fingerprint;
pub use defined::{DefinedFlag, DefinedGuardrail, DefinedLadder, DefinedMetric, Revised};

use sapwood_eval::{Barred, FlagKey, RolloutId, Segment, SegmentKey, Targeting};
use uuid::Uuid;

use crate::break_glass::BreakGlass;
use crate::decide::Placed;
use crate::entry::{self, ChainError, Entry, Hash};
use crate::event::{Event, EventError, FlagDefined};
use crate::id::{EnvironmentKey, GuardrailKey, LadderKey, MetricKey, ProjectKey};
use crate::rollout::{Epoch, Phase, Rollout};
use crate::time::Timestamp;
use crate::token::Token;

/// An environment and what happens in it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Environment {
    /// What people call it.
    pub name: String,
    /// Whether real users are behind it.
    pub production: bool,
    /// Version of the last entry that named it.
    pub revision: u64,
    /// Bytes of what it serves, as the log has it; see [`State::bytes_after`].
    pub bytes: u64,
    /// Rules by flag. A flag without rules here is not served here.
    pub targeting: BTreeMap<FlagKey, Revised<Targeting>>,
    /// All rollouts that ever started here, oldest first (their ids are ordered by time).
    pub rollouts: BTreeMap<RolloutId, Rollout>,
    /// Candidates nobody gets any more, by flag, newest first.
    pub barred: BTreeMap<FlagKey, Vec<Barred>>,
    /// What was last said of a flag in an emergency, by flag.
    pub break_glass: BTreeMap<FlagKey, BreakGlass>,
}

impl Environment {
    /// The live rollout of a flag, if there is one.
    pub fn live_rollout(&self, flag: &FlagKey) -> Option<&Rollout> {
        self.rollouts.values().find(|rollout| rollout.is_live() && rollout.spec.flag == *flag)
    }

    /// Live rollouts that need the candidate of `base`, directly.
    pub fn live_dependents<'a>(&'a self, base: &'a Rollout) -> impl Iterator<Item = &'a Rollout> {
        self.rollouts.values().filter(move |other| {
            other.is_live()
                && other.spec.prerequisites.iter().any(|needs| {
                    needs.flag == base.spec.flag && needs.variants.contains(&base.spec.candidate)
                })
        })
    }
}

/// All of a project.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct State {
    /// Its key and name, once defined.
    pub project: Option<(ProjectKey, String)>,
    /// Version of the entry that gave it its name.
    pub project_revision: u64,
    /// Version of the last entry folded; 0 before the first.
    pub version: u64,
    /// Hash of that entry.
    pub hash: Hash,
    /// By key.
    pub environments: BTreeMap<EnvironmentKey, Environment>,
    /// By key; retired ones are not here.
    pub flags: BTreeMap<FlagKey, Revised<DefinedFlag>>,
    /// Keys that are never used again.
    pub retired: BTreeSet<FlagKey>,
    /// By key.
    pub segments: BTreeMap<SegmentKey, Revised<Segment>>,
    /// By key.
    pub metrics: BTreeMap<MetricKey, Revised<DefinedMetric>>,
    /// By key.
    pub ladders: BTreeMap<LadderKey, Revised<DefinedLadder>>,
    /// By key.
    pub guardrails: BTreeMap<GuardrailKey, Revised<DefinedGuardrail>>,
    /// Valid tokens by id.
    pub tokens: BTreeMap<Uuid, Revised<Token>>,
}

/// Why an entry cannot be folded. The state stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The chain is broken.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The event cannot be read.
    #[error(transparent)]
    Event(#[from] EventError),
}

/// What an entry touched, so that only that is compiled and published again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Touched {
    /// Nothing that evaluation reads.
    Nothing,
    /// One flag in one environment.
    Flag(EnvironmentKey, FlagKey),
    /// Everything.
    All,
}

impl State {
    /// Folds the next entry. On an error nothing has changed.
    pub fn apply(&mut self, entry: &Entry) -> Result<Touched, FoldError> {
        entry::follows(self.version, self.hash, entry)?;
        let event = Event::read(entry)?;
        self.version = entry.version;
        self.hash = entry.hash;
        let bytes = u64::try_from(entry.body.len()).unwrap_or(u64::MAX);
        Ok(self.fold(event, entry.environment.as_ref(), entry.at, bytes))
    }

    /// What would be true if these happened.
    #[must_use]
    pub fn supposing(&self, placed: &[Placed], at: Timestamp) -> Self {
        let mut supposed = self.clone();
        for (environment, event) in placed {
            supposed.suppose(event.clone(), environment.as_ref(), at);
        }
        supposed
    }

    /// Folds an event that is not in the log, to decide what comes after it.
    pub(crate) fn suppose(&mut self, event: Event, environment: Option<&EnvironmentKey>, at: Timestamp) {
        self.version = self.version.saturating_add(1);
        let bytes = event.bytes();
        self.fold(event, environment, at, bytes);
    }

    /// Folds one event after the version was moved. An event about something that is not there changes nothing:
    /// `decide` never writes one, and a fold must not fail on what is already in the log.
    fn fold(
        &mut self,
        event: Event,
        environment: Option<&EnvironmentKey>,
        at: Timestamp,
        bytes: u64,
    ) -> Touched {
        let weights = self.bytes_after(&event, environment, bytes);
        let touched = self.fold_weighed(event, environment, (at, bytes));
        for (key, bytes) in weights {
            if let Some(environment) = self.environments.get_mut(&key) {
                environment.bytes = bytes;
            }
        }
        touched
    }

    fn fold_weighed(
        &mut self,
        event: Event,
        environment: Option<&EnvironmentKey>,
        (at, bytes): (Timestamp, u64),
    ) -> Touched {
        let revision = self.version;
        match event {
            Event::ProjectDefined(event) => {
                self.project = Some((event.project, event.name));
                self.project_revision = revision;
            }
            Event::EnvironmentDefined(event) => {
                let environment = self.environments.entry(event.key).or_default();
                environment.name = event.name;
                environment.production = event.production;
                environment.revision = revision;
            }
            Event::FlagDefined(event) => {
                self.define(event, bytes);
                return Touched::All;
            }
            Event::FlagRetired(event) => {
                self.retire(event.flag);
                return Touched::All;
            }
            Event::SegmentDefined(event) => {
                let segment = Revised { value: event.segment, revision, bytes };
                self.segments.insert(segment.value.key.clone(), segment);
                return Touched::All;
            }
            Event::SegmentRemoved(event) => {
                self.segments.remove(&event.key);
                return Touched::All;
            }
            Event::MetricDefined(_)
            | Event::MetricRemoved(_)
            | Event::LadderDefined(_)
            | Event::LadderRemoved(_)
            | Event::GuardrailDefined(_)
            | Event::GuardrailRemoved(_)
            | Event::TokenIssued(_)
            | Event::TokenRevoked(_) => self.fold_aside(event, revision, bytes),
            Event::TargetingSet(_)
            | Event::TargetingRemoved(_)
            | Event::BreakGlassSet(_)
            | Event::BreakGlassLifted(_)
            | Event::RolloutStarted(_)
            | Event::StageEntered(_)
            | Event::EpochOpened(_)
            | Event::RolloutAmended(_)
            | Event::StageApproved(_)
            | Event::RolloutHeld(_)
            | Event::RolloutResumed(_)
            | Event::RolloutRolledBack(_)
            | Event::RolloutCompleted(_) => {
                let Some((key, state)) =
                    environment.and_then(|key| Some((key, self.environments.get_mut(key)?)))
                else {
                    return Touched::Nothing;
                };
                return match state.fold(event, (revision, bytes), at) {
                    Some(flag) => Touched::Flag(key.clone(), flag),
                    None => Touched::Nothing,
                };
            }
        }
        Touched::Nothing
    }

    fn retire(&mut self, flag: FlagKey) {
        self.flags.remove(&flag);
        self.environments.values_mut().for_each(|environment| environment.forget(&flag));
        self.retired.insert(flag);
    }

    fn define(&mut self, event: FlagDefined, bytes: u64) {
        let key = event.flag.key.clone();
        let before = self.flags.get(&key).map(|known| &known.value);
        let value = DefinedFlag::following(before, event.flag, event.about);
        self.flags.insert(key, Revised { value, revision: self.version, bytes });
    }

    /// Folds what evaluation does not read.
    fn fold_aside(&mut self, event: Event, revision: u64, bytes: u64) {
        match event {
            Event::MetricDefined(event) => {
                let value = DefinedMetric { metric: event.metric, description: event.description };
                self.metrics.insert(event.key, Revised { value, revision, bytes });
            }
            Event::MetricRemoved(event) => drop(self.metrics.remove(&event.key)),
            Event::LadderDefined(event) => {
                let value = DefinedLadder { ladder: event.ladder, description: event.description };
                self.ladders.insert(event.key, Revised { value, revision, bytes });
            }
            Event::LadderRemoved(event) => drop(self.ladders.remove(&event.key)),
            Event::GuardrailDefined(event) => {
                let value = DefinedGuardrail { guardrail: event.guardrail, description: event.description };
                self.guardrails.insert(event.key, Revised { value, revision, bytes });
            }
            Event::GuardrailRemoved(event) => drop(self.guardrails.remove(&event.key)),
            Event::TokenIssued(event) => {
                self.tokens.insert(event.token.id, Revised { value: event.token, revision, bytes });
            }
            Event::TokenRevoked(event) => {
                self.tokens.remove(&event.token);
            }
            Event::ProjectDefined(_)
            | Event::EnvironmentDefined(_)
            | Event::FlagDefined(_)
            | Event::FlagRetired(_)
            | Event::TargetingSet(_)
            | Event::TargetingRemoved(_)
            | Event::BreakGlassSet(_)
            | Event::BreakGlassLifted(_)
            | Event::SegmentDefined(_)
            | Event::SegmentRemoved(_)
            | Event::RolloutStarted(_)
            | Event::StageEntered(_)
            | Event::EpochOpened(_)
            | Event::RolloutAmended(_)
            | Event::StageApproved(_)
            | Event::RolloutHeld(_)
            | Event::RolloutResumed(_)
            | Event::RolloutRolledBack(_)
            | Event::RolloutCompleted(_) => {}
        }
    }
}

impl Environment {
    /// Folds an event of this environment; answers the flag whose evaluation it changes.
    fn fold(&mut self, event: Event, (revision, bytes): (u64, u64), at: Timestamp) -> Option<FlagKey> {
        match event {
            Event::TargetingSet(event) => {
                let flag = event.flag;
                self.targeting.insert(flag.clone(), Revised { value: event.targeting, revision, bytes });
                Some(flag)
            }
            Event::BreakGlassSet(event) => Some(self.say(BreakGlass::set(event, revision))),
            Event::BreakGlassLifted(event) => Some(self.say(BreakGlass::lifted(event, revision))),
            Event::TargetingRemoved(event) => {
                self.targeting.remove(&event.flag);
                Some(event.flag)
            }
            Event::RolloutStarted(event) => {
                let spec = event.rollout;
                // A new attempt at a candidate lifts the bar an earlier one left behind.
                if let Some(barred) = self.barred.get_mut(&spec.flag) {
                    barred.retain(|bar| bar.candidate != spec.candidate);
                }
                let flag = spec.flag.clone();
                let rollout = Rollout {
                    started_at: at,
                    revision,
                    phase: Phase::Running,
                    epochs: Vec::new(),
                    approved_stage: None,
                    weight_spent_permille: 0,
                    spec,
                };
                self.rollouts.insert(rollout.spec.id.clone(), rollout);
                Some(flag)
            }
            Event::StageEntered(_)
            | Event::EpochOpened(_)
            | Event::RolloutAmended(_)
            | Event::StageApproved(_)
            | Event::RolloutHeld(_)
            | Event::RolloutResumed(_)
            | Event::RolloutRolledBack(_)
            | Event::RolloutCompleted(_)
            | Event::ProjectDefined(_)
            | Event::EnvironmentDefined(_)
            | Event::FlagDefined(_)
            | Event::FlagRetired(_)
            | Event::SegmentDefined(_)
            | Event::SegmentRemoved(_)
            | Event::MetricDefined(_)
            | Event::MetricRemoved(_)
            | Event::LadderDefined(_)
            | Event::LadderRemoved(_)
            | Event::GuardrailDefined(_)
            | Event::GuardrailRemoved(_)
            | Event::TokenIssued(_)
            | Event::TokenRevoked(_) => self.fold_step(event, revision, at),
        }
    }

    /// A flag that is gone takes its rules with it, and what was said of it.
    fn forget(&mut self, flag: &FlagKey) {
        self.targeting.remove(flag);
        self.break_glass.remove(flag);
    }

    fn say(&mut self, (flag, said): (FlagKey, BreakGlass)) -> FlagKey {
        self.break_glass.insert(flag.clone(), said);
        flag
    }

    /// Folds a step of a rollout that is already there.
    fn fold_step(&mut self, event: Event, revision: u64, at: Timestamp) -> Option<FlagKey> {
        let rollout = self.rollouts.get_mut(event.rollout()?)?;
        rollout.revision = revision;
        rollout.fold(event, at);
        let flag = rollout.spec.flag.clone();
        if let Phase::RolledBack { .. } = rollout.phase {
            let spec = &rollout.spec;
            let bar = Barred {
                candidate: spec.candidate.clone(),
                baseline: spec.baseline.clone(),
                rollout: spec.id.clone(),
            };
            let barred = self.barred.entry(flag.clone()).or_default();
            if !barred.contains(&bar) {
                // Newest first: where two bars contradict each other, evaluation lets the newer one count.
                barred.insert(0, bar);
            }
        }
        Some(flag)
    }
}

impl Event {
    /// The rollout an event is about, if it is about one that is already there.
    pub const fn rollout(&self) -> Option<&RolloutId> {
        match self {
            Self::StageEntered(event) => Some(&event.rollout),
            Self::EpochOpened(event) => Some(&event.rollout),
            Self::RolloutAmended(event) => Some(&event.rollout),
            Self::StageApproved(event) => Some(&event.rollout),
            Self::RolloutHeld(event) => Some(&event.rollout),
            Self::RolloutResumed(event) => Some(&event.rollout),
            Self::RolloutRolledBack(event) => Some(&event.rollout),
            Self::RolloutCompleted(event) => Some(&event.rollout),
            Self::ProjectDefined(_)
            | Self::EnvironmentDefined(_)
            | Self::FlagDefined(_)
            | Self::FlagRetired(_)
            | Self::TargetingSet(_)
            | Self::TargetingRemoved(_)
            | Self::SegmentDefined(_)
            | Self::SegmentRemoved(_)
            | Self::MetricDefined(_)
            | Self::MetricRemoved(_)
            | Self::LadderDefined(_)
            | Self::LadderRemoved(_)
            | Self::GuardrailDefined(_)
            | Self::GuardrailRemoved(_)
            | Self::TokenIssued(_)
            | Self::TokenRevoked(_)
            | Self::BreakGlassSet(_)
            | Self::BreakGlassLifted(_)
            | Self::RolloutStarted(_) => None,
        }
    }
}

impl Rollout {
    fn fold(&mut self, event: Event, at: Timestamp) {
        match event {
            Event::StageEntered(event) => {
                // Whoever agreed to leave a stage did not agree to leave it a second time.
                if self.epochs.last().is_some_and(|last| event.stage <= last.stage) {
                    self.approved_stage = None;
                }
                self.epochs.push(Epoch {
                    number: event.epoch,
                    stage: event.stage,
                    from: at,
                    version: self.revision,
                    share: event.share,
                });
            }
            Event::EpochOpened(event) => {
                let stage = self.epoch().stage;
                self.epochs.push(Epoch {
                    number: event.epoch,
                    stage,
                    from: at,
                    version: self.revision,
                    share: event.share,
                });
            }
            Event::RolloutAmended(event) => {
                self.weight_spent_permille =
                    self.weight_spent_permille.saturating_add(self.weight_ended_by(&event.guardrails));
                self.spec.ladder = event.ladder;
                self.spec.guardrails = event.guardrails;
                self.approved_stage = None;
            }
            Event::StageApproved(event) => self.approved_stage = Some(event.stage),
            Event::RolloutHeld(event) => {
                self.phase = Phase::Held { cause: event.cause, reason: event.because.reason, since: at };
            }
            Event::RolloutResumed(_) => self.phase = Phase::Running,
            Event::RolloutRolledBack(event) => {
                self.phase = Phase::RolledBack { reason: event.because.reason, at };
            }
            Event::RolloutCompleted(_) => self.phase = Phase::Completed { at },
            Event::ProjectDefined(_)
            | Event::EnvironmentDefined(_)
            | Event::FlagDefined(_)
            | Event::FlagRetired(_)
            | Event::TargetingSet(_)
            | Event::TargetingRemoved(_)
            | Event::SegmentDefined(_)
            | Event::SegmentRemoved(_)
            | Event::MetricDefined(_)
            | Event::MetricRemoved(_)
            | Event::LadderDefined(_)
            | Event::LadderRemoved(_)
            | Event::GuardrailDefined(_)
            | Event::GuardrailRemoved(_)
            | Event::TokenIssued(_)
            | Event::TokenRevoked(_)
            | Event::BreakGlassSet(_)
            | Event::BreakGlassLifted(_)
            | Event::RolloutStarted(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
