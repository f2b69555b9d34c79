//! What every handler can reach.

use std::sync::Arc;

use axum::extract::FromRef;
use sapwood_engine::Engine;

use crate::console::session::Sessions;

/// How the server is to behave; the binary decides.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Whether the console needs no sign-in. Only for a server that listens on loopback: requests for another
    /// host are refused, so that no web page can reach it under a name of its own.
    pub console_open: bool,
}

/// Shared by all requests.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) engine: Engine,
    pub(crate) options: Options,
    pub(crate) sessions: Arc<Sessions>,
}

impl FromRef<App> for Engine {
    fn from_ref(app: &App) -> Self {
        app.engine.clone()
    }
}
