//! Steps of a rollout. Stopping is never harder than going: hold and roll back ask for nothing but a reason.

use sapwood_eval::RolloutId;

use super::ended;
use crate::command::Step;
use crate::entry::Actor;
use crate::event::{
    Because, Event, RolloutCompleted, RolloutHeld, RolloutResumed, RolloutRolledBack, StageApproved,
    StageEntered,
};
use crate::rejection::Rejection;
use crate::rollout::{HoldCause, Phase, Rollout};
use crate::state::Environment;

/// The events of one step, dependents first where they must go first.
pub(super) fn step(
    environment: &Environment,
    actor: &Actor,
    id: &RolloutId,
    step: Step,
    because: &Because,
) -> Result<Vec<Event>, Rejection> {
    said_why(because)?;
    let rollout = environment.rollouts.get(id).ok_or_else(|| Rejection::UnknownRollout(id.clone()))?;
    match step {
        Step::RollBack => roll_back(environment, rollout, because),
        Step::Hold { cause } => hold(rollout, cause, because),
        Step::Resume => resume(actor, rollout, because),
        Step::Approve { stage } => approve(rollout, stage, because),
        Step::Advance { from } => advance(environment, rollout, from, because),
        Step::Complete => complete(environment, rollout, because),
        Step::Shrink { to } => super::amend::shrink(environment, rollout, to, because),
    }
}

/// A step has a reason, always.
pub(super) fn said_why(because: &Because) -> Result<(), Rejection> {
    if because.reason.trim().is_empty() {
        return Err(Rejection::ReasonMissing);
    }
    super::text("/reason", &because.reason)
}

/// Rolled back already means nothing to do: the command is idempotent.
fn roll_back(
    environment: &Environment,
    rollout: &Rollout,
    because: &Because,
) -> Result<Vec<Event>, Rejection> {
    match rollout.phase {
        Phase::RolledBack { .. } => return Ok(Vec::new()),
        Phase::Completed { .. } => return Err(ended(rollout.spec.id.clone(), "completed")),
        Phase::Running | Phase::Held { .. } => {}
    }
    let mut order = Vec::new();
    dependents_first(environment, rollout, &mut order);
    let base = &rollout.spec;
    Ok(order
        .into_iter()
        .map(|member| {
            let because = if member.spec.id == base.id {
                because.clone()
            } else {
                let reason = format!("It needs `{}`, which was rolled back: {}", base.flag, because.reason);
                Because { reason, evidence: None }
            };
            RolloutRolledBack { rollout: member.spec.id.clone(), because }.into()
        })
        .collect())
}

/// Depth-first, so that whatever needs a rollout comes before it. A cycle cannot run away: each is visited once.
pub(super) fn dependents_first<'a>(
    environment: &'a Environment,
    rollout: &'a Rollout,
    order: &mut Vec<&'a Rollout>,
) {
    let mut stack = vec![(rollout, false)];
    let mut seen = Vec::new();
    while let Some((member, expanded)) = stack.pop() {
        if expanded {
            order.push(member);
        } else if !seen.contains(&&member.spec.id) {
            seen.push(&member.spec.id);
            stack.push((member, true));
            stack.extend(environment.live_dependents(member).map(|dependent| (dependent, false)));
        }
    }
}

pub(super) fn live(rollout: &Rollout) -> Result<(), Rejection> {
    match rollout.phase {
        Phase::Running | Phase::Held { .. } => Ok(()),
        Phase::RolledBack { .. } => Err(ended(rollout.spec.id.clone(), "rolled back")),
        Phase::Completed { .. } => Err(ended(rollout.spec.id.clone(), "completed")),
    }
}

/// A person's hold replaces the controller's, never the other way round; nor does a request for approval, or for
/// anything weaker, replace what a person said.
fn hold(rollout: &Rollout, cause: HoldCause, because: &Because) -> Result<Vec<Event>, Rejection> {
    live(rollout)?;
    if let Phase::Held { cause: standing, .. } = &rollout.phase
        && (*standing == cause || strength(*standing) > strength(cause))
    {
        return Ok(Vec::new());
    }
    Ok(vec![RolloutHeld { rollout: rollout.spec.id.clone(), cause, because: because.clone() }.into()])
}

/// How much it takes to lift a hold: its cause going away, an approval, a person's resume.
const fn strength(cause: HoldCause) -> u8 {
    match cause {
        HoldCause::Guardrail | HoldCause::NoData | HoldCause::Dependency | HoldCause::Freeze => 0,
        HoldCause::Approval => 1,
        HoldCause::Operator | HoldCause::Edit => 2,
    }
}

/// What a person stopped, the controller does not set going again, even if it decided so before the person did.
fn resume(actor: &Actor, rollout: &Rollout, because: &Because) -> Result<Vec<Event>, Rejection> {
    live(rollout)?;
    match &rollout.phase {
        Phase::Held { cause, reason, .. } if *actor == Actor::System && !cause.lifts_itself() => {
            Err(Rejection::RolloutHeld { rollout: rollout.spec.id.clone(), reason: reason.clone() })
        }
        Phase::Held { .. } => {
            Ok(vec![RolloutResumed { rollout: rollout.spec.id.clone(), because: because.clone() }.into()])
        }
        Phase::Running | Phase::RolledBack { .. } | Phase::Completed { .. } => {
            Err(Rejection::NotHeld(rollout.spec.id.clone()))
        }
    }
}

fn stands_on(rollout: &Rollout, stage: usize) -> Result<(), Rejection> {
    let actual = rollout.epoch().stage;
    if actual == stage {
        return Ok(());
    }
    Err(Rejection::StageMoved {
        rollout: rollout.spec.id.clone(),
        expected: stage.saturating_add(1),
        actual: actual.saturating_add(1),
    })
}

fn not_held(rollout: &Rollout) -> Result<(), Rejection> {
    match &rollout.phase {
        Phase::Held { reason, .. } => {
            Err(Rejection::RolloutHeld { rollout: rollout.spec.id.clone(), reason: reason.clone() })
        }
        Phase::Running | Phase::RolledBack { .. } | Phase::Completed { .. } => Ok(()),
    }
}

fn approve(rollout: &Rollout, stage: usize, because: &Because) -> Result<Vec<Event>, Rejection> {
    live(rollout)?;
    stands_on(rollout, stage)?;
    if rollout.approved_stage == Some(stage) {
        return Ok(Vec::new());
    }
    let id = rollout.spec.id.clone();
    let mut events = vec![StageApproved { rollout: id.clone(), stage, because: because.clone() }.into()];
    if let Phase::Held { cause: HoldCause::Approval, .. } = rollout.phase {
        events.push(RolloutResumed { rollout: id, because: because.clone() }.into());
    }
    Ok(events)
}

fn advance(
    environment: &Environment,
    rollout: &Rollout,
    from: usize,
    because: &Because,
) -> Result<Vec<Event>, Rejection> {
    live(rollout)?;
    not_held(rollout)?;
    stands_on(rollout, from)?;
    let (stage, _) = rollout.next_stage().ok_or_else(|| Rejection::LastStage(rollout.spec.id.clone()))?;
    let share = rollout.spec.effective_share(stage);
    prerequisites_hold(environment, rollout, share)?;
    let epoch = rollout.epoch().number.saturating_add(1);
    Ok(vec![
        StageEntered { rollout: rollout.spec.id.clone(), stage, epoch, share, because: because.clone() }
            .into(),
    ])
}

fn complete(
    environment: &Environment,
    rollout: &Rollout,
    because: &Because,
) -> Result<Vec<Event>, Rejection> {
    if let Phase::Completed { .. } = rollout.phase {
        return Ok(Vec::new());
    }
    live(rollout)?;
    not_held(rollout)?;
    if rollout.next_stage().is_some() {
        return Err(Rejection::NotLastStage {
            rollout: rollout.spec.id.clone(),
            stage: rollout.epoch().stage.saturating_add(1),
            stages: rollout.spec.ladder.stages.len(),
        });
    }
    prerequisites_hold(environment, rollout, sapwood_eval::Share::WHOLE)?;
    Ok(vec![RolloutCompleted { rollout: rollout.spec.id.clone(), because: because.clone() }.into()])
}

/// Nobody gets B who does not get A: a live rollout of what this one needs must reach at least as far, and
/// must not itself stand still. What is not being rolled out is left to the prerequisite at evaluation.
pub(crate) fn prerequisites_hold(
    environment: &Environment,
    rollout: &Rollout,
    share: sapwood_eval::Share,
) -> Result<(), Rejection> {
    for needs in &rollout.spec.prerequisites {
        let refuse = |detail: String| Rejection::Dependency {
            flag: rollout.spec.flag.clone(),
            needs: needs.flag.clone(),
            detail,
        };
        let barred = environment.barred.get(&needs.flag).is_some_and(|barred| {
            !needs.variants.is_empty()
                && needs.variants.iter().all(|variant| barred.iter().any(|bar| bar.candidate == *variant))
        });
        if barred {
            return Err(refuse("it was rolled back; start it again first".to_owned()));
        }
        let Some(base) = environment.live_rollout(&needs.flag) else { continue };
        if !needs.variants.contains(&base.spec.candidate) {
            continue;
        }
        if let Phase::Held { reason, .. } = &base.phase {
            return Err(refuse(format!("its rollout is held ({reason}); wait for it or resume it")));
        }
        let reached = base.epoch().share;
        if share > reached {
            return Err(refuse(format!(
                "its rollout reaches {reached}, this one would reach {share}; advance the other first"
            )));
        }
    }
    Ok(())
}
