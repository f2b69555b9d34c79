//! The log as people look at it: filtered, compared, and taken back entry by entry.

use sapwood_core::diff::{self, ResourceChange};
use sapwood_core::entry::{Actor, Entry};
use sapwood_core::event::Event;
use sapwood_core::id::{ProjectKey, Stream};
use sapwood_core::resource::Resource;
use sapwood_core::revert::Reverting;
use sapwood_core::state::State;
use sapwood_core::time::Timestamp;

use crate::ask::{Asked, Only};
use crate::commit::Terms;
use crate::engine::{Engine, Submitted};
use crate::error::{HistoryError, SubmitError};
use crate::limits::{DECIDE_ATTEMPTS_MAX, ENTRIES_PER_READ, ENTRIES_SEARCHED_MAX};

/// Which entries of a log are wanted; all that is said must hold.
#[derive(Debug, Clone, Default)]
pub struct LogFilter {
    /// Made at this moment or later. Times are for people: clocks are set, versions are not.
    pub since: Option<Timestamp>,
    /// By this user id or token id, or by `system`.
    pub actor: Option<String>,
    /// Of this kind, with or without its version: `flag_defined` or `flag_defined.v1`.
    pub kind: Option<String>,
    /// About this thing.
    pub resource: Option<Resource>,
}

/// Some entries of a log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogPage {
    /// Those that were wanted, the oldest first.
    pub entries: Vec<Entry>,
    /// Where to go on reading; `None` at the end of the log.
    pub next: Option<u64>,
}

/// What is different between two versions of a project.
#[derive(Debug, Clone, PartialEq)]
pub struct LogDiff {
    /// The earlier version; 0 is before the first entry.
    pub from: u64,
    /// The later version.
    pub to: u64,
    /// What is different, by thing.
    pub changes: Vec<ResourceChange>,
}

impl LogFilter {
    /// Whether an entry is wanted.
    pub fn wants(&self, entry: &Entry) -> bool {
        self.since.is_none_or(|since| entry.at >= since)
            && self.actor.as_ref().is_none_or(|actor| is_by(&entry.actor, actor))
            && self.kind.as_ref().is_none_or(|kind| is_of(&entry.kind, kind))
            && self.resource.as_ref().is_none_or(|resource| {
                Event::read(entry)
                    .is_ok_and(|event| resource.is_touched_by(&event, entry.environment.as_ref()))
            })
    }

    /// Whether every entry is wanted.
    const fn wants_all(&self) -> bool {
        self.since.is_none() && self.actor.is_none() && self.kind.is_none() && self.resource.is_none()
    }
}

fn is_by(actor: &Actor, name: &str) -> bool {
    match actor {
        Actor::User(id) => id == name,
        Actor::Token(id) => id.to_string() == name,
        Actor::System => name == "system",
    }
}

fn is_of(kind: &str, name: &str) -> bool {
    kind == name || kind.rsplit_once(".v").is_some_and(|(word, _)| word == name)
}

impl Engine {
    /// Entries of a stream after a version that a filter wants, at most `limit`. A look goes through a bounded
    /// number of entries, so a page may have fewer, or none, and still not be the last.
    pub async fn search_log(
        &self,
        stream: &Stream,
        after: u64,
        limit: usize,
        filter: &LogFilter,
    ) -> Result<LogPage, HistoryError> {
        let (mut at, mut entries, mut searched) = (after, Vec::new(), 0_usize);
        let step = if filter.wants_all() { limit.min(ENTRIES_PER_READ) } else { ENTRIES_PER_READ };
        loop {
            let read = self.0.store.read_from(stream.clone(), at, step).await?;
            let last = read.len() < step;
            searched = searched.saturating_add(read.len());
            for entry in read {
                at = entry.version;
                if filter.wants(&entry) {
                    entries.push(entry);
                }
                if entries.len() >= limit {
                    return Ok(LogPage { entries, next: Some(at) });
                }
            }
            if last {
                return Ok(LogPage { entries, next: None });
            }
            if searched >= ENTRIES_SEARCHED_MAX {
                return Ok(LogPage { entries, next: Some(at) });
            }
        }
    }

    /// All streams of the log.
    pub async fn streams(&self) -> Result<Vec<Stream>, HistoryError> {
        Ok(self.0.store.streams().await?)
    }

    /// What is different between two versions of a project; version 0 is before its first entry. Both versions are
    /// folded anew from the log, so this takes as long as reading it.
    pub async fn diff(&self, project: &ProjectKey, from: u64, to: u64) -> Result<LogDiff, HistoryError> {
        let (from, to) = (from.min(to), from.max(to));
        let mut fold = State::default();
        self.fold_to(&mut fold, project, from).await?;
        let before = fold.clone();
        self.fold_to(&mut fold, project, to).await?;
        Ok(LogDiff { from, to, changes: diff::diff(&before, &fold) })
    }

    async fn fold_to(&self, fold: &mut State, project: &ProjectKey, to: u64) -> Result<(), HistoryError> {
        let stream = Stream::Project(project.clone());
        while fold.version < to {
            let entries = self.0.store.read_from(stream.clone(), fold.version, ENTRIES_PER_READ).await?;
            if entries.is_empty() {
                return Err(HistoryError::BeyondHead { version: to, head: fold.version });
            }
            for entry in entries.iter().take_while(|entry| entry.version <= to) {
                fold.apply(entry)?;
            }
            // A long log is folded in one go, but not at the cost of everybody else on this thread.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Takes one entry back: what it is about gets its old value in a new entry, as if somebody had said so.
    ///
    /// # Errors
    /// Refused for steps of rollouts and whatever else is for good, and with the list of later entries about the
    /// same thing if there are any.
    pub async fn revert(
        &self,
        project: &ProjectKey,
        actor: Actor,
        version: u64,
    ) -> Result<Submitted, HistoryError> {
        self.revert_if(project, actor, version, (Only::default(), false)).await
    }

    /// The same under conditions on what the entry is about, or only to see what it would append (`dry_run`).
    ///
    /// # Errors
    /// Those of [`Engine::revert`], and a resource of another revision.
    pub async fn revert_if(
        &self,
        project: &ProjectKey,
        actor: Actor,
        version: u64,
        (only, dry_run): (Only, bool),
    ) -> Result<Submitted, HistoryError> {
        if self.project(project).is_none() {
            return Err(SubmitError::UnknownProject(project.clone()).into());
        }
        for _ in 0..DECIDE_ATTEMPTS_MAX {
            let mut reverting = Reverting::new(version);
            let stream = Stream::Project(project.clone());
            loop {
                let entries =
                    self.0.store.read_from(stream.clone(), reverting.version(), ENTRIES_PER_READ).await?;
                entries.iter().try_for_each(|entry| reverting.read(entry))?;
                tokio::task::yield_now().await;
                if entries.len() < ENTRIES_PER_READ {
                    break;
                }
            }
            let (command, head) = reverting.finish().map_err(SubmitError::Rejected)?;
            let make = |_: &State| Ok(vec![command.clone().into()]);
            let (about, only) = (command.resource(), only.clone());
            let asked = Asked { about, only, dry_run, growth_is_meant: true, make: &make };
            match self.ask_on(project, &actor, &asked, Terms { decided: None, at: Some(head) }).await {
                // Somebody said something meanwhile, perhaps about the same thing.
                Err(SubmitError::Moved) => {}
                outcome => return Ok(outcome?),
            }
        }
        Err(SubmitError::Busy.into())
    }
}
