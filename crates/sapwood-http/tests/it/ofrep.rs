//! What OpenFeature clients get: the matrix of answers, each with the fields that some client insists on.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::app::{PRODUCTION, PROJECT, TestApp};

#[tokio::test]
async fn a_variant_comes_with_all_that_clients_insist_on() {
    let app = TestApp::start().await;
    app.flag("checkout").await;
    let answer = app.evaluate("checkout", json!({"targetingKey": "user-1"})).await;
    assert_eq!(answer.header("content-type"), "application/json");
    insta::assert_snapshot!(answer.text, @r#"{"key":"checkout","reason":"STATIC","variant":"off","value":false,"metadata":{"flagSetId":"default/production","version":10}}"#);
}

#[tokio::test]
async fn every_failure_has_a_code_and_details() {
    let app = TestApp::start().await;
    app.rollout("checkout").await;
    let path = "/ofrep/v1/evaluate/flags/checkout";
    let deep = format!("{}1{}", "[".repeat(65), "]".repeat(65));
    for (body, status, code) in [
        ("{", 400, "PARSE_ERROR"),
        ("", 400, "PARSE_ERROR"),
        (&*format!(r#"{{"context":{deep}}}"#), 400, "PARSE_ERROR"),
        (r#"{"context":7}"#, 400, "INVALID_CONTEXT"),
        (r#"{"context":{"targetingKey":"u"},"unknown":1}"#, 200, ""),
        (r#"{"context":null}"#, 200, ""),
        ("{}", 200, ""),
    ] {
        let answer = app.send("POST", path, &app.server, body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
        assert_eq!(answer.header("content-type"), "application/json");
        if status != 200 {
            assert_eq!(answer.json()["errorCode"], code, "{}", answer.text);
            assert_eq!(answer.json()["key"], "checkout");
            assert_ne!(answer.json()["errorDetails"], Value::Null);
        }
    }
    let big = format!(r#"{{"context":{{"a":"{}"}}}}"#, "x".repeat(300 << 10));
    let answer = app.send("POST", path, &app.server, &big).await;
    assert_eq!(answer.status, 413);
    assert_ne!(answer.json()["errorDetails"], Value::Null);
}

#[tokio::test]
async fn a_flag_that_splits_by_default_says_that_the_key_is_missing() {
    let app = TestApp::start().await;
    app.flag("checkout").await;
    let slots = json!([{"serve": "on", "width": 50_000}, {"serve": "off", "width": 50_000}]);
    let targeting = json!({"on": true, "off_variant": "off", "rules": [], "default": {"slots": slots}});
    app.manage("PUT", &format!("{PRODUCTION}/flags/checkout"), json!({"targeting": targeting})).await;
    let answer = app.evaluate("checkout", json!({"plan": "free"})).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["errorCode"]), (400, &json!("TARGETING_KEY_MISSING")));
}

#[tokio::test]
async fn any_key_reaches_a_clean_not_found() {
    let app = TestApp::start().await;
    for (path, key) in [("no-such", "no-such"), ("a%2Fb", "a/b"), ("a/b", "a/b"), ("a%20b:%C3%BC", "a b:ü")]
    {
        let answer = app.evaluate(path, json!({})).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.json()["errorCode"], "FLAG_NOT_FOUND");
        assert_eq!(answer.json()["key"], key);
    }
    let answer = app.evaluate("a%FFb", json!({})).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["errorCode"]), (404, &json!("FLAG_NOT_FOUND")));
    assert_eq!(answer.json()["key"], "a%FFb");
    let said = "`a%FFb` is not UTF-8 once decoded, so it is no flag's key; encode the bytes of its UTF-8";
    assert_eq!(answer.json()["errorDetails"], said);
    let answer = app.send("POST", "/ofrep/v1/nothing", &app.server, "{}").await;
    assert_eq!(answer.status, 404);
    assert_ne!(answer.json()["errorDetails"], Value::Null);
}

#[tokio::test]
async fn tokens_are_told_apart() {
    let app = TestApp::start().await;
    app.flag("checkout").await;
    let path = "/ofrep/v1/evaluate/flags/checkout";
    for (token, status) in [
        ("", 401),
        ("nonsense", 401),
        (&*app.ingest, 403),
        (&*app.client, 404),
        (&*app.elsewhere, 404),
        (&*app.admin, 200),
        (&*app.server, 200),
    ] {
        let answer = app.send("POST", path, token, "{}").await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_eq!(answer.header("content-type"), "application/json");
        assert!(status == 200 || answer.json()["errorCode"].is_string());
        assert!(status == 200 || answer.json()["errorDetails"].is_string());
        assert_eq!(answer.header("www-authenticate").is_empty(), status != 401);
    }
    let by_key = Request::post(path).header("x-api-key", &app.server).body(Body::from("{}")).unwrap();
    assert_eq!(app.raw(by_key).await.status, 200);
    let loud = Request::post(path).header("authorization", format!("BEARER {}", app.server));
    assert_eq!(app.raw(loud.body(Body::from("{}")).unwrap()).await.status, 200);
}

#[tokio::test]
async fn numbers_keep_their_fraction_and_integers_have_none() {
    let app = TestApp::start().await;
    for (key, declared, value, text) in [
        ("ratio", "number", "1", "\"value\":1.0,"),
        ("zero", "number", "-0.0", "\"value\":0.0,"),
        ("exact", "number", "9007199254740993", "\"value\":9007199254740992.0,"),
        ("large", "number", "1000000000000000000000", "\"value\":1e+21,"),
        ("small", "number", "0.0000001", "\"value\":1e-7,"),
        ("largest", "number", "1.7976931348623157e308", "\"value\":1.7976931348623157e+308,"),
        ("count", "integer", "1", "\"value\":1,"),
        ("counted", "integer", "-9007199254740991", "\"value\":-9007199254740991,"),
    ] {
        let value: Value = serde_json::from_str(value).unwrap();
        let flag = json!({"flag": {"type": declared, "variants": {"one": value}}});
        app.manage("PUT", &format!("{PROJECT}/flags/{key}"), flag).await;
        let targeting = json!({"targeting": {"on": true, "off_variant": "one", "rules": [], "default": {"variant": "one"}}});
        app.manage("PUT", &format!("{PRODUCTION}/flags/{key}"), targeting).await;
        let answer = app.evaluate(key, json!({})).await;
        assert!(answer.text.contains(text), "{}", answer.text);
        let has_mark = text.contains('.') || text.contains("e+") || text.contains("e-");
        assert_eq!(
            has_mark,
            declared == "number",
            "what has neither a fraction nor an exponent is an integer: {text}"
        );
    }
}

#[tokio::test]
async fn what_has_no_value_is_named_with_its_place() {
    let app = TestApp::start().await;
    app.flag("checkout").await;
    for path in ["/ofrep/v1/evaluate/flags/checkout", "/ofrep/v1/evaluate/flags"] {
        for (value, said) in [
            ("1e400", "a number is beyond the range of 64-bit floats"),
            (r#"{"deeper":["x","\ud83d"]}"#, "a text has half a surrogate pair"),
        ] {
            let body = format!(r#"{{"context":{{"targetingKey":"u","a~/b":{value}}}}}"#);
            let answer = app.send("POST", path, &app.server, &body).await;
            assert_eq!(
                (answer.status.as_u16(), &answer.json()["errorCode"]),
                (400, &json!("INVALID_CONTEXT"))
            );
            let details = answer.json()["errorDetails"].as_str().unwrap().to_owned();
            assert!(details.contains(said) && details.contains("at `/context/a~0~1b"), "{details}");
            assert!(details.contains("line 1 column "), "{details}");
        }
    }
}

#[tokio::test]
async fn reaching_a_rollout_with_a_server_token_counts_and_looking_does_not() {
    let app = TestApp::start().await;
    let id = app.rollout("checkout").await;
    let exposed = async || {
        app.pass(1).await;
        let rollout = app.get(&format!("{PRODUCTION}/rollouts/{id}")).await.json();
        rollout["exposed_treated"].as_u64().unwrap() + rollout["exposed_control"].as_u64().unwrap()
    };
    let body = json!({"context": {"targetingKey": "admin"}}).to_string();
    app.send("POST", "/ofrep/v1/evaluate/flags/checkout", &app.admin, &body).await;
    assert_eq!(exposed().await, 0);
    for user in ["a", "b", "c", "a"] {
        let answer = app.evaluate("checkout", json!({"targetingKey": user})).await.json();
        assert_eq!(answer["reason"], "SPLIT");
        assert_eq!(answer["metadata"]["ruleId"], *id);
    }
    assert_eq!(exposed().await, 3);
}
