//! Sapwood on the workloads.

use sapwood_eval::{Attribute, Context, FlagConfig, FlagSet, Pairs, SetConfig};
use serde_json::{Value, json};

use super::workload::{Kind, Subject, Test, five, listed, ten_rules};

/// A flag of this kind.
pub fn flag(key: &str, kind: Kind) -> Value {
    let rule = |id: &str, when: Value, serve: Value| json!({"id": id, "when": when, "serve": serve});
    let on = || json!({"variant": "on"});
    let rules = match kind {
        Kind::W1 => vec![],
        Kind::W2 => vec![rule("r", attribute("country", &Test::In(five())), on())],
        Kind::W3 => vec![rule(
            "r",
            json!("always"),
            json!({"slots": [{"serve": "on", "width": 50_000}, {"serve": "off", "width": 50_000}]}),
        )],
        Kind::W4 => {
            let three = json!({"slots": [
                {"serve": "on", "width": 50_000}, {"serve": "off", "width": 30_000}, {"serve": "third", "width": 20_000}
            ]});
            let conditions = ten_rules();
            let last = conditions.len() - 1;
            let all = |tests: &[(&str, Test); 3]| -> Value {
                json!({"all": tests.iter().map(|(name, test)| attribute(name, test)).collect::<Vec<_>>()})
            };
            let serve = |at| if at == last { three.clone() } else { on() };
            conditions
                .iter()
                .enumerate()
                .map(|(at, tests)| rule(&format!("r{at}"), all(tests), serve(at)))
                .collect()
        }
        Kind::W5 => vec![rule(
            "r",
            json!({"segment": "listed"}),
            json!({"slots": [{"serve": "on", "width": 20_000}, {"serve": null, "width": 80_000}]}),
        )],
    };
    let (value_type, variants) = match kind {
        Kind::W4 => ("string", json!({"off": "off", "on": "on", "third": "third"})),
        Kind::W1 | Kind::W2 | Kind::W3 | Kind::W5 => ("boolean", json!({"off": false, "on": true})),
    };
    json!({
        "flag": {"key": key, "type": value_type, "variants": variants, "salt": format!("s-{key}"), "client_visible": true},
        "targeting": {"on": true, "off_variant": "off", "rules": rules, "default": {"variant": "off"}},
        "revision": 7
    })
}

fn attribute(name: &str, test: &Test) -> Value {
    let test = match test {
        Test::In(values) if values.len() == 1 => json!({"equals": values[0]}),
        Test::In(values) => json!({"one_of": values}),
        Test::AtLeast(number) => json!({"number": {"gte": number}}),
        Test::VersionAtLeast(version) => json!({"semver": {"gte": version}}),
    };
    json!({"attribute": {"name": name, "test": test}})
}

/// The segment of W5.
pub fn segment() -> Value {
    json!({"key": "listed", "condition": {"any": []}, "included": listed()})
}

/// The definitions of an environment, as they are stored.
pub fn config(flags: impl Iterator<Item = (String, Kind)>) -> Value {
    let flags: serde_json::Map<String, Value> =
        flags.map(|(key, kind)| (key.clone(), flag(&key, kind))).collect();
    json!({"flags": flags, "segments": {"listed": segment()}})
}

/// Compiled.
pub fn set(flags: impl Iterator<Item = (String, Kind)>) -> FlagSet {
    let config: SetConfig = serde_json::from_value(config(flags)).expect("the workloads are definitions");
    let (set, warnings) = FlagSet::compile(config, None);
    assert!(warnings.is_empty(), "{warnings:?}");
    set
}

/// One flag's definition.
pub fn definition(key: &str, kind: Kind) -> FlagConfig {
    serde_json::from_value(flag(key, kind)).expect("the workloads are definitions")
}

/// What an application holds of a subject.
pub fn held(subject: &Subject) -> Vec<(&str, Attribute<'_>)> {
    vec![
        ("country", subject.country.into()),
        ("plan", "pro".into()),
        ("age", f64::from(subject.age).into()),
        ("email", Attribute::Text(&subject.email)),
        ("region", "west".into()),
        ("beta", false.into()),
        ("device", "phone".into()),
        ("app", Attribute::Text(&subject.app)),
    ]
}

/// As pairs.
pub fn pairs<'c>(subject: &'c Subject, held: &'c [(&'c str, Attribute<'c>)]) -> Pairs<'c> {
    Pairs::new(Some(&subject.key), held)
}

/// As a context, the way a request brings it.
pub fn context(subject: &Subject) -> Context {
    let json = json!({
        "targetingKey": subject.key, "country": subject.country, "plan": "pro", "age": subject.age,
        "email": subject.email, "region": "west", "beta": false, "device": "phone", "app": subject.app
    });
    serde_json::from_value(json).expect("a subject is a context")
}
