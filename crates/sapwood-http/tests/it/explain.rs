//! Explanations over HTTP: the same answer as evaluation, and of a draft the same as putting it would give.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::app::{PRODUCTION, PROJECT, TestApp};

const STAGING: &str = "/api/v1/projects/default/environments/staging";

async fn explain(app: &TestApp, key: &str, body: Value) -> Value {
    app.manage("POST", &format!("{PRODUCTION}/flags/{key}/explain"), body).await.json()
}

fn rules(rules: &Value) -> Value {
    json!({"on": true, "off_variant": "off", "rules": rules, "default": {"variant": "off"}})
}

fn to_staff() -> Value {
    json!([{"id": "staff", "when": {"segment": "staff"}, "serve": {"variant": "on"}}])
}

#[tokio::test]
async fn a_flag_that_is_not_served_here_is_told_from_one_that_is_not_there() {
    let app = TestApp::start().await;
    app.flag("checkout").await;
    let at = format!("{STAGING}/flags/checkout/explain");
    let answer = app.manage("POST", &at, json!({})).await.json();
    assert_eq!((&answer["error_code"], &answer["variant"]), (&json!("FLAG_NOT_FOUND"), &Value::Null));
    assert_eq!(
        answer["text"],
        "flag checkout\n  is not served: it has no targeting in staging; put some there, or ask with a draft (FLAG_NOT_FOUND)\n"
    );
    assert_eq!(answer["steps"]["steps"][0]["kind"], "answer");
    let path = "/ofrep/v1/evaluate/flags/checkout?environment=staging";
    let evaluated = app.send("POST", path, &app.admin, r#"{"context":{}}"#).await;
    assert_eq!(
        (evaluated.status, &evaluated.json()["errorCode"]),
        (StatusCode::NOT_FOUND, &json!("FLAG_NOT_FOUND"))
    );
    let draft =
        json!({"targeting": rules(&json!([{"id": "all", "when": "always", "serve": {"variant": "on"}}]))});
    assert_eq!(app.manage("POST", &at, draft).await.json()["variant"], "on");

    for (key, said) in [
        ("chekout", "there is no flag `chekout`; did you mean `checkout`?"),
        ("xyz", "there is no flag `xyz`; define it first, or check the name"),
    ] {
        let answer = app.send("POST", &format!("{PRODUCTION}/flags/{key}/explain"), &app.admin, "{}").await;
        assert_eq!(answer.problem(), "unknown_reference");
        assert_eq!(answer.json()["detail"], said);
    }
    app.manage("DELETE", &format!("{PROJECT}/flags/checkout"), json!({})).await;
    let answer = app.send("POST", &at, &app.admin, "{}").await;
    assert_eq!(
        answer.json()["detail"],
        "flag `checkout` is retired and serves nobody; its key is never used again"
    );
    let nowhere = "/api/v1/projects/default/environments/nowhere/flags/checkout/explain";
    assert_eq!(app.send("POST", nowhere, &app.admin, "{}").await.problem(), "not_found");
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one world, and a table of what is asked of it")]
async fn a_draft_is_refused_and_warned_of_as_putting_it_would_be() {
    let app = TestApp::start().await;
    app.flag("checkout").await;
    let segment = |who: &str| json!({"segment": {"condition": {"any": []}, "included": [who]}});
    app.manage("PUT", &format!("{PROJECT}/segments/staff"), segment("ada")).await;
    let (address, definition) = (format!("{PRODUCTION}/flags/checkout"), format!("{PROJECT}/flags/checkout"));
    app.manage("PUT", &address, json!({"targeting": rules(&to_staff())})).await;
    let rollout = json!({
        "flag": "checkout", "baseline": "off", "candidate": "on", "after": "staff",
        "ladder": {"stages": [{"share": 50_000}]},
    });
    app.manage("POST", &format!("{PRODUCTION}/rollouts"), rollout).await;
    let edited =
        rules(&json!([{"id": "staff", "when": {"not": {"segment": "staff"}}, "serve": {"variant": "on"}}]));
    let flag = |changes: Value| {
        let mut flag = json!({"type": "boolean", "variants": {"on": true, "off": false}});
        flag.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        flag
    };
    for (field, value, put, body, outcome) in [
        (
            "targeting",
            rules(&json!([])),
            &address,
            json!({"targeting": rules(&json!([]))}),
            "fixed_by_rollout",
        ),
        ("targeting", edited.clone(), &address, json!({"targeting": edited}), "3"),
        ("targeting", rules(&to_staff()), &address, json!({"targeting": rules(&to_staff())}), "0"),
        (
            "flag",
            flag(json!({"unit": "account"})),
            &definition,
            json!({"flag": flag(json!({"unit": "account"}))}),
            "fixed_by_rollout",
        ),
        (
            "flag",
            flag(json!({"variants": {"on": false, "off": true}})),
            &definition,
            json!({"flag": flag(json!({"variants": {"on": false, "off": true}}))}),
            "fixed_for_life",
        ),
        (
            "flag",
            flag(json!({"client_visible": true})),
            &definition,
            json!({"flag": flag(json!({"client_visible": true}))}),
            "1",
        ),
    ] {
        let tried = app.send("PUT", &format!("{put}?dry_run=true"), &app.admin, &body.to_string()).await;
        let draft = json!({field: value}).to_string();
        let explained = app.send("POST", &format!("{address}/explain"), &app.admin, &draft).await;
        assert_eq!(explained.status, tried.status, "{draft} {}", explained.text);
        if explained.status.is_success() {
            assert_eq!(explained.json()["would"], tried.json()["would"], "{draft}");
            assert_eq!(
                explained.json()["would"].as_array().unwrap().len().to_string(),
                outcome,
                "{}",
                explained.text
            );
        } else {
            assert_eq!(explained.problem(), outcome);
            assert_eq!(explained.text, tried.text);
        }
    }
    // A segment that the live rollout reads pauses it, as the change would.
    let draft = json!({"segments": {"staff": segment("bob")["segment"]}, "context": {"targetingKey": "bob"}});
    let answer = explain(&app, "checkout", draft).await;
    let tried =
        app.manage("PUT", &format!("{PROJECT}/segments/staff?dry_run=true"), segment("bob")).await.json();
    assert_eq!((&answer["variant"], &answer["would"]), (&json!("on"), &tried["would"]));
    assert_eq!(answer["would"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn what_a_draft_says_is_what_putting_it_gives() {
    let app = TestApp::start().await;
    app.flag("checkout").await;
    let flag = json!({"type": "boolean", "variants": {"on": true, "off": false}, "client_visible": true, "unit": "account"});
    let segment = json!({"condition": {"attribute": {"name": "mail", "test": {"ends_with": ["@example.org"]}}}, "included": ["ada"]});
    let split = json!([
        {"id": "staff", "when": {"segment": "staff"}, "serve": {"variant": "on"}},
        {"id": "half", "when": "always", "serve": {"slots": [{"serve": "on", "width": 50_000}, {"serve": null, "width": 50_000}]}}
    ]);
    let draft = json!({"flag": flag, "targeting": rules(&split), "segments": {"staff": segment}});
    let version = app.get(PROJECT).await.json()["version"].clone();
    let contexts = [
        json!({"targetingKey": "ada"}),
        json!({"targetingKey": "bob", "mail": "bob@example.org"}),
        json!({"targetingKey": "cyd", "account": "c1"}),
        json!({"targetingKey": "dan", "account": "c2"}),
        json!({"targetingKey": "eve", "account": "c5"}),
        json!({}),
    ];
    let mut said = Vec::new();
    for context in &contexts {
        let mut asked = draft.clone();
        asked["context"] = context.clone();
        let answer = explain(&app, "checkout", asked).await;
        let kinds: Vec<_> =
            answer["would"].as_array().unwrap().iter().map(|one| one["kind"].clone()).collect();
        assert_eq!(kinds.len(), 3, "{kinds:?}");
        assert!(kinds.contains(&json!("segment_defined.v1")), "{kinds:?}");
        said.push(json!([answer["variant"], answer["value"], answer["reason"]]));
    }
    assert!(
        said.contains(&json!(["on", true, "SPLIT"])) && said.contains(&json!(["off", false, "DEFAULT"])),
        "{said:?}"
    );
    assert_eq!(app.get(PROJECT).await.json()["version"], version, "nothing was appended");
    assert_eq!(app.get(&format!("{PROJECT}/segments/staff")).await.problem(), "not_found");
    assert_eq!(app.evaluate("checkout", contexts[0].clone()).await.json()["variant"], "off");

    app.manage("PUT", &format!("{PROJECT}/segments/staff"), json!({"segment": segment})).await;
    app.manage("PUT", &format!("{PROJECT}/flags/checkout"), json!({"flag": flag})).await;
    app.manage("PUT", &format!("{PRODUCTION}/flags/checkout"), json!({"targeting": rules(&split)})).await;
    for (context, said) in contexts.iter().zip(said) {
        let evaluated = app.evaluate("checkout", context.clone()).await.json();
        assert_eq!(json!([evaluated["variant"], evaluated["value"], evaluated["reason"]]), said, "{context}");
        let explained = explain(&app, "checkout", json!({"context": context})).await;
        assert_eq!(json!([explained["variant"], explained["value"], explained["reason"]]), said);
        assert_eq!(explained["would"], Value::Null);
    }
}

#[tokio::test]
async fn a_draft_has_its_places_in_its_own_request() {
    let app = TestApp::start().await;
    app.flag("checkout").await;
    let address = format!("{PRODUCTION}/flags/checkout/explain");
    let unknown = json!({"segment": "none"});
    for (draft, place) in [
        (json!({"segments": {"staff": {"condition": {"segmnt": "a"}}}}), "/segments/staff/condition/segmnt"),
        (json!({"segments": {"staff": {"condition": unknown}}}), "/segments/staff/condition/segment"),
        (json!({"segments": {"st aff": {"condition": "always"}}}), "/segments/st aff"),
        (json!({"flag": {"type": "boolean", "variants": {"on": 1}}}), "/flag/variants/on"),
        (json!({"flag": {"type": "boolean", "variants": {}}}), "/flag/variants"),
        (
            json!({"targeting": rules(&json!([{"id": "a", "when": unknown, "serve": {"variant": "on"}}]))}),
            "/targeting/rules/0/when/segment",
        ),
        (json!({"targeting": rules(&to_staff())}), "/targeting/rules/0/when/segment"),
    ] {
        let answer = app.send("POST", &address, &app.admin, &draft.to_string()).await;
        // What is named and not there is a case of its own.
        let code = if place.ends_with("/segment") { "unknown_reference" } else { "invalid_value" };
        assert_eq!(answer.problem(), code, "{draft}");
        assert_eq!(answer.json()["path"], place, "{}", answer.text);
    }
    // Together they are whole.
    let whole = json!({"targeting": rules(&to_staff()), "segments": {"staff": {"condition": "always"}}});
    assert_eq!(explain(&app, "checkout", whole).await["variant"], "on");
    // Everything that is wrong is said, each at its place.
    let twice = json!({"targeting": rules(&to_staff()), "segments": {"other": {"condition": unknown}}});
    let answer = app.send("POST", &address, &app.admin, &twice.to_string()).await;
    assert_eq!(answer.problem(), "unknown_reference");
    let mut places: Vec<_> =
        answer.json()["errors"].as_array().unwrap().iter().map(|one| one["path"].clone()).collect();
    places.sort_by_key(ToString::to_string);
    assert_eq!(places, ["/segments/other/condition/segment", "/targeting/rules/0/when/segment"]);
}
