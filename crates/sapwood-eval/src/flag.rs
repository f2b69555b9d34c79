//! Flags, their targeting and segments as written down: what the log keeps for ever and compilation reads.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

use crate::condition::Condition;
use crate::key::{AttributeName, FlagKey, LayerKey, RuleId, Salt, SegmentKey, VariantKey};
use crate::share::Share;
use crate::value::{Value, ValueType};

/// A runtime switch with typed variants; the part that all environments share.
///
/// Reading one from JSON takes each variant under the declared type, so `1` is an integer or a number as the flag says.
///
/// ```
/// use sapwood_eval::Flag;
/// let flag: Flag = serde_json::from_str(
///     r#"{"key":"new-checkout","type":"boolean","variants":{"off":false,"on":true},"salt":"nc1"}"#,
/// )?;
/// assert_eq!(flag.unit.as_str(), "targetingKey");
/// assert!(!flag.client_visible);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "FlagShape")]
pub struct Flag {
    /// Its name, never reused.
    pub key: FlagKey,
    /// The type of every variant's value.
    #[serde(rename = "type")]
    pub value_type: ValueType,
    /// Its values by name.
    pub variants: BTreeMap<VariantKey, Value>,
    /// The attribute whose value is bucketed and counted.
    pub unit: AttributeName,
    /// Whether tokens handed to browsers and apps may see it.
    pub client_visible: bool,
    /// Its slice of a layer, where it excludes other flags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<LayerSlice>,
    /// How units become buckets.
    pub bucketing: Bucketing,
    /// Seeds the buckets of its slot tables; a rollout has a salt of its own.
    pub salt: Salt,
}

/// A flag as read, before its values are taken under the declared type.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FlagShape {
    key: FlagKey,
    #[serde(rename = "type")]
    value_type: ValueType,
    variants: BTreeMap<VariantKey, Json>,
    #[serde(default = "AttributeName::targeting_key")]
    unit: AttributeName,
    #[serde(default)]
    client_visible: bool,
    #[serde(default)]
    layer: Option<LayerSlice>,
    #[serde(default)]
    bucketing: Bucketing,
    salt: Salt,
}

impl TryFrom<FlagShape> for Flag {
    type Error = String;
    fn try_from(shape: FlagShape) -> Result<Self, String> {
        let mut variants = BTreeMap::new();
        for (key, json) in shape.variants {
            let value = Value::parse(shape.value_type, &json)
                .map_err(|error| format!("flag {}, variant {key}: {error}", shape.key))?;
            variants.insert(key, value);
        }
        Ok(Self {
            key: shape.key,
            value_type: shape.value_type,
            variants,
            unit: shape.unit,
            client_visible: shape.client_visible,
            layer: shape.layer,
            bucketing: shape.bucketing,
            salt: shape.salt,
        })
    }
}

/// The algorithm that turns salt and unit into a bucket. Stored by name, so that an upgrade never moves anybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bucketing {
    /// Murmur3 over the CBOR text of `salt:unit`, as flagd's third generation does it; see [`crate::bucket`].
    #[default]
    #[serde(rename = "flagd-v3")]
    FlagdV3,
}

/// Part of a layer: only units whose bucket under the layer's salt lies in `from..from + width` reach this flag's
/// splits and shares. Flags with disjoint slices of one layer exclude one another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerSlice {
    /// The layer.
    pub layer: LayerKey,
    /// Its salt, the same for every flag of the layer.
    pub salt: Salt,
    /// First bucket of the slice.
    pub from: u32,
    /// How many buckets it spans.
    pub width: u32,
}

/// Who gets what from a flag in one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Targeting {
    /// Whether rules, rollouts and default are in force; otherwise everybody gets the off-variant.
    pub on: bool,
    /// What everybody gets while the flag is off.
    pub off_variant: VariantKey,
    /// Ordered: the first that matches (and does not pass on) decides.
    pub rules: Vec<Rule>,
    /// What is served when no rule decides.
    pub default: Serve,
}

/// A condition and what its matches are served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name within the flag.
    pub id: RuleId,
    /// Whom it is for.
    pub when: Condition,
    /// What they get.
    pub serve: Serve,
}

/// One variant for all, or a slot table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Serve {
    /// This variant: `{"variant":"on"}`.
    Variant(VariantKey),
    /// By bucket: ordered slots whose widths add up to the whole.
    Slots(Vec<Slot>),
}

/// A span of buckets and what it is served: `{"serve":"on","width":5000}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// The variant, or `null` to fall through to the following rule.
    #[serde(deserialize_with = "present_or_null")]
    pub serve: Option<VariantKey>,
    /// How many buckets it spans.
    pub width: Share,
}

/// Makes `null` something one has to write: a forgotten `serve` must not mean "fall through".
fn present_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<VariantKey>, D::Error> {
    Option::deserialize(deserializer)
}

/// A named set of subjects. Excluded beats included beats the condition; the lists are of targeting keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// Its name.
    pub key: SegmentKey,
    /// Who belongs to it beside those listed; `{"any":[]}` for nobody.
    pub condition: Condition,
    /// Targeting keys that belong to it whatever the condition says.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub included: BTreeSet<String>,
    /// Targeting keys that never belong to it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub excluded: BTreeSet<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_round_trips_with_everything_said() {
        let text = concat!(
            r#"{"key":"price","type":"number","variants":{"high":2.5,"low":1.0},"unit":"accountId","#,
            r#""client_visible":true,"layer":{"layer":"pricing","salt":"l1","from":0,"width":20000},"#,
            r#""bucketing":"flagd-v3","salt":"p1"}"#
        );
        let flag: Flag = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&flag).unwrap(), text);
        let whole: Flag = serde_json::from_str(&text.replace("1.0", "1")).unwrap();
        assert_eq!(whole, flag);
    }

    #[test]
    fn a_value_of_another_type_is_named() {
        let text = r#"{"key":"a","type":"integer","variants":{"x":1.5},"salt":"s"}"#;
        let error = serde_json::from_str::<Flag>(text).unwrap_err().to_string();
        assert!(error.contains("flag a, variant x: 1.5 is not of the declared type integer"), "{error}");
    }

    #[test]
    fn slots_say_null_out_loud() {
        let text = r#"{"slots":[{"serve":"on","width":5000},{"serve":null,"width":95000}]}"#;
        let serve: Serve = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&serve).unwrap(), text);
        assert!(serde_json::from_str::<Serve>(r#"{"slots":[{"width":100000}]}"#).is_err());
        assert!(serde_json::from_str::<Serve>(r#"{"variant":"on","slots":[]}"#).is_err());
    }

    #[test]
    fn targeting_and_segments_round_trip() {
        let targeting = concat!(
            r#"{"on":true,"off_variant":"off","rules":[{"id":"staff","when":{"segment":"internal"},"#,
            r#""serve":{"variant":"on"}}],"default":{"variant":"off"}}"#
        );
        let read: Targeting = serde_json::from_str(targeting).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), targeting);
        let segment = r#"{"key":"internal","condition":{"any":[]},"included":["u1","u2"]}"#;
        let read: Segment = serde_json::from_str(segment).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), segment);
    }
}
