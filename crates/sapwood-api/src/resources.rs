//! What the management API answers when it is asked how things are, and all definitions of a project at once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::manage::{FlagBody, LadderBody, Moves, Would};

/// `PUT /api/v1/projects/{p}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectRequest {
    /// What people call it.
    pub name: String,
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectResponse {
    /// Its key.
    pub key: String,
    /// Version of the entry that gave it its name; also the `ETag`.
    pub revision: u64,
    /// What people call it.
    pub name: String,
    /// Where its log stands.
    pub version: u64,
}

/// `PUT /api/v1/projects/{p}/environments/{e}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentRequest {
    /// What people call it.
    pub name: String,
    /// Whether real users are behind it.
    #[serde(default)]
    pub production: bool,
}

/// An environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentResponse {
    /// Its key.
    pub key: String,
    /// Version of the entry that named it; also the `ETag`.
    pub revision: u64,
    /// What people call it.
    pub name: String,
    /// Whether real users are behind it.
    pub production: bool,
}

/// A flag's definition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlagResponse {
    /// Its key.
    pub key: String,
    /// Version of the last entry that touched it; also the `ETag`.
    pub revision: u64,
    /// What evaluation reads.
    pub flag: FlagBody,
    /// What people read.
    pub about: Map<String, Value>,
    /// Where it has targeting.
    pub environments: Vec<String>,
}

/// A key that is never used again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetiredFlag {
    /// The key.
    pub key: String,
}

/// A flag's rules in one environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetingResponse {
    /// The flag's key.
    pub key: String,
    /// Version of the last entry that touched it; also the `ETag`.
    pub revision: u64,
    /// `on`, `off_variant`, `rules`, `default`.
    pub targeting: Value,
}

/// A segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SegmentResponse {
    /// Its key.
    pub key: String,
    /// Version of the last entry that touched it; also the `ETag`.
    pub revision: u64,
    /// `condition`, `included`, `excluded`.
    pub segment: Map<String, Value>,
}

/// A metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricResponse {
    /// Its key.
    pub key: String,
    /// Version of the last entry that touched it; also the `ETag`.
    pub revision: u64,
    /// `{"kind": "event_rate"}`.
    pub metric: Value,
    /// What it means.
    pub description: String,
}

/// `PUT /api/v1/projects/{p}/ladders/{key}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LadderRequest {
    /// Its stages.
    pub ladder: LadderBody,
    /// What it is for.
    #[serde(default)]
    pub description: String,
}

/// A ladder kept for rollouts to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LadderResponse {
    /// Its key.
    pub key: String,
    /// Version of the last entry that touched it; also the `ETag`.
    pub revision: u64,
    /// Its stages.
    pub ladder: LadderBody,
    /// What it is for.
    pub description: String,
}

/// What a guardrail watches and does, without a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardrailTemplateBody {
    /// What is measured.
    pub metric: String,
    /// `up` or `down`: which way is worse.
    pub harm: String,
    /// Tolerated ratio in thousandths; 1 000 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin_permille: Option<u32>,
    /// `roll_back`, `hold` or `notify`; `roll_back` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Its part of a rollout's budget in thousandths; an equal part of what is left if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
}

/// `PUT /api/v1/projects/{p}/guardrails/{key}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardrailRequest {
    /// What it watches, and what it does.
    pub guardrail: GuardrailTemplateBody,
    /// What it is for.
    #[serde(default)]
    pub description: String,
}

/// A guardrail kept for rollouts to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptGuardrailResponse {
    /// Its key.
    pub key: String,
    /// Version of the last entry that touched it; also the `ETag`.
    pub revision: u64,
    /// What it watches, and what it does.
    pub guardrail: GuardrailTemplateBody,
    /// What it is for.
    pub description: String,
}

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenInfo {
    /// Its id.
    pub id: String,
    /// Version of the entry that made it; also the `ETag`.
    pub revision: u64,
    /// Its kind.
    pub kind: String,
    /// What people call it.
    pub name: String,
    /// The environment it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
}

/// One definition, as it stands in a list of all.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Definition {
    /// A place where flags are served. Environments are never taken away.
    Environment {
        /// Its key.
        key: String,
        /// What people call it.
        name: String,
        /// Whether real users are behind it.
        production: bool,
    },
    /// What is measured.
    Metric {
        /// Its key.
        key: String,
        /// `{"kind": "event_rate"}`.
        metric: Value,
        /// What it means.
        description: String,
    },
    /// A named set of subjects.
    Segment {
        /// Its key.
        key: String,
        /// `condition`, `included`, `excluded`.
        segment: Map<String, Value>,
    },
    /// A flag, with its rules in every environment that serves it.
    Flag {
        /// Its key.
        key: String,
        /// What evaluation reads.
        flag: FlagBody,
        /// What people read.
        about: Map<String, Value>,
        /// `on`, `off_variant`, `rules`, `default`, by environment.
        environments: BTreeMap<String, Value>,
        /// Variants whose values are corrected.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        corrects: Vec<String>,
    },
    /// A guardrail kept for rollouts to come.
    Guardrail {
        /// Its key.
        key: String,
        /// What it watches, and what it does.
        guardrail: GuardrailTemplateBody,
        /// What it is for.
        description: String,
    },
    /// A ladder kept for rollouts to come.
    Ladder {
        /// Its key.
        key: String,
        /// Its stages.
        ladder: LadderBody,
        /// What it is for.
        description: String,
    },
}

impl Definition {
    /// The word of its kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Environment { .. } => "environment",
            Self::Metric { .. } => "metric",
            Self::Segment { .. } => "segment",
            Self::Flag { .. } => "flag",
            Self::Guardrail { .. } => "guardrail",
            Self::Ladder { .. } => "ladder",
        }
    }

    /// Its key.
    pub fn key(&self) -> &str {
        match self {
            Self::Environment { key, .. }
            | Self::Metric { key, .. }
            | Self::Segment { key, .. }
            | Self::Flag { key, .. }
            | Self::Guardrail { key, .. }
            | Self::Ladder { key, .. } => key,
        }
    }
}

/// `PUT /api/v1/projects/{p}/definitions`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefinitionsRequest {
    /// In any order.
    pub items: Vec<Definition>,
}

/// All definitions of a project, at one version of its log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DefinitionsResponse {
    /// The version; also the `ETag`.
    pub version: u64,
    /// Environments, metrics, segments, flags, guardrails, ladders, each by key.
    pub items: Vec<Definition>,
}

/// What several definitions came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Applied {
    /// Version of the project's stream: after the change, or, of one that was only tried, before it.
    pub version: u64,
    /// Whether anything changed, or would.
    pub changed: bool,
    /// Whether it was only tried.
    #[serde(default)]
    pub dry_run: bool,
    /// What changed, or would.
    pub changes: Vec<AppliedChange>,
    /// What would be appended to the log, of a change that was only tried (`?dry_run=true`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub would: Option<Vec<Would>>,
    /// What is worth a look, though it was done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// One definition that changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AppliedChange {
    /// `environment`, `metric`, `segment`, `flag`, `targeting`, `guardrail` or `ladder`.
    pub kind: String,
    /// Its key.
    pub key: String,
    /// Where, for targeting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// What it was; absent for what is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it is; absent for what is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// Live rollouts it paused, by id: somebody has to look at them and resume them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paused: Vec<String>,
    /// Whom the change of slot tables moves, by rule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<Moves>,
}
