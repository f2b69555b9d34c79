//! Tokens: made here, shown once, listed without their secret, ended here.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use sapwood_api::manage::{Changed, Page, TokenRequest, TokenResponse};
use sapwood_api::problem::Code;
use sapwood_api::resources::TokenInfo;
use sapwood_core::command::Command;
use sapwood_core::resource::Resource;
use sapwood_engine::{Engine, convert, shown};
use serde_json::Value;
use uuid::Uuid;

use super::terms::{Reading, Terms, etag};
use super::{PageQuery, ask, changed, there, would};
use crate::auth::ManageProject;
use crate::json::Json;
use crate::problem::Refusal;

/// `POST /api/v1/projects/{project}/tokens`.
pub(crate) async fn issue(
    State(engine): State<Engine>,
    at: ManageProject,
    terms: Terms,
    Json(request): Json<TokenRequest>,
) -> Result<Response, Refusal> {
    let kind = request.kind.clone();
    let (command, id, token) =
        convert::token(&engine, request.clone()).map_err(|error| Refusal::from(error).within(&request))?;
    let make = |_: &_| Ok(command.clone());
    let about = Resource::Token(id);
    let submitted = ask(&engine, &at.project, at.caller.actor(), &terms, about, &request, make).await?;
    if terms.dry_run {
        let mut tried = would(&terms, &submitted)?;
        for one in tried.iter_mut().flatten() {
            // A secret that does not exist is not shown, nor its hash.
            one.body
                .pointer_mut("/token")
                .and_then(Value::as_object_mut)
                .map(|token| token.remove("secret_hash"));
        }
        let (version, changed) = (submitted.version, submitted.changed());
        return Ok(Json(Changed { version, changed, would: tried, ..Changed::default() }).into_response());
    }
    let tag = etag(submitted.version);
    Ok((StatusCode::CREATED, [tag], Json(TokenResponse { id: id.to_string(), kind, token })).into_response())
}

/// `GET …/tokens`.
pub(crate) async fn list(
    State(engine): State<Engine>,
    at: ManageProject,
    query: PageQuery,
) -> Result<Json<Page<TokenInfo>>, Refusal> {
    let after = query.after.as_deref().map(str::parse::<Uuid>).transpose().map_err(|_| {
        let detail = "`after` is not a cursor of this list; use the `next` of the page before";
        Refusal::new(Code::InvalidValue, detail).at("after")
    })?;
    let page = engine.read(&at.project, |state| {
        let rest = state.tokens.iter().filter(|(id, _)| after.is_none_or(|after| **id > after));
        query.part().cut(rest.map(|(_, token)| shown::token(token)))
    });
    there("project", page).map(Json)
}

/// `GET …/tokens/{id}`.
pub(crate) async fn get(
    State(engine): State<Engine>,
    at: ManageProject,
    reading: Reading,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let id: Option<Uuid> = id.parse().ok();
    let found = engine.read(&at.project, |state| state.tokens.get(&id?).map(shown::token));
    let found = there("token in this project", found.flatten())?;
    Ok(reading.answer(found.revision, found))
}

/// `DELETE /api/v1/projects/{project}/tokens/{id}`.
pub(crate) async fn revoke(
    State(engine): State<Engine>,
    at: ManageProject,
    terms: Terms,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let token: Uuid = id.parse().map_err(|_| Refusal::nothing("such token in this project"))?;
    let make = |_: &_| Ok(Command::RevokeToken { token });
    let about = Resource::Token(token);
    changed(&terms, &ask(&engine, &at.project, at.caller.actor(), &terms, about, &(), make).await?)
}
