//! The stream that tells browsers and apps to evaluate again: a notice and nothing else, so that nothing about a flag is
//! said to whoever merely has the address.
//!
//! A reader that comes back says where it was, by the id of the last event it saw or by the mark in its address, and is
//! told at once if it missed something: the official provider for the web does not ask again by itself.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::Response;
use bytes::Bytes;
use sapwood_api::ofrep::{EventStream, EventStreamEndpoint, StreamNotice};
use sapwood_api::problem::Code;
use sapwood_core::time::Timestamp;
use sapwood_engine::{Caller, Engine, Mark, Scope, Standing};

use super::{Evaluate, Failed};
use crate::app::App;
use crate::auth::{self, query};
use crate::follow::{self, Follow};
use crate::limits::PAGE_HIDDEN_MAX;
use crate::problem::Refusal;

const ADDRESS: &str = "/ofrep/v1/stream";

/// May hear of changes: by a ticket in the address, since event sources send no headers, or by a token.
pub(crate) struct Listen {
    caller: Arc<Caller>,
    scope: Scope,
}

impl FromRequestParts<App> for Listen {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failed> {
        let Some(ticket) = query(parts, "ticket") else {
            let Evaluate(auth::Evaluate { caller, outlet }) =
                Evaluate::from_request_parts(parts, app).await?;
            return Ok(Self { caller, scope: outlet.scope().clone() });
        };
        let admitted = app.engine.admit(ticket, query(parts, "environment"));
        let (caller, scope) =
            admitted.map_err(|error| Refusal::new(Code::Unauthenticated, error.to_string()))?;
        app.meter(&caller)?;
        Ok(Self { caller, scope })
    }
}

/// `GET /ofrep/v1/stream?ticket=…&since=…`.
pub(crate) async fn notices(
    State(engine): State<Engine>,
    Listen { caller, scope }: Listen,
    follow::Seen(seen): follow::Seen,
) -> Result<Response, Failed> {
    let mut follower = engine.follow(&scope).ok_or_else(|| follow::too_many(&engine))?;
    let now = follower.now();
    let mut first = format!("retry: {}\n", follow::retry_ms(&engine)).into_bytes();
    // Who does not say where it was may have missed something, too.
    if seen == Some(now.mark) {
        first.extend_from_slice(format!("id: {}\n\n", now.mark).as_bytes());
    } else {
        first.push(b'\n');
        first.extend_from_slice(&now.notice(notice));
    }
    let follow = Follow::new(engine, caller.token.id, follower, now, |_, _, now| now.notice(notice));
    Ok(follow.response(Bytes::from(first)))
}

fn notice(standing: &Standing) -> Vec<u8> {
    let mark = standing.mark;
    let notice = StreamNotice {
        kind: "refetchEvaluation".to_owned(),
        etag: format!("\"{mark}\""),
        last_modified: standing.changed_at().ms().div_euclid(1_000),
    };
    let mut event = format!("id: {mark}\nevent: message\ndata: ").into_bytes();
    event.extend_from_slice(&super::json(&notice));
    event.extend_from_slice(b"\n\n");
    event
}

/// Where a caller hears of changes. The address without its mark stays the same all day.
pub(crate) struct Address {
    /// Path and ticket.
    pub(crate) stable: String,
}

impl Address {
    pub(crate) fn new(engine: &Engine, evaluate: &auth::Evaluate) -> Self {
        let auth::Evaluate { caller, outlet } = evaluate;
        let mut stable = format!("{ADDRESS}?ticket={}", engine.ticket(caller, outlet.scope()));
        if caller.token.environment.is_none() {
            stable = format!("{stable}&environment={}", outlet.scope().environment);
        }
        Self { stable }
    }

    /// As an answer names it: with the mark, so that nothing is missed between the answer and the stream.
    pub(crate) fn stream(&self, since: Mark) -> EventStream {
        EventStream {
            kind: "sse".to_owned(),
            endpoint: EventStreamEndpoint { request_uri: format!("{}&since={since}", self.stable) },
            inactivity_delay_sec: Some(PAGE_HIDDEN_MAX.as_secs()),
        }
    }
}

/// What a client that was told to evaluate again knows of, from the address of its request.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Known {
    mark: Option<Mark>,
    seconds: Option<i64>,
}

impl Known {
    /// Reads `flagConfigEtag` and `flagConfigLastModified`; what cannot be read says nothing.
    pub(crate) fn of(query: Option<&str>) -> Self {
        let value = |name: &str| {
            let mut pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
            let found = pairs.find(|(known, _)| *known == name);
            found.map(|(_, value)| value.replace("%22", "").replace("%3A", ":").replace("%3a", ":"))
        };
        let mark = value("flagConfigEtag").and_then(|tag| {
            let tag = tag.trim_matches('"');
            tag.strip_prefix("W/").unwrap_or(tag).parse().ok()
        });
        let seconds = value("flagConfigLastModified").and_then(|text| {
            let moment = || text.parse::<Timestamp>().ok().map(|at| at.ms().div_euclid(1_000));
            text.parse::<i64>().ok().or_else(moment)
        });
        Self { mark, seconds }
    }

    /// Whether the client said nothing of a change.
    pub(crate) const fn is_nothing(&self) -> bool {
        self.mark.is_none() && self.seconds.is_none()
    }

    /// Whether this standing is at least as new; a date in the rules that the client heard of must have been reached here.
    pub(crate) fn is_reached(&self, mark: Mark, changed_at: Timestamp) -> bool {
        let changed_at = changed_at.ms().div_euclid(1_000);
        self.mark.is_none_or(|known| known <= mark)
            && (self.mark.is_some() || self.seconds.is_none_or(|known| known <= changed_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_knows_of_is_read_as_clients_write_it() {
        let at = |seconds: i64| Timestamp::from_ms(seconds * 1_000 + 999);
        for (query, version, seconds, reached) in [
            ("", 1, 1, true),
            ("flagConfigEtag=%2242%22", 42, 0, true),
            ("flagConfigEtag=%2242%22", 41, 0, false),
            ("flagConfigEtag=%2242.1795343077000%22", 42, 0, false),
            ("flagConfigEtag=%2242.1795343077000%22", 43, 0, true),
            ("flagConfigEtag=42&flagConfigLastModified=9", 42, 8, true),
            ("a=b&flagConfigEtag=\"42\"", 41, 0, false),
            ("flagConfigEtag=W/%2242%22", 41, 0, false),
            ("flagConfigLastModified=9", 1, 8, false),
            ("flagConfigLastModified=9", 1, 9, true),
            ("flagConfigLastModified=1970-01-01T00%3A00%3A09Z", 1, 8, false),
            ("flagConfigLastModified=1970-01-01T00:00:09Z", 1, 9, true),
            ("flagConfigEtag=rubbish&flagConfigLastModified=soon", 1, 1, true),
            ("flagConfigEtag=-1&flagConfigEtag", 1, 1, true),
        ] {
            let mark = Mark { version, turned_ms: 0 };
            assert_eq!(Known::of(Some(query)).is_reached(mark, at(seconds)), reached, "{query}");
        }
        assert!(Known::of(None).is_reached(Mark::default(), at(0)));
    }
}
