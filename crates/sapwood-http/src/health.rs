//! Whether the server runs, whether it can answer, and which version it is.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use sapwood_engine::Engine;
use serde_json::json;

use crate::json::Json;

/// `GET /healthz`: the process answers.
pub(crate) async fn healthz() -> impl IntoResponse {
    Json(json!({"status": "ok"}))
}

/// `GET /readyz`: there is something to serve. Storage that fails later does not end this, because evaluation goes on.
pub(crate) async fn readyz(State(engine): State<Engine>) -> impl IntoResponse {
    if engine.projects().is_empty() {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status": "empty"})));
    }
    (StatusCode::OK, Json(json!({"status": "ready"})))
}

/// `GET /version`.
pub(crate) async fn version() -> impl IntoResponse {
    Json(json!({"version": env!("CARGO_PKG_VERSION")}))
}
