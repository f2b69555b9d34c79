//! What a command means: the events that make it true, or the reason why not. Nothing happens here.

mod amend;
mod batch;
mod definition;
mod kept;
mod reach;
mod remove;
mod rollout;
mod start;
mod variants;

pub use batch::{Accepted, Refused, decide_all};
pub(crate) use rollout::prerequisites_hold;

use sapwood_eval::RolloutId;

use crate::command::Command;
use crate::entry::Actor;
use crate::event::{EnvironmentDefined, Event, ProjectDefined, TokenIssued, TokenRevoked};
use crate::id::EnvironmentKey;
use crate::limits::{ENVIRONMENTS_MAX, TEXT_MAX, TOKENS_MAX};
use crate::rejection::Rejection;
use crate::state::{Environment, State};
use crate::time::Timestamp;
use crate::token::{Token, TokenKind};

/// An event and the environment it concerns.
pub type Placed = (Option<EnvironmentKey>, Event);

/// Decides `command`. An empty answer means that it is already so; saying it again changes nothing.
///
/// All events of one answer are appended in one transaction, in this order.
///
/// # Errors
/// A [`Rejection`] says what stands in the way and what to do.
pub fn decide(
    state: &State,
    actor: &Actor,
    command: Command,
    now: Timestamp,
) -> Result<Vec<Placed>, Rejection> {
    match command {
        Command::DefineProject { project, name } => {
            text("/name", &name)?;
            if let Some((known, _)) = state.project.as_ref().filter(|(known, _)| *known != project) {
                let message =
                    format!("this project is `{known}`, and a key stands for life; only the name can change");
                return Err(Rejection::invalid("/project", message));
            }
            let same = state.project.as_ref() == Some(&(project.clone(), name.clone()));
            Ok(unless(same, None, ProjectDefined { project, name }))
        }
        Command::DefineEnvironment { key, name, production } => {
            text("/name", &name)?;
            let same = state
                .environments
                .get(&key)
                .is_some_and(|env| env.name == name && env.production == production);
            if !state.environments.contains_key(&key) {
                limit(
                    "",
                    "environments of a project",
                    state.environments.len().saturating_add(1),
                    ENVIRONMENTS_MAX,
                )?;
            }
            Ok(unless(same, None, EnvironmentDefined { key, name, production }))
        }
        Command::DefineFlag { flag, about } => definition::define_flag(state, flag, about),
        Command::RetireFlag { flag } => definition::retire_flag(state, flag),
        Command::SetTargeting { environment, flag, targeting } => {
            definition::set_targeting(state, actor, environment, flag, targeting)
        }
        Command::DefineSegment { segment } => definition::define_segment(state, actor, segment),
        Command::RemoveTargeting { environment, flag } => remove::targeting(state, environment, flag),
        Command::RemoveSegment { key } => remove::segment(state, key),
        Command::DefineMetric { key, metric, description } => kept::metric(state, key, metric, description),
        Command::RemoveMetric { key } => remove::metric(state, key),
        Command::DefineLadder { key, ladder, description } => kept::ladder(state, key, ladder, description),
        Command::RemoveLadder { key } => remove::ladder(state, key),
        Command::DefineGuardrail { key, guardrail, description } => {
            kept::guardrail(state, key, guardrail, description)
        }
        Command::RemoveGuardrail { key } => remove::guardrail(state, key),
        Command::IssueToken { token } => issue_token(state, token),
        Command::RevokeToken { token } => revoke_token(state, token),
        Command::RecordBreakGlass { environment, flag, variant, record, said_at, because } => {
            definition::record_break_glass(state, &environment, &flag, variant, (record, said_at, because))
        }
        Command::StartRollout { environment, rollout } => start::start(state, &environment, *rollout, now),
        Command::AmendRollout { environment: key, rollout, ladder, guardrails, because } => {
            let environment = environment(state, &key)?;
            let events = amend::amend(state, environment, &rollout, (ladder, guardrails), &because, now)?;
            Ok(events.into_iter().map(|event| (Some(key.clone()), event)).collect())
        }
        Command::Step { environment: key, rollout: id, step, because } => {
            let environment = environment(state, &key)?;
            let events = rollout::step(environment, actor, &id, step, &because)?;
            Ok(events.into_iter().map(|event| (Some(key.clone()), event)).collect())
        }
    }
}

/// The last admin token stays: without one nobody could hold, roll back or make another.
fn revoke_token(state: &State, token: uuid::Uuid) -> Result<Vec<Placed>, Rejection> {
    let known = state.tokens.get(&token).ok_or(Rejection::UnknownToken(token))?;
    let admins = state.tokens.values().filter(|token| token.value.kind == TokenKind::Admin).count();
    if known.value.kind == TokenKind::Admin && admins == 1 {
        return Err(Rejection::LastAdmin(token));
    }
    Ok(vec![(None, TokenRevoked { token }.into())])
}

fn issue_token(state: &State, token: Token) -> Result<Vec<Placed>, Rejection> {
    text("/name", &token.name)?;
    if let Some(known) = state.tokens.get(&token.id) {
        if known.value == token {
            return Ok(Vec::new());
        }
        return Err(Rejection::invalid("/id", "another token has this id; mint a new one"));
    }
    limit("", "tokens of a project", state.tokens.len().saturating_add(1), TOKENS_MAX)?;
    match &token.environment {
        Some(key) => drop(environment(state, key)?),
        None if token.kind == TokenKind::Admin => {}
        None => {
            let message =
                format!("a token of kind `{}` is for one environment; name it", token.kind.as_str());
            return Err(Rejection::invalid("/environment", message));
        }
    }
    Ok(vec![(None, TokenIssued { token }.into())])
}

fn environment<'a>(state: &'a State, key: &EnvironmentKey) -> Result<&'a Environment, Rejection> {
    state.environments.get(key).ok_or_else(|| Rejection::UnknownEnvironment(key.clone()))
}

fn unless(same: bool, environment: Option<EnvironmentKey>, event: impl Into<Event>) -> Vec<Placed> {
    if same { Vec::new() } else { vec![(environment, event.into())] }
}

fn limit(path: &str, what: &str, found: usize, limit: usize) -> Result<(), Rejection> {
    if found <= limit {
        return Ok(());
    }
    Err(Rejection::over_limit(path, format!("{what}: {found} is over the limit of {limit}")))
}

fn text(path: &str, value: &str) -> Result<(), Rejection> {
    let found = value.chars().count();
    if found > TEXT_MAX {
        return Err(Rejection::over_limit(path, format!("{found} characters; at most {TEXT_MAX} are kept")));
    }
    Ok(())
}

fn ended(rollout: RolloutId, how: &'static str) -> Rejection {
    Rejection::RolloutEnded { rollout, how }
}

#[cfg(test)]
pub(crate) mod tests;
