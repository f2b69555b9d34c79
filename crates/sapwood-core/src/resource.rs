//! What a command is about, as an address names it; its revision is what `ETag` and `If-Match` compare.

use sapwood_eval::{FlagKey, RolloutId, SegmentKey};
use uuid::Uuid;

use crate::command::Command;
use crate::id::{EnvironmentKey, GuardrailKey, LadderKey, MetricKey};
use crate::state::{Revised, State};

/// One thing that has a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// The project's name.
    Project,
    /// An environment's name.
    Environment(EnvironmentKey),
    /// A flag's definition.
    Flag(FlagKey),
    /// A flag's rules in one environment.
    Targeting(EnvironmentKey, FlagKey),
    /// A segment.
    Segment(SegmentKey),
    /// A metric.
    Metric(MetricKey),
    /// A ladder kept for rollouts to come.
    Ladder(LadderKey),
    /// A guardrail kept for rollouts to come.
    Guardrail(GuardrailKey),
    /// A token.
    Token(Uuid),
    /// A rollout.
    Rollout(EnvironmentKey, RolloutId),
    /// All definitions of the project at once; their revision is the version of its stream.
    Definitions,
}

impl Command {
    /// What it is about.
    pub fn resource(&self) -> Resource {
        match self {
            Self::DefineProject { .. } => Resource::Project,
            Self::DefineEnvironment { key, .. } => Resource::Environment(key.clone()),
            Self::DefineFlag { flag, .. } => Resource::Flag(flag.key.clone()),
            Self::RetireFlag { flag } => Resource::Flag(flag.clone()),
            Self::SetTargeting { environment, flag, .. } | Self::RemoveTargeting { environment, flag } => {
                Resource::Targeting(environment.clone(), flag.clone())
            }
            Self::DefineSegment { segment } => Resource::Segment(segment.key.clone()),
            Self::RemoveSegment { key } => Resource::Segment(key.clone()),
            Self::DefineMetric { key, .. } | Self::RemoveMetric { key } => Resource::Metric(key.clone()),
            Self::DefineLadder { key, .. } | Self::RemoveLadder { key } => Resource::Ladder(key.clone()),
            Self::DefineGuardrail { key, .. } | Self::RemoveGuardrail { key } => {
                Resource::Guardrail(key.clone())
            }
            Self::IssueToken { token } => Resource::Token(token.id),
            Self::RevokeToken { token } => Resource::Token(*token),
            Self::StartRollout { environment, rollout } => {
                Resource::Rollout(environment.clone(), rollout.id.clone())
            }
            Self::AmendRollout { environment, rollout, .. } | Self::Step { environment, rollout, .. } => {
                Resource::Rollout(environment.clone(), rollout.clone())
            }
        }
    }
}

impl State {
    /// Version of the last entry that touched `resource`; `None` if there is no such thing.
    pub fn revision(&self, resource: &Resource) -> Option<u64> {
        match resource {
            Resource::Project => self.project.as_ref().map(|_| self.project_revision),
            Resource::Environment(key) => self.environments.get(key).map(|of| of.revision),
            Resource::Flag(key) => self.flags.get(key).map(Revised::revision),
            Resource::Targeting(place, key) => {
                self.environments.get(place)?.targeting.get(key).map(Revised::revision)
            }
            Resource::Segment(key) => self.segments.get(key).map(Revised::revision),
            Resource::Metric(key) => self.metrics.get(key).map(Revised::revision),
            Resource::Ladder(key) => self.ladders.get(key).map(Revised::revision),
            Resource::Guardrail(key) => self.guardrails.get(key).map(Revised::revision),
            Resource::Token(id) => self.tokens.get(id).map(Revised::revision),
            Resource::Rollout(place, id) => {
                self.environments.get(place)?.rollouts.get(id).map(|of| of.revision)
            }
            Resource::Definitions => Some(self.version),
        }
    }
}
