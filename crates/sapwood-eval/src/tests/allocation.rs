//! Evaluation allocates nothing, counted by an allocator rather than believed.

use serde_json::json;

use super::*;

#[test]
fn evaluating_allocates_nothing() {
    let tests = [
        json!("present"),
        json!({"equals": "DE"}),
        json!({"one_of": ["DE", "FR", 5, true]}),
        json!({"contains": ["E"]}),
        json!({"starts_with": ["D"]}),
        json!({"ends_with": ["E"]}),
        json!({"number": {"lt": 5}}),
        json!({"semver": {"lt": "2.0.0-beta.1"}}),
        json!({"date_time": {"before": "2026-11-01T00:00:00Z"}}),
        json!({"cidr": ["10.0.0.0/8"]}),
    ];
    let rule = |(at, test)| {
        let never = json!({"any": [
            {"all": [{"attribute": {"name": "x", "test": test}}, {"segment": "staff"}]},
            {"serves": {"flag": "asked", "variants": ["off"]}},
            {"not": {"now": {"after": "2026-11-01T00:00:00Z"}}}
        ]});
        json!({"id": format!("r{at}"), "when": never, "serve": {"variant": "on"}})
    };
    let asked = with(flag("asked", json!([])), json!({"rollouts": [rollout(100_000)]}));
    let rollouts = json!([with(rollout(50_000), json!({"rings": ["staff"], "after": "r3"}))]);
    let flags = vec![
        asked,
        with(flag("a", tests.into_iter().enumerate().map(rule).collect()), json!({"rollouts": rollouts})),
    ];
    let set = set(
        flags,
        vec![segment("staff", json!({"attribute": {"name": "mail", "test": "present"}}), &["dev"])],
    );
    for value in [
        json!("DE"),
        json!(5),
        json!("1.0.0-alpha.7"),
        json!("2025-01-01T00:00:00Z"),
        json!("10.1.2.3"),
        json!(["DE"]),
    ] {
        let subject = context(json!({"targetingKey": "u1", "x": value}));
        let info = allocation_counter::measure(|| {
            for key in ["a", "asked", "none"] {
                std::hint::black_box(set.evaluate(key, &subject, 1_800_000_000_000));
            }
        });
        assert_eq!(info.count_total, 0);
    }
}

/// Every operator but one allocates nothing from the first evaluation on. Regular expressions are the exception that the
/// crate's page names: scratch space on a thread's first match, and room for what a new text makes the matcher learn.
#[test]
fn expressions_allocate_a_bounded_scratch_space_at_first_and_nothing_once_warm() {
    const SCRATCH_BYTES_MAX: u64 = 512 << 10;
    for (pattern, text) in [
        ("^[a-z]+@example\\.(com|org)$", "ada@example.org".to_owned()),
        ("(?i)berlin", "somewhere in Berlin".to_owned()),
        ("^(a+)+$", "a".repeat(4_000)),
        ("\\bfoo\\b|x{2,3}y", "a foo b".to_owned()),
    ] {
        let when = json!({"attribute": {"name": "x", "test": {"matches": pattern}}});
        let set =
            set(vec![flag("a", json!([{"id": "r", "when": when, "serve": {"variant": "on"}}]))], vec![]);
        let (subject, other) = (context(json!({"x": text})), context(json!({"x": "nothing of the sort"})));
        let measured = |subject: &Context| {
            allocation_counter::measure(|| {
                std::hint::black_box(set.evaluate("a", subject, 0));
            })
        };
        let first = measured(&subject);
        assert!(first.bytes_total <= SCRATCH_BYTES_MAX, "{pattern}: {first:?}");
        assert!(measured(&other).bytes_total <= SCRATCH_BYTES_MAX, "{pattern}");
        assert_eq!(said(&set.evaluate("a", &subject, 0)), "on TARGETING_MATCH r", "{pattern}");
        for subject in [&subject, &other] {
            assert_eq!(measured(subject).count_total, 0, "{pattern}");
        }
    }
}

#[test]
fn everything_but_expressions_allocates_nothing_the_first_time() {
    for test in [
        json!({"one_of": ["DE", "FR", 5, true]}),
        json!({"contains": ["E"]}),
        json!({"semver": {"lt": "2.0.0-beta.1"}}),
        json!({"date_time": {"before": "2026-11-01T00:00:00Z"}}),
        json!({"cidr": ["10.0.0.0/8"]}),
    ] {
        let when = json!({"attribute": {"name": "x", "test": test}});
        let set =
            set(vec![flag("a", json!([{"id": "r", "when": when, "serve": {"variant": "on"}}]))], vec![]);
        let subject = context(json!({"targetingKey": "u1", "x": "1.0.0-alpha.7"}));
        let info = allocation_counter::measure(|| {
            std::hint::black_box(set.evaluate("a", &subject, 0));
        });
        assert_eq!(info.count_total, 0, "{test}");
    }
}
