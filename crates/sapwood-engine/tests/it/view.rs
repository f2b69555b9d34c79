//! A rollout as people see it, in every state it can be in.

use sapwood_api::manage::RolloutResponse;
use sapwood_core::command::Step;
use serde_json::json;

use crate::world::{HOLD, World, but, event, flag, id, place, production, rollout, targeting};

fn ladder() -> serde_json::Value {
    json!({"stages": [
        {"ring": "staff", "bake_seconds": 60, "subjects_min": 1},
        {"share": 50_000, "bake_seconds": 60, "subjects_min": 5, "approval": true},
        {"share": 100_000, "bake_seconds": 60, "subjects_min": 5},
    ]})
}

async fn climbing() -> World {
    let (world, _) = World::memory().await;
    let body = but(rollout(1, "checkout"), json!({"ladder": ladder(), "owner": "ann"}));
    world.start(body).await;
    world
}

fn stages(view: &RolloutResponse) -> Vec<(&str, &str)> {
    view.stages.iter().map(|stage| (stage.name.as_str(), stage.state.as_str())).collect()
}

/// A minute in which everybody comes by and the source is heard.
async fn minute(world: &World, batch: u32) {
    let (treated, control) = world.people(6, 1);
    for who in treated.iter().chain(&control).map(String::as_str).chain(["sam"]) {
        world.meet("checkout", who);
    }
    let alive = json!([{"type": "alive", "metric": "error", "at": world.at(0)}]);
    world.report(batch, alive).await;
    world.forward(60);
    world.settle().await;
}

#[tokio::test]
async fn before_the_first_look() {
    let world = climbing().await;
    let view = world.view(1);
    assert_eq!((view.state.as_str(), view.cause.as_deref()), ("running", None));
    assert_eq!(view.sentence, "On ring `staff` since 12:00; the next look comes within a second");
    assert_eq!((view.stage, view.share, view.epoch, view.holdback), (1, 0, 1, 5_000));
    assert_eq!(view.started_at, "2026-11-22T12:00:00.000Z");
    assert_eq!(stages(&view), [("ring `staff`", "growing"), ("50 %", "coming"), ("95 %", "coming")]);
    assert_eq!(view.stages[0].ring.as_deref(), Some("staff"));
    assert_eq!(view.stages[0].entered_at.as_deref(), Some("2026-11-22T12:00:00.000Z"));
    assert_eq!(view.stages[1].entered_at, None);
    assert_eq!(view.gate, None);
    assert!((view.evidence - 1.0).abs() < 1e-12);
    let guardrail = &view.guardrails[0];
    assert_eq!((guardrail.state.as_str(), guardrail.action.as_str()), ("quiet", "roll_back"));
    // What it acts at is agreed before anything is seen: 1 / (1 % of 80 %).
    assert!((guardrail.limit - 125.0).abs() < 1e-9, "{}", guardrail.limit);
    assert_eq!(view.revision, world.snapshot().version);
}

#[tokio::test]
async fn waiting_held_approved_and_completed() {
    let world = climbing().await;
    world.settle().await;
    let view = world.view(1);
    assert_eq!(view.sentence, "On ring `staff`: waiting for 1 more minute of fresh data and 0 of 1 members");
    let gate = view.gate.unwrap();
    assert_eq!((gate.bake_minutes, gate.bake_minutes_needed, gate.subjects_needed), (0, 1, 1));

    minute(&world, 1).await;
    let view = world.view(1);
    assert_eq!((view.stage, view.share, view.epoch), (2, 50_000, 2));
    assert_eq!(stages(&view), [("ring `staff`", "passed"), ("50 %", "growing"), ("95 %", "coming")]);

    minute(&world, 2).await;
    let view = world.view(1);
    assert_eq!((view.state.as_str(), view.cause.as_deref()), ("held", Some("approval")));
    assert_eq!(view.sentence, "On 50 %: everything is there but a person's approval");
    assert_eq!(stages(&view)[1], ("50 %", "held"));
    world.settle().await;
    assert!(world.view(1).gate.unwrap().approval_missing);

    world.step(1, Step::Approve { stage: 1 }).await;
    minute(&world, 3).await;
    assert_eq!((world.view(1).stage, world.view(1).share), (3, 95_000));
    minute(&world, 4).await;
    let view = world.view(1);
    assert_eq!((view.state.as_str(), view.share), ("completed", 100_000));
    assert_eq!(view.sentence, "The whole audience has it");
    assert_eq!(stages(&view), [("ring `staff`", "passed"), ("50 %", "passed"), ("95 %", "passed")]);
    assert_eq!(view.gate, None);
    // They all came first while only the ring was open, and nobody was drawn then.
    assert_eq!((view.exposed_treated, view.exposed_control), (0, 0));
}

#[tokio::test]
async fn held_by_a_person_and_rolled_back() {
    let world = climbing().await;
    world.settle().await;
    world.step(1, HOLD).await;
    world.forward(600);
    world.settle().await;
    let view = world.view(1);
    assert_eq!((view.state.as_str(), view.cause.as_deref()), ("held", Some("operator")));
    assert_eq!(view.sentence, "Ann says so");
    world.step(1, Step::Resume).await;
    world.settle().await;
    let view = world.view(1);
    assert_eq!((view.state.as_str(), view.cause.as_deref()), ("held", Some("no_data")));
    assert_eq!(view.sentence, "No traffic: nobody met the flag for 10 minutes");
    world.step(1, Step::RollBack).await;
    let view = world.view(1);
    assert_eq!((view.state.as_str(), view.cause.as_deref(), view.share), ("rolled_back", None, 0));
    assert_eq!(view.sentence, "Ann says so");
    assert_eq!(stages(&view)[0], ("ring `staff`", "lost"));
    assert_eq!(view.gate, None);
}

#[tokio::test]
async fn suspicion_is_visible_before_harm_is_proven() {
    let (world, _) = World::memory().await;
    world.start(rollout(1, "checkout")).await;
    let (treated, control) = world.people(20, 1);
    for who in treated.iter().chain(&control) {
        world.meet("checkout", who);
    }
    let errors = treated[..6].iter().map(|who| event("error", who, &world.at(0)));
    world.report(1, errors.collect()).await;
    world.settle().await;
    let view = world.view(1);
    let guardrail = &view.guardrails[0];
    assert_eq!((guardrail.treated, guardrail.control, guardrail.state.as_str()), (6, 0, "suspect"));
    assert!((guardrail.expected_treated - 3.0).abs() < 1e-9);
    assert!(guardrail.evidence >= 3.0 && guardrail.evidence < guardrail.limit);
    assert!(view.evidence >= 3.0);
    assert_eq!((view.state.as_str(), view.cause.as_deref()), ("held", Some("guardrail")));
    assert!(
        view.sentence.starts_with("Weak evidence of harm, waiting for more: 6 of 6"),
        "{}",
        view.sentence
    );
    // Whatever is shown is JSON.
    let text = serde_json::to_string(&view).unwrap();
    assert_eq!(serde_json::from_str::<RolloutResponse>(&text).unwrap(), view);
}

#[tokio::test]
async fn lists_begin_with_the_newest_and_know_their_place() {
    let (world, _) = World::memory().await;
    world.submit(flag("search")).await;
    world.submit(targeting("production", "search", &json!([]))).await;
    world.start(rollout(1, "checkout")).await;
    world.start(rollout(2, "search")).await;
    let ids: Vec<_> = world.engine.rollouts(&production()).into_iter().map(|view| view.id).collect();
    assert_eq!(ids, [id(2), id(1)]);
    assert!(world.engine.rollouts(&place("staging")).is_empty());
    assert!(world.engine.rollout(&place("staging"), &id(1)).is_none());
    assert!(world.engine.rollout(&production(), "no id").is_none());
}
