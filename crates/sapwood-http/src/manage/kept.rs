//! Ladders and guardrails kept for rollouts to come.

use axum::extract::{Path, State};
use axum::response::Response;
use sapwood_api::manage::Page;
use sapwood_api::resources::{GuardrailRequest, KeptGuardrailResponse, LadderRequest, LadderResponse};
use sapwood_core::command::Command;
use sapwood_core::id::{GuardrailKey, LadderKey};
use sapwood_core::resource::Resource;
use sapwood_engine::{Engine, convert, shown};

use super::definitions::named;
use super::terms::{Reading, Terms};
use super::{PageQuery, ask, changed, key, there};
use crate::auth::ManageProject;
use crate::json::Json;
use crate::problem::Refusal;

/// `GET …/ladders`.
pub(crate) async fn ladders(
    State(engine): State<Engine>,
    at: ManageProject,
    query: PageQuery,
) -> Result<Json<Page<LadderResponse>>, Refusal> {
    let page = engine.read(&at.project, |state| query.part().of(&state.ladders, |_| true, shown::ladder));
    there("project", page).map(Json)
}

/// `GET …/ladders/{key}`.
pub(crate) async fn get_ladder(
    State(engine): State<Engine>,
    at: ManageProject,
    reading: Reading,
    Path((_, key)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let found =
        engine.read(&at.project, |state| state.ladders.get(key.as_str()).map(|of| shown::ladder(&key, of)));
    let found = there("ladder", found.flatten())?;
    Ok(reading.answer(found.revision, found))
}

/// `PUT …/ladders/{key}`.
pub(crate) async fn put_ladder(
    State(engine): State<Engine>,
    at: ManageProject,
    terms: Terms,
    Path((_, name)): Path<(String, String)>,
    Json(request): Json<LadderRequest>,
) -> Result<Response, Refusal> {
    let about = Resource::Ladder(named(&name)?);
    let make = |_: &_| convert::ladder(&name, request.clone());
    changed(&terms, &ask(&engine, &at.project, at.caller.actor(), &terms, about, &request, make).await?)
}

/// `DELETE …/ladders/{key}`: rollouts that copied it keep their copy.
pub(crate) async fn remove_ladder(
    State(engine): State<Engine>,
    at: ManageProject,
    terms: Terms,
    Path((_, name)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let ladder: LadderKey = key("ladder", &name)?;
    let about = Resource::Ladder(ladder.clone());
    let make = |_: &_| Ok(Command::RemoveLadder { key: ladder.clone() });
    changed(&terms, &ask(&engine, &at.project, at.caller.actor(), &terms, about, &(), make).await?)
}

/// `GET …/guardrails`.
pub(crate) async fn guardrails(
    State(engine): State<Engine>,
    at: ManageProject,
    query: PageQuery,
) -> Result<Json<Page<KeptGuardrailResponse>>, Refusal> {
    let page =
        engine.read(&at.project, |state| query.part().of(&state.guardrails, |_| true, shown::guardrail));
    there("project", page).map(Json)
}

/// `GET …/guardrails/{key}`.
pub(crate) async fn get_guardrail(
    State(engine): State<Engine>,
    at: ManageProject,
    reading: Reading,
    Path((_, key)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let found = engine
        .read(&at.project, |state| state.guardrails.get(key.as_str()).map(|of| shown::guardrail(&key, of)));
    let found = there("guardrail", found.flatten())?;
    Ok(reading.answer(found.revision, found))
}

/// `PUT …/guardrails/{key}`.
pub(crate) async fn put_guardrail(
    State(engine): State<Engine>,
    at: ManageProject,
    terms: Terms,
    Path((_, name)): Path<(String, String)>,
    Json(request): Json<GuardrailRequest>,
) -> Result<Response, Refusal> {
    let about = Resource::Guardrail(named(&name)?);
    let make = |_: &_| convert::guardrail(&name, request.clone());
    changed(&terms, &ask(&engine, &at.project, at.caller.actor(), &terms, about, &request, make).await?)
}

/// `DELETE …/guardrails/{key}`: rollouts that copied it keep their copy.
pub(crate) async fn remove_guardrail(
    State(engine): State<Engine>,
    at: ManageProject,
    terms: Terms,
    Path((_, name)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let guardrail: GuardrailKey = key("guardrail", &name)?;
    let about = Resource::Guardrail(guardrail.clone());
    let make = |_: &_| Ok(Command::RemoveGuardrail { key: guardrail.clone() });
    changed(&terms, &ask(&engine, &at.project, at.caller.actor(), &terms, about, &(), make).await?)
}
