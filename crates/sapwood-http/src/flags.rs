//! What an environment serves, for readers that evaluate for themselves: everything first, then what changed.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::Response;
use bytes::Bytes;
use sapwood_api::stream::FlagsMessage;
use sapwood_core::token::Permission;
use sapwood_engine::{Caller, Encoded, Engine, Follower, Mark, Scope, Standing};

use crate::app::App;
use crate::auth::{permitted, token_scope};
use crate::follow::{self, Follow};
use crate::problem::Refusal;

/// May read every flag of an environment with all that decides about it.
pub(crate) struct Read {
    caller: Arc<Caller>,
    scope: Scope,
}

impl FromRequestParts<App> for Read {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let caller = permitted(&parts.headers, &app.engine, Permission::Inspect)?;
        let scope = token_scope(&caller, parts, &app.engine)?;
        Ok(Self { caller, scope })
    }
}

/// `GET /api/v1/stream/flags`.
pub(crate) async fn stream(
    State(engine): State<Engine>,
    Read { caller, scope }: Read,
    follow::Seen(seen): follow::Seen,
) -> Result<Response, Refusal> {
    let mut follower = engine.follow(&scope).ok_or_else(|| follow::too_many(&engine))?;
    let now = follower.now();
    let said = match seen.and_then(|mark| follower.at(mark)) {
        Some(known) if known.mark == now.mark => format!("id: {}\n\n", now.mark).into_bytes().into(),
        Some(known) => now.step(&known, step),
        None => now.whole(whole),
    };
    let mut first = format!("retry: {}\n\n", follow::retry_ms(&engine)).into_bytes();
    first.extend_from_slice(&said);
    let follow = Follow::new(engine, caller.token.id, follower, now, say);
    Ok(follow.response(Bytes::from(first)))
}

fn say(_: &Follower, before: &Standing, now: &Standing) -> Encoded {
    now.step(before, step)
}

fn whole(now: &Standing) -> Vec<u8> {
    events(now.mark, &[now.snapshot.put()])
}

fn step(now: &Standing, before: &Standing) -> Vec<u8> {
    events(now.mark, &now.snapshot.changes_since(&before.snapshot))
}

/// Messages as events. The id stands at the last: a reader that breaks off in between comes back with the one before.
fn events(mark: Mark, messages: &[FlagsMessage]) -> Vec<u8> {
    let mut events = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        if at.saturating_add(1) == messages.len() {
            events.extend_from_slice(format!("id: {mark}\n").as_bytes());
        }
        events.extend_from_slice(b"data: ");
        if let Err(error) = serde_json::to_writer(&mut events, message) {
            tracing::error!("a change could not be written: {error}");
        }
        events.extend_from_slice(b"\n\n");
    }
    if messages.is_empty() {
        events.extend_from_slice(format!("id: {mark}\n\n").as_bytes());
    }
    events
}
