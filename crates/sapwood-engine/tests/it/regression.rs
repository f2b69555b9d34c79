//! From an error to a rollback, through everything in between, on a virtual clock.

use std::sync::Arc;

use sapwood_core::entry::Actor;
use sapwood_core::event::Event;
use serde_json::json;

use crate::ledger::assert_is_fold;
use crate::world::{World, count, event, log, rollout, segment, step_of, targeting, to_segment};

/// A minute in which ten more people of each arm come by, and those before them come again. `errors` of the treated
/// and one of control run into an error.
async fn minute(world: &World, number: usize, errors: usize) {
    let (treated, control) = world.people(10 * (number + 1), 1);
    for who in treated.iter().chain(&control) {
        assert_eq!(world.meet("checkout", who) == "on", treated.contains(who));
    }
    let new = 10 * number;
    let items = treated[new..].iter().take(errors).chain(&control[new..=new]);
    let items = items.map(|who| event("error", who, &world.at(1)));
    let batch = u32::try_from(number).unwrap();
    world.forward(2);
    world.report(batch, items.collect()).await;
    world.settle().await;
    world.forward(58);
    world.settle().await;
}

#[tokio::test]
async fn harm_in_the_treated_rolls_back_with_sentence_and_evidence() {
    let (world, store) = World::memory().await;
    let stages = json!({"stages": [{"share": 50_000, "bake_seconds": 3_600, "subjects_min": 10}]});
    world.start(crate::world::but(rollout(1, "checkout"), json!({"ladder": stages}))).await;
    minute(&world, 0, 1).await;
    assert_eq!(world.view(1).state, "running");
    let treated = world.people(1, 1).0.remove(0);
    minute(&world, 1, 3).await;
    // The process is replaced in the middle of it all.
    let world = world.again(Arc::new(store.restarted())).await;
    let mut number = 2;
    while world.view(1).state != "rolled_back" {
        assert!(number < 6, "{:?}", world.view(1));
        bad_minute(&world, number).await;
        number += 1;
    }
    let entries = world.engine.log(&crate::world::shop(), 0, 500).await.unwrap();
    let last = entries.last().unwrap();
    assert_eq!((last.kind.as_str(), &last.actor), ("rollout_rolled_back.v1", &Actor::System));
    let Ok(Event::RolloutRolledBack(event)) = Event::read(last) else { panic!("{last:?}") };
    let reason = &event.because.reason;
    for part in [
        "Rolled back at 12:0",
        "subjects with `error` had `on`",
        "expected if it were harmless",
        "limit 125:1",
    ] {
        assert!(reason.contains(part), "{reason}");
    }
    let evidence = event.because.evidence.unwrap();
    let reading = &evidence.guardrails[0];
    assert!(reading.crossed() && reading.ratio_lower.unwrap() > 1.0, "{reading:?}");
    assert!(evidence.ledger_offset > 0);
    let view = world.view(1);
    assert_eq!((view.state.as_str(), &view.sentence), ("rolled_back", reason));
    assert_eq!(view.guardrails[0].state, "harmed");
    assert_eq!(world.serves("checkout", &treated).unwrap(), "off");
}

/// Everybody new who is treated runs into an error. Whoever comes after the rollback has the baseline.
async fn bad_minute(world: &World, number: usize) {
    let (treated, control) = world.people(10 * (number + 1), 1);
    for who in treated.iter().chain(&control) {
        world.meet("checkout", who);
    }
    let items = treated[10 * number..].iter().map(|who| event("error", who, &world.at(1)));
    let batch = u32::try_from(number).unwrap();
    world.forward(2);
    world.report(batch, items.collect()).await;
    world.settle().await;
    world.forward(58);
}

#[tokio::test]
async fn an_explicit_rule_does_not_bring_a_barred_candidate_back() {
    let (world, _) = World::memory().await;
    world.submit(targeting("production", "checkout", &to_segment("staff"))).await;
    world.start(rollout(1, "checkout")).await;
    assert_eq!(world.serves("checkout", "sam").unwrap(), "on");
    world.step(1, sapwood_core::command::Step::RollBack).await;
    assert_eq!(world.serves("checkout", "sam").unwrap(), "off");
}

#[tokio::test]
async fn no_data_holds_and_new_data_resumes() {
    let (world, store) = World::memory().await;
    world.start(rollout(1, "checkout")).await;
    minute(&world, 0, 1).await;
    world.forward(180);
    world.settle().await;
    let view = world.view(1);
    assert_eq!((view.state.as_str(), view.cause.as_deref()), ("held", Some("no_data")));
    assert!(view.sentence.starts_with("No traffic: nobody met the flag for"), "{}", view.sentence);
    assert_eq!(count(&*store, "stage_entered.v1").await, 1);
    minute(&world, 1, 1).await;
    assert_eq!(world.view(1).state, "running");
    assert_is_fold(&world, &*store, 1).await;
}

#[tokio::test]
async fn an_edit_by_a_person_pauses_until_a_person_resumes() {
    let (world, store) = World::memory().await;
    let ring = json!({"stages": [
        {"ring": "staff", "bake_seconds": 60, "subjects_min": 1},
        {"share": 50_000, "bake_seconds": 60, "subjects_min": 1},
    ]});
    world.start(crate::world::but(rollout(1, "checkout"), json!({"ladder": ring}))).await;
    world.meet("checkout", "sam");
    world.submit(segment("staff", &["sam", "zoe"])).await;
    let alive = json!([{"type": "alive", "metric": "error", "at": world.at(0)}]);
    world.report(1, alive).await;
    for _ in 0..3 {
        world.forward(60);
        world.meet("checkout", "sam");
        world.settle().await;
    }
    let view = world.view(1);
    assert_eq!((view.state.as_str(), view.cause.as_deref(), view.epoch), ("held", Some("edit"), 2));
    assert!(view.sentence.contains("was edited by user ann"), "{}", view.sentence);
    assert_eq!(count(&*store, "stage_entered.v1").await, 1);
    // Harm would still be acted on, and so is a person who looked.
    world.submit(step_of(1, sapwood_core::command::Step::Resume)).await;
    world.meet("checkout", "sam");
    world.settle().await;
    assert_eq!(world.view(1).stage, 2);
    let resumed = log(&*store).await.into_iter().rfind(|entry| entry.kind == "rollout_resumed.v1");
    assert_eq!(resumed.unwrap().actor, crate::world::ann());
}
