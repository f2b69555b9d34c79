//! What commands mean and when they are refused: every step in every phase, and every refusal at least once.

mod amend;
mod batch;
mod dependencies;
mod edits;
mod kept;
mod reach;
mod refusals;
mod start;

use super::*;
use crate::command::Step;
use crate::rollout::{HoldCause, Phase};
use crate::testing::{World, ann, held, spec, step_of};

pub(crate) const CAUSES: [HoldCause; 7] = [
    HoldCause::Guardrail,
    HoldCause::NoData,
    HoldCause::Operator,
    HoldCause::Approval,
    HoldCause::Dependency,
    HoldCause::Freeze,
    HoldCause::Edit,
];

/// The name of a refusal. A new one does not compile until it is here and in [`REFUSALS`].
pub(super) const fn refusal(rejection: &Rejection) -> &'static str {
    match rejection {
        Rejection::UnknownEnvironment(_) => "unknown environment",
        Rejection::UnknownFlag(_) => "unknown flag",
        Rejection::KeyRetired(_) => "key retired",
        Rejection::UnknownSegment(_) => "unknown segment",
        Rejection::UnknownMetric(_) => "unknown metric",
        Rejection::UnknownRollout(_) => "unknown rollout",
        Rejection::UnknownToken(_) => "unknown token",
        Rejection::Invalid { .. } => "invalid",
        Rejection::OverLimit { .. } => "over limit",
        Rejection::RolloutLive { .. } => "rollout live",
        Rejection::FixedByRollout { .. } => "fixed by rollout",
        Rejection::FixedForLife { .. } => "fixed for life",
        Rejection::VariantRetired { .. } => "variant retired",
        Rejection::UnknownReference { .. } => "unknown reference",
        Rejection::RolloutEnded { .. } => "rollout ended",
        Rejection::RolloutHeld { .. } => "rollout held",
        Rejection::LastAdmin(_) => "last admin",
        Rejection::NotHeld(_) => "not held",
        Rejection::StageMoved { .. } => "stage moved",
        Rejection::LastStage(_) => "last stage",
        Rejection::NotLastStage { .. } => "not last stage",
        Rejection::Dependency { .. } => "dependency",
        Rejection::ReasonMissing => "reason missing",
        Rejection::Nothing { .. } => "nothing there",
        Rejection::InUse { .. } => "in use",
        // Of entries of the log; `crate::revert` says these, and its tests produce them.
        Rejection::UnknownEntry { .. } => "unknown entry",
        Rejection::NeverReverted { .. } => "never reverted",
        Rejection::TouchedLater { .. } => "touched later",
    }
}

/// All of them.
pub(super) const REFUSALS: [&str; 24] = [
    "unknown environment",
    "unknown flag",
    "key retired",
    "unknown segment",
    "unknown metric",
    "unknown rollout",
    "unknown token",
    "invalid",
    "over limit",
    "rollout live",
    "fixed by rollout",
    "fixed for life",
    "rollout ended",
    "rollout held",
    "not held",
    "stage moved",
    "last stage",
    "not last stage",
    "dependency",
    "reason missing",
    "nothing there",
    "in use",
    "variant retired",
    "unknown reference",
];

/// `stage_entered`, `a + b` for two events, `nothing`, or the refusal.
pub(super) fn said(answer: Result<Vec<Placed>, Rejection>) -> String {
    match answer {
        Err(rejection) => refusal(&rejection).to_owned(),
        Ok(events) if events.is_empty() => "nothing".to_owned(),
        Ok(events) => {
            let kinds = events.iter().map(|(_, event)| event.kind().trim_end_matches(".v1"));
            kinds.collect::<Vec<_>>().join(" + ")
        }
    }
}

const STEPS: [Step; 8] = [
    Step::Advance { from: 0 },
    Step::Hold { cause: HoldCause::Guardrail },
    Step::Hold { cause: HoldCause::Approval },
    Step::Hold { cause: HoldCause::Operator },
    Step::Resume,
    Step::Approve { stage: 0 },
    Step::RollBack,
    Step::Complete,
];

/// Asks for each of [`STEPS`] in one phase, standing on the first of three stages.
fn check(phase: &Phase, expected: [&str; 8]) {
    let mut world = World::started(spec(1, "a"));
    world.put(1, phase.clone());
    for (step, expected) in STEPS.into_iter().zip(expected) {
        assert_eq!(said(world.ask(&ann(), step_of(1, step))), expected, "{step:?} in {phase:?}");
    }
}

#[test]
fn every_step_means_something_in_every_phase() {
    let (held_by, rolled_back) = ("rollout_held", "rollout_rolled_back");
    let (resumed, approved) = ("rollout_resumed", "stage_approved");
    check(
        &Phase::Running,
        ["stage_entered", held_by, held_by, held_by, "not held", approved, rolled_back, "not last stage"],
    );
    for cause in CAUSES {
        let expected = match cause {
            HoldCause::Guardrail => ["nothing", "rollout_held", "rollout_held", approved],
            HoldCause::NoData | HoldCause::Dependency | HoldCause::Freeze => {
                ["rollout_held", "rollout_held", "rollout_held", approved]
            }
            HoldCause::Approval => ["nothing", "nothing", "rollout_held", "stage_approved + rollout_resumed"],
            HoldCause::Operator => ["nothing", "nothing", "nothing", approved],
            HoldCause::Edit => ["nothing", "nothing", "rollout_held", approved],
        };
        let [guardrail, approval, operator, approve] = expected;
        check(
            &held(cause),
            ["rollout held", guardrail, approval, operator, resumed, approve, rolled_back, "rollout held"],
        );
    }
    let mut ended = ["rollout ended"; 8];
    ended[6] = "nothing";
    check(&Phase::RolledBack { reason: "harm".to_owned(), at: crate::testing::at(0) }, ended);
    let mut ended = ["rollout ended"; 8];
    ended[7] = "nothing";
    check(&Phase::Completed { at: crate::testing::at(0) }, ended);
}

#[test]
fn a_stage_is_left_once_and_only_the_last_completes() {
    let mut world = World::started(spec(1, "a"));
    let ask = |world: &World, step| said(world.ask(&ann(), step_of(1, step)));
    world.step(1, Step::Advance { from: 0 }).unwrap();
    let error = world.ask(&ann(), step_of(1, Step::Advance { from: 0 })).unwrap_err();
    assert_eq!(
        error.to_string(),
        "rollout 0192f0c1-2345-7abc-8def-000000000001 stands on stage 2, not 1; \
         look again and repeat if you still want to"
    );
    assert_eq!(ask(&world, Step::Advance { from: 2 }), "stage moved");
    assert_eq!(ask(&world, Step::Approve { stage: 0 }), "stage moved");
    assert_eq!(ask(&world, Step::Complete), "not last stage");
    world.step(1, Step::Advance { from: 1 }).unwrap();
    assert_eq!(ask(&world, Step::Advance { from: 2 }), "last stage");
    assert_eq!(ask(&world, Step::Complete), "rollout_completed");
    let epochs: Vec<_> =
        world.rollout(1).epochs.iter().map(|e| (e.number, e.stage, e.share.parts())).collect();
    assert_eq!(
        epochs,
        [(1, 0, 10_000), (2, 1, 50_000), (3, 2, 95_000)],
        "95 %: the holdback is off the last"
    );
}

#[test]
fn the_controller_lifts_only_what_it_may() {
    for cause in CAUSES {
        let mut world = World::started(spec(1, "a"));
        world.put(1, held(cause));
        let expected = if cause.lifts_itself() { "rollout_resumed" } else { "rollout held" };
        assert_eq!(said(world.ask(&Actor::System, step_of(1, Step::Resume))), expected, "{cause:?}");
        assert_eq!(said(world.ask(&ann(), step_of(1, Step::Resume))), "rollout_resumed", "{cause:?}");
    }
}

#[test]
fn an_approval_counts_once_and_for_its_stage() {
    let mut world = World::started(spec(1, "a"));
    world.step(1, Step::Approve { stage: 0 }).unwrap();
    assert_eq!(said(world.ask(&ann(), step_of(1, Step::Approve { stage: 0 }))), "nothing");
    world.step(1, Step::Advance { from: 0 }).unwrap();
    assert_eq!(world.rollout(1).approved_stage, Some(0));
    assert_eq!(said(world.ask(&ann(), step_of(1, Step::Approve { stage: 1 }))), "stage_approved");
}
