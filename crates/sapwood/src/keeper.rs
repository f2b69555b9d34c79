//! Keeps beside the data what a start without a database needs: what is served, as one file that is replaced whole.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sapwood_core::id::ProjectKey;
use sapwood_engine::{Engine, LastKnownGood};
use sapwood_store::checked;
use tokio::sync::oneshot;

/// Name of the file in the data directory.
const FILE: &str = "last-known-good.json";
/// How often it is looked whether something else is served by now.
const EVERY: Duration = Duration::from_secs(1);

/// What was served last, if it is known; an error says why it is not.
pub(crate) fn read(data: &Path) -> Result<Option<LastKnownGood>, String> {
    let path = data.join(FILE);
    if !path.exists() {
        return Ok(None);
    }
    let unusable = |why: String| format!("{FILE} cannot be used: {why}");
    let line = checked::read(&path).map_err(|error| unusable(error.to_string()))?;
    let known = LastKnownGood::from_line(&line).map_err(unusable)?;
    Ok(Some(known).filter(|known| !known.is_empty()))
}

/// Writes the file whenever something else is served.
pub(crate) struct Keeper {
    engine: Engine,
    path: PathBuf,
    written: Option<Vec<(ProjectKey, u64)>>,
    failing: bool,
}

impl Keeper {
    pub(crate) fn new(engine: Engine, data: &Path) -> Self {
        Self { engine, path: data.join(FILE), written: None, failing: false }
    }

    /// Keeps the file until it is told to stop, and once more then. It is not to be dropped in between: a write goes on
    /// by itself, and two of them would meet.
    pub(crate) async fn run(mut self, mut stop: oneshot::Receiver<()>) {
        let mut looks = tokio::time::interval(EVERY);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = looks.tick() => self.keep().await,
                _ = &mut stop => break,
            }
        }
        self.keep().await;
    }

    /// Writes what is served now, unless it is written already. A disk that does not take it keeps the file as it was.
    pub(crate) async fn keep(&mut self) {
        let versions = self.engine.versions();
        if self.written.as_ref() == Some(&versions) {
            return;
        }
        let (engine, path) = (self.engine.clone(), self.path.clone());
        let writing =
            move || -> std::io::Result<()> { checked::write(&path, &engine.last_known_good().to_line()?) };
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
