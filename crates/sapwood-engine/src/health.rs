//! How the engine is, for whoever runs it: what it takes, what it serves, and what it had to leave.

use sapwood_core::id::ProjectKey;
use sapwood_core::time::Timestamp;
use sapwood_store::Condition;

use crate::engine::Engine;

/// How the engine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Whether changes and events are taken.
    pub storage: Condition,
    /// Set when there was no database at the start: since when what is served is known.
    pub last_known_good: Option<Timestamp>,
    /// Projects whose log holds what this version cannot read, and why.
    pub halted: Vec<(ProjectKey, String)>,
    /// Automatic exposures that were dropped because the queue was full.
    pub exposures_dropped: u64,
    /// Reported events that were refused because storage did not take them.
    pub events_shed: u64,
}

impl Health {
    /// Whether anything but what stops or takes back can be changed.
    pub fn takes_changes(&self) -> bool {
        self.storage == Condition::Sound
    }

    /// What is wrong and what to do, in sentences; `None` if nothing is.
    pub fn sentence(&self) -> Option<String> {
        let mut said = Vec::new();
        match (&self.storage, self.last_known_good) {
            (Condition::ReadOnly { why }, Some(since)) => said.push(format!(
                "The database cannot be used, so what was served at {since} is served, and nothing can be changed: \
                 {why}. Repair or restore it, then restart the server"
            )),
            (Condition::ReadOnly { why }, None) => said.push(format!(
                "Storage failed, so nothing can be changed, and what was last decided is served: {why}. Check the \
                 disk, then restart the server, which checks the log"
            )),
            (Condition::Full, _) => said.push(
                "The disk is full: hold and roll back still work, other changes and events are refused. Free some \
                 space; no restart is needed"
                    .to_owned(),
            ),
            (Condition::Sound, _) => {}
        }
        said.extend(
            self.halted.iter().map(|(project, why)| format!("Project `{project}` cannot be changed: {why}")),
        );
        if said.is_empty() { None } else { Some(said.join(". ")) }
    }
}

impl Engine {
    /// How the engine is now. No lock of the store's, no wait.
    pub fn health(&self) -> Health {
        let projects = self.all_projects();
        let halted = projects
            .iter()
            .filter_map(|project| Some((project.key.clone(), project.halted()?.to_string())))
            .collect();
        Health {
            storage: self.0.store.condition(),
            last_known_good: self.0.dead.as_ref().map(|dead| dead.since),
            halted,
            exposures_dropped: self.exposures_dropped(),
            events_shed: self.events_shed(),
        }
    }
}
