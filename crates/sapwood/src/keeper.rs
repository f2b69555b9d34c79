//! Keeps beside the data what a start without a database needs, what is served, as one file that is replaced whole; and
//! reads what somebody overrides there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sapwood_core::id::ProjectKey;
use sapwood_engine::{Engine, KnownHeads, LastKnownGood};
use sapwood_store::checked;
use tokio::sync::oneshot;
use tokio::time::{Interval, MissedTickBehavior};

use crate::override_file::Watch;

/// Name of the file in the data directory.
const FILE: &str = "last-known-good.json";
/// How often it is looked whether something is overridden.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How often it is looked whether there is something to write down.
const WRITE_EVERY: Duration = Duration::from_secs(1);

/// What was served last, if it is known; an error says why it is not.
pub(crate) fn read(data: &Path) -> Result<Option<LastKnownGood>, String> {
    let known = line(data)?.map(|line| LastKnownGood::from_line(&line).map_err(unusable));
    Ok(known.transpose()?.filter(|known| !known.is_empty()))
}

/// The same, as far as a start with a database needs it.
pub(crate) fn read_heads(data: &Path) -> Result<Option<KnownHeads>, String> {
    let known = line(data)?.map(|line| KnownHeads::from_line(&line).map_err(unusable));
    Ok(known.transpose()?.filter(|known| !known.is_empty()))
}

fn line(data: &Path) -> Result<Option<String>, String> {
    let path = data.join(FILE);
    if !path.exists() {
        return Ok(None);
    }
    checked::read(&path).map(Some).map_err(unusable)
}

fn unusable(why: impl std::fmt::Display) -> String {
    format!("{FILE} cannot be used: {why}")
}

/// Writes the file whenever something else is served.
pub(crate) struct Keeper {
    engine: Engine,
    path: PathBuf,
    written: Option<Vec<(ProjectKey, u64)>>,
    failing: bool,
    overrides: Watch,
    /// Without a database there is nothing to write down, neither what is served nor what is overridden.
    has_database: bool,
}

impl Keeper {
    pub(crate) fn new(engine: Engine, data: &Path, has_database: bool) -> Self {
        let (path, overrides) = (data.join(FILE), Watch::new(data));
        Self { engine, path, written: None, failing: false, overrides, has_database }
    }

    /// Keeps the file until it is told to stop, and once more then; looks at overrides all the while, because a write
    /// may take long and what is to be stopped must not wait for it. Not to be dropped in between: a write goes on by
    /// itself, and two of them would meet.
    pub(crate) async fn run(mut self, mut stop: oneshot::Receiver<()>) {
        let (engine, mut overrides) = (self.engine.clone(), self.overrides.clone());
        let looking = async move {
            let mut looks = every(LOOK_EVERY);
            loop {
                looks.tick().await;
                if let Some(overrides) = overrides.look().await {
                    engine.set_overrides(&overrides);
                }
            }
        };
        let writing = async {
            let mut writes = every(WRITE_EVERY);
            loop {
                tokio::select! {
                    _ = writes.tick() => {}
                    _ = &mut stop => break,
                }
                self.record().await;
                self.keep().await;
            }
            self.keep().await;
        };
        tokio::select! {
            () = looking => {}
            () = writing => {}
        }
    }

    /// Puts into force what the file says now, and writes into the log what is not there yet.
    pub(crate) async fn look_at_overrides(&mut self) {
        if let Some(overrides) = self.overrides.look().await {
            self.engine.set_overrides(&overrides);
        }
        self.record().await;
    }

    async fn record(&self) {
        if self.has_database
            && let Err(error) = self.engine.record_overrides().await
        {
            tracing::debug!(%error, "an override is in force and cannot be written into the log yet");
        }
    }

    /// Writes what is served now, unless it is written already. A disk that does not take it keeps the file as it was.
    pub(crate) async fn keep(&mut self) {
        if !self.has_database {
            return;
        }
        let versions = self.engine.versions();
        if self.written.as_ref() == Some(&versions) {
            return;
        }
        let (engine, path) = (self.engine.clone(), self.path.clone());
        let writing = move || checked::write_with(&path, |out| engine.write_last_known_good(out));
        let written = tokio::task::spawn_blocking(writing).await;
        match written.map_err(std::io::Error::other).and_then(|written| written) {
            Ok(()) => (self.written, self.failing) = (Some(versions), false),
            Err(error) if self.failing => tracing::debug!(%error, "{FILE} still cannot be written"),
            Err(error) => {
                tracing::warn!(%error, "{FILE} cannot be written; a start without the database would serve an older one");
                self.failing = true;
            }
        }
    }
}

fn every(period: Duration) -> Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
