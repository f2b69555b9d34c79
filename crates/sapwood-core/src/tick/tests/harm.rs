//! Proof rolls back, suspicion holds, missing data holds, and what only notifies does neither.

use super::*;
use crate::evidence::Evidence;
use crate::rollout::GuardrailAction;
use crate::testing::{guardrail, step_of};

/// The stage is ready, and so many of 200 treated and 1 800 control subjects had an `error`.
fn hurting(spec: RolloutSpec, treated: u32, control: u32) -> World {
    let mut world = ready(spec);
    world.hurt(1, treated, control);
    world
}

/// The smallest number of treated subjects, beside 90 control subjects, of which `is_enough` is true.
fn treated_until(is_enough: impl Fn(&Evidence) -> bool) -> u32 {
    (10..100).find(|treated| is_enough(&hurting(spec(1, "a"), *treated, 90).report(1).evidence)).unwrap()
}

#[test]
fn a_crossed_limit_rolls_back_with_its_numbers() {
    let world = hurting(spec(1, "a"), 40, 90);
    check(
        &world,
        Some(Step::RollBack),
        "Rolled back at 12:11 on 10 %: 40 of 130 subjects with `error` had `on`, 13 expected if it were harmless; \
         evidence over 1 000 000:1 (limit 250:1); ratio 4.0 (99.2 % interval 1.9 to 7.8)",
    );
    let mut world = world;
    world.obey();
    assert!(matches!(world.rollout(1).phase, Phase::RolledBack { .. }));
}

#[test]
fn harm_rolls_back_whatever_holds_the_rollout() {
    for cause in crate::decide::tests::CAUSES {
        let mut world = hurting(spec(1, "a"), 40, 90);
        world.put(1, held(cause));
        assert_eq!(world.step_proposed(1), Some(Step::RollBack), "{cause:?}");
        let mut silent = world.clone();
        silent.now = at(7_200);
        assert_eq!(silent.step_proposed(1), Some(Step::RollBack), "{cause:?}, and without data since");
        assert!(matches!(silent.obey()[0], Event::RolloutRolledBack(_)));
    }
}

#[test]
fn weak_evidence_holds_from_3_and_lets_go_below_one_and_a_half() {
    let enter = treated_until(|evidence| evidence.log_average >= 3.0_f64.ln());
    let crossed = treated_until(|evidence| evidence.guardrails[0].crossed());
    let leave = treated_until(|evidence| evidence.log_average >= 1.5_f64.ln());
    assert!(leave < enter && enter < crossed, "{leave} {enter} {crossed}");
    assert_eq!(hurting(spec(1, "a"), enter - 1, 90).step_proposed(1), Some(Step::Advance { from: 0 }));
    let mut world = hurting(spec(1, "a"), enter, 90);
    assert_eq!(world.step_proposed(1), Some(hold(HoldCause::Guardrail)));
    let sentence = world.report(1).sentence;
    let expected =
        format!("Weak evidence of harm, waiting for more: {enter} of {} subjects with `error`", enter + 90);
    assert!(sentence.starts_with(&expected), "{sentence}");
    world.obey();
    assert_eq!(world.step_proposed(1), None);
    assert!(world.report(1).sentence.starts_with("Weak evidence of harm"));
    for (treated, expected) in [(enter - 1, None), (leave, None), (leave - 1, Some(Step::Resume))] {
        let mut world = hurting(spec(1, "a"), treated, 90);
        world.put(1, held(HoldCause::Guardrail));
        assert_eq!(world.step_proposed(1), expected, "{treated}");
    }
    let mut other = hurting(spec(1, "a"), enter - 1, 90);
    other.put(1, held(HoldCause::NoData));
    assert_eq!(other.step_proposed(1), Some(Step::Resume), "only its own hold has the lower line");
}

#[test]
fn a_guardrail_that_holds_holds_and_one_that_notifies_never_acts() {
    let with = |action| spec_with(1, "a", |spec| spec.guardrails[0].action = action);
    let world = hurting(with(GuardrailAction::Hold), 40, 90);
    assert_eq!(world.step_proposed(1), Some(hold(HoldCause::Guardrail)));
    assert!(world.report(1).sentence.starts_with("40 of 130 subjects with `error` had `on`, 13 expected"));
    let mut notifying = hurting(with(GuardrailAction::Notify), 190, 90);
    assert!(notifying.report(1).evidence.guardrails[0].crossed());
    assert_eq!(notifying.step_proposed(1), Some(Step::Advance { from: 0 }));
    notifying.sources.clear();
    assert_eq!(notifying.step_proposed(1), Some(Step::Advance { from: 0 }), "its source is not waited for");
}

#[test]
fn a_milder_guardrail_does_not_hide_a_crossed_one() {
    let world = hurting(
        spec_with(1, "a", |spec| {
            spec.guardrails = vec![guardrail("mild", "error"), guardrail("strict", "error")];
            spec.guardrails[0].action = GuardrailAction::Hold;
        }),
        40,
        90,
    );
    assert_eq!(world.step_proposed(1), Some(Step::RollBack));
}

#[test]
fn arms_that_do_not_fit_the_shares_hold() {
    let mut world = World::started(spec(1, "a"));
    world.crowd(1, 500, 1_800);
    world.traffic(1, 0..11);
    world.now = at(660);
    world.heard();
    check(
        &world,
        Some(hold(HoldCause::Guardrail)),
        "500 treated and 1 800 control subjects do not fit the shares (evidence over 1 000 000:1); \
         find out who is missing",
    );
}

#[test]
fn exposures_that_go_missing_hold() {
    let mut world = ready(spec(1, "a"));
    for (arm, subjects) in [(Arm::Treated, 5_000..5_060), (Arm::Control, 6_000..6_090)] {
        for subject in subjects {
            world.fold(1, &event(1, 1, arm, subject, 60));
        }
    }
    assert_eq!(world.step_proposed(1), Some(Step::Advance { from: 0 }), "they may still come");
    world.ledgers.get_mut(&id(1)).unwrap().settle(at(660));
    check(
        &world,
        Some(hold(HoldCause::Guardrail)),
        "Subjects with `error` but without an exposure are unevenly split; exposures are being lost",
    );
}

#[test]
fn nobody_coming_holds_and_their_return_lifts_it() {
    let mut world = World::started(spec(1, "a"));
    world.now = at(120);
    assert_eq!(world.step_proposed(1), None, "two minutes are nothing");
    world.now = at(180);
    check(&world, Some(hold(HoldCause::NoData)), "No traffic: nobody met the flag for 3 minutes");
    world.obey();
    world.now = at(3_600);
    check(&world, None, "No traffic: nobody met the flag for 60 minutes");
    world.traffic(1, 60..61);
    check(&world, Some(Step::Resume), "The reason to hold is gone");
    world.obey();
    assert_eq!(world.report(1).gate.bake_minutes, 0, "silence does not bake");
}

#[test]
fn a_longer_bake_is_more_patient() {
    let mut world = World::started(spec_with(1, "a", |spec| spec.ladder.stages[0].bake_seconds = 6_000));
    world.now = at(600);
    assert_eq!(world.step_proposed(1), None);
    world.now = at(660);
    check(&world, Some(hold(HoldCause::NoData)), "No traffic: nobody met the flag for 11 minutes");
}

#[test]
fn a_source_that_falls_silent_holds_and_one_never_heard_does_not_pass() {
    let mut world = ready(spec(1, "a"));
    world.traffic(1, 11..20);
    world.now = at(1_200);
    // Two reports a minute until 12:11: seven minutes and more without one are incredible.
    check(&world, Some(hold(HoldCause::NoData)), "The source of `error` is down: last report 9 minutes ago");
    world.sources.clear();
    check(
        &world,
        Some(hold(HoldCause::NoData)),
        "No report of `error` has ever arrived; report events, or `alive` while there are none",
    );
    let rare = SourceSeen { first: at(0), last: at(660), events: 5 };
    world.sources.insert((production(), name("error")), rare);
    assert_eq!(world.step_proposed(1), Some(Step::Advance { from: 0 }), "a rare event may take its time");
    let mut early = World::started(spec(1, "a"));
    early.now = at(60);
    assert_eq!(early.step_proposed(1), None, "a source has until the end of the bake");
}

#[test]
fn a_treated_arm_without_a_sound_holds() {
    let mut world = hurting(spec(1, "a"), 0, 65);
    assert_eq!(world.step_proposed(1), Some(Step::Advance { from: 0 }), "0.9^65 is one in 943");
    world.hurt(1, 0, 66);
    check(
        &world,
        Some(hold(HoldCause::NoData)),
        "The treated arm is silent: no event of any guardrail, where control has them; \
         its telemetry may be broken",
    );
    world.hurt(1, 1, 66);
    assert_eq!(world.step_proposed(1), Some(Step::Advance { from: 0 }));
}

#[test]
fn suspicion_beside_a_persons_hold_is_said_and_nothing_more() {
    for cause in [HoldCause::Operator, HoldCause::Approval, HoldCause::Edit] {
        let mut world = World::started(spec(1, "a"));
        world.put(1, held(cause));
        world.now = at(600);
        check(&world, None, "it was held. Also: No traffic: nobody met the flag for 10 minutes");
    }
    let mut world = World::started(spec(1, "a"));
    world.put(1, held(HoldCause::Guardrail));
    world.now = at(600);
    assert_eq!(world.step_proposed(1), Some(hold(HoldCause::NoData)), "its own hold gets the new cause");
}

#[test]
fn a_decision_that_came_too_late_is_refused_or_harmless() {
    let mut world = ready(spec(1, "a"));
    let command = world.report(1).command.unwrap();
    world.step(1, Step::Hold { cause: HoldCause::Operator }).unwrap();
    let refused = world.ask(&crate::entry::Actor::System, command.clone()).unwrap_err();
    assert!(refused.to_string().contains("is held: a test says so"), "{refused}");
    let mut moved = ready(spec(1, "a"));
    moved.step(1, Step::Advance { from: 0 }).unwrap();
    let refused = moved.ask(&crate::entry::Actor::System, command).unwrap_err();
    assert!(refused.to_string().contains("stands on stage 2, not 1"), "{refused}");
    let hold = step_of(1, Step::Hold { cause: HoldCause::NoData });
    assert_eq!(world.ask(&crate::entry::Actor::System, hold), Ok(Vec::new()), "a person's hold stands");
}
