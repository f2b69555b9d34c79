//! `unleash-yggdrasil` on the workloads, in its own format.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use unleash_types::client_features::{ClientFeatures, Context};
use unleash_yggdrasil::EngineState;

use super::workload::{Kind, NOW_MS, Subject, Test, five, listed, ten_rules};

/// A flag of this kind.
pub fn flag(key: &str, kind: Kind) -> Value {
    let plain =
        |constraints: Vec<Value>| json!({"name": "default", "parameters": {}, "constraints": constraints});
    let gradual = |percent: &str, segments: Value| {
        let parameters = json!({"rollout": percent, "stickiness": "userId", "groupId": key});
        json!({"name": "flexibleRollout", "parameters": parameters, "constraints": [], "segments": segments})
    };
    let strategies = match kind {
        Kind::W1 => vec![plain(vec![])],
        Kind::W2 => vec![plain(vec![constraint("country", &Test::In(five()))])],
        Kind::W3 => vec![gradual("50", json!([]))],
        Kind::W4 => ten_rules()
            .iter()
            .map(|tests| plain(tests.iter().map(|(name, test)| constraint(name, test)).collect()))
            .collect(),
        Kind::W5 => vec![gradual("20", json!([1]))],
    };
    let variant = |name: &str, weight: u32| json!({"name": name, "weight": weight, "weightType": "fix", "stickiness": "userId"});
    let variants = match kind {
        Kind::W4 => json!([variant("on", 500), variant("off", 300), variant("third", 200)]),
        _ => json!([]),
    };
    json!({"name": key, "type": "release", "enabled": true, "strategies": strategies, "variants": variants})
}

fn constraint(name: &str, test: &Test) -> Value {
    match test {
        Test::In(values) => json!({"contextName": name, "operator": "IN", "values": values}),
        Test::AtLeast(number) => {
            json!({"contextName": name, "operator": "NUM_GTE", "value": number.to_string()})
        }
        Test::VersionAtLeast(version) => {
            json!({"contextName": name, "operator": "SEMVER_GTE", "value": version})
        }
    }
}

/// Compiled.
pub fn engine(flags: impl Iterator<Item = (String, Kind)>) -> EngineState {
    let features: Vec<Value> = flags.map(|(key, kind)| flag(&key, kind)).collect();
    let segment =
        json!({"id": 1, "constraints": [{"contextName": "userId", "operator": "IN", "values": listed()}]});
    let json = json!({"version": 2, "features": features, "segments": [segment]});
    let features: ClientFeatures = serde_json::from_value(json).expect("the workloads are features");
    let engine =
        EngineState::initial_state(DateTime::<Utc>::from_timestamp_millis(NOW_MS).unwrap_or_default());
    let warnings = engine.apply_client_features(features);
    assert!(warnings.is_none(), "{}", warnings.map_or(0, |warnings| warnings.len()));
    engine
}

/// A subject as this engine takes it.
pub fn subject(subject: &Subject) -> Context {
    let properties: HashMap<String, String> = [
        ("country", subject.country),
        ("plan", "pro"),
        ("age", &subject.age.to_string()),
        ("email", &subject.email),
        ("region", "west"),
        ("beta", "false"),
        ("device", "phone"),
        ("app", &subject.app),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect();
    Context { user_id: Some(subject.key.clone()), properties: Some(properties), ..Context::default() }
}

/// Whether the flag is on, and for W4 which variant.
pub fn answer(engine: &EngineState, flag: &str, kind: Kind, context: &Context) -> bool {
    match kind {
        Kind::W4 => std::hint::black_box(engine.get_variant(flag, context, &None)).name != "disabled",
        _ => engine.is_enabled(flag, context, &None),
    }
}
