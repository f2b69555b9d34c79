//! Where applications report what happened.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use sapwood_api::events::EventBatch;
use sapwood_engine::Engine;
use serde::Deserialize;

use crate::auth::Report;
use crate::json::{Flat, Json};
use crate::problem::Refusal;
use crate::query::Query;

/// For whom.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportQuery {
    #[serde(default, rename = "environment")]
    _environment: Option<String>,
}

/// `POST /api/v1/events`.
pub(crate) async fn report(
    State(engine): State<Engine>,
    caller: Report,
    // Which environment, the caller was asked already; anything else would look as if it were heeded.
    _: Query<ReportQuery>,
    Flat(batch): Flat<EventBatch>,
) -> Result<impl IntoResponse, Refusal> {
    let taken = engine.report(&caller.scope, batch).await?;
    Ok((StatusCode::ACCEPTED, Json(taken)))
}
