//! All flags at once: what is in the answer, who sees what, and when there is nothing new.

use serde_json::{Value, json};

use crate::app::{Answer, PRODUCTION, PROJECT, TestApp};

fn keys(answer: &Answer) -> Vec<String> {
    let flags = answer.json()["flags"].as_array().unwrap().clone();
    flags.iter().map(|flag| flag["key"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_flag_is_an_entry_and_a_failure_fails_nothing_else() {
    let app = TestApp::start().await;
    app.flag("checkout").await;
    app.flag("search").await;
    let slots = json!([{"serve": "on", "width": 50_000}, {"serve": "off", "width": 50_000}]);
    let targeting = json!({"on": true, "off_variant": "off", "rules": [], "default": {"slots": slots}});
    app.manage("PUT", &format!("{PRODUCTION}/flags/search"), json!({"targeting": targeting})).await;
    let answer = app.bulk(&app.server, json!({"plan": "free"}), &[]).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    let expected = json!([
        {
            "key": "checkout", "reason": "STATIC", "variant": "off", "value": false,
            "metadata": {"flagSetId": "default/production", "version": 10},
        },
        {
            "key": "search", "errorCode": "TARGETING_KEY_MISSING",
            "errorDetails": "this flag splits by targeting key, and the context has no non-empty targetingKey",
        },
    ]);
    assert_eq!(answer.json()["flags"], expected);
    assert_eq!(answer.json()["metadata"], json!({"flagSetId": "default/production", "version": 13}));
    let with_key = app.bulk(&app.server, json!({"targetingKey": "u"}), &[]).await.json();
    assert_eq!(with_key["flags"][1]["reason"], "SPLIT");
}

#[tokio::test]
async fn one_flag_and_all_flags_say_the_same() {
    let app = TestApp::start().await;
    app.rollout("checkout").await;
    for user in 0..50 {
        let context = json!({"targetingKey": format!("user-{user}")});
        let one = app.evaluate("checkout", context.clone()).await.json();
        let all = app.bulk(&app.server, context, &[]).await.json();
        assert_eq!(all["flags"], json!([one]));
    }
}

#[tokio::test]
async fn an_environment_without_flags_has_an_answer_too() {
    let app = TestApp::start().await;
    for path in ["/ofrep/v1/evaluate/flags", "/ofrep/v1/evaluate/flags/"] {
        let answer = app.bulk_at(path, &app.elsewhere, json!({}), &[]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["flags"], json!([]));
        assert!(!answer.header("etag").is_empty());
    }
}

#[tokio::test]
async fn a_client_sees_values_of_what_is_visible_and_nothing_else() {
    let app = TestApp::start().await;
    let rollout = app.rollout("checkout").await;
    app.flag("hidden").await;
    app.visible_flag("visible").await;
    let ring = json!({"targeting": {"on": true, "off_variant": "off", "default": {"variant": "off"},
        "rules": [{"id": "secret-plan", "when": {"attribute": {"name": "plan", "test": {"equals": "pro"}}}, "serve": {"variant": "on"}}]}});
    app.manage("PUT", &format!("{PRODUCTION}/flags/visible"), ring).await;
    let context = json!({"targetingKey": "u", "plan": "pro"});

    let server = app.bulk(&app.server, context.clone(), &[]).await;
    assert_eq!(keys(&server), ["checkout", "hidden", "visible"]);
    assert!(server.text.contains("secret-plan") && server.text.contains(&rollout), "{}", server.text);
    let client = app.bulk(&app.client, context.clone(), &[]).await;
    assert_eq!(keys(&client), ["visible"]);
    assert!(!client.text.contains("ruleId") && !client.text.contains("secret-plan"), "{}", client.text);
    assert_eq!(client.json()["flags"][0]["reason"], "TARGETING_MATCH");
    assert_ne!(client.header("etag"), server.header("etag"));

    let body = json!({"context": context}).to_string();
    let one = |key: &'static str| {
        let path = format!("/ofrep/v1/evaluate/flags/{key}");
        let (app, body) = (&app, &body);
        async move { app.send("POST", &path, &app.client, body).await }
    };
    let visible = one("visible").await;
    assert_eq!(visible.json(), client.json()["flags"][0]);
    let (hidden, missing) = (one("hidden").await, one("absent").await);
    assert_eq!((hidden.status, &hidden.headers), (missing.status, &missing.headers));
    assert_eq!(hidden.text.replace("hidden", "absent"), missing.text);
    assert_eq!(hidden.json()["errorCode"], "FLAG_NOT_FOUND");
}

#[tokio::test]
async fn neither_clients_nor_all_flags_at_once_count_as_exposures() {
    let app = TestApp::start().await;
    let id = app.rollout("checkout").await;
    let flag =
        json!({"flag": {"type": "boolean", "variants": {"on": true, "off": false}, "client_visible": true}});
    app.manage("PUT", &format!("{PROJECT}/flags/checkout"), flag).await;
    let exposed = async || {
        app.pass(1).await;
        let rollout = app.get(&format!("{PRODUCTION}/rollouts/{id}")).await.json();
        rollout["exposed_treated"].as_u64().unwrap() + rollout["exposed_control"].as_u64().unwrap()
    };
    let context = json!({"targetingKey": "someone"});
    let body = json!({"context": context}).to_string();
    let one = app.send("POST", "/ofrep/v1/evaluate/flags/checkout", &app.client, &body).await;
    assert_eq!(one.json()["reason"], "SPLIT");
    for token in [&app.server, &app.client, &app.admin] {
        assert_eq!(app.bulk(token, context.clone(), &[]).await.json()["flags"][0]["reason"], "SPLIT");
    }
    assert_eq!(exposed().await, 0);
    app.evaluate("checkout", context).await;
    assert_eq!(exposed().await, 1);
}

#[tokio::test]
async fn the_tag_stands_for_what_was_served_to_this_context() {
    let app = TestApp::start().await;
    app.rollout("checkout").await;
    let tag = async |context: Value| {
        let answer = app.bulk(&app.server, context, &[]).await;
        let tag = answer.header("etag").to_owned();
        // The second half: what was answered.
        let answered =
            tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')?.split_once('.')).unwrap().1;
        (answer.json()["flags"][0]["variant"].as_str().unwrap().to_owned(), answered.to_owned())
    };
    let all: Vec<_> = {
        let mut all = Vec::new();
        for user in 0..20 {
            all.push(tag(json!({"targetingKey": format!("user-{user}")})).await);
        }
        all
    };
    for (one, other) in all.iter().zip(all.iter().skip(1)) {
        assert_eq!(one.0 == other.0, one.1 == other.1, "{one:?} {other:?}");
    }
    // What changes nothing here changes no tag.
    let before = tag(json!({"targetingKey": "a"})).await;
    app.manage("PUT", &format!("{PROJECT}/metrics/other"), json!({"metric": {"kind": "event_rate"}})).await;
    assert_eq!(tag(json!({"targetingKey": "a"})).await, before);
    app.flag("another").await;
    assert_ne!(tag(json!({"targetingKey": "a"})).await.1, before.1);
}

#[tokio::test]
async fn who_has_the_answer_is_told_so_without_a_body() {
    let app = TestApp::start().await;
    app.flag("checkout").await;
    let context = json!({"targetingKey": "u"});
    let tag = app.bulk(&app.server, context.clone(), &[]).await.header("etag").to_owned();
    let bare = tag.trim_matches('"').to_owned();
    for (condition, status) in [
        (tag.clone(), 304),
        (format!("W/{tag}"), 304),
        (bare.clone(), 304),
        ("*".to_owned(), 304),
        (format!("\"x\", W/{tag} ,\"y\""), 304),
        (format!("\"{bare}x\""), 200),
        (format!("\"{bare}"), 200),
        ("W/".to_owned(), 200),
        ("\"\"".to_owned(), 200),
        (String::new(), 200),
        (",,,\"".to_owned(), 200),
        ("\"".repeat(5_000), 200),
    ] {
        let answer = app.bulk(&app.server, context.clone(), &[("if-none-match", &condition)]).await;
        assert_eq!(answer.status, status, "{condition}");
        assert_eq!(answer.header("etag"), tag);
        assert_eq!(answer.text.is_empty(), status == 304);
        assert_eq!(answer.header("content-type").is_empty(), status == 304);
    }
    app.serve("checkout", "on").await;
    let changed = app.bulk(&app.server, context, &[("if-none-match", &tag)]).await;
    assert_eq!(changed.status, 200);
    assert_eq!(changed.json()["flags"][0]["value"], true);
}

#[tokio::test]
async fn a_body_that_cannot_be_read_fails_the_whole() {
    let app = TestApp::start().await;
    let path = "/ofrep/v1/evaluate/flags";
    let many = (0..300).map(|n| (format!("a{n}"), json!(n))).collect::<serde_json::Map<_, _>>();
    let many = json!({ "context": many }).to_string();
    let deep = format!(r#"{{"context":{{"a":{}1{}}}}}"#, "[".repeat(5_000), "]".repeat(5_000));
    for (body, status, code) in [
        ("{", 400, "PARSE_ERROR"),
        ("", 400, "PARSE_ERROR"),
        ("[]", 400, "PARSE_ERROR"),
        ("[{}]", 400, "PARSE_ERROR"),
        ("7", 400, "PARSE_ERROR"),
        ("null", 400, "PARSE_ERROR"),
        ("\"x\"", 400, "PARSE_ERROR"),
        ("{} {}", 400, "PARSE_ERROR"),
        (&*deep, 400, "PARSE_ERROR"),
        (r#"{"context":7}"#, 400, "INVALID_CONTEXT"),
        (&*many, 400, "INVALID_CONTEXT"),
        ("{}", 200, ""),
    ] {
        let answer = app.send("POST", path, &app.server, body).await;
        assert_eq!(answer.status, status, "{body:.60}: {}", answer.text);
        if status != 200 {
            assert_eq!(answer.json()["errorCode"], code, "{body:.60}");
            assert!(answer.json()["errorDetails"].is_string());
            assert_eq!(answer.json()["key"], Value::Null);
        }
    }
    for (token, status) in [("", 401), ("nonsense", 401), (&*app.ingest, 403), (&*app.client, 200)] {
        assert_eq!(app.send("POST", path, token, "{}").await.status, status);
    }
    let answer = app.send("GET", path, &app.server, "").await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "POST"));
    assert!(answer.json()["errorDetails"].is_string());
}
