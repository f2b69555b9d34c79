//! Where applications report what happened.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use sapwood_api::events::EventBatch;
use sapwood_engine::Engine;

use crate::auth::Report;
use crate::json::{Flat, Json};
use crate::problem::Refusal;

/// `POST /api/v1/events`.
pub(crate) async fn report(
    State(engine): State<Engine>,
    caller: Report,
    Flat(batch): Flat<EventBatch>,
) -> Result<impl IntoResponse, Refusal> {
    let taken = engine.report(&caller.scope, batch).await?;
    Ok((StatusCode::ACCEPTED, Json(taken)))
}
