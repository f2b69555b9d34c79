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

/// One flag of many: evaluated, or not. A flag that failed does not fail the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EvaluationEntry {
    /// It could not be evaluated. Tried first: only failures have a code.
    Failure(EvaluationFailure),
    /// It was evaluated.
    Success(EvaluationSuccess),
}

/// All flags were evaluated for one context.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BulkEvaluation {
    /// Each flag once, in order of key. What the entity tag is made of.
    pub flags: Vec<EvaluationEntry>,
    /// `flagSetId` and `version` of the configuration; scalars only.
    pub metadata: Map<String, Value>,
    /// Where to hear of changes.
    #[serde(default, rename = "eventStreams", skip_serializing_if = "Vec::is_empty")]
    pub event_streams: Vec<EventStream>,
}

/// A stream that tells when to evaluate again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventStream {
    /// `sse`; others are to be ignored.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it is.
    pub endpoint: EventStreamEndpoint,
    /// A page that is hidden for so many seconds closes the stream.
    #[serde(default, rename = "inactivityDelaySec", skip_serializing_if = "Option::is_none")]
    pub inactivity_delay_sec: Option<u64>,
}

/// An address relative to the one the client was given, so that it is right behind any proxy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventStreamEndpoint {
    /// Path and query. A secret: it carries a ticket.
    #[serde(rename = "requestUri")]
    pub request_uri: String,
}

/// What a stream says: evaluate again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamNotice {
    /// `refetchEvaluation`; others are to be ignored.
    #[serde(rename = "type")]
    pub kind: String,
    /// Names the configuration, to be sent back as `flagConfigEtag`.
    pub etag: String,
    /// When the configuration changed, in Unix seconds, to be sent back as `flagConfigLastModified`.
    #[serde(rename = "lastModified")]
    pub last_modified: i64,
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
