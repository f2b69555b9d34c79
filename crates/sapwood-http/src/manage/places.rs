//! The project and its environments: what they are called.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use sapwood_api::manage::Page;
use sapwood_api::resources::{EnvironmentRequest, EnvironmentResponse, ProjectRequest, ProjectResponse};
use sapwood_core::command::Command;
use sapwood_core::resource::Resource;
use sapwood_core::token::Permission;
use sapwood_engine::{Engine, shown};

use super::definitions::named;
use super::terms::{Reading, Terms};
use super::{PageQuery, ask, changed, there};
use crate::auth::{ManageProject, permitted};
use crate::json::Json;
use crate::problem::Refusal;

/// `GET /api/v1/projects`: those the token is for.
pub(crate) async fn projects(
    State(engine): State<Engine>,
    headers: HeaderMap,
    query: PageQuery,
) -> Result<Json<Page<ProjectResponse>>, Refusal> {
    let caller = permitted(&headers, &engine, Permission::Manage)?;
    let own = engine.read(&caller.project, shown::project).flatten();
    let rest = own.into_iter().filter(|of| query.after.as_ref().is_none_or(|after| of.key > *after));
    Ok(Json(query.part().cut(rest)))
}

/// `GET /api/v1/projects/{project}`.
pub(crate) async fn get_project(
    State(engine): State<Engine>,
    at: ManageProject,
    reading: Reading,
) -> Result<Response, Refusal> {
    let found = there("project", engine.read(&at.project, shown::project).flatten())?;
    Ok(reading.answer(found.revision, found))
}

/// `PUT /api/v1/projects/{project}`: its name.
pub(crate) async fn put_project(
    State(engine): State<Engine>,
    at: ManageProject,
    terms: Terms,
    Json(request): Json<ProjectRequest>,
) -> Result<Response, Refusal> {
    let project = at.project.clone();
    let make = |_: &_| Ok(Command::DefineProject { project: project.clone(), name: request.name.clone() });
    changed(
        &terms,
        &ask(&engine, &at.project, at.caller.actor(), &terms, Resource::Project, &request, make).await?,
    )
}

/// `GET …/environments`.
pub(crate) async fn environments(
    State(engine): State<Engine>,
    at: ManageProject,
    query: PageQuery,
) -> Result<Json<Page<EnvironmentResponse>>, Refusal> {
    let page =
        engine.read(&at.project, |state| query.part().of(&state.environments, |_| true, shown::environment));
    there("project", page).map(Json)
}

/// `GET …/environments/{environment}`.
pub(crate) async fn get_environment(
    State(engine): State<Engine>,
    at: ManageProject,
    reading: Reading,
    Path((_, key)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let found = engine.read(&at.project, |state| {
        state.environments.get(key.as_str()).map(|of| shown::environment(&key, of))
    });
    let found = there("environment", found.flatten())?;
    Ok(reading.answer(found.revision, found))
}

/// `PUT …/environments/{environment}`.
pub(crate) async fn put_environment(
    State(engine): State<Engine>,
    at: ManageProject,
    terms: Terms,
    Path((_, name)): Path<(String, String)>,
    Json(request): Json<EnvironmentRequest>,
) -> Result<Response, Refusal> {
    let key: sapwood_core::id::EnvironmentKey = named(&name)?;
    let about = Resource::Environment(key.clone());
    let make = |_: &_| {
        let EnvironmentRequest { name, production } = request.clone();
        Ok(Command::DefineEnvironment { key: key.clone(), name, production })
    };
    changed(&terms, &ask(&engine, &at.project, at.caller.actor(), &terms, about, &request, make).await?)
}
