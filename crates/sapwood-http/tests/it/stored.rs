//! What is refused because of something that is stored: it is named with where it stands, and no place in the request is
//! named that the request does not have.

use serde_json::{Value, json};

use crate::app::{PRODUCTION, PROJECT, TestApp};

/// Sends it, and answers code, place and detail of the refusal.
async fn refused(app: &TestApp, method: &str, path: &str, body: &Value) -> (String, Option<String>, String) {
    let answer = app.send(method, path, &app.admin, &body.to_string()).await;
    let (code, problem) = (answer.problem(), answer.json());
    let fault = problem["errors"].as_array().and_then(|errors| errors.first()).unwrap_or(&problem);
    let place = fault["path"].as_str().map(str::to_owned);
    if let Some(place) = &place {
        let sent =
            fault["index"].as_u64().map_or(body, |index| &body["items"][usize::try_from(index).unwrap()]);
        assert!(sent.pointer(place).is_some(), "{place} was not sent: {body}");
    }
    (code, place, fault["detail"].as_str().unwrap().to_owned())
}

fn boolean(more: &Value) -> Value {
    let mut flag = json!({"type": "boolean", "variants": {"on": true, "off": false}});
    for (name, value) in more.as_object().unwrap() {
        flag[name] = value.clone();
    }
    json!({ "flag": flag })
}

fn targeting(when: &Value) -> Value {
    let rule = json!({"id": "a", "when": when, "serve": {"variant": "on"}});
    json!({"targeting": {"on": true, "off_variant": "off", "rules": [rule], "default": {"variant": "off"}}})
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn what_is_stored_is_named_and_no_place_that_was_not_sent() {
    let app = TestApp::start().await;
    for flag in ["a", "b"] {
        app.flag(flag).await;
    }
    let asks_b = json!({"serves": {"flag": "b", "variants": ["on"]}});
    app.manage("PUT", &format!("{PRODUCTION}/flags/a"), targeting(&asks_b)).await;
    for (name, of) in [("s", "t"), ("t", "u")] {
        app.manage("PUT", &format!("{PROJECT}/segments/{of}"), json!({"segment": {"condition": "always"}}))
            .await;
        app.manage(
            "PUT",
            &format!("{PROJECT}/segments/{name}"),
            json!({"segment": {"condition": {"segment": of}}}),
        )
        .await;
    }
    let only_on = json!({"variants": {"on": true}});
    let rollout =
        json!({"flag": "b", "baseline": "off", "candidate": "on", "ladder": {"stages": [{"share": 95_000}]}});
    let with = |field: &str, value: Value| {
        let mut body = rollout.clone();
        body[field] = value;
        body
    };
    let asks_a = json!({"flag": "a", "variants": ["on"]});
    let both = json!({"variant": "on", "rest": "off"});
    let mut variant_and_rest = targeting(&json!("always"));
    variant_and_rest["targeting"]["default"] = both;
    for (method, path, body, code, place, said) in [
        (
            "PUT",
            format!("{PROJECT}/flags/a"),
            boolean(&only_on),
            "in_use",
            None,
            "flag `a` is used by its targeting in environment `production`, where /targeting/off_variant would be wrong: \
             flag a has no variant off",
        ),
        (
            "POST",
            format!("{PRODUCTION}/rollouts"),
            with("prerequisites", json!([asks_a])),
            "invalid_value",
            Some("/prerequisites"),
            "prerequisites form a circle: b → a → b; remove one of these prerequisites",
        ),
        (
            "POST",
            format!("{PRODUCTION}/rollouts"),
            with("audience", json!({"serves": asks_a})),
            "invalid_value",
            Some("/audience"),
            "prerequisites form a circle: b → a → b",
        ),
        (
            "PUT",
            format!("{PROJECT}/segments/u"),
            json!({"segment": {"condition": {"segment": "s"}}}),
            "invalid_value",
            Some("/segment/condition"),
            "segments refer to one another in a circle: u → s → t → u; take out one of these references, so that the circle \
             is broken",
        ),
        (
            "PUT",
            format!("{PROJECT}/segments/u"),
            json!({"segment": {"condition": {"segment": "u"}}}),
            "invalid_value",
            Some("/segment/condition"),
            "in a circle: u → u; take out one of these references",
        ),
        (
            "PUT",
            format!("{PRODUCTION}/flags/b"),
            variant_and_rest,
            "invalid_value",
            Some("/targeting/default"),
            "`variant` is served to everybody, so `rest` beside it has nothing to say; keep `variant` alone, or say in \
             `shares` how much each variant gets",
        ),
        (
            "POST",
            format!("{PRODUCTION}/flags/a/explain"),
            boolean(&only_on),
            "in_use",
            None,
            "flag `a` is used by its targeting",
        ),
        (
            "PUT",
            format!("{PROJECT}/definitions"),
            json!({"items": [{"kind": "flag", "key": "a", "flag": boolean(&only_on)["flag"]}]}),
            "in_use",
            None,
            "flag `a` is used by its targeting in environment `production`",
        ),
        (
            "POST",
            format!("{PROJECT}/tokens"),
            json!({"kind": "server", "name": "x"}),
            "invalid_value",
            None,
            "belongs to one environment; name it in `environment`",
        ),
    ] {
        let found = refused(&app, method, &path, &body).await;
        assert_eq!((found.0.as_str(), found.1.as_deref()), (code, place), "{method} {path}: {}", found.2);
        assert!(found.2.contains(said), "{method} {path}: {}", found.2);
    }
}
