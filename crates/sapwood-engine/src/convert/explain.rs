//! Why a subject gets what it gets, at any moment and for a draft: the walk of evaluation over what is served.

use std::borrow::Cow;

use sapwood_api::explain::{ExplainRequest, ExplainResponse};
use sapwood_core::compose;
use sapwood_core::rejection::Rejection;
use sapwood_core::time::Timestamp;
use sapwood_eval::{Context, FlagConfig, FlagKey, FlagSet, Outcome, Targeting, check_config};
use serde_json::Value;

use super::{parse, shape_of};
use crate::engine::Engine;
use crate::snapshot::Scope;

/// Answers like an evaluation of the same subject, with every step written down. Nothing is recorded.
pub fn explain(
    engine: &Engine,
    scope: &Scope,
    key: &str,
    request: ExplainRequest,
) -> Result<ExplainResponse, Rejection> {
    let key: FlagKey = parse("key", key)?;
    let at: Timestamp = match &request.at {
        Some(text) => parse("/at", text)?,
        None => engine.now(),
    };
    let context: Context = shape_of("/context", Value::Object(request.context))?;
    let unknown = || Rejection::UnknownFlag(key.clone());
    let snapshot = engine.snapshot(scope).ok_or_else(unknown)?;
    let draft = request.targeting.is_some();
    let flags = match request.targeting {
        Some(targeting) => {
            let targeting: Targeting = shape_of("/targeting", targeting)?;
            Cow::Owned(with_draft(engine, scope, &snapshot.flags, &key, targeting)?)
        }
        None => Cow::Borrowed(&snapshot.flags),
    };
    let explanation = flags.explain(key.as_str(), &context, at.ms()).ok_or_else(unknown)?;
    let found = explanation.outcome.found();
    let error_code = match explanation.outcome {
        Outcome::Failed(failure) => Some(failure.code.as_str().to_owned()),
        Outcome::Found(_) | Outcome::NotFound => None,
    };
    Ok(ExplainResponse {
        key: key.to_string(),
        at: at.to_string(),
        version: snapshot.version,
        draft,
        variant: found.map(|found| found.variant.to_string()),
        value: found.map(|found| found.value.to_json()),
        reason: found.map(|found| found.reason.to_string()),
        error_code,
        arm: found.and_then(|found| found.rollout).map(|reached| reached.arm.to_string()),
        steps: serde_json::to_value(&explanation.root)
            .map_err(|error| Rejection::invalid("/context", error.to_string()))?,
        text: explanation.to_string(),
        truncated: explanation.truncated,
    })
}

/// What would be served with this targeting; refused like the change itself would be.
fn with_draft(
    engine: &Engine,
    scope: &Scope,
    flags: &FlagSet,
    key: &FlagKey,
    targeting: Targeting,
) -> Result<FlagSet, Rejection> {
    let config = engine.read(&scope.project, |state| {
        let flag = state.flags.get(key)?.value.flag.clone();
        let known = state.environments.get(&scope.environment);
        let served = known.and_then(|environment| compose::flag_config(state, environment, key));
        Some(served.unwrap_or_else(|| FlagConfig::new(flag, targeting.clone(), 0)))
    });
    let config = config.flatten().ok_or_else(|| Rejection::UnknownFlag(key.clone()))?;
    let config = FlagConfig { targeting, ..config };
    if let Some(problem) = check_config(&config, flags).into_iter().next() {
        let message = format!("{}; {}", problem.message, problem.remedy);
        return Err(Rejection::invalid(problem.path, message));
    }
    // What depends on the flag and would no longer compile keeps its version here, as it would be refused in earnest.
    Ok(flags.republish(config).0)
}
