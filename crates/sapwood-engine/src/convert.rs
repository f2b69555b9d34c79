//! Wire shapes to commands and entries to wire shapes, shared by HTTP and the command line.

mod definitions;
mod explain;
mod read;
mod rollout;

use sapwood_api::manage::{
    FlagRequest, LogEntry, MetricRequest, Moved, Moves, SegmentRequest, TargetingRequest, TokenRequest, Would,
};
use sapwood_api::resources::{GuardrailRequest, LadderRequest};
use sapwood_core::command::Command;
use sapwood_core::decide::Placed;
use sapwood_core::diff::{FieldChange, ResourceChange};
use sapwood_core::entry::Entry;
use sapwood_core::id::{EnvironmentKey, KeyError};
use sapwood_core::moves::RuleMoves;
use sapwood_core::rejection::Rejection;
use sapwood_core::state::State;
use sapwood_core::time::TimestampError;
use sapwood_core::token::{Token, TokenKind};
use sapwood_core::wanted::WantedFlag;
use sapwood_eval::FlagKey;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::engine::Engine;
use crate::history::LogDiff;

use read::Spot;

pub use definitions::{all_definitions, definitions};
pub(crate) use definitions::{applied, within};
pub use explain::explain;
pub use rollout::{Minted, StepName, amend, rollout, step};

/// `PUT …/flags/{key}`. The salt is given once, by the caller or by us (`minted`), and kept for the flag's life.
pub fn flag(state: &State, minted: &str, key: &str, request: FlagRequest) -> Result<Command, Rejection> {
    let key: FlagKey = parse("key", key)?;
    let known = state.flags.get(&key).map(|known| &known.value.flag);
    let salt = known.map_or(minted, |flag| flag.salt.as_str());
    let bucketing = known.map(|flag| flag.bucketing).unwrap_or_default();
    let about = read::about(request.about)?;
    let corrects = request.corrects.iter().enumerate();
    let corrects = corrects.map(|(at, variant)| parse(&format!("/corrects/{at}"), variant));
    let corrects = corrects.collect::<Result<_, _>>()?;
    let mut body = request.flag;
    // A slice with its place is the flag's as it stands; the place of another is decided with the flag.
    let is_placed = |layer: &Value| layer.get("salt").is_some() && layer.get("from").is_some();
    let wanted = if body.layer.as_ref().is_some_and(is_placed) { None } else { body.layer.take() };
    let slice = wanted.filter(|layer| !layer.is_null());
    let slice = slice.map(|layer| read::slice(Spot::new("/flag/layer", &layer))).transpose()?;
    let flag = read::flag(key, body, (salt, bucketing))?;
    let mut flag = WantedFlag { corrects, ..flag.into() };
    if slice.is_some() {
        // The layer's salt must not be the flag's, or who is in the slice would be who is first in the flag's tables.
        flag = flag.in_layer(slice, parse("/flag/layer/salt", &format!("{minted}.layer"))?);
    }
    Ok(Command::DefineFlag { flag, about })
}

/// `PUT …/environments/{e}/flags/{key}`.
pub fn targeting(environment: &str, key: &str, request: &TargetingRequest) -> Result<Command, Rejection> {
    Ok(Command::SetTargeting {
        environment: parse("environment", environment)?,
        flag: parse("key", key)?,
        targeting: read::targeting(Spot::new("/targeting", &request.targeting))?,
    })
}

/// `PUT …/segments/{key}`.
pub fn segment(key: &str, request: SegmentRequest) -> Result<Command, Rejection> {
    Ok(Command::DefineSegment { segment: read::segment(key, request.segment)? })
}

/// `PUT …/ladders/{key}`.
pub fn ladder(key: &str, request: LadderRequest) -> Result<Command, Rejection> {
    let ladder = rollout::ladder(request.ladder)?;
    Ok(Command::DefineLadder { key: parse("key", key)?, ladder, description: request.description })
}

/// `PUT …/guardrails/{key}`.
pub fn guardrail(key: &str, request: GuardrailRequest) -> Result<Command, Rejection> {
    let guardrail = rollout::template(request.guardrail)?;
    Ok(Command::DefineGuardrail { key: parse("key", key)?, guardrail, description: request.description })
}

/// `PUT …/metrics/{key}`.
pub fn metric(key: &str, request: MetricRequest) -> Result<Command, Rejection> {
    let metric = read::metric(Spot::new("/metric", &request.metric))?;
    Ok(Command::DefineMetric { key: parse("key", key)?, metric, description: request.description })
}

/// `POST …/tokens`: the command, and the secret to show once.
pub fn token(engine: &Engine, request: TokenRequest) -> Result<(Command, Uuid, String), Rejection> {
    let kind: TokenKind = shape_of("/kind", &json!(request.kind))?;
    let environment: Option<EnvironmentKey> =
        request.environment.map(|key| parse("/environment", &key)).transpose()?;
    if environment.is_none() && kind != TokenKind::Admin {
        let message =
            format!("a {} token belongs to one environment; name it in `environment`", kind.as_str());
        return Err(Rejection::invalid("/environment", message));
    }
    let id = engine.entropy().id(engine.now());
    let secret = format!("sw_{}_{}", kind.as_str(), engine.entropy().secret());
    let secret_hash = Engine::secret_hash(&secret);
    let token = Token { id, kind, name: request.name, environment, secret_hash };
    Ok((Command::IssueToken { token }, id, secret))
}

/// An entry as the API shows it.
pub fn log_entry(entry: &Entry) -> LogEntry {
    LogEntry {
        stream: entry.stream.to_string(),
        version: entry.version,
        id: entry.id.to_string(),
        kind: entry.kind.clone(),
        environment: entry.environment.as_ref().map(ToString::to_string),
        actor: json!(entry.actor),
        at: entry.at.to_string(),
        // What the log holds was written as JSON; should it not be, it is shown as the text it is.
        body: serde_json::from_str(&entry.body).unwrap_or_else(|_| Value::String(entry.body.clone())),
        text: entry.body.clone(),
        prev_hash: entry.prev_hash.to_string(),
        hash: entry.hash.to_string(),
    }
}

/// The entry that the API showed, for whoever checks its hash.
///
/// # Errors
/// What of it cannot be read.
pub fn entry(shown: &LogEntry) -> Result<Entry, String> {
    let wrong =
        |what: &str, error: &dyn std::fmt::Display| format!("{what} of entry {}: {error}", shown.version);
    let environment = shown.environment.clone().map(TryInto::try_into).transpose();
    Ok(Entry {
        stream: shown.stream.clone().try_into().map_err(|error: KeyError| wrong("the stream", &error))?,
        version: shown.version,
        id: shown.id.parse().map_err(|error: uuid::Error| wrong("the id", &error))?,
        kind: shown.kind.clone(),
        environment: environment.map_err(|error: KeyError| wrong("the environment", &error))?,
        actor: serde_json::from_value(shown.actor.clone()).map_err(|error| wrong("the actor", &error))?,
        at: shown.at.parse().map_err(|error: TimestampError| wrong("the time", &error))?,
        body: shown.text.clone(),
        prev_hash: shown.prev_hash.clone().try_into().map_err(|error: String| wrong("the hash", &error))?,
        hash: shown.hash.clone().try_into().map_err(|error: String| wrong("the hash", &error))?,
    })
}

/// An entry that was not appended, as the API shows it.
///
/// # Errors
/// An event that cannot be written as JSON, which is a defect.
pub fn would((environment, event): &Placed) -> Result<Would, serde_json::Error> {
    let draft = event.draft(Uuid::nil(), environment.clone())?;
    Ok(Would {
        kind: draft.kind,
        environment: environment.as_ref().map(ToString::to_string),
        body: serde_json::from_str(&draft.body)?,
    })
}

/// Whom an edit moves, as the API shows it.
pub fn moves(of: Vec<RuleMoves>) -> Vec<Moves> {
    let moved = |one: sapwood_eval::Move| Moved {
        from: one.from.map(|key| key.to_string()),
        to: one.to.map(|key| key.to_string()),
        share: one.share.parts(),
    };
    let rule = |of: RuleMoves| Moves {
        rule: of.rule.map(|rule| rule.to_string()),
        moved: of.moved.parts(),
        between: of.moves.into_iter().map(moved).collect(),
    };
    of.into_iter().map(rule).collect()
}

/// A comparison as the API shows it.
pub fn log_diff(diff: LogDiff) -> sapwood_api::log::LogDiff {
    let field = |field: FieldChange| sapwood_api::log::FieldChange {
        path: field.path,
        before: field.before,
        after: field.after,
    };
    let change = |change: ResourceChange| sapwood_api::log::LogChange {
        resource: change.resource.to_string(),
        fields: change.fields().into_iter().map(field).collect(),
        before: change.before,
        after: change.after,
    };
    let changes = diff.changes.into_iter().map(change).collect();
    sapwood_api::log::LogDiff { from: diff.from, to: diff.to, changes }
}

/// A name from an address or a field.
pub(crate) fn parse<T>(path: &str, text: &str) -> Result<T, Rejection>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| Rejection::invalid(path, error.to_string()))
}

/// What stands at a place, of a shape that serde derives.
pub(crate) fn shape_of<T: DeserializeOwned>(path: &str, json: &Value) -> Result<T, Rejection> {
    Ok(sapwood_words::shape(Spot::new(path, json))?)
}
