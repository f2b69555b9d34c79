//! The one way to change anything: decide, append at the expected version, fold, publish, tell.

use sapwood_api::stream::Activity;
use sapwood_core::command::Command;
use sapwood_core::decide::{self, Placed};
use sapwood_core::entry::{Actor, Draft, Entry};
use sapwood_core::id::{ProjectKey, Stream};
use sapwood_store::{Append, Decided, StoreError};

use crate::convert;
use crate::engine::{Engine, Submitted};
use crate::error::SubmitError;
use crate::limits::DECIDE_ATTEMPTS_MAX;
use crate::project::Project;
use crate::snapshot::Scope;

impl Engine {
    /// Makes a change: `decide` says what it means, the store appends it, and when this returns every
    /// evaluation in this process sees it.
    pub async fn submit(
        &self,
        project: &ProjectKey,
        actor: Actor,
        command: Command,
    ) -> Result<Submitted, SubmitError> {
        self.commit(project, actor, command, None).await
    }

    pub(crate) async fn commit(
        &self,
        key: &ProjectKey,
        actor: Actor,
        command: Command,
        decided: Option<Decided>,
    ) -> Result<Submitted, SubmitError> {
        let project = match (&command, self.project(key)) {
            (_, Some(project)) => project,
            (Command::DefineProject { .. }, None) => self.project_or_new(key),
            (_, None) => return Err(SubmitError::UnknownProject(key.clone())),
        };
        let writer = project.writer.lock().await;
        if let Some(halted) = project.halted() {
            return Err(SubmitError::Halted(halted));
        }
        for _ in 0..DECIDE_ATTEMPTS_MAX {
            match self.attempt(&project, &actor, command.clone(), decided).await {
                Err(SubmitError::Store(StoreError::Conflict { .. })) => self.catch_up(&project).await?,
                Ok(submitted) => {
                    drop(writer);
                    self.index();
                    self.tell(&project, &submitted.entries);
                    return Ok(submitted);
                }
                Err(error) => return Err(error),
            }
        }
        Err(SubmitError::Busy)
    }

    async fn attempt(
        &self,
        project: &Project,
        actor: &Actor,
        command: Command,
        decided: Option<Decided>,
    ) -> Result<Submitted, SubmitError> {
        let (expected, placed) = {
            let state = project.state();
            (state.version, decide::decide(&state, actor, command, self.now())?)
        };
        if placed.is_empty() {
            return Ok(Submitted { version: expected, entries: Vec::new() });
        }
        let append = Append {
            stream: Stream::Project(project.key.clone()),
            expected,
            actor: actor.clone(),
            drafts: self.drafts(placed)?,
            decided,
        };
        let entries = self.0.store.append(append).await?;
        project.fold(&entries).map_err(SubmitError::Halted)?;
        Ok(Submitted { version: project.state().version, entries })
    }

    fn drafts(&self, placed: Vec<Placed>) -> Result<Vec<Draft>, serde_json::Error> {
        let draft = |(environment, event): Placed| event.draft(self.0.entropy.id(self.now()), environment);
        placed.into_iter().map(draft).collect()
    }

    /// Tells the streams of the environments the entries concern; an entry without one concerns all.
    fn tell(&self, project: &Project, entries: &[Entry]) {
        for entry in entries {
            for (scope, served) in project.served() {
                if entry.environment.as_ref().is_none_or(|environment| *environment == scope.environment) {
                    served
                        .broadcaster
                        .tell(entry.version, Activity::Entry { entry: convert::log_entry(entry) });
                }
            }
            self.tell_rollout_of(project, entry);
        }
    }

    /// A change of a rollout is shown at once, not at the controller's next look.
    fn tell_rollout_of(&self, project: &Project, entry: &Entry) {
        let Some(environment) = entry.environment.clone() else { return };
        let scope = Scope { project: project.key.clone(), environment };
        let Ok(event) = sapwood_core::event::Event::read(entry) else { return };
        if let Some(rollout) = event.rollout().and_then(|id| self.rollout(&scope, id.as_str()))
            && let Some(served) = self.served(&scope)
        {
            served.broadcaster.tell(entry.version, Activity::Rollout { rollout });
        }
    }
}
