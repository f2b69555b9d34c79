//! What is true now in one project: the fold of its stream of the log, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use sapwood_eval::{Barred, Flag, FlagKey, RolloutId, Segment, SegmentKey, Targeting};
use uuid::Uuid;

use crate::entry::{self, ChainError, Entry, Hash};
use crate::event::{About, Event, EventError, MetricKind};
use crate::id::{EnvironmentKey, MetricKey, ProjectKey};
use crate::rollout::{Epoch, Phase, Rollout};
use crate::time::Timestamp;
use crate::token::Token;

/// A value with the version of the last entry that touched it: what `ETag` and `If-Match` compare.
#[derive(Debug, Clone, PartialEq)]
pub struct Revised<T> {
    /// The value.
    pub value: T,
    /// The version.
    pub revision: u64,
}

/// A flag as defined for all environments.
#[derive(Debug, Clone, PartialEq)]
pub struct DefinedFlag {
    /// What evaluation reads.
    pub flag: Flag,
    /// What people read.
    pub about: About,
}

/// A metric as defined.
#[derive(Debug, Clone, PartialEq)]
pub struct DefinedMetric {
    /// What it counts.
    pub metric: MetricKind,
    /// What it means.
    pub description: String,
}

/// An environment and what happens in it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Environment {
    /// What people call it.
    pub name: String,
    /// Whether real users are behind it.
    pub production: bool,
    /// Rules by flag. A flag without rules here is not served here.
    pub targeting: BTreeMap<FlagKey, Revised<Targeting>>,
    /// All rollouts that ever started here, oldest first (their ids are ordered by time).
    pub rollouts: BTreeMap<RolloutId, Rollout>,
    /// Candidates nobody gets any more, by flag, newest first.
    pub barred: BTreeMap<FlagKey, Vec<Barred>>,
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
        Ok(self.fold(event, entry.environment.as_ref(), entry.at))
    }

    /// Folds one event after the version was moved. An event about something that is not there changes nothing:
    /// `decide` never writes one, and a fold must not fail on what is already in the log.
    fn fold(&mut self, event: Event, environment: Option<&EnvironmentKey>, at: Timestamp) -> Touched {
        let revision = self.version;
        match event {
            Event::ProjectDefined(event) => self.project = Some((event.project, event.name)),
            Event::EnvironmentDefined(event) => {
                let environment = self.environments.entry(event.key).or_default();
                environment.name = event.name;
                environment.production = event.production;
            }
            Event::FlagDefined(event) => {
                let key = event.flag.key.clone();
                let value = DefinedFlag { flag: event.flag, about: event.about };
                self.flags.insert(key, Revised { value, revision });
                return Touched::All;
            }
            Event::FlagRetired(event) => {
                self.flags.remove(&event.flag);
                for environment in self.environments.values_mut() {
                    environment.targeting.remove(&event.flag);
                }
                self.retired.insert(event.flag);
                return Touched::All;
            }
            Event::SegmentDefined(event) => {
                let key = event.segment.key.clone();
                self.segments.insert(key, Revised { value: event.segment, revision });
                return Touched::All;
            }
            Event::MetricDefined(event) => {
                let value = DefinedMetric { metric: event.metric, description: event.description };
                self.metrics.insert(event.key, Revised { value, revision });
            }
            Event::TokenIssued(event) => {
                self.tokens.insert(event.token.id, Revised { value: event.token, revision });
            }
            Event::TokenRevoked(event) => {
                self.tokens.remove(&event.token);
            }
            Event::TargetingSet(_)
            | Event::RolloutStarted(_)
            | Event::StageEntered(_)
            | Event::EpochOpened(_)
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
                return match state.fold(event, revision, at) {
                    Some(flag) => Touched::Flag(key.clone(), flag),
                    None => Touched::Nothing,
                };
            }
        }
        Touched::Nothing
    }
}

impl Environment {
    /// Folds an event of this environment; answers the flag whose evaluation it changes.
    fn fold(&mut self, event: Event, revision: u64, at: Timestamp) -> Option<FlagKey> {
        match event {
            Event::TargetingSet(event) => {
                let flag = event.flag;
                self.targeting.insert(flag.clone(), Revised { value: event.targeting, revision });
                Some(flag)
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
                    spec,
                };
                self.rollouts.insert(rollout.spec.id.clone(), rollout);
                Some(flag)
            }
            Event::StageEntered(_)
            | Event::EpochOpened(_)
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
            | Event::MetricDefined(_)
            | Event::TokenIssued(_)
            | Event::TokenRevoked(_) => self.fold_step(event, revision, at),
        }
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
            | Self::SegmentDefined(_)
            | Self::MetricDefined(_)
            | Self::TokenIssued(_)
            | Self::TokenRevoked(_)
            | Self::RolloutStarted(_) => None,
        }
    }
}

impl Rollout {
    fn fold(&mut self, event: Event, at: Timestamp) {
        match event {
            Event::StageEntered(event) => {
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
            | Event::SegmentDefined(_)
            | Event::MetricDefined(_)
            | Event::TokenIssued(_)
            | Event::TokenRevoked(_)
            | Event::RolloutStarted(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
