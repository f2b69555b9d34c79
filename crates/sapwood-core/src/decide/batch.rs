//! Many commands as one: decided one after the other on what the ones before would make of the state, so that
//! either all of them happen or none does.

use super::{Placed, decide};
use crate::command::Command;
use crate::entry::Actor;
use crate::rejection::Rejection;
use crate::state::State;
use crate::time::Timestamp;

/// What each command comes to, by its place among the commands, in the order in which they were accepted.
pub type Accepted = Vec<(usize, Vec<Placed>)>;
/// What stays refused, by its place among the commands.
pub type Refused = Vec<(usize, Rejection)>;

/// Decides all of `commands`. Their order does not matter: one that is refused is asked again once others were
/// accepted, because what it names may have been among them. Answers come in the order in which they were accepted,
/// each with the place of its command; in that order they must be appended.
///
/// # Errors
/// Every command that stays refused, by its place in `commands`, with the reason; then none of them may happen.
pub fn decide_all(
    state: &State,
    actor: &Actor,
    commands: &[Command],
    now: Timestamp,
) -> Result<Accepted, Refused> {
    let mut supposed = state.clone();
    let mut answers = Vec::with_capacity(commands.len());
    let mut open: Vec<(usize, &Command)> = commands.iter().enumerate().collect();
    loop {
        let before = open.len();
        let mut refused = Vec::new();
        let mut still_open = Vec::new();
        for (index, command) in open {
            match decide(&supposed, actor, command.clone(), now) {
                Ok(placed) => {
                    for (environment, event) in &placed {
                        supposed.suppose(event.clone(), environment.as_ref(), now);
                    }
                    answers.push((index, placed));
                }
                Err(rejection) => {
                    refused.push((index, rejection));
                    still_open.push((index, command));
                }
            }
        }
        if refused.is_empty() {
            return Ok(answers);
        }
        if still_open.len() == before {
            return Err(refused);
        }
        open = still_open;
    }
}
