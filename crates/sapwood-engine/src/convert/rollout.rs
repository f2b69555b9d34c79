//! Rollout requests, with the defaults a team would choose.

use sapwood_api::manage::{
    AmendRequest, Choice, GuardrailBody, GuardrailChoice, LadderBody, LadderChoice, RolloutRequest,
    StageBody, StepRequest,
};
use sapwood_api::resources::GuardrailTemplateBody;
use sapwood_core::command::{Command, Step};
use sapwood_core::event::Because;
use sapwood_core::id::{EnvironmentKey, GuardrailKey, LadderKey};
use sapwood_core::limits::{WEIGHT_PERMILLE_EVER_MAX, WEIGHT_PERMILLE_MAX};
use sapwood_core::rejection::Rejection;
use sapwood_core::rollout::{
    ExposureSource, Guardrail, GuardrailAction, GuardrailTemplate, HoldCause, Ladder, RolloutSpec, Stage, Who,
};
use sapwood_core::state::State;
use sapwood_core::time::Timestamp;
use sapwood_eval::{Condition, RolloutId, RuleId, Share};
use sapwood_stats::Harm;
use sapwood_words::cut;
use serde_json::{Value, json};
use uuid::Uuid;

use super::read::{self, Spot};
use super::{parse, shape_of};
use crate::engine::Engine;
use crate::shown;

const HOLDBACK_PARTS: u32 = 5_000;
const BAKE_SECONDS: u32 = 600;
const SUBJECTS_MIN: u64 = 100;
const FALSE_ROLLBACK_PPM: u32 = 10_000;
const MARGIN_PERMILLE: u32 = 1_000;

/// What is made at the edge for one request: new with each, and the same however often it is decided.
#[derive(Debug, Clone)]
pub struct Minted {
    /// An id.
    pub id: Uuid,
    /// A salt.
    pub salt: String,
    /// The moment.
    pub now: Timestamp,
}

impl Engine {
    /// Mints what one request may need.
    pub fn mint(&self) -> Minted {
        let now = self.now();
        Minted { id: self.entropy().id(now), salt: self.entropy().salt(), now }
    }
}

/// `POST …/rollouts`: the command, and the rollout's id.
pub fn rollout(
    state: &State,
    minted: &Minted,
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
        None => parse("/id", &minted.id.to_string())?,
    };
    let environment: EnvironmentKey = parse("environment", environment)?;
    let flag = parse("/flag", &request.flag)?;
    let after = match request.after {
        Some(rule) if rule.is_empty() => None,
        Some(rule) => Some(parse::<RuleId>("/after", &rule)?),
        // Below all rules: whoever was named explicitly keeps what they were given.
        None => state
            .environments
            .get(&environment)
            .and_then(|environment| environment.targeting.get(&flag))
            .and_then(|targeting| targeting.value.rules.last())
            .map(|rule| rule.id.clone()),
    };
    let spec = RolloutSpec {
        id: id.clone(),
        baseline: parse("/baseline", &request.baseline)?,
        candidate: parse("/candidate", &request.candidate)?,
        salt: parse("/salt", &minted.salt)?,
        after,
        prerequisites: Spot::new("/prerequisites", &Value::Array(request.prerequisites))
            .all("a list of prerequisites", read::serves)?,
        audience: match &request.audience {
            Some(json) => read::condition(Spot::new("/audience", json))?,
            None => Condition::Always,
        },
        ladder: chosen_ladder(state, request.ladder)?,
        holdback: share("/holdback", request.holdback.unwrap_or(HOLDBACK_PARTS))?,
        guardrails: guardrails(
            chosen_guardrails(state, request.guardrails)?,
            WEIGHT_PERMILLE_MAX,
            minted.now,
        )?,
        false_rollback_ppm: request.false_rollback_ppm.unwrap_or(FALSE_ROLLBACK_PPM),
        exposure_source: match request.exposure_source {
            None => ExposureSource::ServerEval,
            Some(word) => shape_of("/exposure_source", &json!(word))?,
        },
        owner: request.owner,
        flag,
    };
    Ok((Command::StartRollout { environment, rollout: Box::new(spec) }, id))
}

/// `POST …/rollouts/{id}/amend`. What is not named stays; a guardrail without a weight keeps the one it has, and new
/// ones share what is left of the budget.
pub fn amend(
    state: &State,
    now: Timestamp,
    environment: &str,
    id: &str,
    request: AmendRequest,
) -> Result<Command, Rejection> {
    let environment: EnvironmentKey = parse("environment", environment)?;
    let rollout: RolloutId = parse("id", id)?;
    let known = state.environments.get(&environment).and_then(|place| place.rollouts.get(&rollout));
    let known = known.ok_or_else(|| Rejection::UnknownRollout(rollout.clone()))?;
    let ladder = match request.ladder {
        Some(choice) => chosen_ladder(state, choice)?,
        None => known.spec.ladder.clone(),
    };
    let guardrails = match request.guardrails {
        Some(choices) => {
            let mut bodies = chosen_guardrails(state, choices)?;
            let before = &known.spec.guardrails;
            for body in bodies.iter_mut().filter(|body| body.weight.is_none()) {
                let same = before.iter().find(|of| of.key.as_str() == body.key);
                body.weight = same.map(|of| of.weight_permille);
            }
            let gone = before.iter().filter(|of| !bodies.iter().any(|body| body.key == of.key.as_str()));
            let gone =
                gone.fold(known.weight_spent_permille, |sum, of| sum.saturating_add(of.weight_permille));
            self::guardrails(bodies, WEIGHT_PERMILLE_EVER_MAX.saturating_sub(gone), now)?
        }
        None => known.spec.guardrails.clone(),
    };
    let because = Box::new(Because { reason: request.reason, evidence: None });
    Ok(Command::AmendRollout { environment, rollout, ladder, guardrails, because })
}

fn chosen_ladder(state: &State, choice: LadderChoice) -> Result<Ladder, Rejection> {
    match choice {
        Choice::Given(body) => ladder(body),
        Choice::Named(name) => {
            let key: LadderKey = parse("/ladder", &name)?;
            let known = state.ladders.get(&key).map(|known| known.value.ladder.clone());
            known.ok_or_else(|| {
                let message =
                    format!("there is no ladder `{key}`; keep one of this name first, or spell it out");
                Rejection::invalid("/ladder", message)
            })
        }
    }
}

/// Guardrails as a rollout has them; a kept one goes by the name it is kept under.
fn chosen_guardrails(state: &State, choices: Vec<GuardrailChoice>) -> Result<Vec<GuardrailBody>, Rejection> {
    let chosen = |(index, choice): (usize, GuardrailChoice)| match choice {
        Choice::Given(body) => Ok(body),
        Choice::Named(name) => {
            let path = format!("/guardrails/{index}");
            let key: GuardrailKey = parse(&path, &name)?;
            let Some(known) = state.guardrails.get(&key) else {
                let message =
                    format!("there is no guardrail `{key}`; keep one of this name first, or spell it out");
                return Err(Rejection::invalid(path, message));
            };
            let GuardrailTemplateBody { metric, harm, margin_permille, action, weight } =
                shown::template(&known.value.guardrail);
            Ok(GuardrailBody { key: name, metric, harm, margin_permille, action, weight })
        }
    };
    choices.into_iter().enumerate().map(chosen).collect()
}

/// Stages with their defaults.
pub(super) fn ladder(body: LadderBody) -> Result<Ladder, Rejection> {
    Ok(Ladder { stages: stages(body.stages)? })
}

/// A guardrail to keep, with its defaults.
pub(super) fn template(body: GuardrailTemplateBody) -> Result<GuardrailTemplate, Rejection> {
    Ok(GuardrailTemplate {
        metric: parse("/guardrail/metric", &body.metric)?,
        harm: harm("/guardrail/harm", &body.harm)?,
        margin_permille: body.margin_permille.unwrap_or(MARGIN_PERMILLE),
        action: match body.action {
            None => GuardrailAction::RollBack,
            Some(word) => shape_of("/guardrail/action", &json!(word))?,
        },
        weight_permille: body.weight,
    })
}

fn harm(path: &str, word: &str) -> Result<Harm, Rejection> {
    match word {
        "up" => Ok(Harm::Up),
        "down" => Ok(Harm::Down),
        other => {
            let other = cut(other);
            let message = format!("`{other}` is neither `up` (more is worse) nor `down` (fewer is worse)");
            Err(Rejection::invalid(path, message))
        }
    }
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

/// Weights that are not given share what the given ones leave of `budget`, equally.
fn guardrails(bodies: Vec<GuardrailBody>, budget: u32, now: Timestamp) -> Result<Vec<Guardrail>, Rejection> {
    let given: u32 = bodies.iter().filter_map(|body| body.weight).fold(0, u32::saturating_add);
    let open = bodies.iter().filter(|body| body.weight.is_none()).count();
    let left = budget.saturating_sub(given);
    let equal = u32::try_from(open).ok().and_then(|open| left.checked_div(open)).unwrap_or(0);
    let guardrail = |(index, body): (usize, GuardrailBody)| {
        let path = |field: &str| format!("/guardrails/{index}/{field}");
        Ok(Guardrail {
            key: parse(&path("key"), &body.key)?,
            revision: 1,
            metric: parse(&path("metric"), &body.metric)?,
            harm: harm(&path("harm"), &body.harm)?,
            margin_permille: body.margin_permille.unwrap_or(MARGIN_PERMILLE),
            action: match body.action {
                None => GuardrailAction::RollBack,
                Some(word) => shape_of(&path("action"), &json!(word))?,
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
    /// Back to an earlier stage.
    Shrink,
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
                "say in `stage` which stage you saw (from 1), so that nothing is advanced twice",
            )
        })?;
        given.checked_sub(1).ok_or_else(|| Rejection::invalid("/stage", "stages are counted from 1"))
    };
    if request.to.is_some() && name != StepName::Shrink {
        return Err(Rejection::invalid("/to", "only `shrink` takes a stage to go back to; leave it out"));
    }
    let step = match name {
        StepName::Advance => Step::Advance { from: stage()? },
        StepName::Approve => Step::Approve { stage: stage()? },
        StepName::Hold => Step::Hold { cause: HoldCause::Operator },
        StepName::Resume => Step::Resume,
        StepName::Shrink => {
            let message = "say in `to` which earlier stage to go back to (from 1)";
            let to = request.to.and_then(|to| to.checked_sub(1));
            Step::Shrink { to: to.ok_or_else(|| Rejection::invalid("/to", message))? }
        }
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
