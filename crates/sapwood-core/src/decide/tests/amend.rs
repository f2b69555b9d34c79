//! Amending and shrinking: what a person may agree anew, what it pauses, and what stays spent.

use super::{CAUSES, said};
use crate::command::{Command, Step};
use crate::entry::Actor;
use crate::event::Event;
use crate::rejection::Rejection;
use crate::rollout::{Guardrail, GuardrailAction, HoldCause, Phase, RolloutSpec};
use crate::testing::{
    World, ann, at, because, held, id, name, needs, percent, production, ring, spec, spec_with, step_of,
};

fn amend(rollout: u32, alter: impl FnOnce(&mut RolloutSpec)) -> Command {
    let RolloutSpec { ladder, guardrails, .. } = spec_with(rollout, "a", alter);
    let because = Box::new(because("errors are rarer than we thought"));
    Command::AmendRollout { environment: production(), rollout: id(rollout), ladder, guardrails, because }
}

fn weighing(weight_permille: u32, key: &str) -> Guardrail {
    Guardrail { key: name(key), weight_permille, ..spec(1, "a").guardrails[0].clone() }
}

const PAUSED: &str = "rollout_amended + epoch_opened + rollout_held";

#[test]
fn an_amendment_pauses_opens_an_epoch_and_waits_for_a_person() {
    let mut world = World::started(spec(1, "a"));
    world.step(1, Step::Approve { stage: 0 }).unwrap();
    world.now = at(60);
    let events = world.run(amend(1, |spec| spec.guardrails[0].margin_permille = 1_200));
    let Event::RolloutAmended(amended) = &events[0] else { panic!("{events:?}") };
    assert_eq!((amended.guardrails[0].revision, amended.guardrails[0].since), (2, at(60)), "a new bet");
    let rollout = world.rollout(1);
    assert_eq!((rollout.epoch().number, rollout.epoch().stage, rollout.epoch().share), (2, 0, percent(10)));
    assert_eq!(rollout.approved_stage, None, "what was approved was something else");
    assert!(matches!(&rollout.phase, Phase::Held { cause: HoldCause::Edit, .. }));
    let resume = step_of(1, Step::Resume);
    assert_eq!(said(world.ask(&Actor::System, resume.clone())), "rollout held", "a person confirms");
    assert_eq!(said(world.ask(&ann(), resume)), "rollout_resumed");
}

#[test]
fn amending_nothing_changes_nothing() {
    let world = World::started(spec(1, "a"));
    assert_eq!(said(world.ask(&ann(), amend(1, |_| {}))), "nothing");
    let later = amend(1, |spec| spec.guardrails[0].since = at(999));
    assert_eq!(said(world.ask(&ann(), later)), "nothing", "when it began is not the caller's to say");
}

#[test]
fn a_guardrail_that_only_acts_otherwise_keeps_its_bet() {
    let mut world = World::started(spec(1, "a"));
    let before = world.rollout(1).spec.guardrails[0].clone();
    world.run(amend(1, |spec| spec.guardrails[0].action = GuardrailAction::Hold));
    let after = world.rollout(1).spec.guardrails[0].clone();
    assert_eq!(after, Guardrail { action: GuardrailAction::Hold, ..before });
    assert_eq!(world.rollout(1).weight_spent_permille, 0);
}

#[test]
fn what_was_climbed_stays_climbed() {
    let mut world = World::started(spec(1, "a"));
    world.advance_to(1, 1);
    let ask = |command| said(world.ask(&ann(), command));
    assert_eq!(ask(amend(1, |spec| spec.ladder.stages[2] = ring("internal"))), PAUSED);
    assert_eq!(ask(amend(1, |spec| spec.ladder.stages[1].bake_seconds = 7)), PAUSED);
    assert_eq!(ask(amend(1, |spec| drop(spec.ladder.stages.pop()))), PAUSED);
    assert_eq!(ask(amend(1, |spec| spec.ladder.stages[1] = ring("internal"))), "invalid");
    assert_eq!(ask(amend(1, |spec| spec.ladder.stages.truncate(1))), "invalid");
    assert_eq!(ask(amend(1, |spec| spec.ladder.stages.push(ring("nobody")))), "unknown segment");
    let rings = |spec: &mut RolloutSpec| spec.ladder.stages.extend((0..17).map(|_| ring("internal")));
    assert_eq!(ask(amend(1, rings)), "over limit", "what would not compile later is refused now");
    assert_eq!(ask(amend(9, |_| {})), "unknown rollout");
    world.step(1, Step::RollBack).unwrap();
    assert_eq!(said(world.ask(&ann(), amend(1, |spec| spec.guardrails.clear()))), "rollout ended");
}

#[test]
fn what_a_guardrail_could_have_acted_on_stays_spent() {
    let mut world = World::started(spec_with(1, "a", |spec| spec.guardrails = vec![weighing(800, "one")]));
    let replace = |weight| amend(1, |spec| spec.guardrails = vec![weighing(weight, "two")]);
    let refused = world.ask(&ann(), replace(201)).unwrap_err();
    let Rejection::Invalid { path, message } = &refused else { panic!("{refused}") };
    assert_eq!(path, "/guardrails");
    assert!(message.starts_with("the guardrails may weigh 200 of 1000 together: 800 belonged"), "{message}");
    world.run(replace(200));
    assert_eq!(world.rollout(1).weight_spent_permille, 800);
    assert_eq!(said(world.ask(&ann(), replace(100))), "invalid", "another weight is another bet");
    world.run(amend(1, |spec| spec.guardrails.clear()));
    assert_eq!(world.rollout(1).weight_spent_permille, 1_000);
    assert_eq!(said(world.ask(&ann(), replace(1))), "invalid", "nothing is left");
}

#[test]
fn who_holds_already_confirms_the_amendment_with_the_resume() {
    for cause in CAUSES {
        let mut world = World::started(spec(1, "a"));
        world.put(1, held(cause));
        let by_hand = matches!(cause, HoldCause::Operator | HoldCause::Edit);
        let expected = if by_hand { "rollout_amended + epoch_opened" } else { PAUSED };
        let answer = world.ask(&ann(), amend(1, |spec| spec.guardrails.clear()));
        assert_eq!(said(answer), expected, "{cause:?}");
    }
}

#[test]
fn shrinking_goes_back_to_an_earlier_stage_and_stands_still() {
    let mut world = World::started(spec(1, "a"));
    world.step(1, Step::Approve { stage: 0 }).unwrap();
    world.advance_to(1, 2);
    let everybody: Vec<_> = (0..400).map(|n| format!("user-{n}")).collect();
    let treated = |world: &World| -> Vec<_> {
        everybody.iter().filter(|key| world.variant("a", key) == "on").cloned().collect()
    };
    let (before, asked) = (treated(&world), step_of(1, Step::Shrink { to: 0 }));
    assert_eq!(said(world.ask(&ann(), asked.clone())), "stage_entered + rollout_held");
    world.run(asked.clone());
    let rollout = world.rollout(1);
    assert_eq!((rollout.epoch().number, rollout.epoch().stage, rollout.epoch().share), (4, 0, percent(10)));
    assert_eq!(rollout.approved_stage, None, "leaving it again is agreed to again");
    assert!(matches!(&rollout.phase, Phase::Held { cause: HoldCause::Operator, .. }));
    let after = treated(&world);
    assert!(!after.is_empty() && after.len() < before.len() && after.iter().all(|key| before.contains(key)));
    assert_eq!(said(world.ask(&ann(), asked)), "nothing", "asked twice, done once");
    assert_eq!(said(world.ask(&Actor::System, step_of(1, Step::Resume))), "rollout held");
    for to in [1, 2, 9] {
        assert_eq!(said(world.ask(&ann(), step_of(1, Step::Shrink { to }))), "invalid", "{to}");
    }
}

#[test]
fn what_needs_a_shrunk_rollout_waits_for_a_person_too() {
    let mut world = World::started(spec(1, "a"));
    world.advance_to(1, 2);
    world.start(spec_with(2, "b", |spec| spec.prerequisites = vec![needs("a")])).unwrap();
    let answer = world.ask(&ann(), step_of(1, Step::Shrink { to: 1 }));
    assert_eq!(said(answer), "epoch_opened + rollout_held + stage_entered + rollout_held");
    world.step(1, Step::Shrink { to: 1 }).unwrap();
    assert!(matches!(&world.rollout(2).phase, Phase::Held { cause: HoldCause::Edit, .. }));
    assert_eq!(world.rollout(2).epoch().number, 2);
}

#[test]
fn an_ended_rollout_does_not_shrink() {
    let mut world = World::started(spec(1, "a"));
    world.step(1, Step::RollBack).unwrap();
    assert_eq!(said(world.ask(&ann(), step_of(1, Step::Shrink { to: 0 }))), "rollout ended");
}
