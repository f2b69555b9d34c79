//! All definitions of a project at once: read at one version, and put as one change, whole or not at all.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use sapwood_api::resources::{Applied, DefinitionsRequest};
use sapwood_core::resource::Resource;
use sapwood_engine::{Asked, Engine, convert};

use super::terms::{Reading, Terms, etag};
use super::{there, would};
use crate::auth::ManageProject;
use crate::json::Json;
use crate::problem::Refusal;

/// `GET …/definitions`.
pub(crate) async fn get(
    State(engine): State<Engine>,
    at: ManageProject,
    reading: Reading,
) -> Result<Response, Refusal> {
    let found = there("project", engine.read(&at.project, convert::all_definitions))?;
    Ok(reading.answer(found.version, found))
}

/// `PUT …/definitions?prune=&dry_run=`.
pub(crate) async fn put(
    State(engine): State<Engine>,
    at: ManageProject,
    terms: Terms,
    Json(request): Json<DefinitionsRequest>,
) -> Result<Response, Refusal> {
    let salts: Vec<_> = request.items.iter().map(|_| engine.mint().salt).collect();
    let make = |state: &_| convert::definitions(state, &salts, &request.items, terms.prune);
    let (about, only) = (Resource::Definitions, terms.only.clone());
    let growth_is_meant = terms.confirm_growth;
    let asked = Asked { about, only, dry_run: terms.dry_run, growth_is_meant, make: &make };
    let submitted = engine.ask(&at.project, at.caller.actor(), &asked).await;
    let submitted = submitted.map_err(|error| Refusal::from(error).within(&request))?;
    let (version, changed, would) = (submitted.version, submitted.changed(), would(&terms, &submitted)?);
    let (changes, warnings) = (submitted.applied, submitted.warnings);
    let body = Applied { version, changed, dry_run: terms.dry_run, changes, would, warnings };
    Ok(([etag(version)], Json(body)).into_response())
}
