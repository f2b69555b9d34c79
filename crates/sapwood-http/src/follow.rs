//! Streams of changes, whatever they say: who may go on hearing, how long, and what is sent when there is nothing to say.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use sapwood_api::problem::Code;
use sapwood_engine::{Encoded, Engine, Follower, Mark, Standing};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::app::App;
use crate::auth::query;
use crate::limits::{
    FOLLOW_LASTS, PING_EVERY, REFUSED_STREAM_WAITS, RETRY_MIN, RETRY_SPREAD, RETRY_SPREAD_MAX,
};
use crate::problem::Refusal;

/// Where a reader was, as it says: the id of the last event it saw, or, when it comes for the first time, `?since=`.
/// What cannot be read is as good as nothing.
pub(crate) struct Seen(pub(crate) Option<Mark>);

impl FromRequestParts<App> for Seen {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        let seen = match parts.headers.get("last-event-id") {
            Some(id) => id.to_str().ok(),
            None => query(parts, "since"),
        };
        Ok(Self(seen.and_then(|mark| mark.parse().ok())))
    }
}

/// An open stream of changes.
pub(crate) struct Follow {
    engine: Engine,
    /// Revoked, it is told nothing more.
    token: Uuid,
    follower: Follower,
    /// What its reader knows.
    at: Arc<Standing>,
    say: Say,
    /// What is said before anything else.
    first: Option<Bytes>,
    until: Instant,
}

/// What to tell a reader that knows the first of what is now the second.
pub(crate) type Say = fn(&Follower, &Standing, &Standing) -> Encoded;

/// What a stream says at a time.
#[derive(Debug)]
pub(crate) enum Said {
    /// To this reader alone.
    First(Bytes),
    /// To all readers.
    Shared(Encoded),
    /// Nothing, so that proxies see that it is alive.
    Ping,
}

const PING: &[u8] = b": ping\n\n";

impl Said {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::First(bytes) => bytes,
            Self::Shared(bytes) => bytes,
            Self::Ping => PING,
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::First(bytes) => bytes,
            Self::Shared(bytes) => Bytes::from_owner(bytes),
            Self::Ping => Bytes::from_static(PING),
        }
    }
}

/// Lies beside an answer whose body is a stream: who takes it writes the stream itself, and nobody then reads the body.
#[derive(Clone)]
pub(crate) struct Takeable(Arc<Mutex<Option<Box<Follow>>>>);

impl Takeable {
    pub(crate) fn take(&self) -> Option<Box<Follow>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Follow {
    pub(crate) fn new(engine: Engine, token: Uuid, follower: Follower, at: Arc<Standing>, say: Say) -> Self {
        let until = Instant::now() + FOLLOW_LASTS + jitter(&engine, FOLLOW_LASTS);
        Self { engine, token, follower, at, say, first: None, until }
    }

    /// The answer: `first`, and from then on what there is to say.
    pub(crate) fn response(mut self, first: Bytes) -> Response {
        self.first = Some(first);
        let takeable = Takeable(Arc::new(Mutex::new(Some(Box::new(self)))));
        let follow = stream::unfold((takeable.clone(), None), |(takeable, open)| async move {
            let mut open: Box<Self> = match open {
                Some(open) => open,
                None => takeable.take()?,
            };
            let said = open.next().await?;
            Some((Ok::<_, Infallible>(said.into_bytes()), (takeable, Some(open))))
        });
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            // Proxies that collect answers before they pass them on would make a stream useless.
            (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
        ];
        (headers, Extension(takeable), Body::from_stream(follow)).into_response()
    }

    /// What is said next; `None` at the end. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> Option<Said> {
        if let Some(first) = self.first.take() {
            return Some(Said::First(first));
        }
        let ping = Instant::now() + PING_EVERY;
        loop {
            if self.engine.has_ended_streams() {
                return None;
            }
            let next = timeout_at(ping.min(self.until), self.follower.next()).await;
            self.engine.caller(self.token)?;
            match next {
                Ok(now) => {
                    let now = now?;
                    if now.mark != self.at.mark {
                        let said = (self.say)(&self.follower, &self.at, &now);
                        self.at = now;
                        return Some(Said::Shared(said));
                    }
                }
                Err(_) if Instant::now() >= self.until => return None,
                Err(_) => return Some(Said::Ping),
            }
        }
    }

    /// The clock that the stream goes by.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// How long a reader is to wait before it opens a broken stream again, in milliseconds: another time for each, and
/// spread the wider the more there are, so that after a restart they do not all come at once.
pub(crate) fn retry_ms(engine: &Engine) -> u128 {
    let readers = u32::try_from(engine.streams_open()).unwrap_or(u32::MAX);
    let spread = RETRY_SPREAD.saturating_mul(readers).min(RETRY_SPREAD_MAX);
    (RETRY_MIN + jitter(engine, RETRY_MIN + spread)).as_millis()
}

/// As many streams are open as there may be. Whoever is refused comes back at another time than the others.
pub(crate) fn too_many(engine: &Engine) -> Refusal {
    let wait = REFUSED_STREAM_WAITS + jitter(engine, REFUSED_STREAM_WAITS);
    let detail =
        "as many streams are open as this server allows; evaluation goes on without, so try again later";
    Refusal::new(Code::TooManyStreams, detail).after(wait)
}

/// Between nothing and `most`.
fn jitter(engine: &Engine, most: Duration) -> Duration {
    let [a, b, ..] = engine.entropy().bytes();
    most.mul_f64(f64::from(u16::from_be_bytes([a, b])) / f64::from(u16::MAX))
}
