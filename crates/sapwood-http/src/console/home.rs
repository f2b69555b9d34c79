//! The grove.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use sapwood_engine::Scope;
use serde::Deserialize;

use super::answer::{frame, page, refused};
use super::session::Visitor;
use crate::app::App;
use crate::page::GrovePage;
use crate::problem::Refusal;

/// Which environment.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    environment: Option<String>,
}

/// `GET /`.
pub(super) async fn home(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Response {
    let frame = frame(&app, Some(&visitor), asked.environment.as_deref());
    let known = frame.environments.contains(&frame.environment);
    let Some(environment) = frame.environment.parse().ok().filter(|_| known) else {
        return refused(&app, Some(&visitor), &Refusal::nothing("such environment"));
    };
    let rollouts = app.engine.rollouts(&Scope { project: visitor.project, environment });
    page(StatusCode::OK, &GrovePage::new(&frame, &rollouts, origin(&headers)))
}

/// Where this server is reached, as the browser knows it.
fn origin(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}")
}
