//! `eppo_core` on the workloads, in its own format.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use eppo_core::eval::get_assignment;
use eppo_core::ufc::UniversalFlagConfig;
use eppo_core::{Attributes, Configuration, SdkMetadata, Str};
use serde_json::{Map, Value, json};

use super::workload::{Kind, NOW_MS, Subject, Test, five, listed, ten_rules};

const SHARDS: u32 = 10_000;

/// A flag of this kind.
pub fn flag(key: &str, kind: Kind) -> Value {
    let shard = |end: u32| json!({"salt": format!("s-{key}"), "ranges": [{"start": 0, "end": end}]});
    let split = |variation: &str, shards: Value| json!({"variationKey": variation, "shards": shards});
    let allocation = |n: usize, conditions: Vec<Value>, splits: Value| {
        let rules = if conditions.is_empty() { json!([]) } else { json!([{"conditions": conditions}]) };
        json!({"key": format!("a{n}"), "rules": rules, "splits": splits, "doLog": false})
    };
    let on = || json!([split("on", json!([]))]);
    let rest = |n| allocation(n, vec![], json!([split("off", json!([]))]));
    let allocations = match kind {
        Kind::W1 => vec![rest(0)],
        Kind::W2 => vec![allocation(0, vec![condition("country", &Test::In(five()))], on()), rest(1)],
        Kind::W3 => vec![allocation(0, vec![], json!([split("on", json!([shard(SHARDS / 2)]))])), rest(1)],
        Kind::W4 => {
            let three = json!([
                split("on", json!([shard(SHARDS / 2)])),
                split("off", json!([shard(SHARDS * 8 / 10)])),
                split("third", json!([]))
            ]);
            let rules = ten_rules();
            let last = rules.len() - 1;
            let made = rules.iter().enumerate().map(|(at, tests)| {
                let conditions = tests.iter().map(|(name, test)| condition(name, test)).collect();
                allocation(at, conditions, if at == last { three.clone() } else { on() })
            });
            made.chain([rest(10)]).collect()
        }
        Kind::W5 => {
            let twentieth = json!([split("on", json!([shard(SHARDS / 5)]))]);
            vec![allocation(0, vec![condition("id", &Test::In(listed()))], twentieth), rest(1)]
        }
    };
    let (kind, variations) = match kind {
        Kind::W4 => (
            "STRING",
            json!({"on": {"key": "on", "value": "on"}, "off": {"key": "off", "value": "off"}, "third": {"key": "third", "value": "third"}}),
        ),
        _ => ("BOOLEAN", json!({"on": {"key": "on", "value": true}, "off": {"key": "off", "value": false}})),
    };
    json!({"key": key, "enabled": true, "variationType": kind, "variations": variations, "allocations": allocations, "totalShards": SHARDS})
}

fn condition(name: &str, test: &Test) -> Value {
    match test {
        Test::In(values) => json!({"attribute": name, "operator": "ONE_OF", "value": values}),
        Test::AtLeast(number) => json!({"attribute": name, "operator": "GTE", "value": number}),
        Test::VersionAtLeast(version) => json!({"attribute": name, "operator": "GTE", "value": version}),
    }
}

/// Compiled.
pub fn configuration(flags: impl Iterator<Item = (String, Kind)>) -> Configuration {
    let flags: Map<String, Value> = flags.map(|(key, kind)| (key.clone(), flag(&key, kind))).collect();
    let json =
        json!({"createdAt": "2026-11-01T00:00:00Z", "environment": {"name": "production"}, "flags": flags});
    let sdk = SdkMetadata { name: "bench", version: "1" };
    let config = UniversalFlagConfig::from_json(sdk, json.to_string().into_bytes())
        .expect("the workloads are a configuration");
    Configuration::from_server_response(config, None)
}

/// A subject as this engine takes it.
pub fn subject(subject: &Subject) -> (Str, Arc<Attributes>) {
    let attributes: Attributes = [
        ("country".into(), subject.country.into()),
        ("plan".into(), "pro".into()),
        ("age".into(), f64::from(subject.age).into()),
        ("email".into(), subject.email.as_str().into()),
        ("region".into(), "west".into()),
        ("beta".into(), false.into()),
        ("device".into(), "phone".into()),
        ("app".into(), subject.app.as_str().into()),
    ]
    .into_iter()
    .collect();
    (subject.key.as_str().into(), Arc::new(attributes))
}

/// Whether a variation is assigned.
pub fn answer(configuration: &Configuration, flag: &str, (key, attributes): &(Str, Arc<Attributes>)) -> bool {
    let now = DateTime::<Utc>::from_timestamp_millis(NOW_MS).unwrap_or_default();
    let assignment = get_assignment(Some(configuration), flag, key, attributes, None, now);
    std::hint::black_box(&assignment).as_ref().is_ok_and(Option::is_some)
}
