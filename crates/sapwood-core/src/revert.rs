//! Taking one entry of the log back: the old value as a new command, or the reason why not.

use sapwood_eval::{FlagKey, SegmentKey};

use crate::command::Command;
use crate::entry::Entry;
use crate::event::Event;
use crate::id::{EnvironmentKey, GuardrailKey, LadderKey, MetricKey};
use crate::rejection::Rejection;
use crate::resource::Resource;
use crate::state::{FoldError, State};
use crate::wanted::WantedFlag;

/// Collects, entry by entry, what is needed to take one entry back: feed it the whole stream from its first entry.
#[derive(Debug)]
pub struct Reverting {
    version: u64,
    state: State,
    found: Option<Found>,
    later: Vec<u64>,
}

/// The entry to take back.
#[derive(Debug)]
struct Found {
    entry: Entry,
    event: Event,
    resource: Option<Resource>,
    /// What makes it as it was.
    command: Result<Command, Rejection>,
}

impl Reverting {
    /// Looks for the entry with this version.
    pub fn new(version: u64) -> Self {
        Self { version, state: State::default(), found: None, later: Vec::new() }
    }

    /// The version after which entries are missing.
    pub const fn version(&self) -> u64 {
        self.state.version
    }

    /// Reads the next entry.
    ///
    /// # Errors
    /// An entry that breaks the chain or cannot be read: what came after it is not known, so nothing is taken back.
    pub fn read(&mut self, entry: &Entry) -> Result<(), FoldError> {
        if entry.version == self.version {
            let event = Event::read(entry)?;
            let resource = Resource::of(&event, entry.environment.as_ref());
            let command = old_value(&self.state, entry, &event);
            self.found = Some(Found { entry: entry.clone(), event, resource, command });
        } else if let Some(Found { resource: Some(resource), .. }) = &self.found {
            let event = Event::read(entry)?;
            if resource.is_touched_by(&event, entry.environment.as_ref()) {
                self.later.push(entry.version);
            }
        }
        self.state.apply(entry).map(drop)
    }

    /// The command that gives the thing its old value, and the version it was decided at.
    ///
    /// # Errors
    /// A [`Rejection`] that says why this entry is not taken back, and what to do instead.
    pub fn finish(self) -> Result<(Command, u64), Rejection> {
        let Some(Found { entry, event, resource, command }) = self.found else {
            return Err(Rejection::UnknownEntry { version: self.version, head: self.state.version });
        };
        let command = command?;
        match resource {
            Some(resource) if !self.later.is_empty() => Err(Rejection::TouchedLater {
                version: entry.version,
                resource: resource.to_string(),
                later: self.later,
            }),
            Some(_) => Ok((command, self.state.version)),
            None => Err(never(entry.version, event.kind(), "it concerns nothing")),
        }
    }
}

/// What gives the thing that `event` is about the value it has in `before`.
fn old_value(before: &State, entry: &Entry, event: &Event) -> Result<Command, Rejection> {
    let no = |why: &str| never(entry.version, event.kind(), why);
    let unplaced = || no("it names no environment");
    match event {
        Event::ProjectDefined(event) => {
            let (_, name) = before.project.clone().ok_or_else(|| no("it made the project"))?;
            Ok(Command::DefineProject { project: event.project.clone(), name })
        }
        Event::EnvironmentDefined(event) => {
            let old = before.environments.get(&event.key).ok_or_else(|| no("it made the environment"))?;
            let (key, name, production) = (event.key.clone(), old.name.clone(), old.production);
            Ok(Command::DefineEnvironment { key, name, production })
        }
        Event::FlagDefined(event) => {
            let old = before.flags.get(&event.flag.key);
            let old = old.ok_or_else(|| no("it made the flag; retire it if it is not wanted"))?.value.clone();
            // Whoever takes a correction back corrects on purpose, too.
            let corrects = old.flag.variants.keys().cloned().collect();
            Ok(Command::DefineFlag { flag: WantedFlag { corrects, ..old.flag.into() }, about: old.about })
        }
        Event::TargetingSet(event) => {
            Ok(old_targeting(before, entry.environment.clone().ok_or_else(unplaced)?, &event.flag))
        }
        Event::TargetingRemoved(event) => {
            Ok(old_targeting(before, entry.environment.clone().ok_or_else(unplaced)?, &event.flag))
        }
        Event::SegmentDefined(event) => Ok(old_segment(before, &event.segment.key)),
        Event::SegmentRemoved(event) => Ok(old_segment(before, &event.key)),
        Event::MetricDefined(event) => Ok(old_metric(before, &event.key)),
        Event::MetricRemoved(event) => Ok(old_metric(before, &event.key)),
        Event::LadderDefined(event) => Ok(old_ladder(before, &event.key)),
        Event::LadderRemoved(event) => Ok(old_ladder(before, &event.key)),
        Event::GuardrailDefined(event) => Ok(old_guardrail(before, &event.key)),
        Event::GuardrailRemoved(event) => Ok(old_guardrail(before, &event.key)),
        Event::TokenIssued(event) => Ok(Command::RevokeToken { token: event.token.id }),
        Event::TokenRevoked(_) => Err(no("what was revoked stays revoked; issue a new token")),
        Event::FlagRetired(_) => Err(no("a retired key is never used again; make a new flag")),
        Event::BreakGlassSet(_) | Event::BreakGlassLifted(_) => {
            Err(no("what was said in an emergency is said anew: `sapwood kill --lift`, or `sapwood kill`"))
        }
        Event::RolloutStarted(_)
        | Event::StageEntered(_)
        | Event::EpochOpened(_)
        | Event::RolloutAmended(_)
        | Event::StageApproved(_)
        | Event::RolloutHeld(_)
        | Event::RolloutResumed(_)
        | Event::RolloutRolledBack(_)
        | Event::RolloutCompleted(_) => Err(no(
            "people have lived through the steps of a rollout; hold it, roll it back or start a new one",
        )),
    }
}

fn old_targeting(before: &State, environment: EnvironmentKey, flag: &FlagKey) -> Command {
    let old = before.environments.get(&environment).and_then(|of| of.targeting.get(flag));
    let flag = flag.clone();
    match old {
        Some(old) => Command::SetTargeting { environment, flag, targeting: old.value.clone().into() },
        None => Command::RemoveTargeting { environment, flag },
    }
}

fn old_segment(before: &State, key: &SegmentKey) -> Command {
    match before.segments.get(key) {
        Some(old) => Command::DefineSegment { segment: old.value.clone() },
        None => Command::RemoveSegment { key: key.clone() },
    }
}

fn old_metric(before: &State, key: &MetricKey) -> Command {
    let key = key.clone();
    match before.metrics.get(&key).map(|old| old.value.clone()) {
        Some(old) => Command::DefineMetric { key, metric: old.metric, description: old.description },
        None => Command::RemoveMetric { key },
    }
}

fn old_ladder(before: &State, key: &LadderKey) -> Command {
    let key = key.clone();
    match before.ladders.get(&key).map(|old| old.value.clone()) {
        Some(old) => Command::DefineLadder { key, ladder: old.ladder, description: old.description },
        None => Command::RemoveLadder { key },
    }
}

fn old_guardrail(before: &State, key: &GuardrailKey) -> Command {
    let key = key.clone();
    match before.guardrails.get(&key).map(|old| old.value.clone()) {
        Some(old) => Command::DefineGuardrail { key, guardrail: old.guardrail, description: old.description },
        None => Command::RemoveGuardrail { key },
    }
}

fn never(version: u64, kind: &str, why: &str) -> Rejection {
    Rejection::NeverReverted { version, kind: kind.to_owned(), why: why.to_owned() }
}

#[cfg(test)]
mod tests;
