//! What every handler can reach.

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::FromRef;
use sapwood_api::problem::Code;
use sapwood_engine::{Caller, Engine};

use crate::console::session::Sessions;
use crate::cors::Origins;
use crate::meter::Meter;
use crate::metrics::Metrics;
use crate::problem::Refusal;

/// How the server is to behave; the binary decides.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether the console needs no sign-in. Only for a server that listens on loopback: requests for another
    /// host are refused, so that no web page can reach it under a name of its own.
    pub console_open: bool,
    /// Whose pages may evaluate flags.
    pub allow_origins: Origins,
    /// Evaluations and streams opened a second, by one token; no limit if absent. Twice as many for a moment after a
    /// pause: a second's worth may be saved.
    pub rate_limit: Option<NonZeroU32>,
}

/// Shared by all requests.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) engine: Engine,
    pub(crate) options: Arc<Options>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) metrics: Arc<Metrics>,
    meter: Option<Arc<Meter>>,
}

impl App {
    pub(crate) fn new(engine: Engine, options: Options) -> Self {
        let meter = options.rate_limit.map(|per_second| Arc::new(Meter::new(per_second)));
        Self { engine, options: Arc::new(options), sessions: Arc::default(), metrics: Arc::default(), meter }
    }

    /// Counts what a token asks for, and refuses when it asks too often.
    pub(crate) fn meter(&self, caller: &Caller) -> Result<(), Refusal> {
        let Some(meter) = &self.meter else { return Ok(()) };
        meter.take(caller.token.id).map_err(|wait| {
            let most = self.options.rate_limit.map_or(0, NonZeroU32::get);
            let detail = format!(
                "this token asked for more than {most} evaluations a second, which is the limit; wait as long as \
                 Retry-After says"
            );
            Refusal::new(Code::TooManyRequests, detail).after(wait)
        })
    }
}

impl FromRef<App> for Engine {
    fn from_ref(app: &App) -> Self {
        app.engine.clone()
    }
}
