//! What somebody asks for: commands made from the state they are decided on, under conditions, perhaps only to see
//! what would happen.

use std::fmt;

use sapwood_api::resources::AppliedChange;
use sapwood_core::command::Command;
use sapwood_core::decide::{self, Placed};
use sapwood_core::entry::Actor;
use sapwood_core::event::Event;
use sapwood_core::moves::{self, RuleMoves};
use sapwood_core::rejection::Rejection;
use sapwood_core::resource::Resource;
use sapwood_core::state::State;
use sapwood_core::time::Timestamp;
use sapwood_core::weight::{self, Growth};

use crate::convert::{applied, within};
use crate::error::SubmitError;

/// Makes the commands. Asked again with a newer state when somebody else was quicker, so whatever it reads there
/// is never stale: a salt minted for a flag that another request has just made is not used.
pub type Make<'a> = dyn Fn(&State) -> Result<Vec<Made>, SubmitError> + Send + Sync + 'a;

/// A command, and which of several things that were sent asks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// The place of the thing; `None` where only one was sent, or the command follows from all of them.
    pub item: Option<usize>,
    /// The command.
    pub command: Command,
}

impl From<Command> for Made {
    fn from(command: Command) -> Self {
        Self { item: None, command }
    }
}

/// What somebody asks for.
pub struct Asked<'a> {
    /// What it is about.
    pub about: Resource,
    /// Under which conditions.
    pub only: Only,
    /// Whether to say what would happen and leave it at that.
    pub dry_run: bool,
    /// Whether it is meant even if an environment comes to serve more than twice as much.
    pub growth_is_meant: bool,
    /// The commands.
    pub make: &'a Make<'a>,
}

impl fmt::Debug for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").field("about", &self.about).finish_non_exhaustive()
    }
}

/// Revisions a condition names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revisions {
    /// Any: that there is such a thing at all.
    Any,
    /// One of these.
    These(Vec<u64>),
}

impl Revisions {
    fn have(&self, now: Option<u64>) -> bool {
        match (self, now) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::These(these), Some(now)) => these.contains(&now),
        }
    }
}

/// Conditions of a request, as `If-Match` and `If-None-Match` say them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Only {
    /// Only if the resource has one of these revisions.
    pub matching: Option<Revisions>,
    /// Only if it has none of these.
    pub not_matching: Option<Revisions>,
}

impl Only {
    /// Whether they hold of a resource with this revision.
    pub fn holds(&self, now: Option<u64>) -> bool {
        self.matching.as_ref().is_none_or(|revisions| revisions.have(now))
            && self.not_matching.as_ref().is_none_or(|revisions| !revisions.have(now))
    }
}

/// What a request comes to, before anything is appended.
pub(crate) struct Decision {
    pub(crate) placed: Vec<Placed>,
    /// What each of several definitions came to.
    pub(crate) applied: Vec<AppliedChange>,
    /// Whom the change of slot tables moves.
    pub(crate) moves: Vec<RuleMoves>,
    /// What is worth a look.
    pub(crate) warnings: Vec<String>,
}

impl Asked<'_> {
    /// Decides it on `state`.
    pub(crate) fn decide(
        &self,
        state: &State,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Decision, SubmitError> {
        let revision = state.revision(&self.about);
        if !self.only.holds(revision) {
            return Err(SubmitError::RevisionMoved(revision));
        }
        let made = (self.make)(state)?;
        let mut decision = if self.about == Resource::Definitions {
            decide_all(state, actor, made, now)?
        } else {
            let mut placed = Vec::new();
            for Made { command, .. } in made {
                placed.extend(decide::decide(state, actor, command, now)?);
            }
            let moves = moves_of(state, &placed);
            Decision { placed, applied: Vec::new(), moves, warnings: Vec::new() }
        };
        let growth = weight::growth(state, &decision.placed, now);
        if let Some(much) = growth.iter().find(|growth| growth.needs_a_word() && !self.growth_is_meant) {
            return Err(much.refusal().into());
        }
        decision.warnings = growth.iter().map(Growth::sentence).collect();
        Ok(decision)
    }
}

/// Whom a change of targeting moves.
fn moves_of(state: &State, placed: &[Placed]) -> Vec<RuleMoves> {
    let set = placed.iter().filter_map(|(place, event)| {
        let Event::TargetingSet(event) = event else { return None };
        let before = &state.environments.get(place.as_ref()?)?.targeting.get(&event.flag)?.value;
        Some(moves::between(before, &event.targeting))
    });
    set.flatten().collect()
}

/// All of them or none, with everything that is wrong.
fn decide_all(
    state: &State,
    actor: &Actor,
    made: Vec<Made>,
    now: Timestamp,
) -> Result<Decision, SubmitError> {
    let (items, commands): (Vec<_>, Vec<_>) = made.into_iter().map(|made| (made.item, made.command)).unzip();
    let mut accepted = decide::decide_all(state, actor, &commands, now).map_err(|refused| {
        let place = |(index, rejection): (usize, Rejection)| {
            let rejection = match commands.get(index) {
                Some(Command::SetTargeting { environment, .. }) => within(environment.as_str(), rejection),
                Some(_) | None => rejection,
            };
            (items.get(index).copied().flatten(), rejection)
        };
        SubmitError::Refused(refused.into_iter().map(place).collect())
    })?;
    let placed: Vec<Placed> = accepted.iter().flat_map(|(_, placed)| placed.iter().cloned()).collect();
    let after = state.supposing(&placed, now);
    accepted.sort_by_key(|(index, _)| *index);
    let applied = accepted
        .iter()
        .filter_map(|(index, placed)| applied(state, &after, commands.get(*index)?, placed))
        .collect();
    Ok(Decision { placed, applied, moves: Vec::new(), warnings: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_hold_of_what_they_name() {
        let only = |matching, not_matching| Only { matching, not_matching };
        let five = || Some(Revisions::These(vec![4, 5]));
        let any = || Some(Revisions::Any);
        for (only, missing, at_five, at_six) in [
            (only(None, None), true, true, true),
            (only(five(), None), false, true, false),
            (only(any(), None), false, true, true),
            (only(None, any()), true, false, false),
            (only(None, five()), true, false, true),
            (only(any(), five()), false, false, true),
            (only(Some(Revisions::These(Vec::new())), None), false, false, false),
        ] {
            let found = [None, Some(5), Some(6)].map(|now| only.holds(now));
            assert_eq!(found, [missing, at_five, at_six], "{only:?}");
        }
    }
}
