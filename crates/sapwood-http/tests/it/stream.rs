//! The activity stream.

use axum::body::Body;
use axum::http::Request;
use futures_util::StreamExt as _;
use serde_json::json;

use crate::app::{PRODUCTION, TestApp};

const ADDRESS: &str = "/api/v1/stream/activity?environment=production";

async fn next(
    stream: &mut (impl futures_util::Stream<Item = Result<axum::body::Bytes, axum::Error>> + Unpin),
) -> String {
    String::from_utf8(stream.next().await.unwrap().unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn a_reader_hears_what_happens() {
    let app = TestApp::start().await;
    let id = app.rollout("checkout").await;
    let request = Request::get(ADDRESS).header("authorization", format!("Bearer {}", app.admin));
    let response = app.open(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    let mut stream = response.into_body().into_data_stream();
    let first = next(&mut stream).await;
    assert!(first.contains("retry: 2000") && first.contains("id: "), "{first}");
    app.manage("POST", &format!("{PRODUCTION}/rollouts/{id}/hold"), json!({"reason": "lunch"})).await;
    let held = next(&mut stream).await;
    assert!(held.contains(r#""kind":"rollout_held.v1""#), "{held}");
}

#[tokio::test]
async fn a_reader_who_comes_back_is_told_to_look_again() {
    let app = TestApp::start().await;
    let request = Request::get(ADDRESS).header("authorization", format!("Bearer {}", app.admin));
    let request = request.header("last-event-id", "1").body(Body::empty()).unwrap();
    let mut stream = app.open(request).await.into_body().into_data_stream();
    assert!(next(&mut stream).await.contains(r#"{"type":"missed"}"#));
}

#[tokio::test(start_paused = true)]
async fn silence_is_broken_by_a_beat() {
    let app = TestApp::start().await;
    let request = Request::get(ADDRESS).header("authorization", format!("Bearer {}", app.admin));
    let mut stream = app.open(request.body(Body::empty()).unwrap()).await.into_body().into_data_stream();
    next(&mut stream).await;
    let began = tokio::time::Instant::now();
    let beat = next(&mut stream).await;
    assert!(beat.starts_with(": alive") && beat.contains("event: beat"), "{beat}");
    assert!(began.elapsed().as_secs() <= 15);
}
