//! Resolved evidence: what the journal holds once intake has found out whose rollout, epoch and arm a report
//! belongs to. Raw unit keys are gone by then.

use std::fmt;

use sapwood_eval::RolloutId;
use serde::{Deserialize, Serialize};

use crate::id::MetricKey;
use crate::time::Timestamp;

/// HMAC-SHA-256 of a unit under the server's own key, cut to 128 bits; 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct UnitHash(u128);

impl UnitHash {
    /// From the first 16 bytes of the HMAC.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// The 16 bytes.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// The first 16 bits: which shard of the subject table it lives in.
    pub fn shard(self) -> u16 {
        let [high, low, ..] = self.to_bytes();
        u16::from_be_bytes([high, low])
    }
}

impl fmt::Display for UnitHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for UnitHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<UnitHash> for String {
    fn from(hash: UnitHash) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for UnitHash {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!("`{text}` is not a unit hash: 32 hexadecimal digits expected"));
        }
        u128::from_str_radix(&text, 16).map(Self).map_err(|error| format!("`{text}`: {error}"))
    }
}

/// How a subject was served, as far as evidence is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// Reached the slots and has the candidate.
    Treated,
    /// Reached the slots and has the baseline.
    Control,
    /// Member of an entered ring; has the candidate, is not evidence.
    Ring,
}

/// One line of a journal batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "r", rename_all = "snake_case")]
pub enum Record {
    /// A subject met the flag.
    Exposure {
        /// Of which rollout.
        rollout: RolloutId,
        /// In force at `at`.
        epoch: u32,
        /// In force at `at`.
        arm: Arm,
        /// Who.
        unit: UnitHash,
        /// When.
        at: Timestamp,
    },
    /// Something measured happened to a subject.
    Event {
        /// Of which rollout.
        rollout: RolloutId,
        /// In force at `at`.
        epoch: u32,
        /// Recomputed from the salt and the share in force at `at`.
        arm: Arm,
        /// Who.
        unit: UnitHash,
        /// When.
        at: Timestamp,
        /// What.
        metric: MetricKey,
    },
    /// Evaluations reached the slots of a rollout. Counted so that a minute in which only known subjects
    /// came back is still a minute with fresh data.
    Activity {
        /// Of which rollout.
        rollout: RolloutId,
        /// In force then.
        epoch: u32,
        /// Which arm.
        arm: Arm,
        /// Minutes since the Unix epoch.
        minute: i64,
        /// How many evaluations.
        evaluations: u64,
    },
    /// A metric's source is alive. Written for each batch that carried events of the metric, whoever they
    /// were about.
    Seen {
        /// Which metric.
        metric: MetricKey,
        /// Latest event.
        at: Timestamp,
        /// How many events.
        events: u64,
    },
}
