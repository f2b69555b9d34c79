//! Whether the server runs, whether it can answer, and which version it is.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use sapwood_engine::{Condition, Engine};
use serde_json::json;

use crate::json::Json;

/// `GET /healthz`: the process answers. It never fails while it does: whether a restart helps is for people to say,
/// and `restart` says when it is needed.
pub(crate) async fn healthz(State(engine): State<Engine>) -> impl IntoResponse {
    let health = engine.health();
    let (status, restart) = match health.storage {
        Condition::Sound => ("ok", false),
        Condition::Full => ("full", false),
        Condition::ReadOnly { .. } => ("read_only", true),
    };
    match health.sentence() {
        None => Json(json!({"status": status})),
        Some(detail) => Json(json!({
            "status": status, "restart": restart, "detail": detail,
            "events_shed": health.events_shed, "exposures_dropped": health.exposures_dropped,
        })),
    }
}

/// `GET /readyz`: there is something to serve. Storage that fails later does not end this, because evaluation goes on.
pub(crate) async fn readyz(State(engine): State<Engine>) -> impl IntoResponse {
    if engine.projects().is_empty() {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status": "empty"})));
    }
    let health = engine.health();
    match health.sentence() {
        None => (StatusCode::OK, Json(json!({"status": "ready"}))),
        Some(detail) => {
            let writes = health.takes_changes();
            (StatusCode::OK, Json(json!({"status": "ready", "writes": writes, "detail": detail})))
        }
    }
}

/// `GET /readyz/writes`: changes and events are taken. For whoever sends them somewhere else if not.
pub(crate) async fn readyz_writes(State(engine): State<Engine>) -> impl IntoResponse {
    let health = engine.health();
    if health.takes_changes() && !engine.projects().is_empty() {
        return (StatusCode::OK, Json(json!({"status": "ready"})));
    }
    let detail = health.sentence().unwrap_or_else(|| "there is no project yet".to_owned());
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status": "not_ready", "detail": detail})))
}

/// `GET /version`.
pub(crate) async fn version() -> impl IntoResponse {
    Json(json!({"version": env!("CARGO_PKG_VERSION")}))
}
