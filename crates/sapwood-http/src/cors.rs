//! Pages of other origins may evaluate: their requests carry a token, never a cookie, so that what a browser is told
//! here is no more than what the token opens anyway.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;

/// Browsers ask again after this many seconds; none keeps an answer for longer than a day.
const MAX_AGE: &str = "86400";

/// Whose pages may evaluate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Origins {
    /// Everybody's.
    #[default]
    Any,
    /// Those of these origins, each as browsers send it: `https://shop.example`.
    These(Vec<HeaderValue>),
}

impl Origins {
    /// What to tell a page of this origin, if anything.
    fn allowed(&self, origin: HeaderValue) -> Option<HeaderValue> {
        match self {
            Self::Any => Some(HeaderValue::from_static("*")),
            Self::These(origins) => origins.contains(&origin).then_some(origin),
        }
    }
}

/// Answers browsers that ask in advance, and marks answers that pages may read.
pub(crate) async fn cors(State(app): State<App>, request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/ofrep/") {
        return next.run(request).await;
    }
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else {
        let mut response = next.run(request).await;
        mark(&app.options.allow_origins, None, response.headers_mut());
        return response;
    };
    let in_advance = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response =
        if in_advance { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    if in_advance {
        let headers = response.headers_mut();
        vary(&app.options.allow_origins, headers);
        if let Some(allowed) = app.options.allow_origins.allowed(origin) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
            say_what_may_be_sent(headers);
        }
    } else {
        mark(&app.options.allow_origins, Some(origin), response.headers_mut());
    }
    response
}

/// Marks an answer that the page of this origin may read, if it may.
pub(crate) fn mark(origins: &Origins, origin: Option<HeaderValue>, headers: &mut HeaderMap) {
    vary(origins, headers);
    if let Some(allowed) = origin.and_then(|origin| origins.allowed(origin)) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        let read = HeaderValue::from_static("etag, retry-after");
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, read);
    }
}

fn say_what_may_be_sent(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "authorization, x-api-key, content-type, if-none-match, last-event-id, cache-control",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Where the answer depends on who asks, caches must know.
fn vary(origins: &Origins, headers: &mut HeaderMap) {
    if matches!(origins, Origins::These(_)) {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
}
