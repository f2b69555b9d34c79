//! A server that started without its database: what it serves, and what it says instead of an empty list.

use serde_json::json;

use crate::app::{PRODUCTION, PROJECT, TestApp};

#[tokio::test]
async fn flags_are_served_and_all_else_says_why_not() {
    let app = TestApp::start().await;
    app.rollout("checkout").await;
    let before = app.evaluate("checkout", json!({"targetingKey": "user-1"})).await;
    let app = app.without_database();
    let after = app.evaluate("checkout", json!({"targetingKey": "user-1"})).await;
    assert_eq!((after.status, &after.text), (before.status, &before.text));
    assert_eq!(app.send("POST", "/ofrep/v1/evaluate/flags/checkout", "nonsense", "{}").await.status, 401);
    let metric = json!({"metric": {"kind": "event_rate"}}).to_string();
    for (method, path, body) in [
        ("GET", format!("{PRODUCTION}/rollouts"), ""),
        ("GET", format!("{PROJECT}/log"), ""),
        ("PUT", format!("{PROJECT}/metrics/errors"), metric.as_str()),
    ] {
        let answer = app.send(method, &path, &app.admin, body).await;
        assert_eq!(answer.problem(), "storage_failed", "{path}");
        assert!(answer.text.contains("log.db is not a database"), "{}", answer.text);
    }
    let page = app.send("GET", "/", "", "").await;
    assert_eq!(page.status, 503);
    assert!(page.text.contains("log.db is not a database"), "{}", page.text);
    let ready = app.get("/readyz").await;
    assert_eq!((ready.status.as_u16(), &ready.json()["writes"]), (200, &json!(false)));
    assert_eq!(app.get("/readyz/writes").await.status, 503);
    let health = app.get("/healthz").await.json();
    assert_eq!((&health["status"], &health["restart"]), (&json!("read_only"), &json!(true)));
}
