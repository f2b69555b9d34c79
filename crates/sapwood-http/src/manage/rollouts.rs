//! Rollouts: start one, look at them, take a step.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::IntoResponse;
use sapwood_api::manage::{Page, RolloutRequest, RolloutResponse, StepRequest};
use sapwood_api::problem::Code;
use sapwood_engine::convert::StepName;
use sapwood_engine::{Engine, Scope, convert};

use super::PageQuery;
use crate::auth::Manage;
use crate::json::{Json, OptionalJson};
use crate::problem::Refusal;

/// `POST …/rollouts`.
pub(crate) async fn start(
    State(engine): State<Engine>,
    at: Manage,
    Json(request): Json<RolloutRequest>,
) -> Result<impl IntoResponse, Refusal> {
    let Scope { project, environment } = &at.scope;
    let (command, id) = convert::rollout(&engine, project, environment.as_str(), request)?;
    let submitted = engine.submit(project, at.caller.actor(), command).await?;
    let status = if submitted.changed() { StatusCode::CREATED } else { StatusCode::OK };
    let address = format!("/api/v1/projects/{project}/environments/{environment}/rollouts/{id}");
    Ok((status, [(header::LOCATION, address)], found(&engine, &at.scope, id.as_str())?))
}

/// `GET …/rollouts`, the newest first.
pub(crate) async fn list(
    State(engine): State<Engine>,
    at: Manage,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<Page<RolloutResponse>>, Refusal> {
    let Query(query) = query.map_err(|error| Refusal::new(Code::MalformedBody, error.body_text()))?;
    let limit = query.limit();
    if let Some(after) = &query.after
        && uuid::Uuid::parse_str(after).is_err()
    {
        let detail = "`after` is not a cursor of this list; use the `next` of the page before";
        return Err(Refusal::new(Code::InvalidValue, detail).at("after"));
    }
    // Ids are ordered by time, so the last one of a page is its cursor.
    let older = engine
        .rollouts(&at.scope)
        .into_iter()
        .filter(|rollout| query.after.as_ref().is_none_or(|after| rollout.id < *after));
    let mut items: Vec<_> = older.take(limit.saturating_add(1)).collect();
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|rollout| rollout.id.clone());
    Ok(Json(Page { items, next }))
}

/// `GET …/rollouts/{id}`.
pub(crate) async fn get(
    State(engine): State<Engine>,
    at: Manage,
    Path((_, _, id)): Path<(String, String, String)>,
) -> Result<impl IntoResponse, Refusal> {
    found(&engine, &at.scope, &id)
}

/// `POST …/rollouts/{id}/{step}`.
pub(crate) async fn step(
    State(engine): State<Engine>,
    at: Manage,
    Path((_, environment, id, step)): Path<(String, String, String, String)>,
    OptionalJson(request): OptionalJson<StepRequest>,
) -> Result<impl IntoResponse, Refusal> {
    let step = step_name(&step).ok_or_else(|| Refusal::nothing("such step of a rollout"))?;
    let command = convert::step(&environment, &id, step, request)?;
    engine.submit(&at.scope.project, at.caller.actor(), command).await?;
    found(&engine, &at.scope, &id)
}

/// The step an address names.
pub(crate) fn step_name(word: &str) -> Option<StepName> {
    Some(match word {
        "advance" => StepName::Advance,
        "hold" => StepName::Hold,
        "resume" => StepName::Resume,
        "approve" => StepName::Approve,
        "roll-back" => StepName::RollBack,
        "complete" => StepName::Complete,
        _ => return None,
    })
}

/// An answer with its entity tag.
type Found = ([(HeaderName, String); 1], Json<RolloutResponse>);

/// A rollout as it stands, with its revision as the entity tag.
fn found(engine: &Engine, scope: &Scope, id: &str) -> Result<Found, Refusal> {
    let rollout =
        engine.rollout(scope, id).ok_or_else(|| Refusal::nothing("such rollout in this environment"))?;
    Ok(([(header::ETAG, format!("\"{}\"", rollout.revision))], Json(rollout)))
}
