//! The management API: requests and answers. Times are RFC 3339, durations integer seconds, shares integers per
//! 100 000. Definitions of rules and conditions are passed through as JSON; `docs/reference/flags.md` has them.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Cursor of the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `PUT /api/v1/projects/{p}/flags/{key}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlagRequest {
    /// What evaluation reads.
    pub flag: FlagBody,
    /// What people read: description, owner, tags, kind, `expected_lifetime_days`.
    #[serde(default)]
    pub about: Map<String, Value>,
    /// Variants whose values are corrected: they mean what they meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrects: Vec<String>,
}

/// What evaluation reads of a flag; the key is in the address.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlagBody {
    /// `boolean`, `string`, `integer`, `number` or `object`.
    #[serde(rename = "type")]
    pub value_type: String,
    /// Values by variant name.
    pub variants: Map<String, Value>,
    /// The attribute that is bucketed and counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Whether client tokens may see it.
    #[serde(default)]
    pub client_visible: bool,
    /// Its slice of a layer, for mutual exclusion: `layer` and `width`, and `salt` and `from` where they matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<Value>,
    /// Seeds the buckets of its slot tables, for life. The server makes one for a new flag; naming one keeps everybody
    /// where another system, or another server, had put them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// How units become buckets, for life: `flagd-v3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucketing: Option<String>,
}

/// `PUT /api/v1/projects/{p}/environments/{e}/flags/{key}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetingRequest {
    /// `on`, `off_variant`, `rules`, `default`.
    pub targeting: Value,
}

/// `PUT /api/v1/projects/{p}/segments/{key}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentRequest {
    /// `condition`, `included`, `excluded`.
    pub segment: Map<String, Value>,
}

/// `PUT /api/v1/projects/{p}/metrics/{key}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricRequest {
    /// `{"kind": "event_rate"}`.
    pub metric: Value,
    /// What it means.
    #[serde(default)]
    pub description: String,
}

/// Answer to a change: where the log stands now.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Changed {
    /// Version of the project's stream after the change.
    pub version: u64,
    /// Whether anything changed; saying the same again changes nothing.
    pub changed: bool,
    /// Version of the last entry that touched the resource; also the `ETag`. Absent once it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// What would be appended to the log, of a change that was only tried (`?dry_run=true`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub would: Option<Vec<Would>>,
    /// Whom the change of slot tables moves, or would, by rule; absent if nobody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<Moves>,
    /// What is worth a look, though it was done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Whom the change of one rule's slot table moves, of those who reach the rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moves {
    /// The rule; absent for the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// How many are served something else than before, in parts per 100 000.
    pub moved: u32,
    /// The same by what they were and are served.
    pub between: Vec<Moved>,
}

/// Subjects that are served something else than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// What they were served; `null` for passing on.
    pub from: Option<String>,
    /// What they are served; `null` for passing on.
    pub to: Option<String>,
    /// How many, in parts per 100 000.
    pub share: u32,
}

/// An entry that was not appended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Would {
    /// Event kind with its version.
    pub kind: String,
    /// The environment it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The event.
    pub body: Value,
}

/// `POST /api/v1/projects/{p}/environments/{e}/rollouts`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RolloutRequest {
    /// A UUID of version 7 chosen by the caller, so that a retry starts nothing twice; minted by the server if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The flag.
    pub flag: String,
    /// What people have without the slice.
    pub baseline: String,
    /// What the slice gives them.
    pub candidate: String,
    /// The rule the rollout sits below; absent puts it below all rules, `""` above all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// `[{"flag": …, "variants": […]}]`.
    #[serde(default)]
    pub prerequisites: Vec<Value>,
    /// A condition; everybody if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<Value>,
    /// The stages, or the name of a ladder of the project, which is copied.
    pub ladder: LadderChoice,
    /// Share kept on the baseline until the last bake ends; 5 000 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holdback: Option<u32>,
    /// What must not get worse; each is a guardrail, or the name of one of the project, which is copied.
    #[serde(default)]
    pub guardrails: Vec<GuardrailChoice>,
    /// Chance of rolling back a harmless slice, in parts per million; 10 000 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub false_rollback_ppm: Option<u32>,
    /// `server_eval`, `sdk` or `track`; `server_eval` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure_source: Option<String>,
    /// Who is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// Ordered stages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LadderBody {
    /// From the first to the last.
    pub stages: Vec<StageBody>,
}

/// A thing, or the name of one that is kept: an object or a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Choice<T> {
    /// One that is kept under this name.
    Named(String),
    /// One that is spelt out.
    Given(T),
}

/// A ladder, or the name of one.
pub type LadderChoice = Choice<LadderBody>;
/// A guardrail, or the name of one.
pub type GuardrailChoice = Choice<GuardrailBody>;

/// By hand, because an untagged enumeration forgets which field of which stage was wrong.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Choice<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = Choice<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object, or the name of one that is kept")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Choice<T>, E> {
                Ok(Choice::Named(name.to_owned()))
            }
            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Choice<T>, M::Error> {
                T::deserialize(de::value::MapAccessDeserializer::new(map)).map(Choice::Given)
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

/// One stage: a ring or a share, not both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageBody {
    /// Members of this segment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring: Option<String>,
    /// Parts per 100 000 of the eligible subjects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<u32>,
    /// Fresh data needed, in seconds; 600 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bake_seconds: Option<u32>,
    /// Subjects of each arm needed; 100 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subjects_min: Option<u64>,
    /// Whether a person must agree before the next stage.
    #[serde(default)]
    pub approval: bool,
}

/// A guardrail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardrailBody {
    /// Its name in this rollout.
    pub key: String,
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
    /// Its part of the budget in thousandths; an equal part of 800 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
}

/// A step of a rollout: `POST …/rollouts/{id}/{advance|hold|resume|approve|shrink|roll-back|complete}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepRequest {
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The stage the caller saw, from 1; needed to advance and approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<usize>,
    /// The earlier stage to go back to, from 1; needed to shrink.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<usize>,
}

/// `POST …/rollouts/{id}/amend`: what is not named stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmendRequest {
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// All stages from now on, or the name of a ladder of the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ladder: Option<LadderChoice>,
    /// All guardrails from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardrails: Option<Vec<GuardrailChoice>>,
}

/// A rollout as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RolloutResponse {
    /// Its id.
    pub id: String,
    /// Version of the last entry that touched it; also the `ETag`.
    pub revision: u64,
    /// Where.
    pub environment: String,
    /// The flag.
    pub flag: String,
    /// What people have without the slice.
    pub baseline: String,
    /// What the slice gives them.
    pub candidate: String,
    /// `running`, `held`, `rolled_back` or `completed`.
    pub state: String,
    /// Why it is held, if it is: `guardrail`, `no_data`, `operator`, `approval`, `dependency`, `freeze`, `edit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What it does or why it waits, in one sentence.
    pub sentence: String,
    /// The stage it stands on, from 1.
    pub stage: usize,
    /// Effective share of the eligible subjects that is treated now, parts per 100 000.
    pub share: u32,
    /// The epoch in force.
    pub epoch: u32,
    /// When it started.
    pub started_at: String,
    /// Share kept on the baseline, parts per 100 000.
    pub holdback: u32,
    /// The ladder.
    pub stages: Vec<StageResponse>,
    /// How much of the stage's gate is fulfilled; absent once it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateResponse>,
    /// One per guardrail.
    pub guardrails: Vec<GuardrailResponse>,
    /// Weighted average evidence as an e-value.
    pub evidence: f64,
    /// Evidence of a sample-ratio mismatch as an e-value; an alarm from 1 000 on.
    pub sample_ratio_evidence: f64,
    /// Subjects whose first exposure was treated.
    pub exposed_treated: u64,
    /// Subjects whose first exposure was control.
    pub exposed_control: u64,
    /// Subjects who had the candidate at any time, by share or ring.
    pub had_candidate: u64,
}

/// One stage of a ladder and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageResponse {
    /// `5 %` or the ring's name.
    pub name: String,
    /// The ring's segment, if it is a ring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring: Option<String>,
    /// Effective share, parts per 100 000.
    pub share: u32,
    /// `passed`, `growing`, `held`, `lost`, `coming`.
    pub state: String,
    /// When it was entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entered_at: Option<String>,
    /// Bake in seconds.
    pub bake_seconds: u32,
}

/// A gate and how much of it is fulfilled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateResponse {
    /// Minutes with fresh data.
    pub bake_minutes: i64,
    /// How many are needed.
    pub bake_minutes_needed: i64,
    /// Treated subjects seen in this epoch.
    pub treated: u64,
    /// Control subjects seen in this epoch.
    pub control: u64,
    /// How many of each are needed.
    pub subjects_needed: u64,
    /// Whether a person must agree and has not.
    pub approval_missing: bool,
}

/// A guardrail and what it says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GuardrailResponse {
    /// Its name.
    pub key: String,
    /// What is measured.
    pub metric: String,
    /// Which way is worse.
    pub harm: String,
    /// What it does.
    pub action: String,
    /// Part of the budget in thousandths.
    pub weight: u32,
    /// Tolerated ratio in thousandths.
    pub margin_permille: u32,
    /// Evidence of harm as an e-value, at most 1e300.
    pub evidence: f64,
    /// The e-value it acts at.
    pub limit: f64,
    /// Affected subjects who had the candidate.
    pub treated: u64,
    /// Affected subjects who had the baseline.
    pub control: u64,
    /// How many of the affected would be treated if the slice were harmless.
    pub expected_treated: f64,
    /// Ratio of the rates, treated : control.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// Lower end of its interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio_lower: Option<f64>,
    /// Upper end of its interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio_upper: Option<f64>,
    /// `quiet`, `suspect` or `harmed`.
    pub state: String,
}

/// `POST /api/v1/projects/{p}/tokens`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// `admin`, `server`, `client` or `ingest`.
    pub kind: String,
    /// What people call it.
    pub name: String,
    /// The environment it is bound to; needed for all kinds but `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
}

/// A new token. The secret is shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenResponse {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// The secret.
    pub token: String,
}

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogEntry {
    /// The stream: the project's key.
    pub stream: String,
    /// Gapless number in the project's stream.
    pub version: u64,
    /// Its id.
    pub id: String,
    /// Event kind with its version.
    pub kind: String,
    /// The environment it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Who did it.
    pub actor: Value,
    /// When.
    pub at: String,
    /// The event.
    pub body: Value,
    /// The event as the JSON text that is stored and hashed, byte by byte: what to check the hash with.
    pub text: String,
    /// Hash of the entry before.
    pub prev_hash: String,
    /// Hash of this entry.
    pub hash: String,
}
