//! Ladders and guardrails kept for rollouts to come, and taking definitions away: never from under what names them.

use serde_json::json;

use super::said;
use crate::command::{Command, Step};
use crate::rollout::{GuardrailTemplate, Ladder};
use crate::testing::{World, ann, name, percent, production, read, ring, segment, spec, spec_with};

fn template() -> GuardrailTemplate {
    let guardrail = spec(1, "a").guardrails[0].clone();
    GuardrailTemplate {
        metric: guardrail.metric,
        harm: guardrail.harm,
        margin_permille: guardrail.margin_permille,
        action: guardrail.action,
        weight_permille: Some(400),
    }
}

fn keep(guardrail: GuardrailTemplate) -> Command {
    Command::DefineGuardrail { key: name("errors"), guardrail, description: String::new() }
}

fn ladder(alter: impl FnOnce(&mut Ladder)) -> Command {
    let mut ladder = spec(1, "a").ladder;
    alter(&mut ladder);
    Command::DefineLadder { key: name("slow"), ladder, description: "For what is delicate".to_owned() }
}

fn check(world: &World, command: &Command, expected: &str) {
    assert_eq!(said(world.ask(&ann(), command.clone())), expected, "{command:?}");
}

#[test]
fn what_is_kept_is_checked_like_what_runs() {
    let world = World::shop();
    check(&world, &ladder(|_| {}), "ladder_defined");
    check(&world, &ladder(|ladder| ladder.stages.insert(0, ring("internal"))), "ladder_defined");
    check(&world, &ladder(|ladder| ladder.stages.insert(0, ring("nobody"))), "unknown segment");
    check(&world, &ladder(|ladder| ladder.stages.reverse()), "invalid");
    check(&world, &ladder(|ladder| ladder.stages.clear()), "invalid");
    check(&world, &keep(template()), "guardrail_defined");
    check(&world, &keep(GuardrailTemplate { metric: name("other"), ..template() }), "unknown metric");
    check(&world, &keep(GuardrailTemplate { margin_permille: 1, ..template() }), "invalid");
    check(&world, &keep(GuardrailTemplate { weight_permille: Some(0), ..template() }), "invalid");
    check(&world, &keep(GuardrailTemplate { weight_permille: Some(801), ..template() }), "invalid");
}

#[test]
fn saying_it_again_changes_nothing_and_taking_away_ends_it() {
    let mut world = World::shop();
    for command in [ladder(|_| {}), keep(template())] {
        world.run(command.clone());
        check(&world, &command, "nothing");
    }
    world.run(Command::RemoveLadder { key: name("slow") });
    world.run(Command::RemoveGuardrail { key: name("errors") });
    assert!(world.state.ladders.is_empty() && world.state.guardrails.is_empty());
    check(&world, &Command::RemoveLadder { key: name("slow") }, "nothing there");
    check(&world, &Command::RemoveGuardrail { key: name("errors") }, "nothing there");
    check(&world, &Command::RemoveMetric { key: name("other") }, "nothing there");
    check(&world, &Command::RetireFlag { flag: name("other") }, "nothing there");
}

/// The refusal of taking segment `internal` away.
fn user_of_internal(world: &World) -> String {
    match world.ask(&ann(), Command::RemoveSegment { key: name("internal") }) {
        Ok(events) => format!("{} events", events.len()),
        Err(rejection) => rejection.to_string(),
    }
}

#[test]
fn a_segment_stays_while_something_names_it() {
    let used = |by: &str| format!("segment `internal` is used by {by}; change that first");
    assert_eq!(user_of_internal(&World::shop()), "1 events");

    let mut world = World::shop();
    let outer = json!({"key": "outer", "condition": {"not": {"segment": "internal"}}});
    world.run(Command::DefineSegment { segment: read(outer) });
    assert_eq!(user_of_internal(&world), used("segment `outer`"));

    let mut world = World::shop();
    world.run(ladder(|ladder| ladder.stages.insert(0, ring("internal"))));
    assert_eq!(user_of_internal(&world), used("ladder `slow`"));

    let mut world = World::shop();
    let rule = json!([{"id": "staff", "when": {"segment": "internal"}, "serve": {"variant": "on"}}]);
    world.target("b", &rule).unwrap();
    assert_eq!(user_of_internal(&world), used("the rules of flag `b` in `production`"));

    let mut world = World::started(spec_with(1, "a", |spec| spec.ladder.stages.insert(0, ring("internal"))));
    let rollout = world.rollout(1).spec.id.clone();
    assert_eq!(user_of_internal(&world), used(&format!("rollout {rollout} of flag `a`")));
    world.step(1, Step::RollBack).unwrap();
    assert_eq!(user_of_internal(&world), "1 events", "what was rolled back asks for nothing");
}

#[test]
fn a_metric_stays_while_something_measures_it() {
    let remove = Command::RemoveMetric { key: name("error") };
    check(&World::shop(), &remove, "metric_removed");
    let mut world = World::shop();
    world.run(keep(template()));
    check(&world, &remove, "in use");
    let mut world = World::started(spec(1, "a"));
    check(&world, &remove, "in use");
    world.step(1, Step::RollBack).unwrap();
    check(&world, &remove, "metric_removed");
}

#[test]
fn targeting_stays_while_a_rollout_or_another_flag_needs_it() {
    let remove = |flag: &str| Command::RemoveTargeting { environment: production(), flag: name(flag) };
    let mut world = World::started(spec(1, "a"));
    check(&world, &remove("a"), "rollout live");
    let asks = json!([{"id": "asks", "when": {"serves": {"flag": "b", "variants": ["on"]}}, "serve": {"variant": "on"}}]);
    world.target("c", &asks).unwrap();
    check(&world, &remove("b"), "dependency");
    world.run(remove("c"));
    assert!(!world.environment().targeting.contains_key("c"));
    check(&world, &remove("c"), "nothing there");
    world.run(remove("b"));
    world.run(Command::DefineSegment { segment: segment("internal", &[]) });
    assert_eq!(world.rollout(1).epoch().share, percent(10));
}
