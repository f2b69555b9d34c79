//! Versions, instants, networks and expressions against vectors that a script computes with other libraries.

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::*;
use crate::check_config;

#[derive(Deserialize)]
struct Vectors {
    matches: Vec<Case>,
    refused: Vec<Json>,
}

#[derive(Deserialize)]
struct Case {
    test: Json,
    value: Json,
    matches: bool,
}

fn asks(test: &Json) -> Json {
    let when = json!({"attribute": {"name": "x", "test": test}});
    flag("a", json!([{"id": "r", "when": when, "serve": {"variant": "on"}}]))
}

#[test]
fn operators_match_the_vectors() {
    let text = include_str!("../../../../fixtures/eval/operators.json");
    let Vectors { matches, refused } = serde_json::from_str(text).unwrap();
    assert!(matches.len() > 2_000, "{}", matches.len());
    let mut wrong = Vec::new();
    for case in matches {
        let set = set(vec![asks(&case.test)], vec![]);
        let answer = serves(&set, "a", json!({"x": case.value}));
        if (answer == "on TARGETING_MATCH r") != case.matches {
            wrong.push(format!("{} on {} should be {}", case.test, case.value, case.matches));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for test in refused {
        assert!(!check_config(&config(asks(&test)), &SetConfig::default()).is_empty(), "{test}");
    }
}

#[test]
fn time_is_an_argument() {
    let rule = |when: Json| flag("a", json!([{"id": "r", "when": when, "serve": {"variant": "on"}}]));
    // 2026-11-01T08:00:00Z
    let at = 1_793_520_000_000;
    for (when, before, then) in [
        (json!({"now": {"after": "2026-11-01T09:00:00+01:00"}}), false, true),
        (json!({"now": {"before": "2026-11-01T09:00:00+01:00"}}), true, false),
        (json!({"not": {"now": {"before": "2026-11-01T09:00:00+01:00"}}}), false, true),
    ] {
        let set = set(vec![rule(when.clone())], vec![]);
        let on = |now_ms| said(&set.evaluate("a", &Context::default(), now_ms)) == "on TARGETING_MATCH r";
        assert_eq!((on(at - 1), on(at)), (before, then), "{when}");
        assert_eq!((on(i64::MIN), on(i64::MAX)), (before, then), "{when}");
    }
}

#[test]
fn the_next_boundary_is_the_next_instant_at_which_something_turns() {
    let rule =
        |key: &str, when: Json| flag(key, json!([{"id": "r", "when": when, "serve": {"variant": "on"}}]));
    let now = |side: &str, at: &str| json!({"now": {side: at}});
    // 2026-11-01T08:00:00Z, and the same an hour later.
    let (eight, nine) = (1_793_520_000_000, 1_793_523_600_000);
    let mut off = rule("off", now("after", "2026-11-01T08:30:00Z"));
    off["targeting"]["on"] = json!(false);
    let world = vec![
        rule("a", json!({"not": {"all": [now("before", "2026-11-01T09:00:00+01:00"), {"segment": "s"}]}})),
        rule("asks", json!({"serves": {"flag": "a", "variants": ["on"]}})),
        rule("plain", json!("always")),
        off,
    ];
    let set = set(world, vec![segment("s", now("after", "2026-11-01T09:00:00Z"), &[])]);
    let boundaries = [i64::MIN, eight - 1, eight, nine - 1, nine, i64::MAX].map(|at| set.next_boundary(at));
    assert_eq!(boundaries, [Some(eight), Some(eight), Some(nine), Some(nine), None, None]);
    let turned = |set: &FlagSet, after, until| -> Vec<String> {
        set.turned(after, until).into_iter().map(|flag| flag.key().to_string()).collect()
    };
    assert_eq!(turned(&set, eight - 1, eight), ["a", "asks"]);
    assert_eq!(turned(&set, eight, nine - 1), Vec::<String>::new());
    let (changed, _) = set.republish(config(rule("plain", now("before", "2026-11-01T08:00:00.001Z"))));
    assert_eq!(changed.next_boundary(eight), Some(eight + 1));
    for (at, last) in [
        (i64::MIN, None),
        (eight - 1, None),
        (eight, Some(eight)),
        (nine, Some(nine)),
        (i64::MAX, Some(nine)),
    ] {
        assert_eq!(set.last_boundary(at), last, "{at}");
    }
    assert_eq!(turned(&changed, eight, nine), ["a", "asks", "plain"]);
    let (back, _) = changed.republish(config(rule("plain", json!("always"))));
    assert_eq!(back.next_boundary(eight), Some(nine));
    assert_eq!(back.without(&"a".parse().unwrap()).next_boundary(i64::MIN), None);
}

#[test]
fn an_expression_takes_time_linear_in_the_text() {
    // The classic that takes a backtracking engine longer than the universe has existed.
    let set = set(vec![asks(&json!({"matches": "^(a+)+$"}))], vec![]);
    let text = format!("{}!", "a".repeat(4_000));
    assert_eq!(serves(&set, "a", json!({"x": text})), "off DEFAULT");
}
