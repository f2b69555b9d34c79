//! What is kept ready is what would be written, for any flags and any subject.

use proptest::prelude::*;
use sapwood_eval::{Context, SetConfig, Which};
use serde_json::json;

use super::*;

const SET: &str = "default/production";

/// Values that a writer by hand would get wrong: quotes, control characters, other planes, fractions, nothing at all.
fn value(declared: &'static str) -> BoxedStrategy<Value> {
    let text = || prop_oneof![any::<String>(), Just("\"\\/\u{8}\u{0}\u{7f}\u{2028}😀".to_owned())];
    match declared {
        "boolean" => any::<bool>().prop_map(Value::from).boxed(),
        "string" => text().prop_map(Value::from).boxed(),
        "integer" => (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(Value::from).boxed(),
        "number" => (-1e300..1e300_f64).prop_map(Value::from).boxed(),
        _ => prop::collection::btree_map(text(), text(), 0..3).prop_map(|map| json!(map)).boxed(),
    }
}

fn serve() -> impl Strategy<Value = Value> {
    let slots = |width: u32| json!({"slots": [{"serve": "a", "width": width}, {"serve": "b", "width": 60_000 - width}, {"serve": null, "width": 40_000}]});
    prop_oneof![Just(json!({"variant": "a"})), Just(json!({"variant": "b"})), (0..60_000_u32).prop_map(slots)]
}

fn flag(key: String) -> impl Strategy<Value = Value> {
    let declared = prop::sample::select(vec!["boolean", "string", "integer", "number", "object"]);
    let variants = declared.prop_flat_map(|declared| (Just(declared), value(declared), value(declared)));
    let rule = (prop::bool::ANY, serve()).prop_map(|(german, serve)| {
        let german =
            json!({"attribute": {"name": "country", "test": {"equals": if german { "DE" } else { "FR" }}}});
        json!({"when": german, "serve": serve})
    });
    let default = prop_oneof![
        Just(json!({"variant": "a"})),
        Just(json!({"slots": [{"serve": "b", "width": 30_000}, {"serve": "a", "width": 70_000}]})),
    ];
    let unit = prop::sample::select(vec!["targetingKey", "account"]);
    let rollout = prop::option::of((0..100_000_u32, prop::sample::select(vec!["running", "complete"])));
    let more = (unit, rollout, prop::bool::weighted(0.1), 1..9_000_u64, prop::bool::weighted(0.9));
    (variants, prop::collection::vec(rule, 0..3), default, more).prop_map(move |of| {
        let ((declared, a, b), mut rules, default, (unit, rollout, barred, revision, on)) = of;
        for (at, rule) in rules.iter_mut().enumerate() {
            rule["id"] = Value::from(format!("rule-{at}"));
        }
        let id = "0197a3c0-0000-7000-8000-000000000001";
        let rollouts: Vec<Value> = rollout
            .map(|(share, phase)| {
                json!({"id": id, "salt": "r", "audience": "always", "share": share,
                    "baseline": "a", "candidate": "b", "epoch": 1, "phase": phase})
            })
            .into_iter()
            .collect();
        let barred = barred.then(|| json!({"candidate": "b", "baseline": "a", "rollout": id}));
        json!({
            "flag": {"key": key, "type": declared, "variants": {"a": a, "b": b}, "salt": "s", "unit": unit},
            "targeting": {"on": on, "off_variant": "a", "rules": rules, "default": default},
            "rollouts": rollouts, "barred": Vec::from_iter(barred), "revision": revision,
        })
    })
}

fn sets() -> impl Strategy<Value = SetConfig> {
    let flags: Vec<_> = (0..5).map(|at| flag(format!("flag-{at}"))).collect();
    flags.prop_map(|flags| {
        let by_key: Map<String, Value> =
            flags.into_iter().map(|flag| (flag["flag"]["key"].as_str().unwrap().to_owned(), flag)).collect();
        serde_json::from_value(json!({"flags": by_key, "segments": {}})).unwrap()
    })
}

fn contexts() -> Vec<Context> {
    let context = |json: Value| serde_json::from_value(json).unwrap();
    let mut all = vec![Context::default(), context(json!({"country": "DE", "account": "a-1"}))];
    for user in 0..8 {
        let country = if user % 2 == 0 { "DE" } else { "FR" };
        all.push(context(
            json!({"targetingKey": format!("user-{user}"), "country": country, "account": "a-2"}),
        ));
    }
    all
}

/// What is kept ready, and what the protocol's own shapes would be written as, for every flag.
fn compare(flags: &FlagSet, answers: &Answers, context: &Context, audience: Audience) -> (Vec<u8>, Vec<u8>) {
    let (mut spliced, mut digests, mut written) = (Vec::new(), Vec::new(), Vec::new());
    for (place, answer) in flags.prepare(context).answers(Which::All, 0) {
        let ready = answers.written(SET, place, answer, audience).unwrap();
        spliced.extend_from_slice(ready.json());
        digests.extend_from_slice(&ready.digest().to_be_bytes());
    }
    for flag in flags.flags() {
        let outcome = flags.evaluate_flag(flag, context, 0);
        let entry = entry(SET, flag.key().as_str(), &outcome, audience).unwrap();
        written.extend(serde_json::to_vec(&entry).unwrap());
    }
    assert_eq!(String::from_utf8_lossy(&spliced), String::from_utf8_lossy(&written));
    (spliced, digests)
}

proptest! {
    /// The body that is spliced is the body that would be written; and two bodies have the same digests if and only
    /// if they are the same.
    #[test]
    fn spliced_is_what_would_be_written(config in sets()) {
        let (flags, warnings) = FlagSet::compile(config, None);
        prop_assert!(warnings.is_empty(), "{warnings:?}");
        let answers = Answers::default().next(&flags);
        let mut bodies = Vec::new();
        for context in contexts() {
            bodies.push(compare(&flags, &answers, &context, Audience::Server));
            bodies.push(compare(&flags, &answers, &context, Audience::Client));
        }
        for (one, one_digests) in &bodies {
            for (other, other_digests) in &bodies {
                prop_assert_eq!(one == other, one_digests == other_digests);
            }
        }
        // Another process, or this one after a restart, names the same answers the same.
        let anew = Answers::default().next(&flags);
        for (context, body) in contexts().iter().zip(bodies.iter().step_by(2)) {
            prop_assert_eq!(&compare(&flags, &anew, context, Audience::Server), body);
        }
    }

    /// After a change the answers are those of the new flags, and all that did not change are the ones kept.
    #[test]
    fn a_change_is_written_anew_and_nothing_else(config in sets(), change in flag("flag-2".to_owned()), new in flag("flag-25".to_owned())) {
        let (flags, _) = FlagSet::compile(config, None);
        let answers = Answers::default().next(&flags);
        let shared = |one: &Answers, other: &Answers| {
            one.0.iter().filter(|of| other.0.iter().any(|known| Arc::ptr_eq(known, of))).count()
        };
        for context in contexts() {
            compare(&flags, &answers, &context, Audience::Server);
        }
        let (changed, _) = flags.republish(serde_json::from_value(change).unwrap());
        let next = answers.next(&changed);
        prop_assert_eq!((next.0.len(), shared(&answers, &next)), (5, 4));
        let (grown, _) = changed.republish(serde_json::from_value(new).unwrap());
        let last = next.next(&grown);
        prop_assert_eq!((last.0.len(), shared(&next, &last)), (6, 5));
        let gone = grown.without(&"flag-0".parse().unwrap());
        let less = last.next(&gone);
        prop_assert_eq!((less.0.len(), shared(&last, &less)), (5, 5));
        for context in contexts() {
            compare(&changed, &next, &context, Audience::Server);
            compare(&grown, &last, &context, Audience::Client);
            compare(&gone, &less, &context, Audience::Server);
        }
    }
}
