//! What a command or an entry is about, as an address names it; its revision is what `ETag` and `If-Match` compare.

use std::fmt;
use std::str::FromStr;

use sapwood_eval::{FlagKey, RolloutId, SegmentKey};
use uuid::Uuid;

use crate::command::Command;
use crate::event::Event;
use crate::id::{EnvironmentKey, GuardrailKey, LadderKey, MetricKey};
use crate::state::{Revised, State};

/// One thing that has a revision. Printed as in addresses: `environments/production/flags/checkout`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// The project's name.
    Project,
    /// An environment's name.
    Environment(EnvironmentKey),
    /// A flag's definition.
    Flag(FlagKey),
    /// A flag's rules in one environment.
    Targeting(EnvironmentKey, FlagKey),
    /// What was said of a flag in an emergency.
    BreakGlass(EnvironmentKey, FlagKey),
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
            Self::DefineFlag { flag, .. } => Resource::Flag(flag.flag.key.clone()),
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
            Self::RecordBreakGlass { environment, flag, .. } => {
                Resource::BreakGlass(environment.clone(), flag.clone())
            }
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
            Resource::BreakGlass(place, key) => {
                self.environments.get(place)?.break_glass.get(key).map(|said| said.revision)
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

impl Resource {
    /// What `event` is about. An event of an environment that does not name one, which `decide` never writes,
    /// is about nothing.
    pub fn of(event: &Event, environment: Option<&EnvironmentKey>) -> Option<Self> {
        let here = || environment.cloned();
        Some(match event {
            Event::ProjectDefined(_) => Self::Project,
            Event::EnvironmentDefined(event) => Self::Environment(event.key.clone()),
            Event::FlagDefined(event) => Self::Flag(event.flag.key.clone()),
            Event::FlagRetired(event) => Self::Flag(event.flag.clone()),
            Event::TargetingSet(event) => Self::Targeting(here()?, event.flag.clone()),
            Event::TargetingRemoved(event) => Self::Targeting(here()?, event.flag.clone()),
            Event::BreakGlassSet(event) => Self::BreakGlass(here()?, event.flag.clone()),
            Event::BreakGlassLifted(event) => Self::BreakGlass(here()?, event.flag.clone()),
            Event::SegmentDefined(event) => Self::Segment(event.segment.key.clone()),
            Event::SegmentRemoved(event) => Self::Segment(event.key.clone()),
            Event::MetricDefined(event) => Self::Metric(event.key.clone()),
            Event::MetricRemoved(event) => Self::Metric(event.key.clone()),
            Event::LadderDefined(event) => Self::Ladder(event.key.clone()),
            Event::LadderRemoved(event) => Self::Ladder(event.key.clone()),
            Event::GuardrailDefined(event) => Self::Guardrail(event.key.clone()),
            Event::GuardrailRemoved(event) => Self::Guardrail(event.key.clone()),
            Event::TokenIssued(event) => Self::Token(event.token.id),
            Event::TokenRevoked(event) => Self::Token(event.token),
            Event::RolloutStarted(event) => Self::Rollout(here()?, event.rollout.id.clone()),
            Event::StageEntered(_)
            | Event::EpochOpened(_)
            | Event::RolloutAmended(_)
            | Event::StageApproved(_)
            | Event::RolloutHeld(_)
            | Event::RolloutResumed(_)
            | Event::RolloutRolledBack(_)
            | Event::RolloutCompleted(_) => Self::Rollout(here()?, event.rollout()?.clone()),
        })
    }

    /// Whether `event` changed this. A flag that is retired takes its rules everywhere with it.
    pub fn is_touched_by(&self, event: &Event, environment: Option<&EnvironmentKey>) -> bool {
        if let (Self::Targeting(_, flag) | Self::BreakGlass(_, flag), Event::FlagRetired(retired)) =
            (self, event)
        {
            return *flag == retired.flag;
        }
        Self::of(event, environment).as_ref() == Some(self)
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Project => f.write_str("project"),
            Self::Environment(key) => write!(f, "environments/{key}"),
            Self::Flag(key) => write!(f, "flags/{key}"),
            Self::Targeting(environment, flag) => write!(f, "environments/{environment}/flags/{flag}"),
            Self::BreakGlass(environment, flag) => write!(f, "environments/{environment}/break-glass/{flag}"),
            Self::Segment(key) => write!(f, "segments/{key}"),
            Self::Metric(key) => write!(f, "metrics/{key}"),
            Self::Ladder(key) => write!(f, "ladders/{key}"),
            Self::Guardrail(key) => write!(f, "guardrails/{key}"),
            Self::Token(id) => write!(f, "tokens/{id}"),
            Self::Rollout(environment, id) => write!(f, "environments/{environment}/rollouts/{id}"),
            Self::Definitions => f.write_str("definitions"),
        }
    }
}

/// Why a text names no resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` names nothing of a project; write project, flags/KEY, segments/KEY, metrics/KEY, ladders/KEY, \
     guardrails/KEY, tokens/ID, environments/KEY, environments/KEY/flags/KEY, environments/KEY/break-glass/KEY or \
     environments/KEY/rollouts/ID"
)]
pub struct ResourceError {
    text: String,
}

impl FromStr for Resource {
    type Err = ResourceError;

    fn from_str(text: &str) -> Result<Self, ResourceError> {
        let parts: Vec<&str> = text.split('/').collect();
        read(&parts).ok_or_else(|| ResourceError { text: text.chars().take(64).collect() })
    }
}

fn read(parts: &[&str]) -> Option<Resource> {
    Some(match parts {
        ["project"] => Resource::Project,
        ["flags", key] => Resource::Flag(key.parse().ok()?),
        ["segments", key] => Resource::Segment(key.parse().ok()?),
        ["metrics", key] => Resource::Metric(key.parse().ok()?),
        ["ladders", key] => Resource::Ladder(key.parse().ok()?),
        ["guardrails", key] => Resource::Guardrail(key.parse().ok()?),
        ["tokens", id] => Resource::Token(id.parse().ok()?),
        ["environments", key] => Resource::Environment(key.parse().ok()?),
        ["environments", key, "flags", flag] => Resource::Targeting(key.parse().ok()?, flag.parse().ok()?),
        ["environments", key, "break-glass", flag] => {
            Resource::BreakGlass(key.parse().ok()?, flag.parse().ok()?)
        }
        ["environments", key, "rollouts", id] => Resource::Rollout(key.parse().ok()?, id.parse().ok()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::all_golden;

    #[test]
    fn names_read_back_and_others_are_refused() {
        for entry in all_golden() {
            let event = Event::read(&entry).unwrap();
            let resource = Resource::of(&event, entry.environment.as_ref()).unwrap();
            assert!(resource.is_touched_by(&event, entry.environment.as_ref()));
            assert_eq!(resource.to_string().parse(), Ok(resource));
        }
        for bad in ["", "flags", "flags/", "flags/a/b", "tokens/x", "environments/production/metrics/a"] {
            let error = bad.parse::<Resource>().unwrap_err().to_string();
            assert!(error.contains("environments/KEY/flags/KEY"), "{error}");
        }
    }

    #[test]
    fn retiring_a_flag_touches_its_rules_everywhere() {
        let retired = all_golden().into_iter().find(|entry| entry.kind == "flag_retired.v1").unwrap();
        let event = Event::read(&retired).unwrap();
        let Event::FlagRetired(gone) = &event else { panic!("{event:?}") };
        let rules = |flag: &str| Resource::Targeting("staging".parse().unwrap(), flag.parse().unwrap());
        assert!(rules(gone.flag.as_str()).is_touched_by(&event, None));
        assert!(!rules("another").is_touched_by(&event, None));
    }
}
