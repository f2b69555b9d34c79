//! Rollout requests, with the defaults a team would choose.

use sapwood_api::manage::{GuardrailBody, RolloutRequest, StageBody, StepRequest};
use sapwood_core::command::{Command, Step};
use sapwood_core::event::Because;
use sapwood_core::id::ProjectKey;
use sapwood_core::limits::WEIGHT_PERMILLE_MAX;
use sapwood_core::rejection::Rejection;
use sapwood_core::rollout::{
    ExposureSource, Guardrail, GuardrailAction, HoldCause, Ladder, RolloutSpec, Stage, Who,
};
use sapwood_core::time::Timestamp;
use sapwood_eval::{Condition, RolloutId, RuleId, Share};
use serde_json::json;

use super::{parse, shape_of};
use crate::engine::Engine;

const HOLDBACK_PARTS: u32 = 5_000;
const BAKE_SECONDS: u32 = 600;
const SUBJECTS_MIN: u64 = 100;
const FALSE_ROLLBACK_PPM: u32 = 10_000;
const MARGIN_PERMILLE: u32 = 1_000;

/// `POST …/rollouts`: the command, and the rollout's id.
pub fn rollout(
    engine: &Engine,
    project: &ProjectKey,
    environment: &str,
    request: RolloutRequest,
) -> Result<(Command, RolloutId), Rejection> {
    let id: RolloutId = match request.id {
        Some(id) => {
            // Lists are ordered by id, so the id must be ordered by time.
            if uuid::Uuid::parse_str(&id).is_ok_and(|id| id.get_version_num() != 7) {
                return Err(Rejection::invalid("/id", format!("`{id}` is not a UUID of version 7")));
            }
            parse("/id", &id)?
        }
        None => parse("/id", &engine.entropy().id(engine.now()).to_string())?,
    };
    let environment = parse("environment", environment)?;
    let flag = parse("/flag", &request.flag)?;
    let after = match request.after {
        Some(rule) if rule.is_empty() => None,
        Some(rule) => Some(parse::<RuleId>("/after", &rule)?),
        // Below all rules: whoever was named explicitly keeps what they were given.
        None => engine
            .read(project, |state| {
                let rules = &state.environments.get(&environment)?.targeting.get(&flag)?.value.rules;
                rules.last().map(|rule| rule.id.clone())
            })
            .flatten(),
    };
    let spec = RolloutSpec {
        id: id.clone(),
        baseline: parse("/baseline", &request.baseline)?,
        candidate: parse("/candidate", &request.candidate)?,
        salt: parse("/salt", &engine.entropy().salt())?,
        after,
        prerequisites: shape_of("/prerequisites", json!(request.prerequisites))?,
        audience: request.audience.map_or(Ok(Condition::Always), |json| shape_of("/audience", json))?,
        ladder: Ladder { stages: stages(request.ladder.stages)? },
        holdback: share("/holdback", request.holdback.unwrap_or(HOLDBACK_PARTS))?,
        guardrails: guardrails(request.guardrails, engine.now())?,
        false_rollback_ppm: request.false_rollback_ppm.unwrap_or(FALSE_ROLLBACK_PPM),
        exposure_source: match request.exposure_source {
            None => ExposureSource::ServerEval,
            Some(word) => shape_of("/exposure_source", json!(word))?,
        },
        owner: request.owner,
        flag,
    };
    Ok((Command::StartRollout { environment, rollout: Box::new(spec) }, id))
}

fn share(path: &str, parts: u32) -> Result<Share, Rejection> {
    Share::from_parts(parts).map_err(|error| Rejection::invalid(path, error.to_string()))
}

fn stages(bodies: Vec<StageBody>) -> Result<Vec<Stage>, Rejection> {
    let stage = |(index, body): (usize, StageBody)| {
        let path = |field: &str| format!("/ladder/stages/{index}{field}");
        let who = match (body.ring, body.share) {
            (Some(ring), None) => Who::Ring(parse(&path("/ring"), &ring)?),
            (None, Some(parts)) => Who::Share(share(&path("/share"), parts)?),
            (None, None) => return Err(Rejection::invalid(path(""), "needs either `ring` or `share`")),
            (Some(_), Some(_)) => {
                return Err(Rejection::invalid(
                    path(""),
                    "has both `ring` and `share`; make them two stages",
                ));
            }
        };
        Ok(Stage {
            who,
            bake_seconds: body.bake_seconds.unwrap_or(BAKE_SECONDS),
            subjects_min: body.subjects_min.unwrap_or(SUBJECTS_MIN),
            approval: body.approval,
        })
    };
    bodies.into_iter().enumerate().map(stage).collect()
}

/// Weights that are not given share what the given ones leave of the budget, equally.
fn guardrails(bodies: Vec<GuardrailBody>, now: Timestamp) -> Result<Vec<Guardrail>, Rejection> {
    let given: u32 = bodies.iter().filter_map(|body| body.weight).fold(0, u32::saturating_add);
    let open = bodies.iter().filter(|body| body.weight.is_none()).count();
    let left = WEIGHT_PERMILLE_MAX.saturating_sub(given);
    let equal = u32::try_from(open).ok().and_then(|open| left.checked_div(open)).unwrap_or(0);
    let guardrail = |(index, body): (usize, GuardrailBody)| {
        let path = |field: &str| format!("/guardrails/{index}/{field}");
        Ok(Guardrail {
            key: parse(&path("key"), &body.key)?,
            revision: 1,
            metric: parse(&path("metric"), &body.metric)?,
            harm: match body.harm.as_str() {
                "up" => sapwood_stats::Harm::Up,
                "down" => sapwood_stats::Harm::Down,
                other => {
                    let message =
                        format!("`{other}` is neither `up` (more is worse) nor `down` (fewer is worse)");
                    return Err(Rejection::invalid(path("harm"), message));
                }
            },
            margin_permille: body.margin_permille.unwrap_or(MARGIN_PERMILLE),
            action: match body.action {
                None => GuardrailAction::RollBack,
                Some(word) => shape_of(&path("action"), json!(word))?,
            },
            weight_permille: body.weight.unwrap_or(equal),
            since: now,
        })
    };
    bodies.into_iter().enumerate().map(guardrail).collect()
}

/// A step a person can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepName {
    /// To the next stage.
    Advance,
    /// Stand still.
    Hold,
    /// Go on.
    Resume,
    /// Agree to leave the stage.
    Approve,
    /// Everyone back.
    RollBack,
    /// The whole audience gets it.
    Complete,
}

/// `POST …/rollouts/{id}/{step}`.
pub fn step(environment: &str, id: &str, name: StepName, request: StepRequest) -> Result<Command, Rejection> {
    let stage = || {
        let given = request.stage.ok_or_else(|| {
            Rejection::invalid(
                "/stage",
                "say which stage you saw (from 1), so that nothing is advanced twice",
            )
        })?;
        given.checked_sub(1).ok_or_else(|| Rejection::invalid("/stage", "stages are counted from 1"))
    };
    let step = match name {
        StepName::Advance => Step::Advance { from: stage()? },
        StepName::Approve => Step::Approve { stage: stage()? },
        StepName::Hold => Step::Hold { cause: HoldCause::Operator },
        StepName::Resume => Step::Resume,
        StepName::RollBack => Step::RollBack,
        StepName::Complete => Step::Complete,
    };
    Ok(Command::Step {
        environment: parse("environment", environment)?,
        rollout: parse("id", id)?,
        step,
        because: Box::new(Because { reason: request.reason, evidence: None }),
    })
}
