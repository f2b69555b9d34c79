//! Conditions, trials and pages: what `If-Match`, `If-None-Match`, `?dry_run` and cursors promise.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::app::{Answer, PRODUCTION, PROJECT, TestApp};

const METRIC: &str = "/api/v1/projects/default/metrics/errors";

fn metric(description: &str) -> Value {
    json!({"metric": {"kind": "event_rate"}, "description": description})
}

async fn with(app: &TestApp, method: &str, path: &str, header: (&str, &str), body: &Value) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost")
        .header("authorization", format!("Bearer {}", app.admin))
        .header(header.0, header.1);
    let body = if body.is_null() { String::new() } else { body.to_string() };
    app.raw(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn a_change_happens_only_to_what_was_read() {
    let app = TestApp::start().await;
    let put = async |header, text| with(&app, "PUT", METRIC, header, &metric(text)).await;
    assert_eq!(put(("if-match", "*"), "a").await.problem(), "revision_moved", "there is none yet");
    let made = put(("if-none-match", "*"), "a").await;
    let first = made.header("etag").to_owned();
    assert_eq!(first, format!("\"{}\"", made.json()["revision"]));
    assert_eq!(put(("if-none-match", "*"), "a").await.problem(), "revision_moved", "there is one now");

    app.flag("unrelated").await;
    let second = put(("if-match", &first), "b").await;
    assert_eq!(second.json()["changed"], true, "what others changed of the project does not matter");
    let refused = put(("if-match", &first), "c").await;
    assert_eq!(refused.problem(), "revision_moved");
    assert_eq!(refused.status, 412);
    assert_eq!(refused.header("etag"), second.header("etag"), "the refusal says what there is");
    assert_eq!(refused.json()["revision"], second.json()["revision"]);
    assert_eq!(put(("if-match", "nonsense"), "c").await.problem(), "malformed_body");
    assert_eq!(put(("if-match", &format!("W/{}", second.header("etag"))), "c").await.status, 412);
    assert_eq!(app.get(METRIC).await.json()["description"], "b");

    let delete = async |tag: &str| with(&app, "DELETE", METRIC, ("if-match", tag), &Value::Null).await;
    assert_eq!(delete(&first).await.problem(), "revision_moved");
    let gone = delete(second.header("etag")).await.json();
    assert_eq!((&gone["changed"], &gone["revision"]), (&json!(true), &Value::Null));
    assert_eq!(app.get(METRIC).await.problem(), "not_found");
}

#[tokio::test]
async fn who_has_it_already_gets_nothing_again() {
    let app = TestApp::start().await;
    app.rollout("checkout").await;
    let id = app.get(&format!("{PRODUCTION}/rollouts")).await.json()["items"][0]["id"].clone();
    for path in [
        PROJECT.to_owned(),
        PRODUCTION.to_owned(),
        format!("{PROJECT}/flags/checkout"),
        format!("{PRODUCTION}/flags/checkout"),
        format!("{PROJECT}/metrics/checkout_error"),
        format!("{PROJECT}/definitions"),
        format!("{PRODUCTION}/rollouts/{}", id.as_str().unwrap()),
    ] {
        let read = app.get(&path).await;
        let tag = read.header("etag").to_owned();
        let body = read.json();
        let revision = if path.ends_with("definitions") { &body["version"] } else { &body["revision"] };
        assert_eq!(tag, format!("\"{revision}\""), "{path}");
        let same =
            with(&app, "GET", &path, ("if-none-match", &format!("W/{tag}, \"0\"")), &Value::Null).await;
        assert_eq!(
            (same.status.as_u16(), same.text.as_str(), same.header("etag")),
            (304, "", &*tag),
            "{path}"
        );
        assert_eq!(with(&app, "GET", &path, ("if-none-match", "\"0\""), &Value::Null).await.status, 200);
        assert_eq!(with(&app, "GET", &path, ("if-match", "\"0\""), &Value::Null).await.status, 412);
    }
}

#[tokio::test]
async fn stopping_asks_for_no_revision_and_going_may() {
    let app = TestApp::start().await;
    let id = app.rollout("checkout").await;
    let step = async |word: &str, body: Value| {
        with(&app, "POST", &format!("{PRODUCTION}/rollouts/{id}/{word}"), ("if-match", "\"1\""), &body).await
    };
    let refused = step("advance", json!({"reason": "go", "stage": 1})).await;
    assert_eq!(refused.problem(), "revision_moved");
    assert_eq!(step("hold", json!({"reason": "wait"})).await.json()["state"], "held");
    assert_eq!(step("resume", json!({"reason": "go"})).await.problem(), "revision_moved");
    assert_eq!(step("roll-back", json!({"reason": "harm"})).await.json()["state"], "rolled_back");
}

#[tokio::test]
async fn a_trial_says_what_would_happen_and_changes_nothing() {
    let app = TestApp::start().await;
    let id = app.rollout("checkout").await;
    let rollout = format!("{PRODUCTION}/rollouts/{id}");
    let version = async || app.get(PROJECT).await.json()["version"].clone();
    let before = version().await;
    let segment = json!({"segment": {"condition": {"any": []}, "included": ["ada"]}});
    let targeting =
        json!({"targeting": {"on": false, "off_variant": "off", "rules": [], "default": {"variant": "off"}}});
    let start = json!({"flag": "checkout", "baseline": "off", "candidate": "on", "ladder": {"stages": [{"share": 1}]}});
    for (method, path, body, kinds) in [
        ("PUT", format!("{PROJECT}/segments/staff"), segment, "segment_defined.v1"),
        (
            "PUT",
            format!("{PRODUCTION}/flags/checkout"),
            targeting,
            "targeting_set.v1 epoch_opened.v1 rollout_held.v1",
        ),
        ("PUT", METRIC.to_owned(), metric("a"), "metric_defined.v1"),
        ("PUT", PROJECT.to_owned(), json!({"name": "Other"}), "project_defined.v1"),
        ("PUT", format!("{PROJECT}/environments/qa"), json!({"name": "QA"}), "environment_defined.v1"),
        ("POST", format!("{rollout}/hold"), json!({"reason": "wait"}), "rollout_held.v1"),
        ("POST", format!("{rollout}/advance"), json!({"reason": "go", "stage": 1}), "stage_entered.v1"),
        (
            "POST",
            format!("{rollout}/amend"),
            json!({"reason": "less", "guardrails": []}),
            "rollout_amended.v1 epoch_opened.v1 rollout_held.v1",
        ),
        ("POST", format!("{PRODUCTION}/rollouts"), start, "rollout_live"),
        ("DELETE", format!("{PROJECT}/metrics/checkout_error"), Value::Null, "in_use"),
    ] {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = app.send(method, &format!("{path}?dry_run=true"), &app.admin, &body).await;
        let json = answer.json();
        let said = match json["would"].as_array() {
            Some(would) => {
                would.iter().map(|one| one["kind"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
            }
            None => answer.problem(),
        };
        assert_eq!(said, kinds, "{method} {path}: {}", answer.text);
        assert_eq!(version().await, before, "{method} {path}");
    }
    let token = json!({"kind": "admin", "name": "x"});
    let answer =
        app.send("POST", &format!("{PROJECT}/tokens?dry_run=true"), &app.admin, &token.to_string()).await;
    let tried = &answer.json();
    assert_eq!(
        (&tried["version"], &tried["changed"], &tried["would"][0]["kind"]),
        (&json!(before), &json!(true), &json!("token_issued.v1"))
    );
    assert!(
        !answer.text.contains("secret") && !answer.text.contains("sw_admin"),
        "no secret: {}",
        answer.text
    );
    let wrong =
        app.send("PUT", &format!("{METRIC}?dry-run=true"), &app.admin, &metric("a").to_string()).await;
    assert_eq!(wrong.problem(), "malformed_body", "a misspelt trial is not a change");
    let wrong = app.send("PUT", &format!("{METRIC}?dry_run=yes"), &app.admin, &metric("a").to_string()).await;
    assert_eq!(wrong.problem(), "malformed_body");
    assert_eq!(version().await, before);
}

#[tokio::test]
async fn of_two_first_puts_of_one_flag_both_succeed() {
    let app = TestApp::start().await;
    let put = async |description: &str| {
        let flag = json!({
            "flag": {"type": "boolean", "variants": {"on": true, "off": false}},
            "about": {"description": description},
        });
        app.send("PUT", &format!("{PROJECT}/flags/new"), &app.admin, &flag.to_string()).await
    };
    let (one, other) = tokio::join!(put("one"), put("other"));
    assert_eq!((one.status.as_u16(), other.status.as_u16()), (200, 200), "{} {}", one.text, other.text);
    let read = app.get(&format!("{PROJECT}/flags/new")).await.json();
    assert!(["one", "other"].contains(&read["about"]["description"].as_str().unwrap()));
    let salt = read["flag"]["salt"].clone();
    put("third").await;
    assert_eq!(app.get(&format!("{PROJECT}/flags/new")).await.json()["flag"]["salt"], salt);
}

#[tokio::test]
async fn what_was_read_can_be_put_back() {
    let app = TestApp::start().await;
    app.rollout("checkout").await;
    let ladder = json!({"ladder": {"stages": [{"share": 5_000}]}, "description": "slow"});
    app.manage("PUT", &format!("{PROJECT}/ladders/slow"), ladder).await;
    let guardrail = json!({"guardrail": {"metric": "checkout_error", "harm": "up"}});
    app.manage("PUT", &format!("{PROJECT}/guardrails/errors"), guardrail).await;
    let segment = json!({"segment": {"condition": {"any": []}, "included": ["ada"]}});
    app.manage("PUT", &format!("{PROJECT}/segments/staff"), segment).await;
    for path in [
        PROJECT.to_owned(),
        PRODUCTION.to_owned(),
        format!("{PROJECT}/flags/checkout"),
        format!("{PRODUCTION}/flags/checkout"),
        format!("{PROJECT}/metrics/checkout_error"),
        format!("{PROJECT}/ladders/slow"),
        format!("{PROJECT}/guardrails/errors"),
        format!("{PROJECT}/segments/staff"),
        format!("{PROJECT}/definitions"),
    ] {
        let mut body = app.get(&path).await.json();
        for only_told in ["key", "revision", "version", "environments"] {
            body.as_object_mut().unwrap().remove(only_told);
        }
        assert_eq!(app.manage("PUT", &path, body).await.json()["changed"], false, "{path}");
    }
}

#[tokio::test]
async fn lists_have_pages_and_filters() {
    let app = TestApp::start().await;
    for (key, tag, owner, kind) in
        [("a", "x", "ann", "ops"), ("b", "x", "bea", "release"), ("c", "y", "ann", "release")]
    {
        let flag = json!({
            "flag": {"type": "boolean", "variants": {"on": true, "off": false}},
            "about": {"tags": [tag], "owner": owner, "kind": kind},
        });
        app.manage("PUT", &format!("{PROJECT}/flags/{key}"), flag).await;
    }
    let keys = async |query: &str| {
        let page = app.get(&format!("{PROJECT}/flags?{query}")).await.json();
        let keys =
            page["items"].as_array().unwrap().iter().map(|item| item["key"].as_str().unwrap().to_owned());
        (keys.collect::<String>(), page["next"].as_str().map(str::to_owned))
    };
    assert_eq!(keys("").await, ("abc".to_owned(), None));
    assert_eq!(keys("limit=2").await, ("ab".to_owned(), Some("b".to_owned())));
    assert_eq!(keys("limit=2&after=b").await, ("c".to_owned(), None));
    assert_eq!(keys("limit=3").await, ("abc".to_owned(), None), "a full last page has no next");
    assert_eq!(keys("tag=x").await.0, "ab");
    assert_eq!(keys("tag=x&limit=1").await, ("a".to_owned(), Some("a".to_owned())));
    assert_eq!(keys("owner=ann&kind=release").await.0, "c");
    assert_eq!(app.get(&format!("{PROJECT}/flags?colour=red")).await.problem(), "malformed_body");
    app.manage("DELETE", &format!("{PROJECT}/flags/b"), Value::Null).await;
    assert_eq!(keys("").await.0, "ac");
    let retired = app.get(&format!("{PROJECT}/retired-flags")).await.json();
    assert_eq!(retired, json!({"items": [{"key": "b"}]}));
    let tokens = app.get(&format!("{PROJECT}/tokens?limit=500")).await;
    assert_eq!(tokens.json()["items"].as_array().unwrap().len(), 5);
    assert!(!tokens.text.contains("secret") && !tokens.text.contains("hash"), "{}", tokens.text);
    let projects = app.get("/api/v1/projects").await.json();
    assert_eq!(projects["items"][0]["key"], "default");
    let places = app.get(&format!("{PROJECT}/environments")).await.json();
    assert_eq!(places["items"].as_array().unwrap().len(), 2);
    for list in ["segments", "metrics", "ladders", "guardrails"] {
        assert_eq!(app.get(&format!("{PROJECT}/{list}")).await.json(), json!({"items": []}));
    }
    assert_eq!(app.get(&format!("{PRODUCTION}/flags")).await.json(), json!({"items": []}));
}
