//! B requires A: nobody gets B who does not get A, and B goes first when A is taken back.

use super::{refusal, said};
use crate::command::{Command, Step};
use crate::event::Event;
use crate::rollout::{HoldCause, Phase, RolloutSpec};
use crate::testing::{World, ann, at, held, id, name, needs, ring, spec, spec_with, stage, step_of};

fn dependent(n: u32, flag: &str, base: &[&str]) -> RolloutSpec {
    spec_with(n, flag, |spec| spec.prerequisites = base.iter().map(|base| needs(base)).collect())
}

/// `a` ← `b` ← `c`, and `c` needs `a` as well.
fn chain() -> World {
    let mut world = World::started(spec(1, "a"));
    world.start(dependent(2, "b", &["a"])).unwrap();
    world.start(dependent(3, "c", &["b", "a"])).unwrap();
    world
}

fn rolled_back(events: &[Event]) -> Vec<&str> {
    let flag = |event: &Event| {
        let Event::RolloutRolledBack(event) = event else { panic!("{event:?}") };
        [(id(1), "a"), (id(2), "b"), (id(3), "c")].into_iter().find(|(id, _)| *id == event.rollout).unwrap().1
    };
    events.iter().map(flag).collect()
}

#[test]
fn dependents_are_rolled_back_first_in_one_answer() {
    let mut world = chain();
    world.put(2, held(HoldCause::Operator));
    let events = world.step(1, Step::RollBack).unwrap();
    assert_eq!(rolled_back(&events), ["c", "b", "a"]);
    let Event::RolloutRolledBack(first) = &events[0] else { panic!() };
    assert_eq!(first.because.reason, "It needs `a`, which was rolled back: a test says so");
    assert_eq!(first.because.evidence, None);
    assert_eq!(said(world.ask(&ann(), step_of(1, Step::RollBack))), "nothing", "it is idempotent");
    assert_eq!(said(world.ask(&ann(), step_of(3, Step::RollBack))), "nothing");
}

#[test]
fn only_what_depends_goes_along() {
    let mut world = chain();
    assert_eq!(rolled_back(&world.step(2, Step::RollBack).unwrap()), ["c", "b"]);
    assert!(world.rollout(1).is_live());
    assert_eq!(
        rolled_back(&world.step(1, Step::RollBack).unwrap()),
        ["a"],
        "what is gone is not taken again"
    );
}

#[test]
fn a_diamond_goes_from_the_top() {
    let mut world = World::started(spec(1, "a"));
    world.run(Command::DefineFlag {
        flag: crate::testing::flag("d").into(),
        about: crate::event::About::default(),
    });
    world.target("d", &serde_json::json!([])).unwrap();
    world.start(dependent(2, "b", &["a"])).unwrap();
    world.start(dependent(3, "c", &["a"])).unwrap();
    world.start(dependent(4, "d", &["b", "c"])).unwrap();
    let events = world.step(1, Step::RollBack).unwrap();
    let order: Vec<_> = events.iter().filter_map(Event::rollout).cloned().collect();
    assert_eq!(order.first(), Some(&id(4)));
    assert_eq!(order.last(), Some(&id(1)));
    assert_eq!(order.len(), 4);
}

#[test]
fn who_needs_more_than_there_is_waits() {
    let mut world = chain();
    assert_eq!(said(world.ask(&ann(), step_of(2, Step::Advance { from: 0 }))), "dependency");
    world.step(1, Step::Advance { from: 0 }).unwrap();
    assert_eq!(said(world.ask(&ann(), step_of(2, Step::Advance { from: 0 }))), "stage_entered");
    let rejection = world.ask(&ann(), step_of(3, Step::Advance { from: 0 })).unwrap_err();
    assert_eq!(
        rejection.to_string(),
        "flag `c` needs `b`: its rollout reaches 10 %, this one would reach 50 %; advance the other first"
    );
    world.put(1, held(HoldCause::NoData));
    let rejection = world.ask(&ann(), step_of(2, Step::Advance { from: 0 })).unwrap_err();
    assert_eq!(
        rejection.to_string(),
        "flag `b` needs `a`: its rollout is held (it was held); wait for it or resume it"
    );
    world.step(1, Step::RollBack).unwrap();
    let rejection = world.ask(&ann(), start(dependent(4, "b", &["a"]))).unwrap_err();
    assert_eq!(rejection.to_string(), "flag `b` needs `a`: it was rolled back; start it again first");
}

fn start(spec: RolloutSpec) -> Command {
    Command::StartRollout { environment: crate::testing::production(), rollout: Box::new(spec) }
}

#[test]
fn nothing_completes_before_what_it_needs() {
    let mut world = World::started(spec(1, "a"));
    world.start(dependent(2, "b", &["a"])).unwrap();
    for stage in 1..3 {
        world.advance_to(1, stage);
        world.advance_to(2, stage);
    }
    let rejection = world.ask(&ann(), step_of(2, Step::Complete)).unwrap_err();
    assert_eq!(
        rejection.to_string(),
        "flag `b` needs `a`: its rollout reaches 95 %, this one would reach 100 %; advance the other first"
    );
    world.step(1, Step::Complete).unwrap();
    assert_eq!(said(world.ask(&ann(), step_of(2, Step::Complete))), "rollout_completed");
}

#[test]
fn starting_asks_for_the_share_of_the_first_stage() {
    let first = |share: u32| {
        let spec = spec_with(2, "b", |spec| {
            spec.prerequisites = vec![needs("a")];
            spec.ladder.stages = vec![stage(share)];
        });
        said(World::started(spec_of_a()).ask(&ann(), start(spec)))
    };
    assert_eq!(first(10), "rollout_started + stage_entered");
    assert_eq!(first(11), "dependency");
    let on_a_ring = spec_with(2, "b", |spec| {
        spec.prerequisites = vec![needs("a")];
        spec.ladder.stages.insert(0, ring("internal"));
    });
    let world = World::started(spec_of_a());
    assert_eq!(said(world.ask(&ann(), start(on_a_ring))), "rollout_started + stage_entered");
}

fn spec_of_a() -> RolloutSpec {
    spec(1, "a")
}

#[test]
fn a_prerequisite_on_something_else_binds_nobody() {
    let mut world = World::started(spec(1, "a"));
    let wants_baseline = spec_with(2, "b", |spec| {
        let mut serves = needs("a");
        serves.variants = std::collections::BTreeSet::from([name("off")]);
        spec.prerequisites = vec![serves];
    });
    world.start(wants_baseline).unwrap();
    world.step(2, Step::Advance { from: 0 }).unwrap();
    assert_eq!(world.step(1, Step::RollBack).unwrap().len(), 1, "b needs what a falls back to");
    assert!(world.rollout(2).is_live());
}

#[test]
fn what_others_name_cannot_be_taken_away() {
    let mut world = World::shop();
    let rule = serde_json::json!([{
        "id": "r", "when": {"serves": {"flag": "a", "variants": ["on"]}}, "serve": {"variant": "on"}
    }]);
    world.target("b", &rule).unwrap();
    let retire = Command::RetireFlag { flag: name("a") };
    let rejection = world.ask(&ann(), retire.clone()).unwrap_err();
    assert_eq!(
        rejection.to_string(),
        "flag `b` needs `a`: its prerequisite names `on`, which would be gone; change `b` first"
    );
    let mut without = crate::testing::flag("a");
    without.variants.remove("on");
    let define = Command::DefineFlag { flag: without.into(), about: crate::event::About::default() };
    assert_eq!(refusal(&world.ask(&ann(), define.clone()).unwrap_err()), "dependency");
    world.target("b", &serde_json::json!([])).unwrap();
    world.start(dependent(2, "b", &["a"])).unwrap();
    assert_eq!(refusal(&world.ask(&ann(), retire.clone()).unwrap_err()), "dependency");
    world.put(2, Phase::Completed { at: at(0) });
    assert_eq!(refusal(&world.ask(&ann(), retire.clone()).unwrap_err()), "dependency", "shipped still asks");
    world.put(2, Phase::RolledBack { reason: String::new(), at: at(0) });
    assert_eq!(said(world.ask(&ann(), retire)), "flag_retired");
    assert_eq!(said(world.ask(&ann(), define)), "flag_defined");
}
