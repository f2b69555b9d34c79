//! The log of a project, as it is.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use sapwood_api::manage::{LogEntry, Page};
use sapwood_api::problem::Code;
use sapwood_engine::{Engine, convert};

use super::PageQuery;
use crate::auth::ManageProject;
use crate::json::Json;
use crate::problem::Refusal;

/// `GET /api/v1/projects/{project}/log?after=&limit=`, the oldest first.
pub(crate) async fn read(
    State(engine): State<Engine>,
    at: ManageProject,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<Page<LogEntry>>, Refusal> {
    let Query(query) = query.map_err(|error| Refusal::new(Code::MalformedBody, error.body_text()))?;
    let after: u64 = query.after.as_deref().unwrap_or("0").parse().map_err(|_| {
        Refusal::new(Code::InvalidValue, "`after` is the version after which to read, a whole number")
            .at("/after")
    })?;
    let limit = query.limit();
    let entries = engine.log(&at.project, after, limit).await?;
    let next = entries.last().filter(|_| entries.len() == limit).map(|entry| entry.version.to_string());
    Ok(Json(Page { items: entries.iter().map(convert::log_entry).collect(), next }))
}
