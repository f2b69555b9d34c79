//! Amending a live rollout, and taking some of it back: a person's changes of what it climbs and watches.

use sapwood_eval::RolloutId;

use super::definition::pause;
use super::rollout::{dependents_first, live};
use super::start::{composes, guardrails_fit, ladder_climbs};
use crate::event::{Because, EpochOpened, Event, RolloutAmended, RolloutHeld, StageEntered};
use crate::limits::WEIGHT_PERMILLE_EVER_MAX;
use crate::rejection::Rejection;
use crate::rollout::{Guardrail, HoldCause, Ladder, Phase, Rollout, Stage};
use crate::state::{Environment, State};
use crate::time::Timestamp;

/// New stages and guardrails, a new epoch, and a hold until a person looked at it and resumes.
///
/// What was climbed stays climbed: the stages up to the present one keep who they are for. A guardrail that says
/// something else than before begins its bet anew, and what it could have acted on before stays spent.
pub(super) fn amend(
    state: &State,
    environment: &Environment,
    id: &RolloutId,
    (ladder, guardrails): (Ladder, Vec<Guardrail>),
    because: &Because,
    now: Timestamp,
) -> Result<Vec<Event>, Rejection> {
    super::rollout::said_why(because)?;
    let rollout = environment.rollouts.get(id).ok_or_else(|| Rejection::UnknownRollout(id.clone()))?;
    live(rollout)?;
    keeps_what_was_climbed(rollout, &ladder.stages)?;
    ladder_climbs(state, &ladder.stages)?;
    let epoch = rollout.epoch();
    let opening = epoch.number.saturating_add(1);
    let guardrails: Vec<_> =
        guardrails.into_iter().map(|guardrail| carried_on(rollout, guardrail, opening, now)).collect();
    guardrails_fit(state, &guardrails, WEIGHT_PERMILLE_EVER_MAX)?;
    let spent = rollout.weight_spent_permille.saturating_add(rollout.weight_ended_by(&guardrails));
    let weights = guardrails.iter().fold(spent, |sum, of| sum.saturating_add(of.weight_permille));
    if weights > WEIGHT_PERMILLE_EVER_MAX {
        let left = WEIGHT_PERMILLE_EVER_MAX.saturating_sub(spent);
        let message = format!(
            "the guardrails may weigh {left} of 1000 together: {spent} belonged to guardrails this ends or changes, \
             and stays spent, so that the chance of a false rollback stays what was agreed; give them less"
        );
        return Err(Rejection::invalid("/guardrails", message));
    }
    if ladder == rollout.spec.ladder && guardrails == rollout.spec.guardrails {
        return Ok(Vec::new());
    }
    let mut amended = rollout.clone();
    amended.spec.ladder = ladder.clone();
    composes(state, environment, &amended)?;
    let (rollout_id, because) = (rollout.spec.id.clone(), because.clone());
    let amended =
        RolloutAmended { rollout: rollout_id.clone(), ladder, guardrails, because: because.clone() };
    let (share, reason) = (epoch.share, format!("{}; look, then resume", because.reason));
    let opened = EpochOpened { rollout: rollout_id.clone(), epoch: opening, share, because };
    let mut events = vec![amended.into(), opened.into()];
    // Who resumes a person's hold confirms the amendment with it.
    let by_hand = matches!(&rollout.phase, Phase::Held { cause: HoldCause::Operator | HoldCause::Edit, .. });
    if !by_hand {
        let because = Because { reason, evidence: None };
        events.push(RolloutHeld { rollout: rollout_id, cause: HoldCause::Edit, because }.into());
    }
    Ok(events)
}

fn keeps_what_was_climbed(rollout: &Rollout, stages: &[Stage]) -> Result<(), Rejection> {
    let standing = rollout.epoch().stage;
    let climbed = rollout.spec.ladder.stages.iter().take(standing.saturating_add(1));
    for (index, before) in climbed.enumerate() {
        if stages.get(index).is_none_or(|now| now.who != before.who) {
            let message =
                "was entered already, so it stays for whom it is; change later stages, or shrink first";
            return Err(Rejection::invalid(format!("/ladder/stages/{index}"), message));
        }
    }
    Ok(())
}

/// A guardrail as it was, if it still bets on the same; otherwise as a new one, under the number of the epoch it
/// begins with, which no earlier revision has.
fn carried_on(rollout: &Rollout, guardrail: Guardrail, opening: u32, now: Timestamp) -> Guardrail {
    let before = rollout.spec.guardrails.iter().find(|before| before.key == guardrail.key);
    let bets = |of: &Guardrail| (of.metric.clone(), of.harm, of.margin_permille, of.weight_permille);
    match before.filter(|before| bets(before) == bets(&guardrail)) {
        Some(before) => Guardrail { action: guardrail.action, ..before.clone() },
        None => Guardrail { revision: opening, since: now, ..guardrail },
    }
}

/// Back to an earlier stage, and stand still there. Whatever needs this rollout has fewer people from now on, so it
/// begins an epoch and waits for a person, too.
pub(super) fn shrink(
    environment: &Environment,
    rollout: &Rollout,
    to: usize,
    because: &Because,
) -> Result<Vec<Event>, Rejection> {
    live(rollout)?;
    let epoch = rollout.epoch();
    if to >= epoch.stage {
        let standing = epoch.stage.saturating_add(1);
        if to == epoch.stage && matches!(&rollout.phase, Phase::Held { cause: HoldCause::Operator, .. }) {
            return Ok(Vec::new());
        }
        let message = format!("it stands on stage {standing}; name an earlier one, or roll it back");
        return Err(Rejection::invalid("/to", message));
    }
    let mut order = Vec::new();
    dependents_first(environment, rollout, &mut order);
    let mut events = Vec::new();
    for dependent in order.into_iter().filter(|member| member.spec.id != rollout.spec.id) {
        let reason = format!(
            "It needs `{}`, which was taken back to an earlier stage: {}; look, then resume",
            rollout.spec.flag, because.reason
        );
        events.extend(pause(dependent, &reason));
    }
    let id = rollout.spec.id.clone();
    let entered = StageEntered {
        rollout: id.clone(),
        stage: to,
        epoch: epoch.number.saturating_add(1),
        share: rollout.spec.effective_share(to),
        because: because.clone(),
    };
    events.push(entered.into());
    if !matches!(&rollout.phase, Phase::Held { cause: HoldCause::Operator, .. }) {
        let because = because.clone();
        events.push(RolloutHeld { rollout: id, cause: HoldCause::Operator, because }.into());
    }
    Ok(events)
}
