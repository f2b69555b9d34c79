//! What the streams carry.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::manage::{LogEntry, RolloutResponse};

/// Readers older than this cannot understand the snapshot and must keep their last one.
pub const MIN_READER_VERSION: u32 = 1;

/// One message of `/api/v1/stream/activity`. The SSE id is the version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Activity {
    /// Something was appended to the log.
    Entry {
        /// The entry.
        entry: LogEntry,
    },
    /// A rollout was looked at.
    Rollout {
        /// How it stands.
        rollout: RolloutResponse,
    },
    /// Flags may answer otherwise from now on because a date in their rules was reached, or because somebody overrode
    /// them beside the log; the version is the last one. Whoever keeps answers asks again.
    Turned {
        /// When, RFC 3339 in UTC.
        at: String,
        /// Which flags, in order of key.
        flags: Vec<String>,
    },
}

/// One message of `/api/v1/stream/flags`. The SSE id is the version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FlagsMessage {
    /// Everything: the first message, and when a reader is too far behind.
    Put {
        /// [`MIN_READER_VERSION`] of the writer.
        min_reader_version: u32,
        /// The configuration version.
        version: u64,
        /// Project and environment, `default/production`.
        flag_set: String,
        /// Flag configurations by key.
        flags: serde_json::Map<String, Value>,
        /// Segments by key.
        segments: serde_json::Map<String, Value>,
    },
    /// One flag or segment has a new value.
    Patch {
        /// [`MIN_READER_VERSION`] of the writer.
        min_reader_version: u32,
        /// The configuration version.
        version: u64,
        /// `flags` or `segments`.
        section: String,
        /// Its key.
        key: String,
        /// All of it.
        value: Value,
    },
    /// One flag or segment is gone.
    Delete {
        /// [`MIN_READER_VERSION`] of the writer.
        min_reader_version: u32,
        /// The configuration version.
        version: u64,
        /// `flags` or `segments`.
        section: String,
        /// Its key.
        key: String,
    },
}
