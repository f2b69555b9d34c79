//! Tokens: made here, shown once, ended here.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use sapwood_api::manage::{Changed, TokenRequest, TokenResponse};
use sapwood_core::command::Command;
use sapwood_engine::{Engine, convert};
use uuid::Uuid;

use super::changed;
use crate::auth::ManageProject;
use crate::json::Json;
use crate::problem::Refusal;

/// `POST /api/v1/projects/{project}/tokens`.
pub(crate) async fn issue(
    State(engine): State<Engine>,
    at: ManageProject,
    Json(request): Json<TokenRequest>,
) -> Result<impl IntoResponse, Refusal> {
    let kind = request.kind.clone();
    let (command, id, token) = convert::token(&engine, request)?;
    engine.submit(&at.project, at.caller.actor(), command).await?;
    Ok((StatusCode::CREATED, Json(TokenResponse { id: id.to_string(), kind, token })))
}

/// `DELETE /api/v1/projects/{project}/tokens/{id}`.
pub(crate) async fn revoke(
    State(engine): State<Engine>,
    at: ManageProject,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<Changed>, Refusal> {
    let token: Uuid = id.parse().map_err(|_| Refusal::nothing("such token in this project"))?;
    let submitted = engine.submit(&at.project, at.caller.actor(), Command::RevokeToken { token }).await?;
    Ok(Json(changed(&submitted)))
}
