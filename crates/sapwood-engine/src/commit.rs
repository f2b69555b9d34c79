//! The one way to change anything: decide, append at the expected version, fold, publish, tell.

use sapwood_api::stream::Activity;
use sapwood_core::command::Command;
use sapwood_core::decide::Placed;
use sapwood_core::entry::{Actor, Draft, Entry};
use sapwood_core::event::Event;
use sapwood_core::id::{ProjectKey, Stream};
use sapwood_core::state::State;
use sapwood_store::{Append, Decided, StoreError};

use crate::ask::{Asked, Decision, Only};
use crate::convert;
use crate::engine::{Engine, Submitted};
use crate::error::SubmitError;
use crate::limits::{DECIDE_ATTEMPTS_MAX, ENTRIES_PER_READ};
use crate::project::{Project, Served};
use crate::snapshot::Scope;

/// What a change insists on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Terms {
    /// What a decision of the controller stands on.
    pub(crate) decided: Option<Decided>,
    /// The version of the project it was decided at, where no other will do.
    pub(crate) at: Option<u64>,
}

impl Engine {
    /// Makes a change: `decide` says what it means, the store appends it, and when this returns every
    /// evaluation in this process sees it.
    pub async fn submit(
        &self,
        project: &ProjectKey,
        actor: Actor,
        command: Command,
    ) -> Result<Submitted, SubmitError> {
        self.commit(project, actor, command, Terms::default()).await
    }

    /// Makes a change under conditions, or says what it would be. That others change something else of the project
    /// meanwhile is never seen by whoever asks.
    pub async fn ask(
        &self,
        key: &ProjectKey,
        actor: Actor,
        asked: &Asked<'_>,
    ) -> Result<Submitted, SubmitError> {
        self.ask_on(key, &actor, asked, Terms::default()).await
    }

    /// The same on these terms.
    pub(crate) async fn ask_on(
        &self,
        key: &ProjectKey,
        actor: &Actor,
        asked: &Asked<'_>,
        terms: Terms,
    ) -> Result<Submitted, SubmitError> {
        let project = self.project(key).ok_or_else(|| SubmitError::UnknownProject(key.clone()))?;
        self.commit_to(&project, actor, asked, terms).await
    }

    pub(crate) async fn commit(
        &self,
        key: &ProjectKey,
        actor: Actor,
        command: Command,
        terms: Terms,
    ) -> Result<Submitted, SubmitError> {
        if let Some(dead) = &self.0.dead {
            // What a command means cannot be said without the state it would change.
            return Err(StoreError::Unavailable(dead.why.as_str().into()).into());
        }
        let project = match (&command, self.project(key)) {
            (_, Some(project)) => project,
            (Command::DefineProject { .. }, None) => self.project_or_new(key),
            (_, None) => return Err(SubmitError::UnknownProject(key.clone())),
        };
        let make = |_: &State| Ok(vec![command.clone().into()]);
        let (about, only) = (command.resource(), Only::default());
        let asked = Asked { about, only, dry_run: false, growth_is_meant: true, make: &make };
        let outcome = self.commit_to(&project, &actor, &asked, terms).await;
        if outcome.is_err() {
            self.forget_attempt(&project);
        }
        outcome
    }

    async fn commit_to(
        &self,
        project: &Project,
        actor: &Actor,
        asked: &Asked<'_>,
        terms: Terms,
    ) -> Result<Submitted, SubmitError> {
        let _writer = project.writer.lock().await;
        let behind = terms.at.is_some_and(|version| version > project.state().version);
        if behind || project.is_in_doubt() {
            self.catch_up(project).await?;
        }
        for _ in 0..DECIDE_ATTEMPTS_MAX {
            if let Some(halted) = project.halted() {
                return Err(SubmitError::Halted(halted));
            }
            match self.attempt(project, actor, asked, terms).await {
                Err(SubmitError::Store(StoreError::Conflict { .. })) => self.catch_up(project).await?,
                Err(error) => {
                    // The answer may be all that was lost; what the log holds must be served.
                    if project.is_in_doubt() {
                        let _ = self.catch_up(project).await;
                    }
                    return Err(error);
                }
                Ok(submitted) => return Ok(submitted),
            }
        }
        Err(SubmitError::Busy)
    }

    async fn attempt(
        &self,
        project: &Project,
        actor: &Actor,
        asked: &Asked<'_>,
        terms: Terms,
    ) -> Result<Submitted, SubmitError> {
        let (expected, revision, decision) = {
            let state = project.state();
            let decision = asked.decide(&state, actor, self.now())?;
            (state.version, state.revision(&asked.about), decision)
        };
        if terms.at.is_some_and(|version| version != expected) {
            return Err(SubmitError::Moved);
        }
        let Decision { placed, applied, moves, warnings } = decision;
        let submitted = |version, revision, entries| Submitted {
            version,
            revision,
            entries,
            placed: placed.clone(),
            applied,
            moves,
            warnings,
        };
        if placed.is_empty() || asked.dry_run {
            return Ok(submitted(expected, revision, Vec::new()));
        }
        let append = Append {
            stream: Stream::Project(project.key.clone()),
            expected,
            actor: actor.clone(),
            drafts: self.drafts(&placed)?,
            decided: terms.decided,
        };
        // Whoever asked may leave while the store writes; then nobody is left to fold what it wrote.
        project.doubt(true);
        let entries = self.0.store.append(append).await?;
        let folded = project.fold(&entries);
        project.doubt(false);
        self.announce(project, &entries);
        folded.map_err(SubmitError::Halted)?;
        let state = project.state();
        let revision = state.revision(&asked.about);
        let submitted = submitted(state.version, revision, entries);
        for warning in &submitted.warnings {
            tracing::warn!("{warning}");
        }
        Ok(submitted)
    }

    fn drafts(&self, placed: &[Placed]) -> Result<Vec<Draft>, serde_json::Error> {
        let draft =
            |(environment, event): &Placed| event.draft(self.0.entropy.id(self.now()), environment.clone());
        placed.iter().map(draft).collect()
    }

    /// Folds what is in the log and not yet in the project's state. Whoever calls holds the writer's lock.
    pub(crate) async fn catch_up(&self, project: &Project) -> Result<(), StoreError> {
        loop {
            let (stream, after) = (Stream::Project(project.key.clone()), project.state().version);
            let entries = self.0.store.read_from(stream, after, ENTRIES_PER_READ).await?;
            let last = entries.len() < ENTRIES_PER_READ;
            let folded = project.fold(&entries);
            self.announce(project, &entries);
            if folded.is_err() || last {
                project.doubt(false);
                return Ok(());
            }
        }
    }

    /// Folds what appends left in the log whose callers were gone before they could.
    pub(crate) async fn resolve_doubts(&self) -> Result<(), StoreError> {
        for project in self.all_projects().into_iter().filter(|project| project.is_in_doubt()) {
            let _writer = project.writer.lock().await;
            self.catch_up(&project).await?;
        }
        Ok(())
    }

    /// Makes entries known that were just folded. Called under the writer's lock, because readers of a stream
    /// resume at the last version they saw: out of order, they would miss what came late.
    fn announce(&self, project: &Project, entries: &[Entry]) {
        if entries.is_empty() {
            return;
        }
        self.index();
        let version = project.state().version;
        let served = project.served();
        for entry in entries.iter().filter(|entry| entry.version <= version) {
            for (scope, served) in &served {
                let concerned = entry.environment.as_ref().is_none_or(|key| *key == scope.environment);
                if concerned && served.broadcaster.has_readers() {
                    let said = Activity::Entry { entry: convert::log_entry(entry) };
                    served.broadcaster.tell(entry.version, said);
                    self.tell_rollout_of(scope, served, entry);
                }
            }
        }
    }

    /// A change of a rollout is shown at once, not at the controller's next look.
    fn tell_rollout_of(&self, scope: &Scope, served: &Served, entry: &Entry) {
        let Ok(event) = Event::read(entry) else { return };
        if let Some(rollout) = event.rollout().and_then(|id| self.rollout(scope, id.as_str())) {
            served.broadcaster.tell(entry.version, Activity::Rollout { rollout });
        }
    }
}
