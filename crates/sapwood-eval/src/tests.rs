//! Tests of the whole: definitions as JSON in, answers out.

mod allocation;
mod buckets;
mod compile;
mod evaluate;
mod explain;
mod laws;
mod movement;
mod operators;
mod slots;

use serde_json::{Value as Json, json};

use crate::{Context, FlagConfig, FlagSet, Outcome, Segment, SetConfig};

pub(crate) const ROLLOUT: &str = "0192f0c1-2345-7abc-8def-0123456789ab";
pub(crate) const OTHER_ROLLOUT: &str = "0192f0c1-2345-7abc-8def-0123456789ac";

/// A boolean flag that is on, has these rules and serves `off` by default.
pub(crate) fn flag(key: &str, rules: Json) -> Json {
    json!({
        "flag": {"key": key, "type": "boolean", "variants": {"off": false, "on": true}, "salt": format!("{key}-salt")},
        "targeting": {"on": true, "off_variant": "off", "rules": rules, "default": {"variant": "off"}},
        "revision": 1
    })
}

/// A running rollout of `on` at this share.
pub(crate) fn rollout(share: u32) -> Json {
    json!({
        "id": ROLLOUT, "salt": "r1", "audience": "always", "share": share,
        "baseline": "off", "candidate": "on", "epoch": 2, "phase": "running"
    })
}

pub(crate) fn with(mut json: Json, changes: Json) -> Json {
    if let (Json::Object(into), Json::Object(changes)) = (&mut json, changes) {
        into.extend(changes);
    }
    json
}

pub(crate) fn config(json: Json) -> FlagConfig {
    serde_json::from_value(json).unwrap()
}

pub(crate) fn segment(key: &str, condition: Json, included: &[&str]) -> Segment {
    serde_json::from_value(json!({"key": key, "condition": condition, "included": included})).unwrap()
}

pub(crate) fn world(flags: Vec<Json>, segments: Vec<Segment>) -> SetConfig {
    SetConfig::new(flags.into_iter().map(config), segments)
}

/// A set in which everything compiles.
pub(crate) fn set(flags: Vec<Json>, segments: Vec<Segment>) -> FlagSet {
    let (set, warnings) = FlagSet::compile(world(flags, segments), None);
    assert_eq!(warnings, []);
    set
}

pub(crate) fn context(json: Json) -> Context {
    serde_json::from_value(json).unwrap()
}

/// `variant REASON rule arm`, as far as there is one.
pub(crate) fn said(outcome: &Outcome<'_>) -> String {
    match outcome {
        Outcome::NotFound => "not found".to_owned(),
        Outcome::Failed(failure) => failure.code.to_string(),
        Outcome::Found(found) => {
            let rule = match found.rule() {
                None => String::new(),
                Some(crate::RuleRef::BreakGlass) => " break-glass".to_owned(),
                Some(crate::RuleRef::Rule(id)) => format!(" {id}"),
                Some(crate::RuleRef::Rollout(_)) => " rollout".to_owned(),
            };
            let arm = found.rollout().map(|reached| format!(" {}", reached.arm)).unwrap_or_default();
            format!("{} {}{rule}{arm}", found.variant(), found.reason())
        }
    }
}

pub(crate) fn serves(set: &FlagSet, key: &str, context: Json) -> String {
    said(&set.evaluate(key, &self::context(context), 0))
}
