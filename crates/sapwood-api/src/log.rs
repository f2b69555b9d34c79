//! The log compared: `GET …/log/diff?from=&to=`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is different between two versions of a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogDiff {
    /// The earlier version; 0 is before the first entry.
    pub from: u64,
    /// The later version.
    pub to: u64,
    /// One per thing that is not what it was, in the order of their names.
    pub changes: Vec<LogChange>,
}

/// One thing that is not what it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogChange {
    /// Its name, as in addresses: `environments/production/flags/new-checkout`.
    pub resource: String,
    /// What it was; absent if it was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it is; absent if it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// The fields that are different; empty for a thing that is new or gone.
    pub fields: Vec<FieldChange>,
}

/// One field that is not what it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Path into the thing, `/targeting/rules/internal/serve`; items of a list that have an `id` are named by it.
    pub path: String,
    /// What it was; absent if it was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it is; absent if it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}
