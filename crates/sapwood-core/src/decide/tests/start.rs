//! Starting a rollout: what is agreed is checked before anybody is exposed.

use std::collections::BTreeSet;

use serde_json::json;

use super::said;
use crate::command::{Command, Step};
use crate::event::Event;
use crate::rollout::{GuardrailAction, RolloutSpec};
use crate::testing::{
    World, ann, at, flag, guardrail, name, needs, percent, production, read, ring, spec, spec_with, stage,
    targeting,
};

fn start(spec: RolloutSpec) -> Command {
    Command::StartRollout { environment: production(), rollout: Box::new(spec) }
}

/// What is said of rollout 2 of flag `b`, altered, where rollout 1 of it was rolled back.
fn check(alter: impl FnOnce(&mut RolloutSpec), expected: &str) {
    let mut world = World::started(spec(1, "b"));
    world.step(1, Step::RollBack).unwrap();
    let said = match world.ask(&ann(), start(spec_with(2, "b", alter))) {
        Ok(events) => events.iter().map(|(_, event)| event.kind()).collect::<Vec<_>>().join(" "),
        Err(rejection) => rejection.to_string(),
    };
    assert!(said.starts_with(expected), "{said}");
}

#[test]
fn what_is_agreed_must_be_possible() {
    let fine = "rollout_started.v1 stage_entered.v1";
    check(|_| {}, fine);
    check(|s| s.flag = name("x"), "there is no flag `x`");
    check(|s| s.candidate = name("x"), "/candidate: flag `b` has no variant `x`; it has off, on");
    check(|s| s.baseline = name("x"), "/baseline: flag `b` has no variant `x`");
    check(|s| s.baseline = name("on"), "/candidate: must differ from the baseline");
    check(|s| s.after = Some(name("x")), "/after: flag `b` has no rule `x`");
    check(|s| s.audience = read(json!({"segment": "x"})), "/audience/segment: there is no segment x");
    check(
        |s| s.salt = name("r1"),
        "/salt: rollout 0192f0c1-2345-7abc-8def-000000000001 of this flag had this salt",
    );
    check(|s| s.prerequisites = vec![needs("b")], "/prerequisites: a flag cannot need itself");
    check(|s| s.prerequisites = vec![needs("x")], "there is no flag `x`");
    let mut wrong = needs("a");
    wrong.variants = BTreeSet::from([name("x")]);
    check(|s| s.prerequisites = vec![wrong], "/prerequisites: flag `a` has no variant `x`");
    check(|s| s.owner = Some("x".repeat(3000)), "/owner: 3000 characters");
}

#[test]
fn ladders_climb() {
    let stages = |stages: Vec<crate::rollout::Stage>| move |s: &mut RolloutSpec| s.ladder.stages = stages;
    let fine = "rollout_started.v1";
    check(stages(vec![ring("internal"), stage(1), ring("internal"), stage(2)]), fine);
    check(stages(vec![]), "/ladder/stages: at least one stage with a share is needed");
    check(stages(vec![ring("internal")]), "/ladder/stages: at least one stage with a share");
    check(stages(vec![stage(0)]), "/ladder/stages/0/share: 0 % does not climb: the stage before reaches 0 %");
    check(stages(vec![stage(5), stage(5)]), "/ladder/stages/1/share: 5 % does not climb");
    check(stages((1..=32).map(stage).collect()), fine);
    check(
        stages((1..=33).map(stage).collect()),
        "/ladder/stages: stages of a ladder: 33 is over the limit of 32",
    );
    let mut slow = stage(5);
    slow.bake_seconds = 90 * 86_400 + 1;
    check(stages(vec![slow]), "/ladder/stages/0/bake_seconds: 7776001 is over the limit of 7776000");
    check(|s| s.holdback = percent(50), fine);
    check(|s| s.holdback = percent(51), "/holdback: 51 % is over the limit of 50 %");
    let mut rings: Vec<_> = (0..17).map(|_| ring("internal")).collect();
    rings.push(stage(1));
    check(stages(rings), "/ladder/stages: 17 rings, at most 16 are allowed");
}

#[test]
fn guardrails_fit_into_the_budget() {
    let one = |alter: fn(&mut crate::rollout::Guardrail)| {
        move |s: &mut RolloutSpec| {
            let mut one = guardrail("g", "error");
            alter(&mut one);
            s.guardrails = vec![one];
        }
    };
    check(one(|g| g.weight_permille = 800), "rollout_started.v1");
    check(one(|g| g.weight_permille = 801), "/guardrails: the weights add up to 801 of 1000; at most 800");
    check(one(|g| g.weight_permille = 0), "/guardrails/0/weight: must be at least 1 of 1000");
    check(one(|g| g.margin_permille = 99), "/guardrails/0/margin_permille: 99 is outside 100 to 10 000");
    check(one(|g| g.margin_permille = 10_001), "/guardrails/0/margin_permille: 10001 is outside");
    check(one(|g| g.metric = name("x")), "there is no metric `x`");
    check(one(|g| g.action = GuardrailAction::Notify), "rollout_started.v1");
    check(|s| s.guardrails = Vec::new(), "rollout_started.v1");
    check(|s| s.guardrails = vec![guardrail("g", "error"); 2], "/guardrails/1/key: `g` is there twice");
    check(
        |s| s.guardrails = vec![guardrail("g", "error"); 21],
        "/guardrails: guardrails of a rollout: 21 is over",
    );
    check(|s| s.false_rollback_ppm = 99, "/false_rollback_ppm: 99 ppm is outside 100 to 50 000");
    check(|s| s.false_rollback_ppm = 50_001, "/false_rollback_ppm: 50001 ppm is outside");
}

#[test]
fn the_flag_must_be_served_and_free() {
    let mut world = World::shop();
    world.run(Command::DefineFlag { flag: flag("d").into(), about: crate::event::About::default() });
    let ask = |world: &World, spec| world.ask(&ann(), start(spec)).unwrap_err().to_string();
    assert_eq!(ask(&world, spec(1, "d")), "/flag: `d` has no targeting in this environment; set it first");
    let mut off = targeting(&json!([]));
    off.on = false;
    let environment = production();
    world.run(Command::SetTargeting { environment, flag: name("d"), targeting: off.into() });
    assert!(ask(&world, spec(1, "d")).starts_with("/flag: `d` is off in this environment"));
    world.start(spec(1, "a")).unwrap();
    assert_eq!(
        ask(&world, spec(2, "a")),
        "flag `a` already has the live rollout 0192f0c1-2345-7abc-8def-000000000001 in this environment; \
         finish or roll it back first"
    );
}

#[test]
fn an_id_names_one_rollout() {
    let mut world = World::started(spec(1, "a"));
    assert_eq!(said(world.ask(&ann(), start(spec(1, "a")))), "nothing", "the same again");
    assert_eq!(said(world.ask(&ann(), start(spec(1, "b")))), "invalid", "another flag");
    let key = name("staging");
    world.run(Command::DefineEnvironment { key, name: String::new(), production: false });
    let targeting = targeting(&json!([]));
    world.run(Command::SetTargeting {
        environment: name("staging"),
        flag: name("a"),
        targeting: targeting.into(),
    });
    let elsewhere = Command::StartRollout { environment: name("staging"), rollout: Box::new(spec(1, "a")) };
    assert_eq!(said(world.ask(&ann(), elsewhere)), "invalid", "another environment");
}

#[test]
fn a_start_enters_the_first_stage_with_the_effective_share() {
    let mut world = World::shop();
    let events = world.start(spec_with(1, "a", |spec| spec.ladder.stages = vec![stage(98)])).unwrap();
    let Event::StageEntered(entered) = &events[1] else { panic!("{events:?}") };
    assert_eq!((entered.stage, entered.epoch, entered.share), (0, 1, percent(95)));
    assert_eq!(world.rollout(1).started_at, at(0));
    assert_eq!(world.rollout(1).epoch().version, world.state.version);
}

#[test]
fn prerequisites_do_not_run_in_a_circle() {
    let mut world = World::shop();
    world.start(spec_with(1, "a", |spec| spec.prerequisites = vec![needs("b")])).unwrap();
    let rejection = world
        .ask(&ann(), start(spec_with(2, "b", |spec| spec.prerequisites = vec![needs("a")])))
        .unwrap_err();
    assert!(rejection.to_string().contains("prerequisites form a circle: b → a → b"), "{rejection}");
}
