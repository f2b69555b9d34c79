//! What is right is read as the derived readers of `sapwood-eval` would, and what is wrong is refused by both, whatever is
//! done to a definition.

use proptest::prelude::*;
use sapwood_api::manage::FlagBody;
use sapwood_core::wanted::WantedTargeting;
use sapwood_eval::{Bucketing, Flag, Segment};
use serde_json::{Value, json};

use super::*;

/// A targeting in which every shape occurs.
fn whole() -> Value {
    let test = |test: Value| json!({"attribute": {"name": "x", "test": test}});
    json!({
        "on": true, "off_variant": "off", "default": {"slots": [{"serve": "on", "width": 40_000}, {"serve": "off", "width": 60_000}]},
        "rules": [
            {"id": "a", "serve": {"variant": "on"}, "when": {"all": [
                "always", {"not": {"any": [{"segment": "s"}, {"serves": {"flag": "f", "variants": ["on", "off"]}}]}},
                {"now": {"after": "2026-11-01T09:00:00Z"}}, {"now": {"before": "2026-11-01T09:00:00Z"}}
            ]}},
            {"id": "b", "serve": {"slots": [{"serve": "on", "width": 1}, {"serve": null, "width": 99_999}]}, "when": {"any": [
                test(json!("present")), test(json!("absent")), test(json!({"equals": true})), test(json!({"equals": 5})),
                test(json!({"one_of": ["DE", 5.5, false]})), test(json!({"contains": ["a"]})),
                test(json!({"starts_with": ["a"]})), test(json!({"ends_with": ["a", "b"]})),
                test(json!({"number": {"lt": 1}})), test(json!({"number": {"lte": 1.5}})), test(json!({"number": {"eq": -1}})),
                test(json!({"semver": {"gte": "2.0.0"}})), test(json!({"semver": {"gt": "2.0.0"}})),
                test(json!({"date_time": {"before": "2026-11-01T09:00:00Z"}})), test(json!({"cidr": ["10.0.0.0/8"]})),
                test(json!({"matches": "^a+$"}))
            ]}}
        ]
    })
}

fn a_segment() -> Value {
    json!({"condition": {"any": [{"segment": "t"}]}, "included": ["u1", "u2"], "excluded": ["u3"]})
}

fn a_flag() -> Value {
    json!({
        "type": "number", "variants": {"low": 1, "high": 2.5}, "unit": "accountId", "client_visible": true,
        "layer": {"layer": "l", "salt": "l1", "from": 0, "width": 20_000}, "salt": "s", "bucketing": "flagd-v3"
    })
}

/// Values that stand where others should.
fn junk() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(5_000_000_000_u64),
        json!(100_001),
        json!("always"),
        json!("on"),
        json!("a b"),
        json!(""),
        json!("present"),
        json!([]),
        json!(["on"]),
        json!([1, "x"]),
        json!({}),
        json!({"always": null}),
        json!({"not": "always"}),
        json!({"variant": "on"}),
        json!({"lt": 1}),
        json!({"lt": "1.0.0"}),
        json!({"lt": 1, "gt": 1}),
    ])
}

#[derive(Debug, Clone)]
enum Damage {
    Replace(Value),
    /// One field less, or none.
    Drop(prop::sample::Index),
    /// A field under another name.
    Rename(prop::sample::Index, &'static str),
    Add(&'static str, Value),
}

fn damage() -> impl Strategy<Value = (prop::sample::Index, Damage)> {
    let name = prop::sample::select(vec![
        "on", "onn", "", "all", "segment", "test", "equals", "variant", "not", "é~/",
    ]);
    let how = prop_oneof![
        junk().prop_map(Damage::Replace),
        any::<prop::sample::Index>().prop_map(Damage::Drop),
        (any::<prop::sample::Index>(), name.clone()).prop_map(|(which, name)| Damage::Rename(which, name)),
        (name, junk()).prop_map(|(name, value)| Damage::Add(name, value)),
    ];
    (any::<prop::sample::Index>(), how)
}

/// Every place of a value, as JSON pointers.
fn places(json: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match json {
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, json)| places(json, &format!("{at}/{index}"), all));
        }
        Value::Object(map) => map.iter().for_each(|(name, json)| {
            places(json, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), all);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn damaged(mut json: Value, damages: Vec<(prop::sample::Index, Damage)>) -> Value {
    for (place, damage) in damages {
        let mut all = Vec::new();
        places(&json, "", &mut all);
        let spot = json.pointer_mut(&all[place.index(all.len())]).unwrap();
        match (damage, spot) {
            (Damage::Replace(new), spot) => *spot = new,
            (Damage::Drop(which), Value::Object(map)) if !map.is_empty() => {
                let name = map.keys().nth(which.index(map.len())).unwrap().clone();
                map.remove(&name);
            }
            (Damage::Rename(which, new), Value::Object(map)) if !map.is_empty() => {
                let name = map.keys().nth(which.index(map.len())).unwrap().clone();
                let value = map.remove(&name).unwrap();
                map.insert(new.to_owned(), value);
            }
            (Damage::Add(name, new), Value::Object(map)) => drop(map.insert(name.to_owned(), new)),
            (Damage::Drop(_) | Damage::Rename(..) | Damage::Add(..), _) => {}
        }
    }
    json
}

/// Both readers agree, and a refusal names a place that is there.
fn agree<T: PartialEq + std::fmt::Debug>(
    json: &Value,
    start: &str,
    ours: Result<T, Rejection>,
    derived: Result<T, serde_json::Error>,
) {
    match (ours, derived) {
        (Ok(ours), Ok(derived)) => assert_eq!(ours, derived),
        (Err(Rejection::Invalid { path, message }), derived) => {
            let within = path.strip_prefix(start).unwrap_or_else(|| panic!("{path} is not below {start}"));
            let spot = json.pointer(within).unwrap_or_else(|| panic!("{path} is not in {json}"));
            assert!(!message.is_empty() && message.len() < 600, "{message}");
            // A list of values in the place of an object, field by field: nobody writes that, and nobody should.
            let in_order = spot.is_array() && message.contains("is an object with");
            assert!(derived.is_err() || in_order, "{path}: {message}\n{json}");
        }
        (ours, derived) => panic!("{ours:?}\n{derived:?}\n{json}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_targeting_is_read_as_it_is_derived(damages in prop::collection::vec(damage(), 0..3)) {
        let json = damaged(whole(), damages);
        let derived = serde_json::from_value::<WantedTargeting>(json.clone());
        agree(&json, "/targeting", targeting(Spot::new("/targeting", &json)), derived);
    }

    #[test]
    fn any_segment_is_read_as_it_is_derived(damages in prop::collection::vec(damage(), 0..3)) {
        let json = damaged(a_segment(), damages);
        let Value::Object(body) = json.clone() else { return Ok(()) };
        let mut named = json.clone();
        // A key within is a field that nobody knows, since the address has it.
        if body.contains_key("key") { return Ok(()) }
        named["key"] = json!("s");
        agree(&json, "/segment", segment("s", body), serde_json::from_value::<Segment>(named));
    }

    #[test]
    fn any_flag_is_read_as_it_is_derived(damages in prop::collection::vec(damage(), 0..3)) {
        let json = damaged(a_flag(), damages);
        let Ok(body) = serde_json::from_value::<FlagBody>(json.clone()) else { return Ok(()) };
        let read = flag("f".parse().unwrap(), body, ("made", Bucketing::FlagdV3));
        let mut named = json.clone();
        named["key"] = json!("f");
        for (field, value) in [("salt", json!("made")), ("bucketing", json!("flagd-v3")), ("unit", json!("targetingKey"))] {
            if named.get(field).is_none_or(Value::is_null) {
                named[field] = value;
            }
        }
        agree(&json, "/flag", read, serde_json::from_value::<Flag>(named));
    }
}

#[test]
fn what_is_whole_is_read() {
    let json = whole();
    targeting(Spot::new("/targeting", &json)).unwrap();
    let Value::Object(body) = a_segment() else { panic!("an object") };
    segment("s", body).unwrap();
    let body = serde_json::from_value(a_flag()).unwrap();
    flag("f".parse().unwrap(), body, ("made", Bucketing::FlagdV3)).unwrap();
}
