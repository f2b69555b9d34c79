//! What happens, as it happens: the activity stream of one environment.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use sapwood_core::token::Permission;
use sapwood_engine::{Engine, Next, Scope, Subscription};
use tokio::time::{Instant, timeout_at};

use crate::app::App;
use crate::auth::{permitted, query, token_scope};
use crate::console::session::Visitor;
use crate::follow;
use crate::limits::{BEAT_EVERY, RETRY_AFTER, STREAM_LASTS};
use crate::problem::Refusal;

/// Tells a reader that it missed something and what it shows must be fetched anew.
const MISSED: &str = r#"{"type":"missed"}"#;

/// May watch the environment: an admin token, or the console's own session.
pub(crate) struct Watch {
    scope: Scope,
}

impl FromRequestParts<App> for Watch {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        if let Some(visitor) = Visitor::of(&parts.headers, app) {
            let environment = query(parts, "environment").unwrap_or("production").parse();
            let environment = environment.map_err(|_| Refusal::nothing("such environment"))?;
            return Ok(Self { scope: Scope { project: visitor.project, environment } });
        }
        let caller = permitted(&parts.headers, &app.engine, Permission::Manage)?;
        token_scope(&caller, parts, &app.engine).map(|scope| Self { scope })
    }
}

/// `GET /api/v1/stream/activity?environment=…`.
pub(crate) async fn activity(
    State(engine): State<Engine>,
    Watch { scope }: Watch,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let subscription = engine.subscribe(&scope).ok_or_else(|| follow::too_many(&engine))?;
    // After subscribing: what happens in between is told twice rather than never.
    let now = engine.snapshot(&scope).ok_or_else(|| Refusal::nothing("such environment"))?.version;
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse::<u64>().ok());
    let begin = Begin { now, missed: seen.is_some_and(|seen| seen < now) };
    let alive = Event::default().comment("alive").event("beat").data(now.to_string());
    let sse = Sse::new(messages(begin, subscription))
        .keep_alive(KeepAlive::new().interval(BEAT_EVERY).event(alive));
    let mut response = sse.into_response();
    // Proxies that collect answers before they pass them on would make a stream useless.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// What a stream says first.
#[derive(Debug, Clone, Copy)]
struct Begin {
    now: u64,
    missed: bool,
}

fn messages(
    begin: Begin,
    subscription: Subscription,
) -> impl stream::Stream<Item = Result<Event, Infallible>> {
    let first = Event::default().retry(RETRY_AFTER).id(begin.now.to_string());
    let first = if begin.missed { first.data(MISSED) } else { first.comment("here") };
    let until = Instant::now() + STREAM_LASTS;
    let follow = stream::unfold(subscription, move |mut subscription| async move {
        let next = timeout_at(until, subscription.next()).await.ok()?;
        let event = match next {
            Next::Message(message) => Event::default()
                .id(message.version.to_string())
                .json_data(&*message.activity)
                .unwrap_or_else(|_| Event::default().data(MISSED)),
            Next::Missed => Event::default().data(MISSED),
            Next::Closed => return None,
        };
        Some((Ok(event), subscription))
    });
    futures_util::StreamExt::chain(stream::once(async { Ok(first) }), follow)
}
