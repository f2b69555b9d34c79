//! Why a subject gets what it gets, at any moment and for a draft: the walk of evaluation over what is served, or over what
//! would be served if the draft were put.

use std::sync::Arc;

use sapwood_api::explain::{ExplainRequest, ExplainResponse};
use sapwood_api::manage::{FlagRequest, SegmentRequest, TargetingRequest, Would};
use sapwood_core::command::Command;
use sapwood_core::compose;
use sapwood_core::decide::decide_all;
use sapwood_core::entry::Actor;
use sapwood_core::rejection::Rejection;
use sapwood_core::state::State;
use sapwood_core::time::Timestamp;
use sapwood_eval::{Context, Evaluation, FlagKey, Outcome, check_config};
use sapwood_store::StoreError;
use sapwood_words::nearest;
use serde_json::{Value, json};

use super::{flag, parse, segment, shape_of, targeting, would};
use crate::engine::Engine;
use crate::error::{ExplainError, SubmitError};
use crate::project::Change;
use crate::shown;
use crate::snapshot::{Scope, Snapshot};

/// What is asked: what is served, or what would be.
struct Subject {
    snapshot: Arc<Snapshot>,
    /// The version of the log it stands on.
    version: u64,
    /// Of a draft: what putting it would append.
    would: Option<Vec<Would>>,
    warnings: Vec<String>,
    /// Why the flag is not among what is served, if it is not.
    absent: Option<Absent>,
}

/// Why a flag is not served.
enum Absent {
    /// There is none of this name, but perhaps of this one.
    Unknown(Option<FlagKey>),
    Retired,
    /// It is defined, and not served here.
    Unserved(String),
}

/// Answers like an evaluation of the same subject, with every step written down. Nothing is recorded.
///
/// A draft is decided exactly as putting its parts as one change would be, and published as that change would be, into a
/// snapshot that nobody else ever sees.
///
/// # Errors
/// A flag that there is not, a context or a moment that cannot be read, and whatever putting the draft would be refused for.
pub fn explain(
    engine: &Engine,
    scope: &Scope,
    actor: &Actor,
    key: &str,
    request: ExplainRequest,
) -> Result<ExplainResponse, ExplainError> {
    let key: FlagKey = parse("key", key)?;
    let at: Timestamp = match &request.at {
        Some(text) => parse("/at", text)?,
        None => engine.now(),
    };
    let context: Context = shape_of("/context", &Value::Object(request.context.clone()))?;
    let drafted = request.targeting.is_some() || request.flag.is_some() || !request.segments.is_empty();
    let subject =
        if drafted { draft(engine, scope, actor, &key, request)? } else { served(engine, scope, &key)? };
    let Some(explanation) = subject.snapshot.flags.explain(key.as_str(), &context, at.ms()) else {
        return match subject.absent {
            Some(Absent::Unserved(ref why)) => Ok(unserved(&key, at, &subject, why)),
            Some(Absent::Retired) => Err(ExplainError::Retired(key)),
            Some(Absent::Unknown(near)) => Err(ExplainError::NoSuchFlag { key, near }),
            None => Err(ExplainError::NoSuchFlag { key, near: None }),
        };
    };
    let found = explanation.outcome.found();
    let error_code = match explanation.outcome {
        Outcome::Failed(failure) => Some(failure.code.as_str().to_owned()),
        Outcome::Found(_) | Outcome::NotFound => None,
    };
    Ok(ExplainResponse {
        key: key.to_string(),
        at: at.to_string(),
        version: subject.version,
        draft: drafted,
        variant: found.map(|found| found.variant().to_string()),
        value: found.map(|found| found.value().to_json()),
        reason: found.map(|found| found.reason().to_string()),
        error_code,
        arm: found.and_then(Evaluation::rollout).map(|reached| reached.arm.to_string()),
        steps: shown::value_of(&explanation.root),
        text: explanation.to_string(),
        truncated: explanation.truncated,
        would: subject.would.clone(),
        warnings: subject.warnings.clone(),
    })
}

/// What is answered of a flag that is defined and not served here: the same as evaluation answers, and why.
fn unserved(key: &FlagKey, at: Timestamp, subject: &Subject, why: &str) -> ExplainResponse {
    let answer = format!("is not served: {why} (FLAG_NOT_FOUND)");
    ExplainResponse {
        key: key.to_string(),
        at: at.to_string(),
        version: subject.version,
        draft: subject.would.is_some(),
        variant: None,
        value: None,
        reason: None,
        error_code: Some("FLAG_NOT_FOUND".to_owned()),
        arm: None,
        text: format!("flag {key}\n  {answer}\n"),
        steps: json!({"kind": "flag", "text": format!("flag {key}"), "steps": [{"kind": "answer", "text": answer}]}),
        truncated: false,
        would: subject.would.clone(),
        warnings: subject.warnings.clone(),
    }
}

/// What is served.
fn served(engine: &Engine, scope: &Scope, key: &FlagKey) -> Result<Subject, SubmitError> {
    let unknown = || Rejection::UnknownEnvironment(scope.environment.clone());
    let snapshot = engine.snapshot(scope).ok_or_else(unknown)?;
    let absent = match snapshot.flags.get(key.as_str()) {
        Some(_) => None,
        None => engine.read(&scope.project, |state| absent(state, scope, key, &snapshot)),
    };
    Ok(Subject { version: snapshot.version, snapshot, would: None, warnings: Vec::new(), absent })
}

/// What would be served, if nothing refuses the draft.
fn draft(
    engine: &Engine,
    scope: &Scope,
    actor: &Actor,
    key: &FlagKey,
    request: ExplainRequest,
) -> Result<Subject, SubmitError> {
    if let Some(dead) = &engine.0.dead {
        // What a change means cannot be said without the state it would change.
        return Err(StoreError::Unavailable(dead.why.as_str().into()).into());
    }
    let project =
        engine.project(&scope.project).ok_or_else(|| SubmitError::UnknownProject(scope.project.clone()))?;
    if let Some(halted) = project.halted() {
        return Err(SubmitError::Halted(halted));
    }
    let now = engine.now();
    let change = if request.segments.is_empty() { Change::Flag(None, key.clone()) } else { Change::All };
    let (version, placed, supposed) = {
        let state = project.state();
        let commands = commands(&state, &engine.mint().salt, scope, key, request)?;
        let accepted =
            decide_all(&state, actor, &commands, now).map_err(|refused| all(refused, &commands))?;
        let placed: Vec<_> = accepted.into_iter().flat_map(|(_, placed)| placed).collect();
        let supposed = state.supposing(&placed, now);
        (state.version, placed, supposed)
    };
    let (snapshot, warnings) = project.supposing(scope, &supposed, &[change]);
    let absent = match snapshot.flags.get(key.as_str()) {
        Some(_) => None,
        None => Some(absent(&supposed, scope, key, &snapshot)),
    };
    Ok(Subject {
        snapshot: Arc::new(snapshot),
        version,
        would: Some(placed.iter().map(would).collect::<Result<_, _>>()?),
        warnings: warnings.iter().map(ToString::to_string).collect(),
        absent,
    })
}

/// The draft as the commands that would make it so.
fn commands(
    state: &State,
    salt: &str,
    scope: &Scope,
    key: &FlagKey,
    request: ExplainRequest,
) -> Result<Vec<Command>, Rejection> {
    let mut commands = Vec::new();
    for (name, body) in request.segments {
        let made = segment(&name, SegmentRequest { segment: body });
        commands.push(made.map_err(|rejection| of_segment(&name, rejection))?);
    }
    if let Some(body) = request.flag {
        // What people read of the flag is not drafted, and stays.
        let about = state.flags.get(key).map(|known| shown::about(&known.value.about)).unwrap_or_default();
        commands.push(flag(
            state,
            salt,
            key.as_str(),
            FlagRequest { flag: body, about, corrects: Vec::new() },
        )?);
    }
    if let Some(body) = request.targeting {
        commands.push(targeting(
            scope.environment.as_str(),
            key.as_str(),
            &TargetingRequest { targeting: body },
        )?);
    }
    Ok(commands)
}

/// What of a draft is refused; what is wrong with a segment, at its place in the request.
fn all(refused: Vec<(usize, Rejection)>, commands: &[Command]) -> SubmitError {
    let mut rejections: Vec<_> = refused
        .into_iter()
        .map(|(index, rejection)| match commands.get(index) {
            Some(Command::DefineSegment { segment }) => of_segment(segment.key.as_str(), rejection),
            Some(_) | None => rejection,
        })
        .collect();
    match (rejections.pop(), rejections.is_empty()) {
        (Some(only), true) => SubmitError::Rejected(only),
        (last, _) => SubmitError::Refused(
            rejections.into_iter().chain(last).map(|rejection| (None, rejection)).collect(),
        ),
    }
}

fn of_segment(key: &str, rejection: Rejection) -> Rejection {
    rejection.moved(|path| format!("/segments/{key}{}", path.strip_prefix("/segment").unwrap_or_default()))
}

fn absent(state: &State, scope: &Scope, key: &FlagKey, snapshot: &Snapshot) -> Absent {
    if state.retired.contains(key) {
        return Absent::Retired;
    }
    if !state.flags.contains_key(key) {
        let known = state.flags.keys().chain(snapshot.flags.keys()).map(FlagKey::as_str);
        let near = nearest(key.as_str(), known);
        return Absent::Unknown(near.and_then(|near| near.parse().ok()));
    }
    let environment = state.environments.get(&scope.environment);
    Absent::Unserved(
        match environment.and_then(|environment| compose::flag_config(state, environment, key)) {
            None => {
                format!("it has no targeting in {}; put some there, or ask with a draft", scope.environment)
            }
            Some(config) => match check_config(&config, &snapshot.flags).first() {
                Some(problem) => format!("it does not compile: {problem}"),
                None => "it does not compile".to_owned(),
            },
        },
    )
}
