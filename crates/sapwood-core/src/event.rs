//! What can have happened: the bodies of log entries, each kind with its version, each a whole new value of
//! one section of one thing. Shapes are added, never edited.

use sapwood_eval::{Flag, FlagKey, RolloutId, Segment, SegmentKey, Share, Targeting, VariantKey};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::entry::{Draft, Entry};
use crate::evidence::Evidence;
use crate::id::{EnvironmentKey, GuardrailKey, LadderKey, MetricKey, ProjectKey};
use crate::rollout::{Guardrail, GuardrailTemplate, HoldCause, Ladder, RolloutSpec};
use crate::time::Timestamp;
use crate::token::Token;

/// What people say of a flag; evaluation never reads it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// What it is for.
    pub description: String,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// What sort of switch it is.
    pub kind: FlagKind,
    /// How long it is expected to live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_lifetime_days: Option<u32>,
}

/// What sort of switch a flag is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlagKind {
    /// Lives until its slice is out or taken back.
    #[default]
    Release,
    /// Lives until a question is answered.
    Experiment,
    /// Lives as long as operations need it.
    Ops,
    /// Lives as long as the entitlement.
    Permission,
}

/// What a metric counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MetricKind {
    /// Subjects with at least one such event; each counts once per rollout.
    EventRate,
}

/// Why something happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Because {
    /// In a sentence.
    pub reason: String,
    /// The numbers it was decided on; absent when a person decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $kind:literal { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {
        /// What happened. Each variant's name in the log is [`Event::kind`].
        #[derive(Debug, Clone, PartialEq)]
        pub enum Event {
            $($(#[$doc])* $name($name),)*
        }

        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
            pub struct $name {
                $($(#[$field_doc])* pub $field: $type,)*
            }

            impl From<$name> for Event {
                fn from(event: $name) -> Self {
                    Self::$name(event)
                }
            }
        )*

        impl Event {
            /// Every kind this version can read.
            pub const KINDS: &[&str] = &[$($kind),*];

            /// The kind with its version, as the log stores it.
            pub const fn kind(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => $kind,)*
                }
            }

            fn body(&self) -> serde_json::Result<String> {
                match self {
                    $(Self::$name(event) => serde_json::to_string(event),)*
                }
            }

            fn parse(kind: &str, body: &str) -> Option<serde_json::Result<Self>> {
                match kind {
                    $($kind => Some(serde_json::from_str(body).map(Self::$name)),)*
                    _ => None,
                }
            }
        }
    };
}

events! {
    /// A project got its name.
    ProjectDefined = "project_defined.v1" {
        /// Its key.
        project: ProjectKey,
        /// What people call it.
        name: String,
    }
    /// An environment got its name.
    EnvironmentDefined = "environment_defined.v1" {
        /// Its key.
        key: EnvironmentKey,
        /// What people call it.
        name: String,
        /// Whether real users are behind it.
        production: bool,
    }
    /// A flag got a new definition, the same in all environments.
    FlagDefined = "flag_defined.v1" {
        /// What evaluation reads.
        flag: Flag,
        /// What people read.
        about: About,
    }
    /// A flag is gone; its key is never used again.
    FlagRetired = "flag_retired.v1" {
        /// Which.
        flag: FlagKey,
    }
    /// A flag got new rules in one environment.
    TargetingSet = "targeting_set.v1" {
        /// Which flag.
        flag: FlagKey,
        /// All of its rules.
        targeting: Targeting,
    }
    /// A segment got a new definition.
    SegmentDefined = "segment_defined.v1" {
        /// All of it.
        segment: Segment,
    }
    /// A metric got a new definition.
    MetricDefined = "metric_defined.v1" {
        /// Its key, as events name it.
        key: MetricKey,
        /// What it counts.
        metric: MetricKind,
        /// What it means.
        description: String,
    }
    /// A flag has no rules in one environment any more, and is not served there.
    TargetingRemoved = "targeting_removed.v1" {
        /// Which flag.
        flag: FlagKey,
    }
    /// A segment is gone; nothing named it.
    SegmentRemoved = "segment_removed.v1" {
        /// Which.
        key: SegmentKey,
    }
    /// A metric is gone; nothing measured it.
    MetricRemoved = "metric_removed.v1" {
        /// Which.
        key: MetricKey,
    }
    /// A ladder was put by for rollouts to come; those that run keep theirs.
    LadderDefined = "ladder_defined.v1" {
        /// Its key.
        key: LadderKey,
        /// Its stages.
        ladder: Ladder,
        /// What it is for.
        description: String,
    }
    /// A ladder is no longer offered.
    LadderRemoved = "ladder_removed.v1" {
        /// Which.
        key: LadderKey,
    }
    /// A guardrail was put by for rollouts to come; those that run keep theirs.
    GuardrailDefined = "guardrail_defined.v1" {
        /// Its key.
        key: GuardrailKey,
        /// What it watches, and what it does.
        guardrail: GuardrailTemplate,
        /// What it is for.
        description: String,
    }
    /// A guardrail is no longer offered.
    GuardrailRemoved = "guardrail_removed.v1" {
        /// Which.
        key: GuardrailKey,
    }
    /// A token was made.
    TokenIssued = "token_issued.v1" {
        /// Without its secret.
        token: Token,
    }
    /// A token stopped working.
    TokenRevoked = "token_revoked.v1" {
        /// Which.
        token: Uuid,
    }
    /// Somebody overrode a flag beside the log, and the log heard of it: everybody gets one variant.
    BreakGlassSet = "break_glass_set.v1" {
        /// Which flag.
        flag: FlagKey,
        /// What everybody gets.
        variant: VariantKey,
        /// The override's own id: it is recorded once.
        record: Uuid,
        /// When it was set, by the clock of the machine it was set on.
        said_at: Timestamp,
        /// Why.
        because: Because,
    }
    /// An override is over: the flag's rules and rollouts decide again.
    BreakGlassLifted = "break_glass_lifted.v1" {
        /// Which flag.
        flag: FlagKey,
        /// The id of what was said.
        record: Uuid,
        /// When it was said.
        said_at: Timestamp,
        /// Why.
        because: Because,
    }
    /// A rollout started; its first stage is the entry after this one.
    RolloutStarted = "rollout_started.v1" {
        /// What was agreed.
        rollout: RolloutSpec,
    }
    /// A stage began, and with it an epoch.
    StageEntered = "stage_entered.v1" {
        /// Which rollout.
        rollout: RolloutId,
        /// Which stage, from 0.
        stage: usize,
        /// The epoch that begins.
        epoch: u32,
        /// Effective share in parts per 100 000.
        share: Share,
        /// Why.
        because: Because,
    }
    /// An epoch began without a new stage: something the rollout stands on was edited.
    EpochOpened = "epoch_opened.v1" {
        /// Which rollout.
        rollout: RolloutId,
        /// The epoch that begins.
        epoch: u32,
        /// Effective share in parts per 100 000.
        share: Share,
        /// Why.
        because: Because,
    }
    /// What a rollout climbs and what it watches was agreed anew; the epoch that begins with it is the entry after
    /// this one.
    RolloutAmended = "rollout_amended.v1" {
        /// Which rollout.
        rollout: RolloutId,
        /// All of its stages.
        ladder: Ladder,
        /// All of its guardrails; one whose bet begins anew has the number of the coming epoch as its revision.
        guardrails: Vec<Guardrail>,
        /// Why.
        because: Because,
    }
    /// A person agreed to leave a stage.
    StageApproved = "stage_approved.v1" {
        /// Which rollout.
        rollout: RolloutId,
        /// Which stage, from 0.
        stage: usize,
        /// Why.
        because: Because,
    }
    /// A rollout stopped advancing and kept its exposure.
    RolloutHeld = "rollout_held.v1" {
        /// Which rollout.
        rollout: RolloutId,
        /// What sort of hold.
        cause: HoldCause,
        /// Why.
        because: Because,
    }
    /// A held rollout goes on.
    RolloutResumed = "rollout_resumed.v1" {
        /// Which rollout.
        rollout: RolloutId,
        /// Why.
        because: Because,
    }
    /// Everyone back to the baseline; the candidate is barred in the environment.
    RolloutRolledBack = "rollout_rolled_back.v1" {
        /// Which rollout.
        rollout: RolloutId,
        /// Why.
        because: Because,
    }
    /// The whole audience has the candidate.
    RolloutCompleted = "rollout_completed.v1" {
        /// Which rollout.
        rollout: RolloutId,
        /// Why.
        because: Because,
    }
}

impl Event {
    /// Bytes of its body in the log.
    pub(crate) fn bytes(&self) -> u64 {
        self.body().map_or(0, |body| u64::try_from(body.len()).unwrap_or(u64::MAX))
    }

    /// Kinds that only stop or take back: a store keeps room for them when there is none for anything else.
    /// An epoch is opened by itself only together with a hold.
    pub const STOPPING: &[&str] =
        &["rollout_held.v1", "rollout_rolled_back.v1", "break_glass_set.v1", "epoch_opened.v1"];
}

/// Why an entry cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Written by a newer version. The reader stops folding here, keeps serving, and says so.
    #[error(
        "entry {version} of {stream} is of kind `{kind}`, which this version does not know; upgrade Sapwood to read on"
    )]
    UnknownKind {
        /// Which stream.
        stream: String,
        /// Which entry.
        version: u64,
        /// Its kind.
        kind: String,
    },
    /// The body does not have the shape of its kind.
    #[error("entry {version} of {stream} is not a valid `{kind}`: {detail}")]
    Malformed {
        /// Which stream.
        stream: String,
        /// Which entry.
        version: u64,
        /// Its kind.
        kind: String,
        /// What is wrong.
        detail: String,
    },
}

impl Event {
    /// The event as something to append.
    pub fn draft(&self, id: Uuid, environment: Option<EnvironmentKey>) -> serde_json::Result<Draft> {
        Ok(Draft { id, kind: self.kind().to_owned(), environment, body: self.body()? })
    }

    /// The event of an entry.
    pub fn read(entry: &Entry) -> Result<Self, EventError> {
        let (stream, version, kind) = (entry.stream.to_string(), entry.version, entry.kind.clone());
        match Self::parse(&entry.kind, &entry.body) {
            None => Err(EventError::UnknownKind { stream, version, kind }),
            Some(Err(error)) => {
                Err(EventError::Malformed { stream, version, kind, detail: error.to_string() })
            }
            Some(Ok(event)) => Ok(event),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
