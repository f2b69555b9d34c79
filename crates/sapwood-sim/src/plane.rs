//! The control plane without storage or time: decide, seal, fold. What the engine does with a disk, in three lines,
//! so that thousands of rollouts fit into a minute.

use sapwood_core::command::Command;
use sapwood_core::decide;
use sapwood_core::entry::{Actor, Entry};
use sapwood_core::event::Event;
use sapwood_core::id::{EnvironmentKey, Stream};
use sapwood_core::rejection::Rejection;
use sapwood_core::rollout::Rollout;
use sapwood_core::state::{FoldError, State};
use sapwood_core::time::Timestamp;
use sapwood_eval::RolloutId;
use serde_json::json;
use uuid::Uuid;

use crate::setup::{ENVIRONMENT, PROJECT, SetupError, shape};

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum PlaneError {
    /// The domain said no.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// What was decided cannot be folded, which is a defect.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// What was decided cannot be written, which is a defect.
    #[error(transparent)]
    Encode(#[from] serde_json::Error),
    /// The case does not fit.
    #[error(transparent)]
    Setup(#[from] SetupError),
}

/// One project's state and nothing else.
#[derive(Debug)]
pub struct Plane {
    /// The fold so far.
    pub state: State,
    stream: Stream,
    environment: EnvironmentKey,
}

impl Plane {
    /// An empty project.
    pub fn new() -> Result<Self, PlaneError> {
        Ok(Self {
            state: State::default(),
            stream: Stream::Project(shape(json!(PROJECT))?),
            environment: shape(json!(ENVIRONMENT))?,
        })
    }

    /// The one environment.
    pub const fn environment(&self) -> &EnvironmentKey {
        &self.environment
    }

    /// Decides, seals and folds; answers the events.
    pub fn submit(
        &mut self,
        actor: &Actor,
        command: Command,
        now: Timestamp,
    ) -> Result<Vec<Event>, PlaneError> {
        let placed = decide::decide(&self.state, actor, command, now)?;
        let mut events = Vec::with_capacity(placed.len());
        for (environment, event) in placed {
            let version = self.state.version.saturating_add(1);
            let draft = event.draft(Uuid::from_u128(u128::from(version)), environment)?;
            let entry = Entry::seal(self.stream.clone(), version, self.state.hash, actor.clone(), now, draft);
            self.state.apply(&entry)?;
            events.push(event);
        }
        Ok(events)
    }

    /// A rollout as it stands.
    pub fn rollout(&self, id: &RolloutId) -> Option<&Rollout> {
        self.state.environments.get(&self.environment)?.rollouts.get(id)
    }
}
