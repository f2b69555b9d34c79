//! Pages as answers.

use askama::Template;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use sapwood_api::problem::Code;
use sapwood_core::state::State;

use super::assets;
use super::session::Visitor;
use crate::app::App;
use crate::page::{Frame, MessagePage};
use crate::problem::{self, Refusal};

/// A page with this status.
pub(super) fn page(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, [(header::CACHE_CONTROL, "no-store")], Html(html)).into_response(),
        Err(error) => {
            tracing::error!("a page could not be drawn: {error}");
            Refusal::new(Code::Internal, "the page could not be drawn; please report it").into_response()
        }
    }
}

/// A refusal as a page.
pub(super) fn refused(app: &App, visitor: Option<&Visitor>, refusal: &Refusal) -> Response {
    let heading = capital(refusal.code.title());
    page(refusal.status(), &MessagePage::new(&frame(app, visitor, None), &heading, &capital(&refusal.detail)))
}

/// For addresses that do not exist: a page for people, a problem for programs.
pub(crate) fn not_found(app: &App, request: &Request) -> Response {
    let headers = request.headers();
    if is_for_people(headers) {
        refused(app, Visitor::of(headers, app).as_ref(), &Refusal::nothing("page here"))
    } else {
        problem::not_found(request).into_response()
    }
}

fn is_for_people(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|types| types.contains("text/html"))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What surrounds every page. `environment` is the one that is shown, if it is known.
pub(super) fn frame(app: &App, visitor: Option<&Visitor>, environment: Option<&str>) -> Frame {
    let project = visitor.map(|visitor| visitor.project.clone());
    let environments = project.as_ref().and_then(|project| app.engine.read(project, environments));
    let environments = environments.unwrap_or_default();
    let first = environments.first().map_or("", String::as_str);
    Frame {
        css: assets::address("console.css"),
        js: assets::address("console.js"),
        icons: assets::icons(),
        project: project.map(|project| project.to_string()).unwrap_or_default(),
        environment: environment.unwrap_or(first).to_owned(),
        environments,
        signed_in: visitor.is_some_and(|visitor| visitor.signed_in),
        now: app.engine.now().to_string(),
    }
}

/// Those with real users first.
fn environments(state: &State) -> Vec<String> {
    let mut keys: Vec<_> =
        state.environments.iter().map(|(key, of)| (!of.production, key.to_string())).collect();
    keys.sort();
    keys.into_iter().map(|(_, key)| key).collect()
}
