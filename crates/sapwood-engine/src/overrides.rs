//! Local overrides: what somebody set beside the data when nothing else worked. They are in force at once, without the
//! database, and become entries of the log as soon as it takes them.

use std::collections::BTreeMap;

use sapwood_api::stream::Activity;
use sapwood_core::command::Command;
use sapwood_core::entry::Actor;
use sapwood_core::event::Because;
use sapwood_core::id::{EnvironmentKey, ProjectKey};
use sapwood_core::time::Timestamp;
use sapwood_eval::{FlagKey, VariantKey};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::engine::Engine;
use crate::error::SubmitError;
use crate::limits::OVERRIDES_MAX;
use crate::project::Project;
use crate::snapshot::Scope;

/// Version of the file's shape.
const FORMAT: u32 = 1;

/// All local overrides, as one file holds them: at most one for each flag and environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overrides {
    format: u32,
    overrides: Vec<Override>,
}

/// What was said last of one flag in one environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// Minted when it was said; the log records it once.
    pub id: Uuid,
    /// Which project.
    pub project: ProjectKey,
    /// Which environment.
    pub environment: EnvironmentKey,
    /// Which flag.
    pub flag: FlagKey,
    /// What everybody gets, or that it is over.
    pub what: What,
    /// Who said it, as the system knows them.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// What an override says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Everybody gets the variant the flag serves when it is off.
    Off,
    /// Everybody gets this variant.
    Variant(VariantKey),
    /// Over: the flag's rules and rollouts decide again.
    Lifted,
}

/// The overrides of one project by environment and flag.
pub(crate) type Locals = BTreeMap<(EnvironmentKey, FlagKey), Override>;

impl Default for Overrides {
    fn default() -> Self {
        Self { format: FORMAT, overrides: Vec::new() }
    }
}

impl Overrides {
    /// As one line of JSON.
    pub fn to_line(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// From one line of JSON.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn from_line(line: &str) -> Result<Self, String> {
        let read: Self = serde_json::from_str(line).map_err(|error| error.to_string())?;
        if read.format > FORMAT {
            return Err(format!("it has format {}, and this program reads up to {FORMAT}", read.format));
        }
        Ok(read)
    }

    /// All of them, in the order in which they were said.
    pub fn all(&self) -> &[Override] {
        &self.overrides
    }

    /// Puts one in the place of what was said of the same flag before.
    ///
    /// # Errors
    /// When there are too many to keep. What is lifted is forgotten first, the oldest before the others.
    pub fn set(&mut self, new: Override) -> Result<(), String> {
        let is_other = |old: &Override| {
            (&old.project, &old.environment, &old.flag) != (&new.project, &new.environment, &new.flag)
        };
        let mut kept: Vec<Override> = self.overrides.iter().filter(|old| is_other(old)).cloned().collect();
        if kept.len() >= OVERRIDES_MAX {
            let lifted = kept.iter().position(|old| old.what == What::Lifted);
            let Some(lifted) = lifted else {
                return Err(format!(
                    "{OVERRIDES_MAX} flags are overridden, which is the limit; lift some first"
                ));
            };
            kept.remove(lifted);
        }
        kept.push(new);
        self.overrides = kept;
        Ok(())
    }
}

impl Engine {
    /// Puts local overrides into force, all at once, in the place of those before. It waits for nobody: not for the
    /// store, and not for changes that do.
    pub fn set_overrides(&self, overrides: &Overrides) {
        let mut by_project: BTreeMap<&ProjectKey, Locals> = BTreeMap::new();
        for one in &overrides.overrides {
            let place = (one.environment.clone(), one.flag.clone());
            by_project.entry(&one.project).or_default().insert(place, one.clone());
        }
        for project in self.all_projects() {
            let locals = by_project.remove(&project.key).unwrap_or_default();
            for (scope, flag, variant) in project.set_locals(&locals, self.now()) {
                let gets = variant.as_ref().map_or("what its rules say", VariantKey::as_str);
                tracing::warn!(%scope, %flag, "a local override was set or lifted: everybody gets {gets}");
                self.tell_override(&scope, &flag);
            }
        }
        for (project, locals) in by_project {
            tracing::warn!(%project, overrides = locals.len(), "there are overrides for a project that is not here");
        }
    }

    /// Streams hear of an override before the log does, if the log is to hear of it at all.
    fn tell_override(&self, scope: &Scope, flag: &FlagKey) {
        let Some(served) = self.served(scope).filter(|served| served.broadcaster.has_readers()) else {
            return;
        };
        let (at, flags) = (self.now().to_string(), vec![flag.to_string()]);
        served.broadcaster.tell(served.snapshot.load().version, Activity::Turned { at, flags });
    }

    /// Writes local overrides into the log that are not there yet.
    ///
    /// # Errors
    /// The first that was not taken; the others are written all the same, and all are in force all the same.
    pub async fn record_overrides(&self) -> Result<(), SubmitError> {
        let mut outcome = Ok(());
        for project in self.all_projects() {
            for one in project.unrecorded() {
                let (actor, key) = (Actor::User(one.by.clone()), project.key.clone());
                let recorded = self.submit(&key, actor, project.record_of(one)).await;
                outcome = outcome.and(recorded.map(drop));
            }
        }
        outcome
    }

    /// The overrides in force, local or from the log, with what everybody gets.
    pub fn overridden(&self) -> Vec<(Scope, FlagKey, VariantKey)> {
        let mut found = Vec::new();
        for project in self.all_projects() {
            for (scope, served) in project.served() {
                for flag in served.snapshot.load().flags.flags() {
                    if let Some(variant) = &flag.config().break_glass {
                        found.push((scope.clone(), flag.key().clone(), variant.clone()));
                    }
                }
            }
        }
        found
    }
}

impl Project {
    /// The command that writes an override down.
    fn record_of(&self, one: Override) -> Command {
        let variant = match one.what {
            What::Lifted => None,
            What::Variant(variant) => Some(variant),
            What::Off => {
                let state = self.state();
                let rules =
                    state.environments.get(&one.environment).and_then(|of| of.targeting.get(&one.flag));
                rules.map(|rules| rules.value.off_variant.clone())
            }
        };
        Command::RecordBreakGlass {
            environment: one.environment,
            flag: one.flag,
            variant,
            record: one.id,
            said_at: one.at,
            because: Because { reason: one.reason, evidence: None },
        }
    }
}
