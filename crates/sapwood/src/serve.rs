//! `sapwood serve`: the server on its embedded database, until it is told to stop.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use sapwood_engine::{Clock, Engine, KnownHeads, OsEntropy, Store, SystemClock};
use sapwood_store::SqliteStore;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::{ServeArgs, origin};
use crate::failure::Failure;
use crate::first_start::{self, FirstTokens, PRODUCTION, PROJECT};
use crate::keeper::{self, Keeper};
use crate::open_files;
use crate::out::Out;

/// How long answers in flight may take to be written once the server is told to stop.
const GRACE: Duration = Duration::from_secs(2);

/// Serves until Ctrl-C or SIGTERM.
pub(crate) async fn run(args: ServeArgs) -> Result<ExitCode, Failure> {
    origin::check_all(&args.allow_origin).map_err(Failure::Usage)?;
    let stop = StopSignals::listen()?;
    open_files::raise();
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        Failure::Said(format!(
            "{} cannot be listened on ({error}); choose another with --listen",
            args.listen
        ))
    })?;
    let url = format!("http://{}", listener.local_addr()?);
    let (engine, store) = open(&args.data).await?;
    let serving = |mut stop: StopSignals| {
        let stop = async move { stop.heard().await };
        sapwood_http::serve(listener, engine.clone(), options(&args), stop, GRACE)
    };
    let mut keeper = Keeper::new(engine.clone(), &args.data, store.is_some());
    let (stop_keeping, hear) = tokio::sync::oneshot::channel();
    let Some(store) = store else {
        keeper.look_at_overrides().await;
        announce_last_known_good(Out::new(args.json), &url, &engine, &args)?;
        let keeping = tokio::spawn(keeper.run(hear));
        serving(stop).await;
        drop(stop_keeping);
        keeping.await.map_err(std::io::Error::from)?;
        return Ok(ExitCode::SUCCESS);
    };
    let tokens = first_start::prepare(&engine).await?;
    keeper.look_at_overrides().await;
    keeper.keep().await;
    announce(Out::new(args.json), &url, tokens.as_ref(), &args)?;
    let looking = tokio::spawn({
        let engine = engine.clone();
        async move { engine.run().await }
    });
    let keeping = tokio::spawn(keeper.run(hear));
    serving(stop).await;
    looking.abort();
    // What was evaluated in the last second is still journaled, and what is served is still written down.
    engine.settle().await?;
    drop(stop_keeping);
    keeping.await.map_err(std::io::Error::from)?;
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

fn options(args: &ServeArgs) -> sapwood_http::Options {
    let allow_origins = if args.allow_origin.iter().all(|origin| origin == "*") {
        sapwood_http::Origins::Any
    } else {
        sapwood_http::Origins::These(args.allow_origin.clone())
    };
    sapwood_http::Options { console_open: false, allow_origins, rate_limit: args.rate_limit }
}

/// The engine on its database; or, if that cannot be used, on what was served last, and then without a store.
async fn open(data: &Path) -> Result<(Engine, Option<Arc<SqliteStore>>), Failure> {
    let known = keeper::read_heads(data);
    let failure = match (open_database(data, known.as_ref().ok().and_then(Option::as_ref)).await, &known) {
        (Ok((engine, store)), Err(why)) => {
            tracing::warn!("{why}; it is written anew");
            return Ok((engine, Some(store)));
        }
        (Ok((engine, store)), Ok(_)) => return Ok((engine, Some(store))),
        (Err(failure), _) => failure,
    };
    if !failure.is_of_the_data() {
        return Err(failure);
    }
    let why = failure.sentence();
    match keeper::read(data) {
        Ok(Some(known)) => {
            tracing::error!("{why}");
            let (clock, entropy) = (Arc::new(SystemClock), Arc::new(OsEntropy));
            Ok((Engine::serve_last_known_good(known, &why, clock, entropy), None))
        }
        Ok(None) => Err(failure),
        Err(unusable) => Err(Failure::Said(format!("{why}; and {unusable}"))),
    }
}

/// Opens the database, and checks that what was served last came from it.
async fn open_database(
    data: &Path,
    known: Option<&KnownHeads>,
) -> Result<(Engine, Arc<SqliteStore>), Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = match known {
        None => SqliteStore::open(data, Arc::clone(&clock)).await?,
        Some(_) => SqliteStore::open_existing(data, Arc::clone(&clock)).await?,
    };
    let store = Arc::new(store);
    let shared: Arc<dyn Store> = Arc::<SqliteStore>::clone(&store);
    let engine = Engine::open(shared, clock, Arc::new(OsEntropy)).await;
    let engine = match (engine, known) {
        (Ok(engine), Some(known)) => engine.confirm(known).await.map(|()| engine),
        (engine, _) => engine,
    };
    match engine {
        Ok(engine) => Ok((engine, store)),
        Err(error) => {
            store.close().await;
            Err(error.into())
        }
    }
}

fn announce(out: Out, url: &str, tokens: Option<&FirstTokens>, args: &ServeArgs) -> std::io::Result<()> {
    let mut text = format!("Sapwood serves on {url}\nData is in {}", args.data.display());
    let mut json = json!({ "event": "listening", "url": url, "project": PROJECT, "environment": PRODUCTION });
    if let Some(tokens) = tokens {
        text = format!(
            "{text}\n\nThis is the first start. These tokens are shown once; keep them:\n  \
             admin   {}\n  server  {}   (for environment `{PRODUCTION}`)\n  client  {}   (for the same)\n\n\
             Sign in to the console with the admin token; give your application the server token, and pages and apps \
             the client token, which sees values of client-visible flags and nothing else.",
            tokens.admin, tokens.server, tokens.client
        );
        if let Some(fields) = json.as_object_mut() {
            fields.insert("admin_token".to_owned(), json!(tokens.admin));
            fields.insert("server_token".to_owned(), json!(tokens.server));
            fields.insert("client_token".to_owned(), json!(tokens.client));
        }
    }
    out.say(&text, &json)
}

fn announce_last_known_good(out: Out, url: &str, engine: &Engine, args: &ServeArgs) -> std::io::Result<()> {
    let detail = engine.health().sentence().unwrap_or_default();
    let text =
        format!("Sapwood serves on {url}, but data in {} cannot be used.\n{detail}.", args.data.display());
    let json = json!({
        "event": "listening", "url": url, "project": PROJECT, "environment": PRODUCTION,
        "serving": "last_known_good", "detail": detail,
    });
    out.say(&text, &json)
}

/// Ctrl-C and SIGTERM, heard from the moment this exists: whoever was told that the server is ready may end it.
pub(crate) struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for either.
    pub(crate) async fn heard(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
