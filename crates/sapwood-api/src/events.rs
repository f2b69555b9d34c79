//! Exposures and metric events as applications send them: `POST /api/v1/events`.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::tagged::{Tagged, tagged};

/// Items of one batch at most.
pub const ITEMS_MAX: usize = 5_000;
/// Bytes of one batch at most, before decompression.
pub const BATCH_BYTES_MAX: usize = 1 << 20;
/// Bytes of a unit at most.
pub const UNIT_BYTES_MAX: usize = 4_096;

/// A batch of reports. A batch id of which something was taken is taken once: sent again, it is answered with
/// `duplicate` and nothing more is taken. Items that were refused are sent again in a new batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventBatch {
    /// Chosen by the sender, best a UUID version 7.
    #[serde(deserialize_with = "uuid")]
    pub batch: Uuid,
    /// When the batch was sent, RFC 3339. If it differs from the server's clock by more than five seconds, all
    /// times of the batch are shifted by the difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<String>,
    /// The reports.
    pub items: Vec<EventItem>,
}

/// Read as a text first, so that a text which is none is refused in words of ours and not of its parser.
fn uuid<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Uuid, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        D::Error::custom("this text is no UUID; write one such as \"0192f0c1-2345-7abc-8def-0123456789ab\"")
    })
}

/// One report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventItem {
    /// A subject met the flag. The server recomputes bucket and arm from the salt and shares of `version` and
    /// refuses what disagrees with `variant`.
    Exposure {
        /// The flag's key.
        flag: String,
        /// The rollout, a UUID.
        rollout: String,
        /// Version of the configuration that was evaluated.
        version: u64,
        /// The unit's value, for example the targeting key. It never reaches the disk.
        unit: String,
        /// The variant that was served.
        variant: String,
        /// When, RFC 3339.
        at: String,
    },
    /// Something measured happened to a subject.
    Metric {
        /// The metric's key.
        metric: String,
        /// The unit's value. It never reaches the disk.
        unit: String,
        /// When, RFC 3339.
        at: String,
        /// Its value, for metrics that have one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<serde_json::Number>,
    },
    /// The source of a metric is alive although it has nothing to report.
    Alive {
        /// The metric's key.
        metric: String,
        /// When, RFC 3339.
        at: String,
    },
}

impl<'de> Deserialize<'de> for EventItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        tagged(deserializer)
    }
}

impl Tagged for EventItem {
    const TAG: &'static [&'static str; 1] = &["type"];
    const WORDS: &'static [&'static str] = &["exposure", "metric", "alive"];

    fn rest<'de, D: Deserializer<'de>>(which: usize, rest: D) -> Result<Self, D::Error> {
        match which {
            0 => ExposureFields::deserialize(rest).map(
                |ExposureFields { flag, rollout, version, unit, variant, at }| Self::Exposure {
                    flag,
                    rollout,
                    version,
                    unit,
                    variant,
                    at,
                },
            ),
            1 => MetricFields::deserialize(rest)
                .map(|MetricFields { metric, unit, at, value }| Self::Metric { metric, unit, at, value }),
            _ => AliveFields::deserialize(rest).map(|AliveFields { metric, at }| Self::Alive { metric, at }),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExposureFields {
    flag: String,
    rollout: String,
    version: u64,
    unit: String,
    variant: String,
    at: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MetricFields {
    metric: String,
    unit: String,
    at: String,
    #[serde(default)]
    value: Option<serde_json::Number>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AliveFields {
    metric: String,
    at: String,
}

/// Answer to a batch: it is on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchResponse {
    /// The batch's id.
    pub batch: Uuid,
    /// Items taken by this request; 0 for a duplicate.
    pub accepted: usize,
    /// Whether the batch had been taken before; nothing was counted again.
    pub duplicate: bool,
    /// Items refused, by index.
    pub rejected: Vec<ItemProblem>,
}

/// Why one item was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemProblem {
    /// Index in `items`, from 0.
    pub index: usize,
    /// A stable word; see the list in `docs/reference/problems.md`.
    pub code: String,
    /// What is wrong and what to do.
    pub detail: String,
}
