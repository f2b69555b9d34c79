//! Flags, their targeting, segments and metrics: put by key, whole.

use axum::extract::{Path, State};
use sapwood_api::explain::{ExplainRequest, ExplainResponse};
use sapwood_api::manage::{Changed, FlagRequest, MetricRequest, SegmentRequest, TargetingRequest};
use sapwood_engine::{Engine, convert};

use super::changed;
use crate::auth::{Manage, ManageProject};
use crate::json::Json;
use crate::problem::Refusal;

/// `PUT /api/v1/projects/{project}/flags/{key}`.
pub(crate) async fn put_flag(
    State(engine): State<Engine>,
    at: ManageProject,
    Path((_, key)): Path<(String, String)>,
    Json(request): Json<FlagRequest>,
) -> Result<Json<Changed>, Refusal> {
    let command = convert::flag(&engine, &at.project, &key, request)?;
    let submitted = engine.submit(&at.project, at.caller.actor(), command).await?;
    Ok(Json(changed(&submitted)))
}

/// `PUT /api/v1/projects/{project}/environments/{environment}/flags/{key}`.
pub(crate) async fn put_targeting(
    State(engine): State<Engine>,
    at: Manage,
    Path((_, environment, key)): Path<(String, String, String)>,
    Json(request): Json<TargetingRequest>,
) -> Result<Json<Changed>, Refusal> {
    let command = convert::targeting(&environment, &key, request)?;
    let submitted = engine.submit(&at.scope.project, at.caller.actor(), command).await?;
    Ok(Json(changed(&submitted)))
}

/// `POST /api/v1/projects/{project}/environments/{environment}/flags/{key}/explain`.
pub(crate) async fn explain(
    State(engine): State<Engine>,
    at: Manage,
    Path((_, _, key)): Path<(String, String, String)>,
    Json(request): Json<ExplainRequest>,
) -> Result<Json<ExplainResponse>, Refusal> {
    Ok(Json(convert::explain(&engine, &at.scope, &key, request)?))
}

/// `PUT /api/v1/projects/{project}/segments/{key}`.
pub(crate) async fn put_segment(
    State(engine): State<Engine>,
    at: ManageProject,
    Path((_, key)): Path<(String, String)>,
    Json(request): Json<SegmentRequest>,
) -> Result<Json<Changed>, Refusal> {
    let command = convert::segment(&key, request)?;
    let submitted = engine.submit(&at.project, at.caller.actor(), command).await?;
    Ok(Json(changed(&submitted)))
}

/// `PUT /api/v1/projects/{project}/metrics/{key}`.
pub(crate) async fn put_metric(
    State(engine): State<Engine>,
    at: ManageProject,
    Path((_, key)): Path<(String, String)>,
    Json(request): Json<MetricRequest>,
) -> Result<Json<Changed>, Refusal> {
    let command = convert::metric(&key, request)?;
    let submitted = engine.submit(&at.project, at.caller.actor(), command).await?;
    Ok(Json(changed(&submitted)))
}
