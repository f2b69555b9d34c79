//! Rollouts: start one, look at them, take a step.

use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sapwood_api::manage::{AmendRequest, Page, RolloutRequest, RolloutResponse, StepRequest};
use sapwood_api::problem::Code;
use sapwood_core::resource::Resource;
use sapwood_engine::convert::StepName;
use sapwood_engine::{Engine, Only, Scope, Submitted, convert};
use sapwood_eval::RolloutId;

use super::terms::{Reading, Terms};
use super::{PageQuery, ask, changed, key};
use crate::auth::Manage;
use crate::json::{Json, OptionalJson};
use crate::problem::Refusal;

/// `POST …/rollouts`.
pub(crate) async fn start(
    State(engine): State<Engine>,
    at: Manage,
    terms: Terms,
    Json(request): Json<RolloutRequest>,
) -> Result<Response, Refusal> {
    let Scope { project, environment } = &at.scope;
    let minted = engine.mint();
    let id = request.id.clone().unwrap_or_else(|| minted.id.to_string());
    let about = Resource::Rollout(environment.clone(), named_at(&id, "/id")?);
    let make = |state: &_| {
        convert::rollout(state, &minted, environment.as_str(), request.clone()).map(|(command, _)| command)
    };
    let submitted = ask(&engine, project, at.caller.actor(), &terms, about, &request, make).await?;
    if terms.dry_run {
        return changed(&terms, &submitted);
    }
    let status = if submitted.changed() { StatusCode::CREATED } else { StatusCode::OK };
    let address = format!("/api/v1/projects/{project}/environments/{environment}/rollouts/{id}");
    let found = found(&engine, &at.scope, &id)?;
    Ok((status, [(header::LOCATION, address)], found).into_response())
}

/// `GET …/rollouts`, the newest first.
pub(crate) async fn list(
    State(engine): State<Engine>,
    at: Manage,
    query: PageQuery,
) -> Result<Json<Page<RolloutResponse>>, Refusal> {
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
    reading: Reading,
    Path((_, _, id)): Path<(String, String, String)>,
) -> Result<Response, Refusal> {
    let (_, Json(rollout)) = found(&engine, &at.scope, &id)?;
    Ok(reading.answer(rollout.revision, rollout))
}

/// `POST …/rollouts/{id}/amend`.
pub(crate) async fn amend(
    State(engine): State<Engine>,
    at: Manage,
    terms: Terms,
    Path((_, environment, id)): Path<(String, String, String)>,
    Json(request): Json<AmendRequest>,
) -> Result<Response, Refusal> {
    let now = engine.now();
    let about = Resource::Rollout(at.scope.environment.clone(), key("rollout in this environment", &id)?);
    let make = |state: &_| convert::amend(state, now, &environment, &id, request.clone());
    let submitted = ask(&engine, &at.scope.project, at.caller.actor(), &terms, about, &request, make).await?;
    stepped(&engine, &at.scope, &id, &terms, &submitted)
}

/// `POST …/rollouts/{id}/{step}`.
pub(crate) async fn step(
    State(engine): State<Engine>,
    at: Manage,
    mut terms: Terms,
    Path((_, environment, id, step)): Path<(String, String, String, String)>,
    OptionalJson(request): OptionalJson<StepRequest>,
) -> Result<Response, Refusal> {
    let step = step_name(&step).ok_or_else(|| Refusal::nothing("such step of a rollout"))?;
    if matches!(step, StepName::Hold | StepName::RollBack) {
        // Stopping is never harder than going: whoever saw an older state stops it all the same.
        terms.only = Only::default();
    }
    let about = Resource::Rollout(at.scope.environment.clone(), key("rollout in this environment", &id)?);
    let make = |_: &_| convert::step(&environment, &id, step, request.clone());
    let submitted = ask(&engine, &at.scope.project, at.caller.actor(), &terms, about, &request, make).await?;
    stepped(&engine, &at.scope, &id, &terms, &submitted)
}

/// The rollout after a step, or what the step would do.
fn stepped(
    engine: &Engine,
    scope: &Scope,
    id: &str,
    terms: &Terms,
    submitted: &Submitted,
) -> Result<Response, Refusal> {
    if terms.dry_run {
        return changed(terms, submitted);
    }
    found(engine, scope, id).map(IntoResponse::into_response)
}

fn named_at(id: &str, path: &str) -> Result<RolloutId, Refusal> {
    let refuse = |error: sapwood_eval::KeyError| Refusal::new(Code::InvalidValue, error.to_string()).at(path);
    id.parse().map_err(refuse)
}

/// The step an address names.
pub(crate) fn step_name(word: &str) -> Option<StepName> {
    Some(match word {
        "advance" => StepName::Advance,
        "hold" => StepName::Hold,
        "resume" => StepName::Resume,
        "approve" => StepName::Approve,
        "shrink" => StepName::Shrink,
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
