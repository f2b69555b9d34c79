//! The order of evaluation, reasons and arms.

use serde_json::{Value as Json, json};

use super::*;
use crate::bucket;

/// A unit whose bucket under this salt is in this range.
fn unit(salt: &str, buckets: std::ops::Range<u32>) -> String {
    (0..1_000_000).map(|n| format!("u{n}")).find(|unit| buckets.contains(&bucket(salt, unit))).unwrap()
}

fn rule(id: &str, when: Json, serve: Json) -> Json {
    json!({"id": id, "when": when, "serve": serve})
}

fn country(code: &str) -> Json {
    json!({"attribute": {"name": "country", "test": {"equals": code}}})
}

#[test]
fn reasons_are_told_apart() {
    let on = json!({"variant": "on"});
    let half = json!({"slots": [{"serve": "on", "width": 50000}, {"serve": null, "width": 50000}]});
    let flags = vec![
        flag("static", json!([])),
        flag("rule", json!([rule("r", country("DE"), on)])),
        flag("split", json!([rule("r", json!("always"), half)])),
    ];
    let set = set(flags, vec![]);
    assert_eq!(serves(&set, "static", json!({})), "off STATIC");
    assert_eq!(serves(&set, "rule", json!({"country": "DE"})), "on TARGETING_MATCH r");
    assert_eq!(serves(&set, "rule", json!({"country": 7})), "off DEFAULT");
    let inside = unit("split-salt", 0..50_000);
    let outside = unit("split-salt", 50_000..100_000);
    assert_eq!(serves(&set, "split", json!({"targetingKey": inside})), "on SPLIT r");
    assert_eq!(serves(&set, "split", json!({"targetingKey": outside})), "off DEFAULT");
    assert_eq!(serves(&set, "split", json!({})), "off DEFAULT");
    assert_eq!(serves(&set, "missing", json!({})), "not found");
}

#[test]
fn off_and_break_glass_come_first() {
    let mut off = flag("off", json!([rule("r", json!("always"), json!({"variant": "on"}))]));
    off["targeting"]["on"] = json!(false);
    let broken = with(off.clone(), json!({"break_glass": "on"}));
    assert_eq!(serves(&set(vec![off], vec![]), "off", json!({})), "off DISABLED");
    assert_eq!(serves(&set(vec![broken], vec![]), "off", json!({})), "on STATIC break-glass");
}

#[test]
fn a_default_split_needs_its_unit() {
    let mut by_key = flag("a", json!([]));
    by_key["targeting"]["default"] =
        json!({"slots": [{"serve": "on", "width": 50000}, {"serve": "off", "width": 50000}]});
    let mut by_account = by_key.clone();
    by_account["flag"]["key"] = json!("b");
    by_account["flag"]["unit"] = json!("account");
    let set = set(vec![by_key, by_account], vec![]);
    let account = unit("a-salt", 0..50_000);
    assert_eq!(serves(&set, "a", json!({})), "TARGETING_KEY_MISSING");
    assert_eq!(serves(&set, "a", json!({"targetingKey": account})), "on SPLIT");
    assert_eq!(serves(&set, "b", json!({"targetingKey": account})), "INVALID_CONTEXT");
    assert_eq!(serves(&set, "b", json!({"account": account})), "on SPLIT");
}

#[test]
fn a_rollout_walks_prerequisites_audience_rings_share() {
    let rollout = with(
        rollout(10_000),
        json!({
            "prerequisites": [{"flag": "base", "variants": ["on"]}],
            "audience": country("DE"),
            "rings": ["internal"],
            "after": "above"
        }),
    );
    let rules = json!([
        rule(
            "above",
            json!({"attribute": {"name": "vip", "test": {"equals": true}}}),
            json!({"variant": "on"})
        ),
        rule("below", json!({"attribute": {"name": "late", "test": "present"}}), json!({"variant": "on"})),
    ]);
    let base = flag("base", json!([rule("r", json!({"not": country("US")}), json!({"variant": "on"}))]));
    let top = with(flag("top", rules), json!({"rollouts": [rollout]}));
    let set = set(vec![base, top], vec![segment("internal", json!({"any": []}), &["dev"])]);
    let (treated, control) = (unit("r1", 0..10_000), unit("r1", 10_000..100_000));
    let check = |context: Json, expected: &str| assert_eq!(serves(&set, "top", context), expected);
    check(json!({"targetingKey": treated, "country": "DE"}), "on SPLIT rollout treated");
    check(json!({"targetingKey": control, "country": "DE"}), "off SPLIT rollout control");
    check(json!({"targetingKey": control, "country": "DE", "late": 1}), "off SPLIT rollout control");
    check(json!({"targetingKey": "dev", "country": "DE"}), "on TARGETING_MATCH rollout ring");
    check(json!({"targetingKey": treated, "country": "DE", "vip": true}), "on TARGETING_MATCH above");
    check(json!({"targetingKey": treated, "country": "FR"}), "off DEFAULT");
    check(json!({"targetingKey": treated, "country": "FR", "late": 1}), "on TARGETING_MATCH below");
    check(json!({"targetingKey": treated, "country": "US"}), "off DEFAULT");
    check(json!({"country": "DE"}), "off DEFAULT");
    check(json!({"targetingKey": "", "country": "DE", "late": 1}), "on TARGETING_MATCH below");
}

#[test]
fn an_arm_carries_what_an_exposure_needs() {
    let set =
        set(vec![with(flag("a", json!([])), json!({"rollouts": [rollout(100_000)], "revision": 9}))], vec![]);
    let subject = context(json!({"targetingKey": "u"}));
    let outcome = set.evaluate("a", &subject, 0);
    let found = outcome.found().unwrap();
    let reached = found.rollout().unwrap();
    assert_eq!((found.revision(), found.variant_index()), (9, 1));
    assert_eq!((reached.rollout.as_str(), reached.epoch), (ROLLOUT, 2));
    assert_eq!((reached.arm, reached.bucket), (crate::Arm::Treated, Some(bucket("r1", "u"))));
}

#[test]
fn a_complete_rollout_needs_no_unit_and_has_no_arms() {
    let shipped = with(rollout(5), json!({"phase": "complete", "audience": country("DE")}));
    let set = set(vec![with(flag("a", json!([])), json!({"rollouts": [shipped]}))], vec![]);
    assert_eq!(serves(&set, "a", json!({"country": "DE"})), "on TARGETING_MATCH rollout");
    assert_eq!(serves(&set, "a", json!({"country": "FR"})), "off DEFAULT");
}

#[test]
fn a_barred_candidate_is_served_to_nobody() {
    let rules = json!([
        rule("staff", json!({"segment": "internal"}), json!({"variant": "on"})),
        rule(
            "some",
            json!("always"),
            json!({"slots": [
                {"serve": "on", "width": 100_000}, {"serve": null, "width": 0}
            ]})
        ),
    ]);
    let mut barred = flag("a", rules);
    barred["targeting"]["default"] = json!({"variant": "on"});
    barred["rollouts"] = json!([with(rollout(100_000), json!({"rings": ["internal"]}))]);
    barred["barred"] = json!([{"candidate": "on", "baseline": "off", "rollout": ROLLOUT}]);
    let set = set(vec![barred.clone()], vec![segment("internal", json!({"any": []}), &["dev"])]);
    assert_eq!(serves(&set, "a", json!({"targetingKey": "dev"})), "off TARGETING_MATCH rollout");
    assert_eq!(serves(&set, "a", json!({"targetingKey": "u"})), "off SPLIT rollout");
    assert_eq!(serves(&set, "a", json!({})), "off DEFAULT");
    let overridden = with(barred, json!({"break_glass": "on"}));
    let set = super::set(vec![overridden], vec![segment("internal", json!({"any": []}), &[])]);
    assert_eq!(serves(&set, "a", json!({})), "on STATIC break-glass");
}

#[test]
fn bars_are_followed_to_their_end_and_never_in_circles() {
    let bar = |candidate: &str, baseline: &str| json!({"candidate": candidate, "baseline": baseline, "rollout": ROLLOUT});
    let check = |bars: Json, default: &str, expected: &str| {
        let mut config = flag("a", json!([]));
        config["flag"]["type"] = json!("string");
        config["flag"]["variants"] = json!({"x": "x", "y": "y", "z": "z", "off": "off"});
        config["targeting"]["default"] = json!({"variant": default});
        config["barred"] = bars;
        assert_eq!(serves(&set(vec![config], vec![]), "a", json!({})), format!("{expected} STATIC"));
    };
    check(json!([bar("z", "y"), bar("y", "x")]), "z", "x");
    check(json!([bar("y", "x"), bar("z", "y")]), "z", "x");
    // y → x is newer, so x is good again although x → y was barred before.
    check(json!([bar("y", "x"), bar("x", "y")]), "x", "x");
    check(json!([bar("y", "x"), bar("x", "y")]), "y", "x");
    // The newest bar of one candidate counts, and a bar on a variant that is gone does no harm.
    check(json!([bar("z", "x"), bar("z", "y"), bar("gone", "x")]), "z", "x");
}

#[test]
fn a_layer_keeps_splits_and_shares_to_its_slice() {
    let mut layered = flag("a", json!([]));
    layered["flag"]["layer"] = json!({"layer": "l", "salt": "l1", "from": 0, "width": 20000});
    layered["rollouts"] = json!([with(rollout(100_000), json!({"rings": ["internal"]}))]);
    let (inside, outside) = (unit("l1", 0..20_000), unit("l1", 20_000..100_000));
    let set = set(vec![layered], vec![segment("internal", json!({"any": []}), &["dev", &outside])]);
    let other = (0..1_000_000)
        .map(|n| format!("w{n}"))
        .find(|unit| !(0..20_000).contains(&bucket("l1", unit)))
        .unwrap();
    assert_eq!(serves(&set, "a", json!({"targetingKey": inside})), "on SPLIT rollout treated");
    assert_eq!(serves(&set, "a", json!({"targetingKey": other})), "off DEFAULT");
    assert_eq!(serves(&set, "a", json!({"targetingKey": outside})), "on TARGETING_MATCH rollout ring");
}

#[test]
fn segments_exclude_then_include_then_ask() {
    let members = json!({"key": "s", "condition": country("DE"), "included": ["in", "both"], "excluded": ["out", "both"]});
    let nested = segment("outer", json!({"segment": "s"}), &[]);
    let set = set(
        vec![flag("a", json!([rule("r", json!({"segment": "outer"}), json!({"variant": "on"}))]))],
        vec![serde_json::from_value(members).unwrap(), nested],
    );
    for (context, expected) in [
        (json!({"targetingKey": "in"}), "on TARGETING_MATCH r"),
        (json!({"targetingKey": "out", "country": "DE"}), "off DEFAULT"),
        (json!({"targetingKey": "both", "country": "DE"}), "off DEFAULT"),
        (json!({"targetingKey": "u", "country": "DE"}), "on TARGETING_MATCH r"),
        (json!({"country": "DE"}), "on TARGETING_MATCH r"),
        (json!({"targetingKey": "u"}), "off DEFAULT"),
    ] {
        assert_eq!(serves(&set, "a", context.clone()), expected, "{context}");
    }
}

#[test]
fn tests_are_typed_and_total() {
    let check = |test: Json, matching: &[Json], others: &[Json]| {
        let when = json!({"attribute": {"name": "x", "test": test}});
        let rules = |when: Json| json!([rule("r", when, json!({"variant": "on"}))]);
        let set = set(vec![flag("a", rules(when.clone())), flag("b", rules(json!({"not": when})))], vec![]);
        for (values, expected) in [(matching, true), (others, false)] {
            for value in values {
                let context = json!({"x": value});
                let matched = serves(&set, "a", context.clone()) == "on TARGETING_MATCH r";
                assert_eq!(matched, expected, "{test} {value}");
                assert_eq!(
                    serves(&set, "b", context) == "on TARGETING_MATCH r",
                    !expected,
                    "not {test} {value}"
                );
            }
        }
    };
    let odd = [json!(null), json!([]), json!({}), json!([["a"]])];
    check(json!("present"), &[json!(1), json!(""), json!(false), json!([]), json!({})], &[json!(null)]);
    check(json!("absent"), &[json!(null)], &[json!(1), json!(""), json!(false)]);
    check(json!({"equals": "a"}), &[json!("a")], &[json!("A"), json!(""), json!(["a"]), json!(1)]);
    check(json!({"equals": "a"}), &[], &odd);
    check(json!({"equals": 5}), &[json!(5), json!(5.0)], &[json!("5"), json!(5.1), json!(true)]);
    check(json!({"equals": true}), &[json!(true)], &[json!("true"), json!(1), json!(false)]);
    check(
        json!({"one_of": ["a", 2, false]}),
        &[json!("a"), json!(2.0), json!(false)],
        &[json!(true), json!("2")],
    );
    check(json!({"one_of": ["a", 2, false]}), &[], &odd);
    check(
        json!({"contains": ["b", "cd"]}),
        &[json!("abc"), json!("xcdx"), json!(["b"]), json!([1, "cd"])],
        &odd,
    );
    check(json!({"contains": ["b"]}), &[], &[json!(["abc"]), json!("B"), json!(["B", 1])]);
    check(
        json!({"starts_with": ["ab", "x"]}),
        &[json!("abc"), json!("x")],
        &[json!("cab"), json!(""), json!(["ab"])],
    );
    check(json!({"ends_with": ["@a.b"]}), &[json!("u@a.b"), json!("@a.b")], &[json!("@a.bc"), json!("")]);
    check(json!({"number": {"lt": 5}}), &[json!(4.9), json!(-1)], &[json!(5), json!("4"), json!(true)]);
    check(json!({"number": {"lte": 5}}), &[json!(5)], &[json!(5.1)]);
    check(json!({"number": {"eq": 5}}), &[json!(5.0)], &[json!(5.1)]);
    check(json!({"number": {"gte": 5}}), &[json!(5), json!(1e300)], &[json!(4.9)]);
    check(json!({"number": {"gt": 5}}), &[json!(5.1)], &odd);
}

#[test]
fn all_of_none_is_everybody_and_any_of_none_is_nobody() {
    let on = || json!({"variant": "on"});
    let set = set(
        vec![
            flag("all", json!([rule("r", json!({"all": []}), on())])),
            flag("any", json!([rule("r", json!({"any": []}), on())])),
            flag("not", json!([rule("r", json!({"not": {"any": [country("DE"), country("FR")]}}), on())])),
        ],
        vec![],
    );
    assert_eq!(serves(&set, "all", json!({})), "on TARGETING_MATCH r");
    assert_eq!(serves(&set, "any", json!({})), "off DEFAULT");
    assert_eq!(serves(&set, "not", json!({"country": "US"})), "on TARGETING_MATCH r");
    assert_eq!(serves(&set, "not", json!({"country": "FR"})), "off DEFAULT");
}
