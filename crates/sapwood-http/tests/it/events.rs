//! The intake of events.

use serde_json::json;

use crate::app::TestApp;

const BATCH: &str = "0197a3c0-0000-7000-8000-000000000001";

#[tokio::test]
async fn a_batch_is_taken_once_and_its_bad_items_are_named() {
    let app = TestApp::start().await;
    app.rollout("checkout").await;
    let at = "2026-11-22T14:00:00.000Z";
    let batch = json!({"batch": BATCH, "items": [
        {"type": "metric", "metric": "checkout_error", "unit": "user-1", "at": at},
        {"type": "metric", "metric": "no_such", "unit": "user-1", "at": at},
        {"type": "alive", "metric": "checkout_error", "at": at},
    ]});
    let first = app.send("POST", "/api/v1/events", &app.ingest, &batch.to_string()).await;
    assert_eq!(first.status, 202);
    assert_eq!(first.json()["accepted"], 2);
    assert_eq!(first.json()["rejected"][0]["index"], 1);
    assert_eq!(first.json()["rejected"][0]["code"], "unknown_metric");
    let second = app.send("POST", "/api/v1/events", &app.server, &batch.to_string()).await;
    assert_eq!((second.status.as_u16(), &second.json()["duplicate"]), (202, &json!(true)));
}

#[tokio::test]
async fn what_is_not_a_batch_is_refused_with_its_place() {
    let app = TestApp::start().await;
    let item = json!({"type": "alive", "metric": "a", "at": "2026-11-22T14:00:00.000Z"});
    let refused = async |body: serde_json::Value| {
        let answer = app.send("POST", "/api/v1/events", &app.server, &body.to_string()).await;
        let path = answer.json()["path"].as_str().unwrap_or_default().to_owned();
        (answer.problem(), path)
    };
    let malformed = |path: &str| ("malformed_body".to_owned(), path.to_owned());
    assert_eq!(refused(json!({"batch": BATCH, "items": [item], "extra": 1})).await.0, "malformed_body");
    assert_eq!(
        refused(json!({"batch": BATCH, "items": [item, {"type": "nonsense"}]})).await,
        malformed("/items/1/type")
    );
    assert_eq!(refused(json!({"batch": "x", "items": []})).await, malformed("/batch"));
    let many = vec![item; 5_001];
    assert_eq!(
        refused(json!({"batch": BATCH, "items": many})).await,
        ("over_limit".to_owned(), "/items".to_owned())
    );
    let big = " ".repeat((1 << 20) + 1);
    assert_eq!(app.send("POST", "/api/v1/events", &app.server, &big).await.problem(), "body_too_large");
}
