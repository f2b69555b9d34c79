//! The log of a project: as it is, compared, and taken back entry by entry.

use axum::extract::{Path, State};
use axum::response::Response;
use sapwood_api::log::LogDiff;
use sapwood_api::manage::{LogEntry, Page};
use sapwood_api::problem::Code;
use sapwood_core::id::Stream;
use sapwood_engine::{Engine, LogFilter, convert};
use serde::Deserialize;

use super::terms::Terms;
use super::{changed, page_limit};
use crate::auth::ManageProject;
use crate::json::Json;
use crate::problem::Refusal;
use crate::query::{Query, whole, whole_if_given};

/// Which entries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogQuery {
    after: Option<String>,
    #[serde(default, deserialize_with = "whole_if_given")]
    limit: Option<usize>,
    since: Option<String>,
    actor: Option<String>,
    kind: Option<String>,
    resource: Option<String>,
}

impl LogQuery {
    fn filter(self) -> Result<LogFilter, Refusal> {
        let wrong = |name: &str, error: String| Refusal::new(Code::InvalidValue, error).at(name);
        let since = self.since.map(|text| text.parse()).transpose();
        let resource = self.resource.map(|text| text.parse()).transpose();
        Ok(LogFilter {
            since: since
                .map_err(|error: sapwood_core::time::TimestampError| wrong("since", error.to_string()))?,
            actor: self.actor,
            kind: self.kind,
            resource: resource.map_err(|error: sapwood_core::resource::ResourceError| {
                wrong("resource", error.to_string())
            })?,
        })
    }
}

/// `GET /api/v1/projects/{project}/log?after=&limit=&since=&actor=&kind=&resource=`, the oldest first.
pub(crate) async fn read(
    State(engine): State<Engine>,
    at: ManageProject,
    Query(query): Query<LogQuery>,
) -> Result<Json<Page<LogEntry>>, Refusal> {
    let after = version("after", query.after.as_deref().unwrap_or("0"))?;
    let limit = page_limit(query.limit);
    let page = engine.search_log(&Stream::Project(at.project), after, limit, &query.filter()?).await?;
    let next = page.next.map(|version| version.to_string());
    Ok(Json(Page { items: page.entries.iter().map(convert::log_entry).collect(), next }))
}

/// Which versions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiffQuery {
    #[serde(deserialize_with = "whole")]
    from: u64,
    #[serde(deserialize_with = "whole")]
    to: u64,
}

/// `GET /api/v1/projects/{project}/log/diff?from=&to=`.
pub(crate) async fn diff(
    State(engine): State<Engine>,
    at: ManageProject,
    Query(query): Query<DiffQuery>,
) -> Result<Json<LogDiff>, Refusal> {
    let diff = engine.diff(&at.project, query.from, query.to).await?;
    Ok(Json(convert::log_diff(diff)))
}

/// `POST /api/v1/projects/{project}/log/{version}/revert`.
pub(crate) async fn revert(
    State(engine): State<Engine>,
    at: ManageProject,
    terms: Terms,
    Path((_, entry)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let (actor, entry) = (at.caller.actor(), version("version", &entry)?);
    let submitted = engine.revert_if(&at.project, actor, entry, (terms.only.clone(), terms.dry_run)).await?;
    changed(&terms, &submitted)
}

fn version(name: &str, text: &str) -> Result<u64, Refusal> {
    text.parse().map_err(|_| {
        let detail = format!("`{name}` is a version of the log, a whole number");
        Refusal::new(Code::InvalidValue, detail).at(name)
    })
}
