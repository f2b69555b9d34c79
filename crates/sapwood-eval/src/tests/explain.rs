//! Explanations as text: a contract with whoever reads them.

use serde_json::{Value as Json, json};

use super::*;

fn explained(set: &FlagSet, key: &str, context: Json) -> String {
    let context = self::context(context);
    let explanation = set.explain(key, &context, 0).unwrap();
    assert_eq!(explanation.outcome, set.evaluate(key, &context, 0));
    explanation.to_string()
}

fn everything() -> FlagSet {
    let all = json!({"all": [
        {"attribute": {"name": "age", "test": {"number": {"gte": 18}}}},
        {"not": {"attribute": {"name": "country", "test": {"one_of": ["US", "CA", "MX", "BR", "AR", "CL", "PE"]}}}},
        {"any": [
            {"attribute": {"name": "app", "test": {"semver": {"lt": "2.0.0"}}}},
            {"attribute": {"name": "app", "test": "absent"}}
        ]},
        {"now": {"before": "2026-11-01T00:00:00Z"}}
    ]});
    let rollout = with(
        rollout(10_000),
        json!({"after": "grown", "rings": ["internal"], "prerequisites": [{"flag": "base", "variants": ["on"]}]}),
    );
    let top = flag("top", json!([{"id": "grown", "when": all, "serve": {"variant": "on"}}]));
    let base =
        flag("base", json!([{"id": "r", "when": {"segment": "internal"}, "serve": {"variant": "off"}}]));
    let base = with(
        base.clone(),
        json!({"targeting": with(base["targeting"].clone(), json!({"default": {"variant": "on"}}))}),
    );
    set(
        vec![with(top, json!({"rollouts": [rollout]})), base],
        vec![segment("internal", json!({"any": []}), &["dev"])],
    )
}

#[test]
fn a_walk_reads_like_prose() {
    let text = explained(&everything(), "top", json!({"targetingKey": "user-1", "age": 17, "country": "DE"}));
    assert_eq!(
        text,
        r"flag top
  rule grown: no
    all of: no
      age is 17, asked to be a number at least 18: no
  rollout 0192f0c1-2345-7abc-8def-0123456789ab: yes
    prerequisite: flag base serves on: yes
      flag base
        rule r: no
          in segment internal: no
            any of: no
        serves on: no rule decided (DEFAULT)
    in the audience: yes
      everybody: yes
    in ring internal: no
      any of: no
    bucket 8979 is below the share of 10000 (10 %): treated
  serves on: rollout 0192f0c1-2345-7abc-8def-0123456789ab (SPLIT)
"
    );
    let text = explained(&everything(), "top", json!({"targetingKey": "dev", "age": 18, "country": "DE"}));
    assert_eq!(
        text,
        r#"flag top
  rule grown: yes
    all of: yes
      age is 18, asked to be a number at least 18: yes
      not: yes
        country is "DE", asked to be one of "US", "CA", "MX", "BR", "AR" and 2 more: no
      any of: yes
        app is absent, asked to be a version less than 2.0.0: no
        app is absent, asked to be absent: yes
      now is before 2026-11-01T00:00:00Z: yes
  serves on: rule grown (TARGETING_MATCH)
"#
    );
}

#[test]
fn what_is_missing_or_barred_is_said() {
    let text = explained(&everything(), "top", json!({}));
    assert!(text.contains("targetingKey is not a non-empty text, so there is no bucket"), "{text}");
    let text = explained(&everything(), "base", json!({"targetingKey": "dev"}));
    assert!(text.contains("in segment internal: yes\n      listed as included\n"), "{text}");
    let barred = with(
        flag("a", json!([{"id": "r", "when": "always", "serve": {"variant": "on"}}])),
        json!({"barred": [{"candidate": "on", "baseline": "off", "rollout": ROLLOUT}]}),
    );
    let text = explained(&set(vec![barred], vec![]), "a", json!({}));
    assert!(text.contains(&format!("rolled back by rollout {ROLLOUT}, so off takes its place")), "{text}");
    assert!(everything().explain("none", &Context::default(), 0).is_none());
}

#[test]
fn steps_are_data_too() {
    let set =
        set(vec![flag("a", json!([{"id": "r", "when": "always", "serve": {"variant": "on"}}]))], vec![]);
    let subject = Context::default();
    let explanation = set.explain("a", &subject, 0).unwrap();
    assert_eq!(
        serde_json::to_value(&explanation.root).unwrap(),
        json!({"kind": "flag", "text": "flag a", "steps": [
            {"kind": "rule", "text": "rule r", "held": true, "steps": [
                {"kind": "condition", "text": "everybody", "held": true}
            ]},
            {"kind": "answer", "text": "serves on: rule r (TARGETING_MATCH)"}
        ]})
    );
}

#[test]
fn an_explanation_has_an_end() {
    let test = json!({"attribute": {"name": "x", "test": {"equals": 1}}});
    let rule = |n: usize| json!({"id": format!("r{n}"), "when": {"any": vec![test.clone(); 50]}, "serve": {"variant": "on"}});
    let set = set(vec![flag("a", (0..200).map(rule).collect())], vec![]);
    let subject = Context::default();
    let explanation = set.explain("a", &subject, 0).unwrap();
    assert!(explanation.truncated);
    assert!(explanation.to_string().ends_with("(only the first 5000 steps are shown)\n"));
}
