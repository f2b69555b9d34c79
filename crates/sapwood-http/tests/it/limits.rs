//! Every limit at the door: at it accepted, one above refused as `over_limit`, with both figures and the place.

use sapwood_eval::limits::Limits;
use serde_json::{Value, json};

use crate::app::{PRODUCTION, PROJECT, TestApp};

/// A request that asks for so many of something.
type Ask = fn(usize) -> (&'static str, String, Value);

const P: Limits = Limits::PUBLISH;

/// What is limited, the figure, where it is refused, and how it is asked for.
const LIMITS: &[(&str, usize, &str, Ask)] = &[
    ("variants", P.variants, "/flag/variants", |n| flag(named("v", n, |_| json!(true)))),
    ("value_bytes", P.value_bytes, "/flag/variants/v", |n| texts("x".repeat(n - 2))),
    ("rules", P.rules, "/targeting/rules", |n| rules((0..n).map(|_| json!("always")))),
    ("clauses", P.clauses, "/targeting/rules/0/when", |n| rule(json!({"any": vec!["always"; n]}))),
    ("condition_depth", P.condition_depth, "/targeting/rules/0/when", |n| {
        rule((0..n).fold(json!("always"), |inner, _| json!({"not": inner})))
    }),
    ("operands", P.operands, "/targeting/rules/0/when/attribute/test/one_of", |n| {
        test(json!({"one_of": (0..n).collect::<Vec<_>>()}))
    }),
    ("operands of a text test", P.operands, "/targeting/rules/0/when/attribute/test/contains", |n| {
        test(json!({"contains": vec!["x"; n]}))
    }),
    ("networks", P.operands, "/targeting/rules/0/when/attribute/test/cidr", |n| {
        test(json!({"cidr": vec!["10.0.0.0/8"; n]}))
    }),
    ("operand_bytes", P.operand_bytes, "/targeting/rules/0/when/attribute/test/equals", |n| {
        test(json!({"equals": "x".repeat(n)}))
    }),
    ("pattern_bytes", P.pattern_bytes, "/targeting/rules/0/when/attribute/test/matches", |n| {
        test(json!({"matches": "x".repeat(n)}))
    }),
    ("slots", P.slots, "/targeting/rules/0/serve/slots", |n| {
        let slot = |at: usize| json!({"serve": "on", "width": if at == 0 { 100_000 - n + 1 } else { 1 }});
        let slots: Vec<Value> = (0..n).map(slot).collect();
        targeting(json!([{"id": "r", "when": "always", "serve": {"slots": slots}}]))
    }),
    ("segment_ids", P.segment_ids, "/segment/included", |n| segment(json!({"included": keys(n)}))),
    ("segment_ids excluded", P.segment_ids, "/segment/excluded", |n| segment(json!({"excluded": keys(n)}))),
    ("segment_id_bytes", P.segment_id_bytes, "/segment/included/0", |n| {
        segment(json!({"included": ["x".repeat(n)]}))
    }),
    ("clauses of a segment", P.clauses, "/segment/condition", |n| {
        segment(json!({"condition": {"all": vec!["always"; n]}}))
    }),
    ("prerequisite_evaluations", P.prerequisite_evaluations, "/targeting/rules", |n| {
        let asks = json!({"serves": {"flag": "asked", "variants": ["on"]}});
        let all = vec![asks; n];
        rules(all.chunks(P.clauses).map(|some| json!({"any": some})).collect::<Vec<_>>().into_iter())
    }),
    ("rings", P.rollout_parts, "/ladder/stages", |n| {
        let mut stages = vec![json!({"ring": "ring"}); n];
        stages.push(json!({"share": 50_000}));
        rollout(json!({"ladder": {"stages": stages}}))
    }),
    ("prerequisites of a rollout", P.rollout_parts, "/prerequisites", |n| {
        rollout(json!({"prerequisites": vec![json!({"flag": "asked", "variants": ["on"]}); n]}))
    }),
    ("stages", 32, "/ladder/stages", |n| {
        let stages: Vec<Value> = (1..=n).map(|at| json!({"share": at * 100})).collect();
        rollout(json!({"ladder": {"stages": stages}}))
    }),
    ("guardrails", 20, "/guardrails", |n| {
        let guardrail =
            |at: usize| json!({"key": format!("g{at}"), "metric": "errors", "harm": "up", "weight": 1});
        rollout(json!({"guardrails": (0..n).map(guardrail).collect::<Vec<_>>()}))
    }),
    ("tags", 50, "/about/tags", |n| about(json!({"tags": vec!["t"; n]}))),
    ("characters", 2_000, "/about/description", |n| about(json!({"description": "é".repeat(n)}))),
];

fn named(prefix: &str, count: usize, value: impl Fn(usize) -> Value) -> Value {
    Value::Object((0..count).map(|at| (format!("{prefix}{at}"), value(at))).collect())
}

fn keys(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("user-{at}")).collect()
}

fn flag(variants: Value) -> (&'static str, String, Value) {
    ("PUT", format!("{PROJECT}/flags/new"), json!({"flag": {"type": "boolean", "variants": variants}}))
}

fn texts(text: String) -> (&'static str, String, Value) {
    let flag = json!({"type": "string", "variants": {"v": text}});
    ("PUT", format!("{PROJECT}/flags/new"), json!({"flag": flag}))
}

fn about(about: Value) -> (&'static str, String, Value) {
    let flag = json!({"type": "boolean", "variants": {"on": true}});
    ("PUT", format!("{PROJECT}/flags/new"), json!({"flag": flag, "about": about}))
}

fn targeting(rules: Value) -> (&'static str, String, Value) {
    let targeting = json!({"on": true, "off_variant": "off", "rules": rules, "default": {"variant": "off"}});
    ("PUT", format!("{PRODUCTION}/flags/known"), json!({"targeting": targeting}))
}

fn rules(conditions: impl Iterator<Item = Value>) -> (&'static str, String, Value) {
    let rule = |(at, when)| json!({"id": format!("r{at}"), "when": when, "serve": {"variant": "on"}});
    targeting(conditions.enumerate().map(rule).collect())
}

fn rule(when: Value) -> (&'static str, String, Value) {
    rules(std::iter::once(when))
}

fn test(test: Value) -> (&'static str, String, Value) {
    rule(json!({"attribute": {"name": "a", "test": test}}))
}

fn segment(fields: Value) -> (&'static str, String, Value) {
    let mut segment = json!({"condition": {"any": []}});
    segment.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    ("PUT", format!("{PROJECT}/segments/new"), json!({"segment": segment}))
}

fn rollout(fields: Value) -> (&'static str, String, Value) {
    let ladder = json!({"stages": [{"share": 50_000}]});
    let mut rollout = json!({"flag": "known", "baseline": "off", "candidate": "on", "ladder": ladder});
    rollout.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    ("POST", format!("{PRODUCTION}/rollouts"), rollout)
}

/// A server that knows the flags `known` and `asked`, the segment `ring` and the metric `errors`.
async fn app() -> TestApp {
    let app = TestApp::start().await;
    app.flag("known").await;
    app.flag("asked").await;
    let ring = json!({"segment": {"condition": {"any": []}}});
    app.manage("PUT", &format!("{PROJECT}/segments/ring"), ring).await;
    app.manage("PUT", &format!("{PROJECT}/metrics/errors"), json!({"metric": {"kind": "event_rate"}})).await;
    app
}

/// At the limit it is taken; one above it is refused with the figures and the place.
async fn check(
    app: &TestApp,
    what: &str,
    limit: usize,
    path: &str,
    ask: impl Fn(usize) -> (&'static str, String, Value),
) {
    // A trial is decided like the change itself and leaves the next one the same world.
    let tried = async |(method, address, body): (&str, String, Value)| {
        app.send(method, &format!("{address}?dry_run=true"), &app.admin, &body.to_string()).await
    };
    let answer = tried(ask(limit)).await;
    assert!(answer.status.is_success(), "{what} at {limit}: {}", answer.text);
    let answer = tried(ask(limit + 1)).await;
    assert_eq!(answer.problem(), "over_limit", "{what}: {}", answer.text);
    let problem = answer.json();
    assert_eq!(problem["path"], path, "{what}: {}", answer.text);
    let detail = problem["detail"].as_str().unwrap();
    let figures: Vec<usize> = detail.split([' ', ',', ';']).filter_map(|word| word.parse().ok()).collect();
    assert!(figures.contains(&limit) && figures.contains(&(limit + 1)), "{what}: {detail}");
}

#[tokio::test]
async fn each_is_taken_at_its_figure_and_refused_one_above() {
    let app = app().await;
    for (what, limit, path, ask) in LIMITS {
        check(&app, what, *limit, path, ask).await;
    }
}

#[tokio::test]
async fn chains_are_refused_at_the_link_that_makes_them_too_long() {
    let app = app().await;
    let address = |n: usize, at: usize| format!("{PROJECT}/segments/s{n}-{at}");
    let naming = |n: usize, at: usize| json!({"segment": {"condition": {"segment": format!("s{n}-{at}")}}});
    for n in [P.segment_depth, P.segment_depth + 1] {
        app.manage("PUT", &address(n, n), json!({"segment": {"condition": {"any": []}}})).await;
        for at in (1..n).rev() {
            app.manage("PUT", &address(n, at), naming(n, at + 1)).await;
        }
    }
    let first = |n| ("PUT", address(n, 0), naming(n, 1));
    check(&app, "segment_depth", P.segment_depth, "/segment/condition", first).await;

    let asking = |other: String| {
        let when = json!({"serves": {"flag": other, "variants": ["on"]}});
        let rules = json!([{"id": "r", "when": when, "serve": {"variant": "on"}}]);
        json!({"targeting": {"on": true, "off_variant": "off", "rules": rules, "default": {"variant": "off"}}})
    };
    let key = |n: usize, at: usize| format!("f{n}-{at}");
    for n in [P.prerequisite_depth, P.prerequisite_depth + 1] {
        for at in (0..=n).rev() {
            app.flag(&key(n, at)).await;
            if (1..n).contains(&at) {
                app.manage("PUT", &format!("{PRODUCTION}/flags/{}", key(n, at)), asking(key(n, at + 1)))
                    .await;
            }
        }
    }
    let first = |n| ("PUT", format!("{PRODUCTION}/flags/{}", key(n, 0)), asking(key(n, 1)));
    check(&app, "prerequisite_depth", P.prerequisite_depth, "/targeting/rules", first).await;
}

#[tokio::test]
async fn a_flag_has_so_many_rollouts_and_so_many_barred_candidates() {
    let app = app().await;
    let variants = |n: usize| named("v", n, |_| json!(true));
    for key in ["shipped", "barred"] {
        let flag = json!({"flag": {"type": "boolean", "variants": variants(P.rollout_parts + 2)}});
        app.manage("PUT", &format!("{PROJECT}/flags/{key}"), flag).await;
        let targeting = json!({"on": true, "off_variant": "v0", "rules": [], "default": {"variant": "v0"}});
        app.manage("PUT", &format!("{PRODUCTION}/flags/{key}"), json!({"targeting": targeting})).await;
    }
    let ask = |flag: &'static str| {
        move |n: usize| {
            let (method, address, mut body) = rollout(json!({"flag": flag, "baseline": "v0"}));
            body["candidate"] = json!(format!("v{n}"));
            (method, address, body)
        }
    };
    for (flag, step, limit, path) in
        [("shipped", "complete", P.rollouts, "/flag"), ("barred", "roll-back", P.rollout_parts, "/candidate")]
    {
        for n in 1..=limit {
            let (method, address, body) = ask(flag)(n);
            let started = app.manage(method, &address, body).await.json();
            let step = format!("{PRODUCTION}/rollouts/{}/{step}", started["id"].as_str().unwrap());
            app.manage("POST", &step, json!({"reason": "a test"})).await;
            app.pass(1).await;
        }
        let (method, address, body) = ask(flag)(limit + 1);
        let refused = app.send(method, &address, &app.admin, &body.to_string()).await;
        assert_eq!(refused.problem(), "over_limit", "{flag}: {}", refused.text);
        assert_eq!(refused.json()["path"], path, "{}", refused.text);
        let detail = refused.json()["detail"].to_string();
        assert!(detail.contains("17") && detail.contains("16"), "{detail}");
    }
}

#[tokio::test]
async fn a_regular_expression_has_a_size_once_compiled() {
    let app = app().await;
    let (method, address, body) = test(json!({"matches": "^[a-z]{100}$"}));
    assert!(app.send(method, &address, &app.admin, &body.to_string()).await.status.is_success());
    let (method, address, body) = test(json!({"matches": "\\w{200}"}));
    let refused = app.send(method, &address, &app.admin, &body.to_string()).await;
    assert_eq!(refused.problem(), "over_limit");
    assert_eq!(refused.json()["path"], "/targeting/rules/0/when/attribute/test/matches");
    assert!(
        refused.text.contains("takes more than 1048576 bytes compiled, at most 65536"),
        "{}",
        refused.text
    );
}

#[tokio::test]
async fn a_project_has_so_many_flags() {
    let app = TestApp::start().await;
    let flag = |at: usize| json!({"kind": "flag", "key": format!("f{at}"), "flag": {"type": "boolean", "variants": {"on": true}}});
    let mut items: Vec<Value> = (0..P.flags).map(flag).collect();
    let address = format!("{PROJECT}/definitions?dry_run=true");
    let taken = app.send("PUT", &address, &app.admin, &json!({"items": items}).to_string()).await;
    assert!(taken.status.is_success(), "{}", taken.text);
    items.push(flag(P.flags));
    let refused = app.send("PUT", &address, &app.admin, &json!({"items": items}).to_string()).await;
    assert_eq!(refused.problem(), "over_limit");
    let detail = "flags of a project: 10001 is over the limit of 10000";
    let error = json!({"index": P.flags, "code": "over_limit", "detail": detail, "path": "/flag"});
    assert_eq!(refused.json()["errors"], json!([error]));
}

#[tokio::test]
async fn an_environment_that_would_serve_more_than_twice_as_much_needs_a_word() {
    let app = app().await;
    let served = |at: usize| {
        let flag = json!({"type": "string", "variants": {"a": "x".repeat(60_000)}});
        let targeting = json!({"on": true, "off_variant": "a", "rules": [], "default": {"variant": "a"}});
        json!({"kind": "flag", "key": format!("f{at}"), "flag": flag, "environments": {"production": targeting}})
    };
    let items = json!({"items": (0..20).map(served).collect::<Vec<_>>()});
    let address = format!("{PROJECT}/definitions");
    let refused = app.send("PUT", &address, &app.admin, &items.to_string()).await;
    assert_eq!(refused.problem(), "over_limit");
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.starts_with("what environment `production` serves grows from "), "{detail}");
    assert!(detail.contains("`confirm_growth=true`"), "{detail}");
    let meant = app.manage("PUT", &format!("{address}?confirm_growth=true"), items).await.json();
    assert!(meant["warnings"][0].as_str().unwrap().contains("grows from "), "{meant}");
    let more = json!({"items": (20..27).map(served).collect::<Vec<_>>()});
    let more = app.manage("PUT", &address, more).await.json();
    assert_eq!(more["warnings"].as_array().map(Vec::len), Some(1), "{more}");
    let one = app.manage("PUT", &address, json!({"items": [served(27)]})).await.json();
    assert_eq!(one["warnings"], Value::Null, "{one}");
}

#[tokio::test]
async fn a_body_has_a_limit_of_its_address() {
    let app = app().await;
    for (method, address, token, limit) in [
        ("PUT", format!("{PROJECT}/flags/a"), &app.admin, 4 << 20),
        ("PUT", format!("{PROJECT}/definitions"), &app.admin, 64 << 20),
        ("POST", format!("{PRODUCTION}/rollouts"), &app.admin, 4 << 20),
        ("POST", "/api/v1/events".to_owned(), &app.server, 1 << 20),
        ("POST", "/ofrep/v1/evaluate/flags".to_owned(), &app.server, 256 << 10),
    ] {
        let sent = " ".repeat(limit + 1);
        let answer = app.send(method, &address, token, &sent).await;
        assert_eq!(answer.status, 413, "{address}: {}", answer.text);
        let both = format!("the body has {} bytes, which is over the limit of {limit} bytes", limit + 1);
        assert!(answer.text.contains(&both), "{address}: {}", answer.text);
        let at_the_limit = app.send(method, &address, token, &" ".repeat(limit)).await;
        assert_eq!(at_the_limit.status, 400, "read, and no JSON: {address}: {}", at_the_limit.text);
    }
}
