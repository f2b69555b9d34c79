//! Definitions put as one change, ladders and guardrails by name, and rollouts amended and shrunk.

use serde_json::{Value, json};

use crate::app::{PRODUCTION, PROJECT, TestApp};

fn shop() -> Value {
    json!({"items": [
        {"kind": "ladder", "key": "slow", "ladder": {"stages": [{"ring": "staff"}, {"share": 5_000}, {"share": 50_000}]}},
        {"kind": "guardrail", "key": "errors", "guardrail": {"metric": "checkout_error", "harm": "up", "weight": 300}},
        {
            "kind": "flag", "key": "checkout",
            "flag": {"type": "boolean", "variants": {"on": true, "off": false}, "salt": "kept"},
            "environments": {"production": {
                "on": true, "off_variant": "off", "default": {"variant": "off"},
                "rules": [{"id": "staff", "when": {"segment": "staff"}, "serve": {"variant": "on"}}],
            }},
        },
        {"kind": "segment", "key": "staff", "segment": {"condition": {"any": []}, "included": ["ada"]}},
        {"kind": "metric", "key": "checkout_error", "metric": {"kind": "event_rate"}},
    ]})
}

#[tokio::test]
async fn definitions_are_put_as_one_change_in_any_order() {
    let app = TestApp::start().await;
    let path = format!("{PROJECT}/definitions");
    let before = app.get(PROJECT).await.json()["version"].as_u64().unwrap();
    let tried = app.manage("PUT", &format!("{path}?dry_run=true"), shop()).await.json();
    assert_eq!(
        (&tried["changed"], &tried["dry_run"], &tried["version"]),
        (&json!(true), &json!(true), &json!(before))
    );
    let done = app.manage("PUT", &path, shop()).await;
    assert_eq!(done.json()["version"], before + 6);
    assert_eq!(done.json()["changes"], tried["changes"]);
    assert_eq!(done.json()["changes"].as_array().unwrap().len(), 6);
    assert_eq!(app.evaluate("checkout", json!({"targetingKey": "ada"})).await.json()["variant"], "on");
    assert_eq!(app.get(&format!("{PROJECT}/flags/checkout")).await.json()["flag"]["salt"], "kept");
    let again = app.manage("PUT", &path, shop()).await.json();
    assert_eq!((&again["changed"], &again["changes"]), (&json!(false), &json!([])));
    let shown = app.get(&path).await.json();
    let back = json!({"items": shown["items"]});
    assert_eq!(app.manage("PUT", &format!("{path}?prune=true"), back).await.json()["changed"], false);
}

#[tokio::test]
async fn everything_that_is_wrong_is_said_and_nothing_is_done() {
    let app = TestApp::start().await;
    let mut body = shop();
    body["items"][2]["environments"]["production"]["off_variant"] = json!("of");
    body["items"][3]["segment"]["condition"] = json!("never");
    body["items"]
        .as_array_mut()
        .unwrap()
        .push(json!({"kind": "metric", "key": "checkout_error", "metric": {"kind": "sum"}}));
    let before = app.get(PROJECT).await.json();
    let answer = app.send("PUT", &format!("{PROJECT}/definitions"), &app.admin, &body.to_string()).await;
    assert_eq!(answer.problem(), "invalid_value");
    let places: Vec<_> =
        answer.json()["errors"].as_array().unwrap().iter().map(|one| one["index"].clone()).collect();
    assert_eq!(places, [json!(3), json!(5)], "{}", answer.text);
    let mut body = shop();
    body["items"][2]["environments"]["production"]["off_variant"] = json!("of");
    let (kind, description) = (json!({"kind": "event_rate"}), "x".repeat(3_000));
    let long = json!({"kind": "metric", "key": "long", "metric": kind, "description": description});
    body["items"].as_array_mut().unwrap().push(long);
    let answer = app.send("PUT", &format!("{PROJECT}/definitions"), &app.admin, &body.to_string()).await;
    let errors = answer.json()["errors"].clone();
    assert_eq!(errors.as_array().unwrap().len(), 2, "{errors}");
    assert_eq!((&errors[0]["index"], &errors[1]["index"]), (&json!(2), &json!(5)), "{errors}");
    assert_eq!(errors[0]["path"], "/environments/production/off_variant", "{errors}");
    assert_eq!(errors[1]["path"], "/description", "{errors}");
    assert_eq!(app.get(PROJECT).await.json(), before);
}

#[tokio::test]
async fn pruning_takes_away_what_is_not_named_unless_it_is_needed() {
    let app = TestApp::start().await;
    let path = format!("{PROJECT}/definitions?prune=true");
    app.manage("PUT", &path, shop()).await;
    let start = json!({"flag": "checkout", "baseline": "off", "candidate": "on", "ladder": "slow", "guardrails": ["errors"]});
    let rollout = app.manage("POST", &format!("{PRODUCTION}/rollouts"), start).await.json();
    assert_eq!(rollout["guardrails"][0]["weight"], 300);
    assert_eq!(rollout["stages"][0]["ring"], "staff");
    let nothing = json!({"items": []}).to_string();
    let refused = app.send("PUT", &path, &app.admin, &nothing).await;
    assert_eq!(refused.status, 409);
    assert!(refused.json()["errors"].as_array().unwrap().iter().any(|one| one["code"] == "rollout_live"));
    let id = rollout["id"].as_str().unwrap();
    app.manage("POST", &format!("{PRODUCTION}/rollouts/{id}/roll-back"), json!({"reason": "over"})).await;
    let done = app.manage("PUT", &path, json!({"items": []})).await.json();
    assert_eq!(done["changes"].as_array().unwrap().len(), 5);
    assert!(done["changes"].as_array().unwrap().iter().all(|one| one["after"].is_null()));
    let left = app.get(&format!("{PROJECT}/definitions")).await.json()["items"].clone();
    let kinds: Vec<_> = left.as_array().unwrap().iter().map(|item| item["kind"].clone()).collect();
    assert_eq!(kinds, ["environment", "environment"], "{left}");
}

#[tokio::test]
async fn a_rollout_is_amended_and_shrunk_by_a_person() {
    let app = TestApp::start().await;
    app.manage("PUT", &format!("{PROJECT}/definitions"), shop()).await;
    let start = json!({"flag": "checkout", "baseline": "off", "candidate": "on", "ladder": "slow", "guardrails": ["errors"]});
    let id = app.manage("POST", &format!("{PRODUCTION}/rollouts"), start).await.json()["id"].clone();
    let step = async |word: &str, body: Value| {
        let path = format!("{PRODUCTION}/rollouts/{}/{word}", id.as_str().unwrap());
        app.send("POST", &path, &app.admin, &body.to_string()).await
    };
    assert!(step("amend", json!({"guardrails": []})).await.text.contains("`reason`"));
    assert_eq!(step("amend", json!({"reason": "r", "ladder": "quick"})).await.json()["path"], "/ladder");
    assert_eq!(
        step("amend", json!({"reason": "r", "guardrails": ["other"]})).await.json()["path"],
        "/guardrails/0"
    );
    let amended = step(
        "amend",
        json!({
            "reason": "watch more",
            "guardrails": ["errors", {"key": "more", "metric": "checkout_error", "harm": "down"}],
        }),
    )
    .await
    .json();
    assert_eq!(
        (&amended["state"], &amended["cause"], &amended["epoch"]),
        (&json!("held"), &json!("edit"), &json!(2))
    );
    assert_eq!([&amended["guardrails"][0]["weight"], &amended["guardrails"][1]["weight"]], [300, 700]);
    step("resume", json!({"reason": "looked"})).await;
    step("advance", json!({"reason": "go", "stage": 1})).await;
    step("advance", json!({"reason": "go", "stage": 2})).await;
    assert_eq!(step("hold", json!({"reason": "r", "to": 1})).await.json()["path"], "/to");
    assert!(step("shrink", json!({"reason": "r"})).await.text.contains("say in `to` which"));
    assert_eq!(step("shrink", json!({"reason": "r", "to": 0})).await.json()["path"], "/to");
    assert_eq!(step("shrink", json!({"reason": "r", "to": 3})).await.json()["path"], "/to");
    let shrunk = step("shrink", json!({"reason": "too many", "to": 2})).await.json();
    assert_eq!(
        (&shrunk["stage"], &shrunk["share"], &shrunk["cause"]),
        (&json!(2), &json!(5_000), &json!("operator"))
    );
}

#[tokio::test]
async fn what_is_sent_is_not_sent_back() {
    let app = TestApp::start().await;
    let long = "x".repeat(5_000);
    let flag = |kind: &str| json!({"flag": {"type": kind, "variants": {"on": true}}});
    for (method, path, body) in [
        ("PUT", format!("{PROJECT}/flags/{long}"), flag("boolean")),
        ("PUT", format!("{PROJECT}/flags/a"), flag(&long)),
        ("PUT", format!("{PROJECT}/flags/a"), json!({ long.clone(): 1 })),
        ("PUT", format!("{PROJECT}/flags/a"), json!({"flag": {"type": "boolean", "variants": {"on": long}}})),
        (
            "PUT",
            format!("{PROJECT}/flags/a"),
            json!({"flag": {"type": "boolean", "variants": { long.clone(): true }}}),
        ),
        (
            "PUT",
            format!("{PROJECT}/flags/a"),
            json!({"flag": {"type": "boolean", "variants": {"on": true}}, "about": { long.clone(): 1 }}),
        ),
        ("PUT", format!("{PROJECT}/metrics/a"), json!({"metric": {"kind": long}})),
        ("PUT", format!("{PROJECT}/segments/a"), json!({"segment": {"condition": long}})),
        ("PUT", format!("{PROJECT}/segments/a"), json!({"segment": {"condition": {"segment": long}}})),
        ("PUT", format!("{PROJECT}/ladders/a"), json!({"ladder": {"stages": [{"ring": long}]}})),
        ("PUT", format!("{PROJECT}/guardrails/a"), json!({"guardrail": {"metric": "m", "harm": long}})),
        ("PUT", format!("{PROJECT}/guardrails/a"), json!({"guardrail": {"metric": long, "harm": "up"}})),
        ("PUT", format!("{PROJECT}/definitions"), json!({"items": [{"kind": long}]})),
        ("PUT", format!("{PROJECT}/metrics/a?dry_run={long}"), json!({})),
        ("PUT", format!("{PROJECT}/metrics/a?{long}=true"), json!({})),
        ("GET", format!("{PROJECT}/flags?limit={long}"), Value::Null),
        ("GET", format!("{PROJECT}/flags?{long}=1"), Value::Null),
        ("GET", format!("{PROJECT}/log?after={long}"), Value::Null),
        ("GET", format!("/api/v1/{long}"), Value::Null),
        ("POST", format!("{PROJECT}/tokens"), json!({"kind": long, "name": "n"})),
        ("POST", format!("{PROJECT}/tokens"), json!({"kind": "server", "name": "n", "environment": long})),
        (
            "POST",
            format!("{PRODUCTION}/rollouts"),
            json!({"id": long, "flag": "a", "baseline": "b", "candidate": "c", "ladder": "l"}),
        ),
        (
            "POST",
            format!("{PRODUCTION}/rollouts"),
            json!({"flag": long, "baseline": "b", "candidate": "c", "ladder": "l"}),
        ),
        (
            "POST",
            format!("{PRODUCTION}/rollouts"),
            json!({"flag": "a", "baseline": "b", "candidate": "c", "ladder": long}),
        ),
        ("POST", format!("{PRODUCTION}/rollouts/{long}/hold"), json!({"reason": "r"})),
        ("POST", "/api/v1/events".to_owned(), json!({"batch": long, "items": []})),
    ] {
        let token = if path.ends_with("/events") { &app.server } else { &app.admin };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = app.send(method, &path, token, &body).await;
        assert!(
            answer.status.is_client_error(),
            "{method} {}: {}",
            &path[..40.min(path.len())],
            answer.status
        );
        let echoed = answer.text.split(|c| c != 'x').map(str::len).max().unwrap_or(0);
        assert!(
            echoed <= 64,
            "{echoed} characters of {method} {}: {}",
            &path[..40.min(path.len())],
            answer.text
        );
    }
}
