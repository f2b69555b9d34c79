//! Definitions read from a list: which kind each is, and its fields.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::manage::{FlagBody, LadderBody};
use crate::resources::{Definition, GuardrailTemplateBody};
use crate::tagged::{Tagged, tagged};

impl<'de> Deserialize<'de> for Definition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        tagged(deserializer)
    }
}

impl Tagged for Definition {
    const TAG: &'static [&'static str; 1] = &["kind"];
    const WORDS: &'static [&'static str] =
        &["environment", "metric", "segment", "flag", "guardrail", "ladder"];

    fn rest<'de, D: Deserializer<'de>>(which: usize, rest: D) -> Result<Self, D::Error> {
        match which {
            0 => EnvironmentFields::deserialize(rest).map(|EnvironmentFields { key, name, production }| {
                Self::Environment { key, name, production }
            }),
            1 => MetricFields::deserialize(rest)
                .map(|MetricFields { key, metric, description }| Self::Metric { key, metric, description }),
            2 => SegmentFields::deserialize(rest)
                .map(|SegmentFields { key, segment }| Self::Segment { key, segment }),
            3 => FlagFields::deserialize(rest).map(
                |FlagFields { key, flag, about, environments, corrects }| Self::Flag {
                    key,
                    flag,
                    about,
                    environments,
                    corrects,
                },
            ),
            4 => GuardrailFields::deserialize(rest).map(|GuardrailFields { key, guardrail, description }| {
                Self::Guardrail { key, guardrail, description }
            }),
            _ => LadderFields::deserialize(rest)
                .map(|LadderFields { key, ladder, description }| Self::Ladder { key, ladder, description }),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvironmentFields {
    key: String,
    name: String,
    #[serde(default)]
    production: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MetricFields {
    key: String,
    metric: Value,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SegmentFields {
    key: String,
    segment: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FlagFields {
    key: String,
    flag: FlagBody,
    #[serde(default)]
    about: Map<String, Value>,
    #[serde(default)]
    environments: BTreeMap<String, Value>,
    #[serde(default)]
    corrects: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GuardrailFields {
    key: String,
    guardrail: GuardrailTemplateBody,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LadderFields {
    key: String,
    ladder: LadderBody,
    #[serde(default)]
    description: String,
}
