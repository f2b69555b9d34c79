//! The management API: definitions, rollouts, the log, and what goes wrong.

use serde_json::{Value, json};

use crate::app::{PRODUCTION, PROJECT, TestApp};

#[tokio::test]
async fn saying_the_same_again_changes_nothing() {
    let app = TestApp::start().await;
    let metric = json!({"metric": {"kind": "event_rate"}, "description": "Payment failed"});
    let put =
        async || app.manage("PUT", &format!("{PROJECT}/metrics/checkout_error"), metric.clone()).await.json();
    let first = put().await;
    assert_eq!(first["changed"], true);
    assert_eq!(
        put().await,
        json!({"version": first["version"], "changed": false, "revision": first["version"]})
    );
    let segment = json!({"segment": {"condition": "never", "included": ["ada"]}});
    let answer =
        app.send("PUT", &format!("{PROJECT}/segments/internal"), &app.admin, &segment.to_string()).await;
    assert!([200, 422].contains(&answer.status.as_u16()), "{}", answer.text);
}

#[tokio::test]
async fn a_rollout_is_walked_through_its_life() {
    let app = TestApp::start().await;
    let id = app.rollout("checkout").await;
    let address = format!("{PRODUCTION}/rollouts/{id}");
    let step = async |step: &str, body: Value| {
        app.send("POST", &format!("{address}/{step}"), &app.admin, &body.to_string()).await
    };
    let said =
        async |name: &str, body: Value| step(name, body).await.json()["detail"].as_str().unwrap().to_owned();
    assert!(
        said("hold", json!({})).await.contains("`reason`"),
        "what was not sent is named and has no place"
    );
    assert_eq!(step("hold", json!({"reason": "lunch"})).await.json()["state"], "held");
    assert_eq!(step("resume", json!({"reason": "back"})).await.json()["state"], "running");
    assert!(said("advance", json!({"reason": "go"})).await.contains("`stage`"));
    assert_eq!(step("complete", json!({"reason": "go"})).await.problem(), "stages_left");
    assert_eq!(step("advance", json!({"reason": "go", "stage": 1})).await.json()["stage"], 2);
    assert_eq!(step("advance", json!({"reason": "go", "stage": 1})).await.problem(), "stage_moved");
    assert_eq!(step("advance", json!({"reason": "go", "stage": 2})).await.problem(), "last_stage");
    assert_eq!(step("explode", json!({"reason": "go"})).await.problem(), "not_found");
    let rolled_back = step("roll-back", json!({"reason": "it broke"})).await;
    assert_eq!(rolled_back.json()["state"], "rolled_back");
    assert_eq!(step("resume", json!({"reason": "again"})).await.problem(), "rollout_ended");
    let read = app.get(&address).await;
    assert_eq!(read.header("etag"), format!("\"{}\"", read.json()["revision"]));
    assert_eq!(app.evaluate("checkout", json!({"targetingKey": "a"})).await.json()["variant"], "off");
}

#[tokio::test]
async fn lists_are_read_page_by_page() {
    let app = TestApp::start().await;
    for flag in ["a", "b", "c"] {
        app.rollout(flag).await;
        app.pass(1).await;
    }
    let first = app.get(&format!("{PRODUCTION}/rollouts?limit=2")).await.json();
    assert_eq!([&first["items"][0]["flag"], &first["items"][1]["flag"]], ["c", "b"]);
    let next = first["next"].as_str().unwrap();
    let second = app.get(&format!("{PRODUCTION}/rollouts?limit=2&after={next}")).await.json();
    assert_eq!(second["items"][0]["flag"], "a");
    assert_eq!(second["next"], Value::Null);

    let log = app.get(&format!("{PROJECT}/log?limit=3")).await.json();
    assert_eq!(log["items"].as_array().unwrap().len(), 3);
    assert_eq!(log["next"], "3");
    assert_eq!(app.get(&format!("{PROJECT}/log?after=3&limit=1")).await.json()["items"][0]["version"], 4);
    assert_eq!(app.get(&format!("{PROJECT}/log?after=x")).await.problem(), "invalid_value");
    assert_eq!(app.get(&format!("{PROJECT}/log?nonsense=1")).await.problem(), "malformed_body");
}

#[tokio::test]
async fn the_log_is_searched_compared_and_taken_back() {
    let app = TestApp::start().await;
    app.flag("checkout").await;
    let metric = |text: &str| json!({"metric": {"kind": "event_rate"}, "description": text});
    let address = format!("{PROJECT}/metrics/errors");
    let first = app.manage("PUT", &address, metric("one")).await.json()["version"].as_u64().unwrap();
    app.manage("PUT", &address, metric("two")).await;
    app.manage("PUT", &address, metric("three")).await;
    let found =
        app.get(&format!("{PROJECT}/log?kind=metric_defined&resource=metrics%2Ferrors&actor=nobody")).await;
    assert_eq!(found.json()["items"], json!([]));
    let found = app.get(&format!("{PROJECT}/log?kind=metric_defined&resource=metrics%2Ferrors")).await.json();
    assert_eq!(found["items"].as_array().unwrap().len(), 3);
    let later = app.get(&format!("{PROJECT}/log?since=2026-11-22T14:00:01.000Z")).await.json();
    assert_eq!(later["items"], json!([]));
    for (query, code) in [
        ("since=yesterday", "invalid_value"),
        ("resource=x", "invalid_value"),
        ("nonsense=1", "malformed_body"),
    ] {
        assert_eq!(app.get(&format!("{PROJECT}/log?{query}")).await.problem(), code, "{query}");
    }
    let diff = app.get(&format!("{PROJECT}/log/diff?from={first}&to={}", first + 1)).await.json();
    assert_eq!(
        diff["changes"][0]["fields"],
        json!([{"path": "/description", "before": "one", "after": "two"}])
    );
    assert_eq!(app.get(&format!("{PROJECT}/log/diff?from=1&to=9999")).await.problem(), "not_found");
    assert_eq!(app.get(&format!("{PROJECT}/log/diff?from=1")).await.problem(), "malformed_body");

    let revert = async |version: u64| {
        app.send("POST", &format!("{PROJECT}/log/{version}/revert"), &app.admin, "").await
    };
    let refused = revert(first + 1).await;
    assert_eq!(refused.problem(), "touched_later");
    assert_eq!(refused.json()["entries"], json!([first + 2]));
    let reverted = json!({"version": first + 3, "revision": first + 3, "changed": true});
    assert_eq!(revert(first + 2).await.json(), reverted);
    let tried = app.send("POST", &format!("{PROJECT}/log/{first}/revert?dry_run=true"), &app.admin, "").await;
    assert_eq!(tried.problem(), "touched_later", "what would be refused is");
    assert_eq!(revert(first).await.problem(), "touched_later");
    assert_eq!(revert(1).await.problem(), "never_reverted");
    assert_eq!(revert(9_999).await.problem(), "not_found");
    let nonsense = app.send("POST", &format!("{PROJECT}/log/x/revert"), &app.admin, "").await;
    assert_eq!(nonsense.problem(), "invalid_value");
}

#[tokio::test]
async fn refusals_say_what_where_and_what_to_do() {
    let app = TestApp::start().await;
    app.flag("checkout").await;
    let rollout = json!({
        "flag": "checkout", "baseline": "off", "candidate": "on",
        "ladder": {"stages": [{"share": 1_000}, {"ring": "internal", "share": 5}]},
    });
    let answer = app.send("POST", &format!("{PRODUCTION}/rollouts"), &app.admin, &rollout.to_string()).await;
    insta::assert_snapshot!(answer.text, @r#"{"type":"/problems/invalid_value","title":"A value contradicts itself or something it names","status":422,"code":"invalid_value","detail":"has both `ring` and `share`; make them two stages","path":"/ladder/stages/1"}"#);
    let answer =
        app.send("PUT", &format!("{PROJECT}/flags/a"), &app.admin, r#"{"flag":{"typ":"boolean"}}"#).await;
    insta::assert_snapshot!(answer.text, @r#"{"type":"/problems/malformed_body","title":"The body is not what this address takes","status":400,"code":"malformed_body","detail":"`flag` has no field `typ`; did you mean `type`? it takes `type`, `variants`, `unit`, `client_visible`, `layer`, `salt`, `bucketing`","path":"/flag/typ"}"#);
    let answer = app.send("POST", &format!("{PRODUCTION}/rollouts"), &app.admin, "{").await;
    assert_eq!(answer.problem(), "malformed_body");
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/api/v1/nothing").await.problem(), "not_found");
    assert_eq!(app.get(&format!("{PRODUCTION}/rollouts/nothing")).await.problem(), "not_found");
    let wrong = app.send("PATCH", &format!("{PROJECT}/flags/a"), &app.admin, "").await;
    assert_eq!(wrong.problem(), "method_not_allowed");
    assert_eq!(wrong.header("allow"), "GET,HEAD,PUT,DELETE");
}

#[tokio::test]
async fn health_needs_no_token() {
    let app = TestApp::start().await;
    for path in ["/healthz", "/readyz", "/version"] {
        assert_eq!(app.send("GET", path, "", "").await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn an_answer_is_explained_for_any_moment_and_for_a_draft() {
    let app = TestApp::start().await;
    app.flag("sale").await;
    let address = format!("{PRODUCTION}/flags/sale/explain");
    let ask = async |body: Value| app.send("POST", &address, &app.admin, &body.to_string()).await;
    let plain = ask(json!({"context": {"targetingKey": "ada"}})).await.json();
    assert_eq!(plain["variant"], "off");
    assert_eq!(plain["text"], "flag sale\n  serves off: there are no rules (STATIC)\n");
    assert_eq!(plain["draft"], false);
    let draft = json!({"on": true, "off_variant": "off", "default": {"variant": "off"}, "rules": [{
        "id": "opening", "serve": {"variant": "on"},
        "when": {"all": [{"now": {"after": "2030-01-01T00:00:00Z"}}, {"attribute": {"name": "vip", "test": {"equals": true}}}]}
    }]});
    let of = |at: &str| json!({"context": {"vip": true}, "at": at, "targeting": draft});
    let before = ask(of("2029-12-31T23:59:59.999Z")).await.json();
    assert_eq!(
        (&before["variant"], &before["reason"], &before["draft"]),
        (&json!("off"), &json!("DEFAULT"), &json!(true))
    );
    let after = ask(of("2030-01-01T00:00:00.000Z")).await.json();
    assert_eq!(
        (&after["variant"], &after["value"], &after["reason"]),
        (&json!("on"), &json!(true), &json!("TARGETING_MATCH"))
    );
    assert_eq!(after["steps"]["steps"][0]["text"], "rule opening");
    // Nothing of the draft stays.
    assert_eq!(app.evaluate("sale", json!({"vip": true})).await.json()["variant"], "off");
    let mut broken = of("2030-01-01T00:00:00.000Z");
    broken["targeting"]["rules"][0]["serve"]["variant"] = json!("onn");
    let refused = ask(broken).await;
    assert_eq!(
        (refused.problem().as_str(), &refused.json()["path"]),
        ("invalid_value", &json!("/targeting/rules/0/serve/variant"))
    );
    assert_eq!(ask(json!({"at": "yesterday"})).await.json()["path"], "/at");
    assert_eq!(ask(json!({"context": {"a": "x".repeat(5_000)}})).await.json()["path"], "/context/a");
    assert_eq!(ask(json!({"contxt": {}})).await.problem(), "malformed_body");
    let path = format!("{PRODUCTION}/flags/none/explain");
    assert_eq!(app.send("POST", &path, &app.admin, "{}").await.problem(), "unknown_reference");
    assert_eq!(app.send("POST", &address, &app.server, "{}").await.problem(), "forbidden");
}
