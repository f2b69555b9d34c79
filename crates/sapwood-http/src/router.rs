//! All addresses, and what every answer carries.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use sapwood_engine::Engine;
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::{App, Options};
use crate::front::Front;
use crate::json::BytesMax;
use crate::limits::{BATCH_BYTES_MAX, DEFINITIONS_BYTES_MAX, MANAGE_BYTES_MAX};
use crate::manage::{all, definitions, kept, log, places, rollouts, tokens};
use crate::{console, cors, events, flags, health, metrics, ofrep, openapi, problem, stream};

/// Scripts and styles from our own files, forms and streams to ourselves, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Everything this server answers, for whoever brings requests some other way than [`crate::serve`].
pub fn router(engine: Engine, options: Options) -> Router {
    Router::new().fallback_service(front(engine, options))
}

/// Everything this server answers.
pub(crate) fn front(engine: Engine, options: Options) -> Front {
    let app = App::new(engine, options);
    let rest = every_route(&app).with_state(app.clone());
    Front::new(app, rest)
}

/// All addresses, before the short way to evaluation.
fn every_route(app: &App) -> Router<App> {
    Router::new()
        .merge(health_routes())
        .merge(evaluation_routes())
        .merge(event_routes())
        .merge(manage_routes())
        .route("/api/v1/openapi.json", get(openapi::document))
        .merge(console::routes(app))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CatchPanicLayer::custom(|cause| problem::defect(cause).into_response()))
        .layer(middleware::from_fn_with_state(app.clone(), cors::cors))
        .layer(middleware::map_response(async |mut response: Response| {
            carry(response.headers_mut());
            response
        }))
}

fn health_routes() -> Router<App> {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/readyz/writes", get(health::readyz_writes))
        .route("/version", get(health::version))
        .route("/metrics", get(metrics::exposition))
}

/// OFREP. Some clients end the address of all flags with a slash.
fn evaluation_routes() -> Router<App> {
    Router::new()
        .route("/ofrep/v1/evaluate/flags", post(ofrep::bulk::evaluate_all))
        .route("/ofrep/v1/evaluate/flags/", post(ofrep::bulk::evaluate_all))
        .route("/ofrep/v1/evaluate/flags/{*key}", post(ofrep::evaluate))
        .route("/ofrep/v1/stream", get(ofrep::stream::notices))
        .layer(CatchPanicLayer::custom(ofrep::defect))
}

fn event_routes() -> Router<App> {
    Router::new()
        .route("/api/v1/events", post(events::report))
        .layer(Extension(BytesMax(BATCH_BYTES_MAX)))
        .route("/api/v1/stream/activity", get(stream::activity))
        .route("/api/v1/stream/flags", get(flags::stream))
}

fn manage_routes() -> Router<App> {
    let environment = Router::new()
        .route("/flags", get(definitions::all_targeting))
        .route(
            "/flags/{key}",
            get(definitions::get_targeting)
                .put(definitions::put_targeting)
                .delete(definitions::remove_targeting),
        )
        .route("/flags/{key}/explain", post(definitions::explain))
        .route("/rollouts", get(rollouts::list).post(rollouts::start))
        .route("/rollouts/{id}", get(rollouts::get))
        .route("/rollouts/{id}/amend", post(rollouts::amend))
        .route("/rollouts/{id}/{step}", post(rollouts::step));
    let project = definition_routes()
        .route("/", get(places::get_project).put(places::put_project))
        .route("/environments", get(places::environments))
        .route("/environments/{environment}", get(places::get_environment).put(places::put_environment))
        .route("/tokens", get(tokens::list).post(tokens::issue))
        .route("/tokens/{id}", get(tokens::get).delete(tokens::revoke))
        .route("/log", get(log::read))
        .route("/log/diff", get(log::diff))
        .route("/log/{version}/revert", post(log::revert))
        .nest("/environments/{environment}", environment);
    Router::new()
        .route("/api/v1/projects", get(places::projects))
        .nest("/api/v1/projects/{project}", project)
        .layer(Extension(BytesMax(MANAGE_BYTES_MAX)))
}

fn definition_routes() -> Router<App> {
    let all = get(all::get).put(all::put).layer(Extension(BytesMax(DEFINITIONS_BYTES_MAX)));
    Router::new()
        .route("/definitions", all)
        .route("/flags", get(definitions::flags))
        .route("/retired-flags", get(definitions::retired))
        .route(
            "/flags/{key}",
            get(definitions::get_flag).put(definitions::put_flag).delete(definitions::retire_flag),
        )
        .route("/segments", get(definitions::segments))
        .route(
            "/segments/{key}",
            get(definitions::get_segment).put(definitions::put_segment).delete(definitions::remove_segment),
        )
        .route("/metrics", get(definitions::metrics))
        .route(
            "/metrics/{key}",
            get(definitions::get_metric).put(definitions::put_metric).delete(definitions::remove_metric),
        )
        .route("/ladders", get(kept::ladders))
        .route("/ladders/{key}", get(kept::get_ladder).put(kept::put_ladder).delete(kept::remove_ladder))
        .route("/guardrails", get(kept::guardrails))
        .route(
            "/guardrails/{key}",
            get(kept::get_guardrail).put(kept::put_guardrail).delete(kept::remove_guardrail),
        )
}

/// What is not there is answered in the words of whoever asks: the protocol's, a problem, or a page.
async fn not_found(State(app): State<App>, request: Request) -> Response {
    let path = request.uri().path();
    if path.starts_with("/ofrep/") {
        ofrep::not_found(&request)
    } else if path.starts_with("/api/") {
        problem::not_found(&request).into_response()
    } else {
        console::not_found(&app, &request)
    }
}

async fn method_not_allowed(request: Request) -> Response {
    let refusal = problem::method_not_allowed(&request);
    if request.uri().path().starts_with("/ofrep/") {
        ofrep::Failed::from(refusal).into_response()
    } else {
        refusal.into_response()
    }
}

/// Headers of every answer.
pub(crate) fn carry(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Not `no-referrer`: with it browsers would hide the origin of our own forms, too.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use axum::body::Body;
    use sapwood_engine::{ManualClock, SeededEntropy};
    use tower::ServiceExt as _;

    use super::*;

    /// The methods that an address takes, as it says itself.
    async fn methods(router: &Router, path: &str) -> Vec<String> {
        let request = Request::builder().method("TRACE").uri(path).body(Body::empty()).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        let allow = answer.headers().get(header::ALLOW).map_or("", |value| value.to_str().unwrap());
        let mut methods: Vec<String> = allow
            .split(',')
            .filter(|method| !method.is_empty() && *method != "HEAD")
            .map(str::to_lowercase)
            .collect();
        methods.sort();
        methods
    }

    #[tokio::test]
    async fn the_document_has_every_address_with_its_methods_and_no_other() {
        let clock = ManualClock::new("2026-11-22T14:00:00.000Z".parse().unwrap());
        let engine = Engine::in_memory(Arc::new(clock), Arc::new(SeededEntropy::new(1))).await.unwrap();
        let app = App::new(engine, Options::default());
        let routes = every_route(&app);
        // The router tells its addresses to whoever debugs it, and to nobody else.
        let told = format!("{routes:?}");
        let paths = told.split("RouteId(").filter_map(|part| part.split_once("): \"/")?.1.split_once('"'));
        let console = ["", "sign-in", "sign-out", "rollouts/", "assets/"];
        let routes = routes.with_state(app.clone());
        let mut found = BTreeMap::new();
        for (path, _) in paths {
            // Some clients end the address of all flags with a slash. Braces at the beginning are the router's fallback.
            let is_page =
                console.iter().any(|page| path == *page || !page.is_empty() && path.starts_with(page));
            if is_page || path.ends_with('/') || path.starts_with('{') {
                continue;
            }
            let path = format!("/{}", path.replace("{*", "{"));
            let methods = methods(&routes, &path).await;
            found.insert(path, methods);
        }
        assert!(found.len() > 30, "{told}");
        let documented: BTreeMap<String, Vec<String>> = openapi::tests::operations().into_iter().fold(
            BTreeMap::new(),
            |mut all: BTreeMap<String, Vec<String>>, (path, method, _)| {
                all.entry(path).or_default().push(method);
                all
            },
        );
        assert_eq!(found, documented);
    }
}
