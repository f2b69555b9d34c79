//! Why a subject gets what it gets: the question and the answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::manage::{FlagBody, Would};

/// `POST /api/v1/projects/{p}/environments/{e}/flags/{key}/explain`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExplainRequest {
    /// The subject: its attributes, `targetingKey` among them.
    #[serde(default)]
    pub context: Map<String, Value>,
    /// The moment to ask about, RFC 3339 in UTC with milliseconds; now if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// A draft of the flag's targeting, in the shape in which it would be put; what is served if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targeting: Option<Value>,
    /// A draft of the flag itself, in the shape in which it would be put; the flag as it is if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<FlagBody>,
    /// Drafts of segments by their keys, each in the shape in which it would be put.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub segments: BTreeMap<String, Map<String, Value>>,
}

/// What is answered, and every step that led to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplainResponse {
    /// The flag.
    pub key: String,
    /// The moment asked about.
    pub at: String,
    /// The configuration version asked, without the draft.
    pub version: u64,
    /// Whether a draft was asked instead of what is served.
    pub draft: bool,
    /// The variant; absent if none can be served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// `STATIC`, `TARGETING_MATCH`, `SPLIT`, `DEFAULT` or `DISABLED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why no variant can be served: `TARGETING_KEY_MISSING`, `INVALID_CONTEXT`, or `FLAG_NOT_FOUND` of a flag that is not
    /// served here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// Where the subject stands in a rollout that it reached: `treated`, `control` or `ring`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm: Option<String>,
    /// The walk as a tree of `kind`, `text`, `held` and `steps`.
    pub steps: Value,
    /// The same as indented text, to be read by people.
    pub text: String,
    /// Whether steps beyond the limit were left out.
    pub truncated: bool,
    /// What putting the draft would append to the log, as a trial of it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub would: Option<Vec<Would>>,
    /// What would not be served as it is written, although nothing refuses the draft.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}
