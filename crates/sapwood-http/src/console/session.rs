//! Who looks at the console: a session that an admin token opened, or anybody where the console is open.
//!
//! Sessions live in memory only, by the hash of their id, so that neither the log nor a dump of memory holds anything
//! that opens a console. A session ends with its token.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Redirect, Response};
use sapwood_core::entry::Actor;
use sapwood_core::id::ProjectKey;
use sapwood_core::time::Timestamp;
use sapwood_engine::{Caller, Engine};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::app::App;
use crate::limits::{SESSION_IDLE_SECONDS, SESSIONS_MAX};

/// Name of the cookie.
pub(crate) const COOKIE: &str = "sapwood_session";

type Hash = [u8; 32];

#[derive(Debug, Clone)]
struct Session {
    project: ProjectKey,
    token: Uuid,
    seen: Timestamp,
}

/// All sessions.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<Hash, Session>>);

impl Sessions {
    /// Opens a session; the id is for the cookie alone.
    pub(crate) fn open(&self, engine: &Engine, caller: &Caller) -> String {
        let id = engine.entropy().secret();
        let now = engine.now();
        let mut sessions = self.lock();
        sessions.retain(|_, session| !session.is_over(now));
        if sessions.len() >= SESSIONS_MAX {
            let quietest = sessions.iter().min_by_key(|(_, session)| session.seen).map(|(hash, _)| *hash);
            quietest.and_then(|hash| sessions.remove(&hash));
        }
        let session = Session { project: caller.project.clone(), token: caller.token.id, seen: now };
        sessions.insert(hash(&id), session);
        id
    }

    /// Ends a session.
    pub(crate) fn close(&self, headers: &HeaderMap) {
        if let Some(id) = cookie(headers) {
            self.lock().remove(&hash(id));
        }
    }

    fn find(&self, headers: &HeaderMap, now: Timestamp) -> Option<Session> {
        let hash = hash(cookie(headers)?);
        let mut sessions = self.lock();
        let session = sessions.get_mut(&hash)?;
        if session.is_over(now) {
            sessions.remove(&hash);
            return None;
        }
        session.seen = now;
        Some(session.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Hash, Session>> {
        // Whoever panicked while holding it left a map that is still a map.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    const fn is_over(&self, now: Timestamp) -> bool {
        now.seconds_since(self.seen) >= SESSION_IDLE_SECONDS
    }
}

/// Somebody who may look at the console and act there.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    pub(crate) project: ProjectKey,
    pub(crate) actor: Actor,
    pub(crate) signed_in: bool,
}

impl Visitor {
    /// The visitor of a request, if it is one's.
    pub(crate) fn of(headers: &HeaderMap, app: &App) -> Option<Self> {
        let engine = &app.engine;
        if let Some(session) = app.sessions.find(headers, engine.now()) {
            let valid = engine.read(&session.project, |state| state.tokens.contains_key(&session.token));
            if valid == Some(true) {
                let actor = Actor::Token(session.token);
                return Some(Self { project: session.project, actor, signed_in: true });
            }
            app.sessions.close(headers);
        }
        if app.options.console_open && super::guard::is_for_loopback(headers) {
            let project = engine.projects().into_iter().next()?;
            return Some(Self { project, actor: Actor::User("the console".to_owned()), signed_in: false });
        }
        None
    }
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Response;

    /// Whoever is not signed in is sent to do so, and comes back to the page they wanted.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        if let Some(visitor) = Self::of(&parts.headers, app) {
            return Ok(visitor);
        }
        let wanted = if parts.method == Method::GET { parts.uri.path() } else { "/" };
        let address = if wanted == "/" { "/sign-in".to_owned() } else { format!("/sign-in?next={wanted}") };
        Err(Redirect::to(&address).into_response())
    }
}

/// The session's id from the cookie.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, _)| *name == COOKIE).map(|(_, id)| id).next()
}

fn hash(id: &str) -> Hash {
    Sha256::digest(id.as_bytes()).into()
}
