//! The management API: each handler extracts, makes one call, converts the answer.

pub(crate) mod all;
pub(crate) mod definitions;
pub(crate) mod kept;
pub(crate) mod log;
pub(crate) mod places;
pub(crate) mod rollouts;
pub(crate) mod terms;
pub(crate) mod tokens;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use sapwood_api::manage::{Changed, Would};
use sapwood_core::command::Command;
use sapwood_core::entry::Actor;
use sapwood_core::id::ProjectKey;
use sapwood_core::rejection::Rejection;
use sapwood_core::resource::Resource;
use sapwood_core::state::State;
use sapwood_engine::shown::Part;
use sapwood_engine::{Asked, Engine, SubmitError, Submitted, convert};
use serde::{Deserialize, Serialize};

use crate::json::Json;
use crate::limits::{PAGE_ITEMS, PAGE_ITEMS_MAX};
use crate::problem::Refusal;
use crate::query::{Query, whole_if_given};
use terms::{Terms, etag};

/// Which page of a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageQuery {
    /// The cursor of the page before.
    pub(crate) after: Option<String>,
    /// How many items.
    #[serde(default, deserialize_with = "whole_if_given")]
    limit: Option<usize>,
}

impl PageQuery {
    pub(crate) fn limit(&self) -> usize {
        page_limit(self.limit)
    }

    /// The page itself.
    pub(crate) fn part(&self) -> Part<'_> {
        Part { after: self.after.as_deref(), limit: self.limit() }
    }
}

fn page_limit(asked: Option<usize>) -> usize {
    asked.unwrap_or(PAGE_ITEMS).clamp(1, PAGE_ITEMS_MAX)
}

impl<S: Send + Sync> FromRequestParts<S> for PageQuery {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        Query::from_request_parts(parts, state).await.map(|Query(query)| query)
    }
}

/// A name in the address, of something that must be there: one that cannot be a name is not there either.
fn key<T: std::str::FromStr>(what: &str, text: &str) -> Result<T, Refusal> {
    text.parse().map_err(|_| Refusal::nothing(&format!("such {what}")))
}

/// What must be there.
fn there<T>(what: &str, found: Option<T>) -> Result<T, Refusal> {
    found.ok_or_else(|| Refusal::nothing(&format!("such {what}")))
}

/// Makes a change, or says what it would be. Every place that a refusal names is one of `request`, which is what was sent;
/// of a change that sends nothing, `()`.
async fn ask(
    engine: &Engine,
    project: &ProjectKey,
    actor: Actor,
    terms: &Terms,
    about: Resource,
    request: &(impl Serialize + Sync),
    make: impl Fn(&State) -> Result<Command, Rejection> + Send + Sync,
) -> Result<Submitted, Refusal> {
    let make = |state: &State| Ok(vec![make(state)?.into()]);
    let (only, dry_run, growth_is_meant) = (terms.only.clone(), terms.dry_run, terms.confirm_growth);
    let asked = Asked { about, only, dry_run, growth_is_meant, make: &make };
    engine.ask(project, actor, &asked).await.map_err(|error| Refusal::from(error).within(request))
}

/// What a change came to, with the entity tag of what there is now.
fn changed(terms: &Terms, submitted: &Submitted) -> Result<Response, Refusal> {
    let body = Changed {
        version: submitted.version,
        changed: submitted.changed(),
        revision: submitted.revision,
        would: would(terms, submitted)?,
        moves: convert::moves(submitted.moves.clone()),
        warnings: submitted.warnings.clone(),
    };
    let tag = submitted.revision.map(etag);
    Ok(match tag {
        Some(tag) => ([tag], Json(body)).into_response(),
        None => Json(body).into_response(),
    })
}

/// What a change that was only tried would append to the log.
fn would(terms: &Terms, submitted: &Submitted) -> Result<Option<Vec<Would>>, Refusal> {
    let would = terms.dry_run.then(|| submitted.placed.iter().map(convert::would).collect::<Result<_, _>>());
    Ok(would.transpose().map_err(SubmitError::Encode)?)
}
