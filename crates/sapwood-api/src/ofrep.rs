//! The OpenFeature Remote Evaluation Protocol, version 0.3: bodies of requests and answers.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Body of an evaluation request. Unknown fields are tolerated, as the protocol asks.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EvaluateRequest {
    /// Attributes of the subject; `targetingKey` names it.
    #[serde(default)]
    pub context: Map<String, Value>,
}

/// A flag was evaluated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluationSuccess {
    /// The flag's key.
    pub key: String,
    /// An OpenFeature reason in upper case.
    pub reason: String,
    /// Name of the variant.
    pub variant: String,
    /// Its value; never null.
    pub value: Value,
    /// `flagSetId`, `version`, and for server tokens `ruleId`; scalars only.
    pub metadata: Map<String, Value>,
}

/// A flag could not be evaluated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluationFailure {
    /// The flag's key.
    pub key: String,
    /// An OpenFeature error code.
    #[serde(rename = "errorCode")]
    pub error_code: String,
    /// What is wrong and what to do; always there, because some clients require it.
    #[serde(rename = "errorDetails")]
    pub error_details: String,
}

/// The request as a whole failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GeneralFailure {
    /// An OpenFeature error code, where one fits.
    #[serde(rename = "errorCode", skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// What is wrong and what to do.
    #[serde(rename = "errorDetails")]
    pub error_details: String,
}
