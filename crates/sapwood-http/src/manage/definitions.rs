//! Flags, their targeting, segments and metrics: read, put whole by key, taken away.

use axum::extract::{Path, State};
use axum::response::Response;
use sapwood_api::explain::{ExplainRequest, ExplainResponse};
use sapwood_api::manage::{FlagRequest, MetricRequest, Page, SegmentRequest, TargetingRequest};
use sapwood_api::resources::{FlagResponse, MetricResponse, RetiredFlag, SegmentResponse, TargetingResponse};
use sapwood_core::command::Command;
use sapwood_core::resource::Resource;
use sapwood_engine::shown::Part;
use sapwood_engine::{Engine, convert, shown};
use serde::Deserialize;
use serde_json::json;

use super::terms::{Reading, Terms};
use super::{PageQuery, ask, changed, key, there};
use crate::auth::{Manage, ManageProject};
use crate::json::Json;
use crate::limits::{PAGE_ITEMS, PAGE_ITEMS_MAX};
use crate::problem::Refusal;
use crate::query::{Nothing, Query, whole_if_given};

/// Which flags.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FlagQuery {
    after: Option<String>,
    #[serde(default, deserialize_with = "whole_if_given")]
    limit: Option<usize>,
    /// With this tag.
    tag: Option<String>,
    /// Of this owner.
    owner: Option<String>,
    /// Of this sort.
    kind: Option<String>,
}

/// `GET …/flags`.
pub(crate) async fn flags(
    State(engine): State<Engine>,
    at: ManageProject,
    Query(query): Query<FlagQuery>,
) -> Result<Json<Page<FlagResponse>>, Refusal> {
    let limit = query.limit.unwrap_or(PAGE_ITEMS).clamp(1, PAGE_ITEMS_MAX);
    let part = Part { after: query.after.as_deref(), limit };
    let page = engine.read(&at.project, |state| {
        part.of(
            &state.flags,
            |flag| {
                let about = &flag.value.about;
                query.tag.as_ref().is_none_or(|tag| about.tags.contains(tag))
                    && query.owner.as_ref().is_none_or(|owner| about.owner.as_ref() == Some(owner))
                    && query.kind.as_ref().is_none_or(|kind| json!(about.kind) == json!(kind))
            },
            |key, flag| shown::flag(state, key, flag),
        )
    });
    there("project", page).map(Json)
}

/// `GET …/retired-flags`.
pub(crate) async fn retired(
    State(engine): State<Engine>,
    at: ManageProject,
    query: PageQuery,
) -> Result<Json<Page<RetiredFlag>>, Refusal> {
    let page = engine.read(&at.project, |state| {
        let rest = state.retired.iter().map(|key| RetiredFlag { key: key.to_string() });
        query.part().cut(rest.filter(|flag| query.after.as_ref().is_none_or(|after| flag.key > *after)))
    });
    there("project", page).map(Json)
}

/// `GET …/flags/{key}`.
pub(crate) async fn get_flag(
    State(engine): State<Engine>,
    at: ManageProject,
    reading: Reading,
    Path((_, key)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let found = engine
        .read(&at.project, |state| state.flags.get(key.as_str()).map(|flag| shown::flag(state, &key, flag)));
    let found = there("flag", found.flatten())?;
    Ok(reading.answer(found.revision, found))
}

/// `PUT …/flags/{key}`.
pub(crate) async fn put_flag(
    State(engine): State<Engine>,
    at: ManageProject,
    terms: Terms,
    Path((_, name)): Path<(String, String)>,
    Json(request): Json<FlagRequest>,
) -> Result<Response, Refusal> {
    let salt = engine.mint().salt;
    let about = Resource::Flag(named(&name)?);
    let make = |state: &_| convert::flag(state, &salt, &name, request.clone());
    changed(&terms, &ask(&engine, &at.project, at.caller.actor(), &terms, about, &request, make).await?)
}

/// `DELETE …/flags/{key}`: its key is never used again.
pub(crate) async fn retire_flag(
    State(engine): State<Engine>,
    at: ManageProject,
    terms: Terms,
    Path((_, name)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let flag: sapwood_eval::FlagKey = key("flag", &name)?;
    let about = Resource::Flag(flag.clone());
    let make = |_: &_| Ok(Command::RetireFlag { flag: flag.clone() });
    changed(&terms, &ask(&engine, &at.project, at.caller.actor(), &terms, about, &(), make).await?)
}

/// `GET …/environments/{environment}/flags`.
pub(crate) async fn all_targeting(
    State(engine): State<Engine>,
    at: Manage,
    query: PageQuery,
) -> Result<Json<Page<TargetingResponse>>, Refusal> {
    let page = engine.read(&at.scope.project, |state| {
        let environment = state.environments.get(&at.scope.environment)?;
        Some(query.part().of(&environment.targeting, |_| true, shown::targeting))
    });
    there("environment", page.flatten()).map(Json)
}

/// `GET …/environments/{environment}/flags/{key}`.
pub(crate) async fn get_targeting(
    State(engine): State<Engine>,
    at: Manage,
    reading: Reading,
    Path((_, _, key)): Path<(String, String, String)>,
) -> Result<Response, Refusal> {
    let found = engine.read(&at.scope.project, |state| {
        let environment = state.environments.get(&at.scope.environment)?;
        environment.targeting.get(key.as_str()).map(|of| shown::targeting(&key, of))
    });
    let found = there("targeting of this flag in this environment", found.flatten())?;
    Ok(reading.answer(found.revision, found))
}

/// `PUT …/environments/{environment}/flags/{key}`.
pub(crate) async fn put_targeting(
    State(engine): State<Engine>,
    at: Manage,
    terms: Terms,
    Path((_, environment, name)): Path<(String, String, String)>,
    Json(request): Json<TargetingRequest>,
) -> Result<Response, Refusal> {
    let about = Resource::Targeting(at.scope.environment.clone(), named(&name)?);
    let make = |_: &_| convert::targeting(&environment, &name, &request);
    changed(&terms, &ask(&engine, &at.scope.project, at.caller.actor(), &terms, about, &request, make).await?)
}

/// `POST /api/v1/projects/{project}/environments/{environment}/flags/{key}/explain`.
pub(crate) async fn explain(
    State(engine): State<Engine>,
    at: Manage,
    _: Query<Nothing>,
    Path((_, _, key)): Path<(String, String, String)>,
    Json(request): Json<ExplainRequest>,
) -> Result<Json<ExplainResponse>, Refusal> {
    let explained = convert::explain(&engine, &at.scope, &at.caller.actor(), &key, request.clone());
    Ok(Json(explained.map_err(|error| Refusal::from(error).within(&request))?))
}

/// `DELETE …/environments/{environment}/flags/{key}`.
pub(crate) async fn remove_targeting(
    State(engine): State<Engine>,
    at: Manage,
    terms: Terms,
    Path((_, _, name)): Path<(String, String, String)>,
) -> Result<Response, Refusal> {
    let (environment, flag) = (at.scope.environment.clone(), key::<sapwood_eval::FlagKey>("flag", &name)?);
    let about = Resource::Targeting(environment.clone(), flag.clone());
    let make = |_: &_| Ok(Command::RemoveTargeting { environment: environment.clone(), flag: flag.clone() });
    changed(&terms, &ask(&engine, &at.scope.project, at.caller.actor(), &terms, about, &(), make).await?)
}

/// `GET …/segments`.
pub(crate) async fn segments(
    State(engine): State<Engine>,
    at: ManageProject,
    query: PageQuery,
) -> Result<Json<Page<SegmentResponse>>, Refusal> {
    let page = engine.read(&at.project, |state| query.part().of(&state.segments, |_| true, shown::segment));
    there("project", page).map(Json)
}

/// `GET …/segments/{key}`.
pub(crate) async fn get_segment(
    State(engine): State<Engine>,
    at: ManageProject,
    reading: Reading,
    Path((_, key)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let found =
        engine.read(&at.project, |state| state.segments.get(key.as_str()).map(|of| shown::segment(&key, of)));
    let found = there("segment", found.flatten())?;
    Ok(reading.answer(found.revision, found))
}

/// `PUT …/segments/{key}`.
pub(crate) async fn put_segment(
    State(engine): State<Engine>,
    at: ManageProject,
    terms: Terms,
    Path((_, name)): Path<(String, String)>,
    Json(request): Json<SegmentRequest>,
) -> Result<Response, Refusal> {
    let about = Resource::Segment(named(&name)?);
    let make = |_: &_| convert::segment(&name, request.clone());
    changed(&terms, &ask(&engine, &at.project, at.caller.actor(), &terms, about, &request, make).await?)
}

/// `DELETE …/segments/{key}`.
pub(crate) async fn remove_segment(
    State(engine): State<Engine>,
    at: ManageProject,
    terms: Terms,
    Path((_, name)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let segment: sapwood_eval::SegmentKey = key("segment", &name)?;
    let about = Resource::Segment(segment.clone());
    let make = |_: &_| Ok(Command::RemoveSegment { key: segment.clone() });
    changed(&terms, &ask(&engine, &at.project, at.caller.actor(), &terms, about, &(), make).await?)
}

/// `GET …/metrics`.
pub(crate) async fn metrics(
    State(engine): State<Engine>,
    at: ManageProject,
    query: PageQuery,
) -> Result<Json<Page<MetricResponse>>, Refusal> {
    let page = engine.read(&at.project, |state| query.part().of(&state.metrics, |_| true, shown::metric));
    there("project", page).map(Json)
}

/// `GET …/metrics/{key}`.
pub(crate) async fn get_metric(
    State(engine): State<Engine>,
    at: ManageProject,
    reading: Reading,
    Path((_, key)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let found =
        engine.read(&at.project, |state| state.metrics.get(key.as_str()).map(|of| shown::metric(&key, of)));
    let found = there("metric", found.flatten())?;
    Ok(reading.answer(found.revision, found))
}

/// `PUT …/metrics/{key}`.
pub(crate) async fn put_metric(
    State(engine): State<Engine>,
    at: ManageProject,
    terms: Terms,
    Path((_, name)): Path<(String, String)>,
    Json(request): Json<MetricRequest>,
) -> Result<Response, Refusal> {
    let about = Resource::Metric(named(&name)?);
    let make = |_: &_| convert::metric(&name, request.clone());
    changed(&terms, &ask(&engine, &at.project, at.caller.actor(), &terms, about, &request, make).await?)
}

/// `DELETE …/metrics/{key}`.
pub(crate) async fn remove_metric(
    State(engine): State<Engine>,
    at: ManageProject,
    terms: Terms,
    Path((_, name)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let metric: sapwood_core::id::MetricKey = key("metric", &name)?;
    let about = Resource::Metric(metric.clone());
    let make = |_: &_| Ok(Command::RemoveMetric { key: metric.clone() });
    changed(&terms, &ask(&engine, &at.project, at.caller.actor(), &terms, about, &(), make).await?)
}

/// A name something is put under.
pub(super) fn named<T>(text: &str) -> Result<T, Refusal>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let refuse = |error: T::Err| Refusal::new(sapwood_api::problem::Code::InvalidValue, error.to_string());
    text.parse().map_err(|error| refuse(error).at("key"))
}
