//! Where the log is: behind a server's API, or in a data directory. Both answer in the API's shapes.

use std::fmt::Write as _;
use std::sync::Arc;

use reqwest::Method;
use sapwood_api::log::LogDiff;
use sapwood_api::manage::{Changed, LogEntry, Page};
use sapwood_core::entry::Actor;
use sapwood_core::id::{ProjectKey, Stream};
use sapwood_engine::{Clock, Engine, LogFilter, OsEntropy, Store, SystemClock, convert};
use sapwood_store::SqliteStore;
use serde_json::json;

use crate::cli::log::LogPlace;
use crate::client::Client;
use crate::failure::Failure;

/// Entries asked for at a time.
const PAGE: usize = 500;

pub(super) enum Source {
    Server { client: Client, project: String },
    Directory { engine: Engine, store: Arc<SqliteStore>, project: String },
}

impl Source {
    /// To look.
    pub(super) async fn open(place: &LogPlace) -> Result<Self, Failure> {
        match &place.data {
            None => Self::server(place),
            Some(dir) => Self::directory(SqliteStore::open_read_only(dir).await?, place).await,
        }
    }

    /// To change; a directory must not be in use then.
    pub(super) async fn open_to_write(place: &LogPlace) -> Result<Self, Failure> {
        match &place.data {
            None => Self::server(place),
            Some(dir) => {
                // Opening makes what is not there, and a mistyped path must not.
                SqliteStore::open_read_only(dir).await?.close().await;
                Self::directory(SqliteStore::open(dir, Arc::new(SystemClock)).await?, place).await
            }
        }
    }

    fn server(place: &LogPlace) -> Result<Self, Failure> {
        let missing =
            "a server asks for an admin token: --token or SAPWOOD_TOKEN; or name a directory with --data";
        let token = place.token.as_deref().ok_or_else(|| Failure::Said(missing.to_owned()))?;
        Ok(Self::Server { client: Client::new(&place.server, token)?, project: place.project.clone() })
    }

    async fn directory(store: SqliteStore, place: &LogPlace) -> Result<Self, Failure> {
        let (store, clock): (_, Arc<dyn Clock>) = (Arc::new(store), Arc::new(SystemClock));
        let shared: Arc<dyn Store> = Arc::<SqliteStore>::clone(&store);
        let engine = Engine::open(shared, clock, Arc::new(OsEntropy)).await?;
        Ok(Self::Directory { engine, store, project: place.project.clone() })
    }

    fn project(&self) -> &str {
        match self {
            Self::Server { project, .. } | Self::Directory { project, .. } => project,
        }
    }

    /// The stream that was asked about; `_server` is one, too.
    pub(super) fn stream(&self) -> Result<Stream, Failure> {
        Stream::try_from(self.project().to_owned()).map_err(|error| Failure::Said(error.to_string()))
    }

    fn key(&self) -> Result<ProjectKey, Failure> {
        self.project().parse().map_err(|error| Failure::Said(format!("{error}")))
    }

    /// All streams there are to see: a token sees its project's.
    pub(super) async fn streams(&self) -> Result<Vec<Stream>, Failure> {
        match self {
            Self::Server { .. } => Ok(vec![self.stream()?]),
            Self::Directory { engine, .. } => Ok(engine.streams().await?),
        }
    }

    pub(super) async fn page(
        &self,
        stream: &Stream,
        after: u64,
        filter: &LogFilter,
    ) -> Result<Page<LogEntry>, Failure> {
        match self {
            Self::Server { client, .. } => {
                let mut path = format!("/api/v1/projects/{stream}/log?after={after}&limit={PAGE}");
                for (name, value) in [
                    ("since", filter.since.map(|since| since.to_string())),
                    ("actor", filter.actor.clone()),
                    ("kind", filter.kind.clone()),
                    ("resource", filter.resource.as_ref().map(ToString::to_string)),
                ] {
                    path.extend(value.map(|value| format!("&{name}={}", escaped(&value))));
                }
                client.get(&path).await
            }
            Self::Directory { engine, .. } => {
                let page = engine.search_log(stream, after, PAGE, filter).await?;
                let next = page.next.map(|version| version.to_string());
                Ok(Page { items: page.entries.iter().map(convert::log_entry).collect(), next })
            }
        }
    }

    pub(super) async fn diff(&self, from: u64, to: u64) -> Result<LogDiff, Failure> {
        match self {
            Self::Server { client, project } => {
                client.get(&format!("/api/v1/projects/{project}/log/diff?from={from}&to={to}")).await
            }
            Self::Directory { engine, .. } => {
                Ok(convert::log_diff(engine.diff(&self.key()?, from, to).await?))
            }
        }
    }

    pub(super) async fn revert(&self, version: u64) -> Result<Changed, Failure> {
        match self {
            Self::Server { client, project } => {
                let path = format!("/api/v1/projects/{project}/log/{version}/revert");
                client.send_json(Method::POST, &path, &json!({})).await
            }
            Self::Directory { engine, .. } => {
                // Whoever can write the files can do anything; the entry says that it was done there.
                let actor = Actor::User("data-directory".to_owned());
                let submitted = engine.revert(&self.key()?, actor, version).await?;
                Ok(Changed {
                    version: submitted.version,
                    changed: submitted.changed(),
                    revision: submitted.revision,
                    ..Changed::default()
                })
            }
        }
    }

    /// Checks the files themselves, where they are at hand; what was checked.
    pub(super) async fn check_files(&self) -> Result<Option<String>, Failure> {
        match self {
            Self::Server { .. } => Ok(None),
            Self::Directory { store, .. } => {
                let checked = store.check_files().await?;
                Ok(Some(format!(
                    "The files are sound; the journal has {} batches up to offset {}, and all can be read",
                    checked.batches, checked.offset
                )))
            }
        }
    }

    pub(super) async fn close(self) {
        match self {
            Self::Server { .. } => {}
            Self::Directory { engine, store, .. } => {
                drop(engine);
                store.close().await;
            }
        }
    }
}

/// A value in an address.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            escaped.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}
