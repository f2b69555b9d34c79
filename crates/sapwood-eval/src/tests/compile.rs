//! Compilation: what is refused and how it is said, isolation, prerequisites, republishing.

use serde_json::{Value as Json, json};

use super::*;
use crate::{FlagKey, Subject, check, check_config, check_segment};

fn problems(flags: Vec<Json>, segments: Vec<Segment>, of: Json) -> Vec<String> {
    let found = check_config(&config(of), &world(flags, segments));
    found.iter().map(ToString::to_string).collect()
}

fn asks(key: &str, others: &[&str]) -> Json {
    let parts: Vec<Json> =
        others.iter().map(|flag| json!({"serves": {"flag": flag, "variants": ["on"]}})).collect();
    flag(key, json!([{"id": "r", "when": {"all": parts}, "serve": {"variant": "on"}}]))
}

#[test]
fn problems_say_where_what_and_how() {
    let refuses = |config: Json, expected: &str| {
        let found =
            problems(vec![flag("other", json!([]))], vec![segment("known", json!("always"), &[])], config);
        assert!(found.iter().any(|problem| problem.starts_with(expected)), "{expected}: {found:#?}");
    };
    let one = |when: Json, serve: Json| flag("a", json!([{"id": "r", "when": when, "serve": serve}]));
    let test = |test: Json| one(json!({"attribute": {"name": "x", "test": test}}), json!({"variant": "on"}));
    let on = json!({"variant": "on"});
    refuses(
        one(json!("always"), json!({"variant": "onn"})),
        "/targeting/rules/0/serve/variant: flag a has no variant onn; use one of off, on",
    );
    refuses(
        one(json!("always"), json!({"slots": [{"serve": "on", "width": 5}]})),
        "/targeting/rules/0/serve/slots: the widths add up to 5 instead of 100000",
    );
    refuses(
        one(json!({"segment": "s"}), on.clone()),
        "/targeting/rules/0/when/segment: there is no segment s",
    );
    refuses(
        one(json!({"all": [{"not": {"serves": {"flag": "b", "variants": ["on"]}}}]}), on.clone()),
        "/targeting/rules/0/when/all/0/not/serves/flag: there is no flag b",
    );
    refuses(
        one(json!({"serves": {"flag": "other", "variants": ["x"]}}), on),
        "/targeting/rules/0/when/serves/variants: flag other has no variant x; use one of off, on",
    );
    refuses(test(json!({"one_of": []})), "/targeting/rules/0/when/attribute/test/one_of: the list is empty");
    refuses(
        test(json!({"contains": [""]})),
        "/targeting/rules/0/when/attribute/test/contains/0: an empty text",
    );
    let mut default = flag("a", json!([]));
    default["targeting"]["default"] = json!({"slots": [{"serve": null, "width": 100_000}]});
    refuses(default.clone(), "/targeting/default: the default passes on");
    default["targeting"]["off_variant"] = json!("x");
    refuses(default, "/targeting/off_variant: flag a has no variant x");
    refuses(with(flag("a", json!([])), json!({"break_glass": "x"})), "/break_glass: flag a has no variant x");
    let rolled = |changes: Json| with(flag("a", json!([])), json!({"rollouts": [with(rollout(1), changes)]}));
    refuses(rolled(json!({"after": "x"})), "/rollouts/0/after: there is no rule x");
    refuses(rolled(json!({"candidate": "off"})), "/rollouts/0: baseline and candidate are both off");
    refuses(rolled(json!({"rings": ["known", "x"]})), "/rollouts/0/rings/1: there is no segment x");
    let two = json!([rollout(1), with(rollout(1), json!({"id": OTHER_ROLLOUT}))]);
    refuses(
        with(flag("a", json!([])), json!({"rollouts": two})),
        "/rollouts: more than one rollout is running",
    );
    let same = json!([{"id": "r", "when": "always", "serve": {"variant": "on"}}, {"id": "r", "when": "always", "serve": {"variant": "on"}}]);
    refuses(flag("a", same), "/targeting/rules/1/id: another rule has the id r");
    let mut layered = flag("a", json!([]));
    layered["flag"]["layer"] = json!({"layer": "l", "salt": "l1", "from": 90_000, "width": 20_000});
    refuses(layered, "/flag/layer: the slice 90000..110000 is empty or reaches beyond 100000");
}

#[test]
fn everything_wrong_is_found_at_once() {
    let rules = json!([
        {"id": "r", "when": {"segment": "s"}, "serve": {"variant": "x"}},
        {"id": "q", "when": {"segment": "t"}, "serve": {"variant": "y"}},
    ]);
    assert_eq!(problems(vec![], vec![], flag("a", rules)).len(), 4);
    assert!(problems(vec![], vec![], flag("a", json!([]))).is_empty());
}

#[test]
fn limits_name_their_figure() {
    let refuses = |config: Json, expected: &str| {
        let found = problems(vec![], vec![], config);
        assert!(found.iter().any(|problem| problem.contains(expected)), "{expected}: {found:#?}");
    };
    let rule = |n: usize| json!({"id": format!("r{n}"), "when": "always", "serve": {"variant": "on"}});
    refuses(flag("a", (0..101).map(rule).collect()), "/targeting/rules: 101 rules, at most 100 are allowed");
    let clauses: Vec<Json> = vec![json!("always"); 51];
    refuses(
        flag("a", json!([{"id": "r", "when": {"all": clauses}, "serve": {"variant": "on"}}])),
        "51 clauses in one condition, at most 50",
    );
    for empty in [json!({"all": []}), json!({"any": []})] {
        let groups = vec![empty; 51];
        refuses(
            flag("a", json!([{"id": "r", "when": {"any": groups}, "serve": {"variant": "on"}}])),
            "51 clauses in one condition, at most 50",
        );
    }
    let deep = (0..9).fold(json!("always"), |inner, _| json!({"not": inner}));
    refuses(
        flag("a", json!([{"id": "r", "when": deep, "serve": {"variant": "on"}}])),
        "9 levels around a leaf, at most 8 are allowed",
    );
    let mut big = flag("a", json!([]));
    big["flag"]["type"] = json!("string");
    big["flag"]["variants"] = json!({"off": "x".repeat(65_536), "on": ""});
    refuses(big, "/flag/variants/off: 65538 bytes of value as JSON, at most 65536");
    let ids: Vec<String> = (0..10_001).map(|n| n.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let found = check_segment(&segment("s", json!("always"), &ids), &SetConfig::default());
    assert_eq!(
        found[0].to_string(),
        "/included: 10001 targeting keys, at most 10000 are allowed; use at most 10000 targeting keys"
    );
}

#[test]
fn a_reader_takes_twice_what_may_be_published() {
    let rule = |n: usize| json!({"id": format!("r{n}"), "when": "always", "serve": {"variant": "on"}});
    let big = |count| flag("a", (0..count).map(rule).collect());
    assert!(!problems(vec![], vec![], big(200)).is_empty());
    assert_eq!(FlagSet::compile(world(vec![big(200)], vec![]), None).1, []);
    assert_eq!(FlagSet::compile(world(vec![big(201)], vec![]), None).1.len(), 1);
}

#[test]
fn one_flag_that_does_not_compile_keeps_its_previous_version() {
    let bad =
        |key: &str| flag(key, json!([{"id": "r", "when": {"segment": "none"}, "serve": {"variant": "on"}}]));
    let first = set(vec![flag("a", json!([])), flag("b", json!([]))], vec![]);
    let next = with(flag("b", json!([])), json!({"revision": 2}));
    let (second, warnings) = FlagSet::compile(world(vec![bad("a"), next, bad("c")], vec![]), Some(&first));
    let said: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 2);
    assert!(said[0].starts_with(
        "flag a keeps its previous version: /targeting/rules/0/when/segment: there is no segment none"
    ));
    assert!(said[1].starts_with("flag c is not served: "));
    assert_eq!(warnings[0].subject, Subject::Flag(FlagKey::try_from("a").unwrap()));
    assert_eq!(serves(&second, "a", json!({})), "off STATIC");
    assert_eq!(second.get("b").unwrap().config().revision, 2);
    assert_eq!(serves(&second, "c", json!({})), "not found");
}

#[test]
fn a_flag_keeps_the_segment_it_was_compiled_with() {
    let uses = || flag("a", json!([{"id": "r", "when": {"segment": "s"}, "serve": {"variant": "on"}}]));
    let first = set(vec![uses()], vec![segment("s", json!("always"), &[])]);
    let bad = segment("s", json!({"segment": "none"}), &[]);
    let (second, warnings) = FlagSet::compile(world(vec![uses()], vec![bad.clone()]), Some(&first));
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].kept_previous);
    assert_eq!(serves(&second, "a", json!({})), "on TARGETING_MATCH r");
    let (third, warnings) = FlagSet::compile(world(vec![uses()], vec![bad]), None);
    assert!(warnings.iter().any(|warning| warning.to_string().contains("segment s does not compile")));
    assert!(third.is_empty());
    let (fourth, _) = FlagSet::compile(world(vec![uses()], vec![]), Some(&first));
    assert_eq!(serves(&fourth, "a", json!({})), "on TARGETING_MATCH r");
}

#[test]
fn circles_are_refused_by_name() {
    let flags = || vec![asks("a", &["b"]), asks("b", &["c"]), asks("c", &["a"]), asks("d", &["a"])];
    let (set, warnings) = FlagSet::compile(world(flags(), vec![]), None);
    let said: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 3, "{said:#?}");
    assert!(said[0].contains("prerequisites form a circle: a → b → c → a"), "{}", said[0]);
    assert_eq!(serves(&set, "d", json!({})), "off DEFAULT");
    assert!(problems(vec![], vec![], asks("a", &["a"]))[0].contains("circle: a → a"));
    let circle = [segment("s", json!({"segment": "t"}), &[]), segment("t", json!({"segment": "s"}), &[])];
    let (_, warnings) = FlagSet::compile(SetConfig::new([], circle), None);
    let said: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert!(said.iter().any(|said| said.contains("in a circle: s → t → s")), "{said:#?}");
}

#[test]
fn prerequisites_are_bounded_in_depth_and_number() {
    let chain = |length: usize| {
        let mut flags = vec![flag("f0", json!([]))];
        flags.extend((1..=length).map(|n| asks(&format!("f{n}"), &[&format!("f{}", n - 1)])));
        flags
    };
    let fine = chain(8);
    assert!(problems(fine.clone(), vec![], fine[8].clone()).is_empty());
    let deep = chain(9);
    assert!(problems(deep.clone(), vec![], deep[9].clone())[0].contains("9 deep, at most 8"));
    let mut off = deep[9].clone();
    off["targeting"]["on"] = json!(false);
    assert!(problems(deep.clone(), vec![], off).is_empty(), "a flag that is off asks nobody");
    let mut wide = vec![flag("w0", json!([]))];
    wide.extend((1..=7).map(|n| asks(&format!("w{n}"), &[&format!("w{}", n - 1), &format!("w{}", n - 1)])));
    assert!(problems(wide.clone(), vec![], wide[7].clone())[0].contains("at most 128 are allowed"));
}

#[test]
fn a_prerequisite_follows_the_flag_it_asks() {
    let mut asked = flag("asked", json!([]));
    asked["targeting"]["default"] = json!({"variant": "on"});
    let first = set(vec![asked, asks("a", &["asked"])], vec![]);
    assert_eq!(serves(&first, "a", json!({})), "on TARGETING_MATCH r");
    let (second, warnings) = first.republish(config(flag("asked", json!([]))));
    assert_eq!(warnings, []);
    assert_eq!(serves(&second, "a", json!({})), "off DEFAULT");
    assert_eq!(serves(&first, "a", json!({})), "on TARGETING_MATCH r");
    assert_eq!(serves(&second.without(&FlagKey::try_from("asked").unwrap()), "a", json!({})), "off DEFAULT");
}

#[test]
fn republishing_says_what_compiling_everything_would() {
    let first = set(vec![flag("asked", json!([])), asks("a", &["asked"])], vec![]);
    let mut changed = flag("asked", json!([]));
    changed["flag"]["variants"] = json!({"off": false});
    let whole = FlagSet::compile(world(vec![changed.clone(), asks("a", &["asked"])], vec![]), Some(&first));
    let (second, warnings) = first.republish(config(changed));
    assert_eq!(warnings, whole.1);
    assert_eq!(warnings.len(), 1);
    assert_eq!(serves(&second, "a", json!({})), serves(&whole.0, "a", json!({})));
    let (third, warnings) = second.republish(config(asks("asked", &["a"])));
    assert!(warnings[0].to_string().contains("circle: asked → a → asked"), "{}", warnings[0]);
    assert_eq!(third.get("asked").unwrap().config(), second.get("asked").unwrap().config());
}

#[test]
fn republishing_shares_what_did_not_change() {
    let first = set(vec![flag("a", json!([])), flag("c", json!([]))], vec![]);
    let (second, _) = first.republish(config(flag("b", json!([]))));
    assert_eq!(second.keys().map(FlagKey::as_str).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert!(std::sync::Arc::ptr_eq(first.get("c").unwrap(), second.get("c").unwrap()));
    assert_eq!(serves(&second, "b", json!({})), "off STATIC");
    assert_eq!(serves(&first, "b", json!({})), "not found");
}

#[test]
fn operands_that_cannot_be_read_are_refused_with_a_remedy() {
    let refuses = |test: Json, expected: &str| {
        let when = json!({"attribute": {"name": "x", "test": test}});
        let found = problems(
            vec![],
            vec![],
            flag("a", json!([{"id": "r", "when": when, "serve": {"variant": "on"}}])),
        );
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].contains(expected), "{expected}: {found:#?}");
    };
    refuses(
        json!({"semver": {"lt": "2.0.0.0"}}),
        "/test/semver: \"2.0.0.0\" is not a version; write it as 2.3.0",
    );
    refuses(
        json!({"date_time": {"after": "2026-11-01"}}),
        "/test/date_time: \"2026-11-01\" is not an RFC 3339 instant",
    );
    refuses(json!({"cidr": ["10.0.0.0/8", "10.0.0.0/33"]}), "/test/cidr/1: \"10.0.0.0/33\" is not a network");
    refuses(
        json!({"cidr": ["10.1.0.0/8"]}),
        "bits set beyond its prefix; write 10.0.0.0/8, or the address alone",
    );
    refuses(json!({"matches": "a("}), "/test/matches: not a regular expression: unclosed group; use");
    refuses(
        json!({"matches": "(?=a)"}),
        "look-around, including look-ahead and look-behind, is not supported",
    );
    refuses(json!({"matches": "x".repeat(257)}), "257 bytes in one regular expression, at most 256");
    refuses(
        json!({"matches": "\\w{100}"}),
        "takes more than 1048576 bytes compiled, at most 65536 are allowed; repeat less",
    );
    refuses(
        json!({"matches": "((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))))"}),
        "the expression is nested 34 levels deep, at most 32 are allowed; take out",
    );
}

#[test]
fn checking_needs_no_rollouts() {
    let FlagConfig { flag, targeting, .. } = config(flag("a", json!([])));
    assert_eq!(check(&flag, &targeting, &SetConfig::default()), []);
}

#[test]
fn flags_of_one_layer_may_not_overlap() {
    let layered = |key: &str, salt: &str, from: u32, width: u32| {
        let mut made = flag(key, json!([]));
        made["flag"]["layer"] = json!({"layer": "pricing", "salt": salt, "from": from, "width": width});
        made
    };
    let others = || vec![layered("b", "l1", 0, 20_000), layered("a", "l1", 90_000, 1)];
    assert!(problems(others(), vec![], layered("a", "l1", 20_000, 80_000)).is_empty());
    let found = problems(others(), vec![], layered("a", "l1", 19_999, 10));
    assert_eq!(
        found,
        [
            "/flag/layer: the slice 19999..20009 overlaps 0..20000 of flag b in layer pricing; take a free part of the layer"
        ]
    );
    let found = problems(others(), vec![], layered("a", "l2", 50_000, 10));
    assert!(found[0].contains("flag b knows layer pricing by the salt l1, not l2"), "{found:?}");
    let (set, warnings) =
        FlagSet::compile(world(vec![layered("a", "l1", 0, 9), layered("b", "l1", 0, 9)], vec![]), None);
    assert_eq!((set.len(), warnings.len()), (2, 0));
}
