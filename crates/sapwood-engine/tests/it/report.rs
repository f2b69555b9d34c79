//! What applications report: every refusal by index, batches counted once, times put right, the epoch of the time.

use std::sync::Arc;

use sapwood_api::events::{ITEMS_MAX, UNIT_BYTES_MAX};
use sapwood_core::command::Step;
use sapwood_core::record::{Arm, Record};
use sapwood_engine::{ManualClock, ReportError, SeededEntropy};
use sapwood_store::{Call, Fault, SqliteStore};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::expose::{arms, journal};
use crate::world::{NOON, World, but, codes, event, flag, id, place, production, read, rollout, targeting};

fn tracked(n: u32) -> Json {
    but(rollout(n, "checkout"), json!({"exposure_source": "track"}))
}

fn exposure(n: u32, version: u64, unit: &str, variant: &str, at: &str) -> Json {
    json!({
        "type": "exposure", "flag": "checkout", "rollout": id(n), "version": version,
        "unit": unit, "variant": variant, "at": at
    })
}

#[tokio::test]
async fn every_refusal_names_its_item_and_the_rest_is_taken() {
    let (world, store) = World::memory().await;
    let before_start = world.snapshot().version;
    world.start(tracked(1)).await;
    world.submit(flag("search")).await;
    world.submit(targeting("production", "search", &json!([]))).await;
    world.start(rollout(2, "search")).await;
    let version = world.snapshot().version;
    let (treated, control) = world.people(1, 1);
    let (treated, control) = (&treated[0], &control[0]);
    let now = world.at(0);
    let long = "u".repeat(UNIT_BYTES_MAX + 1);
    let at_most = "u".repeat(UNIT_BYTES_MAX);
    let items = json!([
        event("error", "bob", &now),
        event("unheard-of", "bob", &now),
        event("error", "", &now),
        event("error", &long, &now),
        event("error", &at_most, &now),
        event("error", "bob", "yesterday"),
        event("error", "bob", &world.at(-7 * 86_400 - 1)),
        event("error", "bob", &world.at(-7 * 86_400)),
        event("error", "bob", &world.at(301)),
        event("error", "bob", &world.at(300)),
        {"type": "alive", "metric": "unheard-of", "at": now},
        {"type": "alive", "metric": "error", "at": now},
        exposure(9, version, treated, "on", &now),
        but(exposure(1, version, treated, "on", &now), json!({"flag": "search"})),
        but(exposure(2, version, treated, "on", &now), json!({"flag": "search"})),
        exposure(1, before_start, treated, "on", &now),
        exposure(1, version + 1, treated, "on", &now),
        exposure(1, version, treated, "off", &now),
        exposure(1, version, control, "on", &now),
        exposure(1, version, "", "on", &now),
        exposure(1, version, treated, "on", &now),
        exposure(1, version, control, "off", &now),
    ]);
    let total = items.as_array().unwrap().len();
    let response = world.report(1, items).await;
    let expected = [
        (1, "unknown_metric"),
        (2, "invalid_unit"),
        (3, "invalid_unit"),
        (5, "invalid_time"),
        (6, "too_old"),
        (8, "in_the_future"),
        (10, "unknown_metric"),
        (12, "unknown_rollout"),
        (13, "unknown_rollout"),
        (14, "wrong_exposure_source"),
        (15, "unknown_version"),
        (16, "unknown_version"),
        (17, "arm_disagrees"),
        (18, "arm_disagrees"),
        (19, "invalid_unit"),
    ];
    assert_eq!(codes(&response), expected);
    assert_eq!(response.accepted, total - expected.len());
    assert!(!response.duplicate);
    assert!(response.rejected.iter().all(|problem| !problem.detail.is_empty()));
    let exposed = journal(&*store).await.into_iter().filter(|r| matches!(r, Record::Exposure { .. })).count();
    assert_eq!(exposed, 2);
}

#[tokio::test]
async fn batches_as_a_whole_are_refused_with_the_figure() {
    let (world, store) = World::memory().await;
    let now = world.at(0);
    let too_many = vec![json!({"type": "alive", "metric": "error", "at": now}); ITEMS_MAX + 1];
    let error = world.try_report(1, json!(too_many)).await.unwrap_err();
    assert!(error.to_string().contains("5001 items are over the limit of 5000"), "{error}");
    let batch = |sent: &str| read(json!({"batch": Uuid::from_u128(1), "sent_at": sent, "items": []}));
    let error = world.engine.report(&production(), batch("noonish")).await.unwrap_err();
    assert!(matches!(error, ReportError::SentAt(_)), "{error:?}");
    let error = world.engine.report(&place("moon"), batch(&now)).await.unwrap_err();
    assert!(matches!(error, ReportError::UnknownScope), "{error:?}");
    assert!(journal(&*store).await.is_empty());
}

#[tokio::test]
async fn a_batch_sent_again_is_counted_once() {
    let (world, store) = World::memory().await;
    world.start(rollout(1, "checkout")).await;
    let (treated, _) = world.people(1, 1);
    world.meet("checkout", &treated[0]);
    world.forward(1);
    let items = json!([event("error", &treated[0], &world.at(0)), event("unheard-of", "bob", &world.at(0))]);
    let first = world.report(1, items.clone()).await;
    let second = world.report(1, items.clone()).await;
    assert!(!first.duplicate && second.duplicate);
    assert_eq!((first.accepted, first.rejected.len()), (1, 1));
    assert_eq!(
        (second.accepted, second.rejected.len()),
        (0, 0),
        "it must not say that it took what it did not"
    );
    world.settle().await;
    assert_eq!(world.report(1, items.clone()).await.accepted, 0);
    world.settle().await;
    assert_eq!(world.view(1).guardrails[0].treated, 1);
    let events = |records: Vec<Record>| records.iter().filter(|r| matches!(r, Record::Event { .. })).count();
    assert_eq!(events(journal(&*store).await), 1, "before the repaired batch");

    // A batch of which nothing could be taken has not used up its id.
    let early = json!([event("not-yet", &treated[0], &world.at(0))]);
    let refused = world.report(7, early).await;
    assert_eq!((refused.accepted, refused.duplicate, refused.rejected.len()), (0, false, 1));
    let repaired = world.report(7, json!([event("error", &treated[0], &world.at(0))])).await;
    assert_eq!((repaired.accepted, repaired.duplicate), (1, false));

    // The same id in another environment is another batch.
    let elsewhere = read(json!({"batch": Uuid::from_u128(1), "items": items}));
    assert!(!world.engine.report(&place("staging"), elsewhere).await.unwrap().duplicate);
}

#[tokio::test]
async fn clocks_that_differ_by_more_than_five_seconds_are_corrected_for() {
    for (behind, shifted) in [(5, false), (6, true), (-5, false), (-6, true), (3_600, true), (-86_400, true)]
    {
        let (world, store) = World::memory().await;
        world.start(rollout(1, "checkout")).await;
        world.forward(60);
        let sent = world.at(-behind);
        let items = json!([event("error", "bob", &world.at(-behind - 2))]);
        let batch = json!({"batch": Uuid::from_u128(1), "sent_at": sent, "items": items});
        let response = world.engine.report(&production(), read(batch)).await.unwrap();
        assert_eq!(response.accepted, 1, "{behind}");
        let at = journal(&*store)
            .await
            .into_iter()
            .find_map(|record| if let Record::Event { at, .. } = record { Some(at) } else { None });
        let expected = if shifted { -2 } else { -behind - 2 };
        assert_eq!(at.unwrap(), world.engine.now().plus_seconds(expected), "{behind}");
    }
}

#[tokio::test]
async fn a_late_event_counts_in_the_epoch_and_arm_of_its_time() {
    let (world, store) = World::memory().await;
    let stages = json!({"stages": [
        {"share": 10_000, "bake_seconds": 600, "subjects_min": 1},
        {"share": 90_000, "bake_seconds": 600, "subjects_min": 1},
    ]});
    world.start(but(tracked(1), json!({"ladder": stages}))).await;
    let person = (0..100).map(|n| format!("person-{n}")).find(|who| {
        let snapshot = world.snapshot();
        let rule = snapshot.flags.get("checkout").unwrap().config().rollouts[0].clone();
        (10_000..90_000).contains(&sapwood_eval::bucket(rule.salt.as_str(), who))
    });
    let person = person.unwrap();
    let first_epoch = world.snapshot().version;
    world.forward(60);
    world.step(1, Step::Advance { from: 0 }).await;
    world.forward(60);
    let second_epoch = world.snapshot().version;
    let items = json!([
        exposure(1, first_epoch, &person, "off", &world.at(-119)),
        exposure(1, second_epoch, &person, "on", &world.at(-1)),
        event("error", &person, &world.at(-61)),
        event("error", &person, &world.at(-60)),
        event("error", &person, &world.at(-121)),
    ]);
    let response = world.report(1, items).await;
    // Before the start nothing is in force: taken as a sign of life, and that is all.
    assert_eq!(response.accepted, 5);
    let found: Vec<_> = journal(&*store)
        .await
        .into_iter()
        .filter_map(|record| match record {
            Record::Exposure { epoch, arm, .. } => Some(("exposure", epoch, arm)),
            Record::Event { epoch, arm, .. } => Some(("event", epoch, arm)),
            Record::Activity { .. } | Record::Seen { .. } => None,
        })
        .collect();
    let expected = [
        ("exposure", 1, Arm::Control),
        ("exposure", 2, Arm::Treated),
        ("event", 1, Arm::Control),
        ("event", 2, Arm::Treated),
    ];
    assert_eq!(found, expected);
    world.settle().await;
    // Once per guardrail and rollout, at the first affecting event.
    assert_eq!((world.view(1).guardrails[0].treated, world.view(1).guardrails[0].control), (0, 1));
}

/// Units with an event that a rollout's evidence takes.
async fn units_of(store: &dyn sapwood_engine::Store, n: u32) -> usize {
    let records = journal(store).await;
    let of = records
        .iter()
        .filter(|record| matches!(record, Record::Event { rollout, .. } if rollout.as_str() == id(n)));
    of.count()
}

#[tokio::test]
async fn units_treated_by_a_dependent_say_nothing_of_the_base_in_either_arm() {
    let (world, store) = World::memory().await;
    world.submit(flag("express")).await;
    world.submit(targeting("production", "express", &json!([]))).await;
    world.start(tracked(1)).await;
    let needs = json!({"prerequisites": [{"flag": "checkout", "variants": ["on"]}]});
    let dependent = but(rollout(2, "express"), needs);
    let dependent = but(dependent, json!({"ladder": {"stages": [{"share": 40_000}]}}));
    world.forward(60);
    world.start(dependent).await;
    world.forward(60);
    let (treated, control) = world.people(20, 1);
    let salt_of_dependent = {
        let snapshot = world.snapshot();
        snapshot.flags.get("express").unwrap().config().rollouts[0].salt.clone()
    };
    let in_dependent = |who: &&String| sapwood_eval::bucket(salt_of_dependent.as_str(), who) < 40_000;
    let (in_t, in_c) =
        (treated.iter().filter(in_dependent).count(), control.iter().filter(in_dependent).count());
    assert!(in_t > 0 && in_c > 0);
    let report =
        |at: String| treated.iter().chain(&control).map(|who| event("error", who, &at)).collect::<Json>();
    world.report(1, report(world.at(0))).await;
    assert_eq!(units_of(&*store, 1).await, 40 - in_t - in_c);
    // Before the dependent began, and after it is gone, everybody counts.
    world.report(2, report(world.at(-90))).await;
    assert_eq!(units_of(&*store, 1).await, 80 - in_t - in_c);
    world.step(2, Step::RollBack).await;
    world.forward(1);
    world.report(3, report(world.at(0))).await;
    assert_eq!(units_of(&*store, 1).await, 120 - in_t - in_c);
}

#[tokio::test]
async fn whoever_an_earlier_attempt_treated_is_left_out_of_the_next_one() {
    let (world, store) = World::memory().await;
    world.start(tracked(1)).await;
    let (treated, control) = world.people(10, 1);
    world.step(1, Step::RollBack).await;
    world.forward(60);
    world.start(tracked(2)).await;
    world.forward(60);
    let report = treated.iter().chain(&control).map(|who| event("error", who, &world.at(0)));
    world.report(1, report.collect()).await;
    assert_eq!(units_of(&*store, 2).await, control.len());
    assert_eq!(units_of(&*store, 1).await, 0);
}

#[tokio::test]
async fn members_of_a_ring_may_report_the_candidate_and_are_never_evidence() {
    let (world, store) = World::memory().await;
    let stages = json!({"stages": [
        {"ring": "staff", "bake_seconds": 60, "subjects_min": 1},
        {"share": 50_000, "bake_seconds": 60, "subjects_min": 1},
    ]});
    world.start(but(tracked(1), json!({"ladder": stages}))).await;
    let version = world.snapshot().version;
    let items = json!([
        exposure(1, version, "sam", "on", &world.at(0)),
        exposure(1, version, "bob", "off", &world.at(0))
    ]);
    assert_eq!(world.report(1, items).await.accepted, 2);
    assert_eq!(arms(&journal(&*store).await), [(1, Arm::Ring), (1, Arm::Control)]);
    world.settle().await;
    assert_eq!(world.view(1).gate.unwrap().treated, 1);
    assert_eq!(world.view(1).exposed_treated, 0);
}

#[tokio::test]
async fn a_batch_that_many_rollouts_watch_fits_into_the_journal() {
    let (world, store) = World::memory().await;
    for n in 1..=21 {
        let key = format!("flag-{n}");
        world.submit(flag(&key)).await;
        world.submit(targeting("production", &key, &json!([]))).await;
        world.start(rollout(n, &key)).await;
    }
    let now = world.at(0);
    let items: Json = (0..ITEMS_MAX).map(|n| event("error", &format!("person-{n}"), &now)).collect();
    let response = world.report(1, items.clone()).await;
    assert_eq!((response.accepted, response.duplicate), (ITEMS_MAX, false));
    assert!(world.report(1, items).await.duplicate);
    for n in [1, 21] {
        assert_eq!(units_of(&*store, n).await, ITEMS_MAX);
    }
}

#[tokio::test]
async fn what_the_store_refuses_is_an_error_and_not_counted() {
    let (world, store) = World::memory().await;
    world.start(rollout(1, "checkout")).await;
    let (treated, _) = world.people(2, 1);
    for who in &treated {
        world.meet("checkout", who);
    }
    world.settle().await;
    world.forward(1);
    let items = |who: &str| json!([event("error", who, &world.at(0))]);
    store.fail_next(Call::JournalAppend, Fault::Refused);
    let error = world.try_report(1, items(&treated[0])).await.unwrap_err();
    assert!(matches!(error, ReportError::Store(_)), "{error:?}");
    world.settle().await;
    assert_eq!(world.view(1).guardrails[0].treated, 0);
    assert!(!world.report(1, items(&treated[0])).await.duplicate);

    // A lost answer leads to a second try, and that one to the truth.
    store.fail_next(Call::JournalAppend, Fault::AnswerLost);
    assert!(world.try_report(2, items(&treated[1])).await.is_err());
    assert!(world.report(2, items(&treated[1])).await.duplicate);
    world.settle().await;
    assert_eq!(world.view(1).guardrails[0].treated, 2);
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_restart_in_memory() {
    let (world, store) = World::memory().await;
    world.start(tracked(1)).await;
    let version = world.snapshot().version;
    let (treated, _) = world.people(1, 1);
    let items = json!([
        exposure(1, version, &treated[0], "on", &world.at(0)),
        event("error", &treated[0], &world.at(0))
    ]);
    world.report(1, items).await;
    let restarted = world.again(Arc::new(store.restarted())).await;
    restarted.settle().await;
    assert_eq!(restarted.view(1).exposed_treated, 1);
    assert_eq!(restarted.view(1).guardrails[0].treated, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_restart_on_disk() {
    let home = tempfile::tempdir().unwrap();
    let clock = ManualClock::new(NOON);
    let open = || async { Arc::new(SqliteStore::open(home.path(), Arc::new(clock.clone())).await.unwrap()) };
    let store = open().await;
    let world = World::on(store.clone(), &clock, &Arc::new(SeededEntropy::new(1))).await;
    world.set_up().await;
    world.start(tracked(1)).await;
    let version = world.snapshot().version;
    let (treated, control) = world.people(3, 1);
    let mut batch = 0;
    for who in &treated {
        batch += 1;
        let items = json!([exposure(1, version, who, "on", &world.at(0)), event("error", who, &world.at(0))]);
        world.report(batch, items).await;
        if batch == 1 {
            world.settle().await;
        }
    }
    world.report(9, json!([exposure(1, version, &control[0], "off", &world.at(0))])).await;
    store.close().await;

    let store = open().await;
    let world = world.again(store.clone()).await;
    let again = json!([exposure(1, version, &control[0], "off", &world.at(0))]);
    assert!(world.report(9, again).await.duplicate);
    world.settle().await;
    assert_eq!((world.view(1).exposed_treated, world.view(1).exposed_control), (3, 1));
    assert_eq!(world.view(1).guardrails[0].treated, 3);
    crate::ledger::assert_is_fold(&world, &*store, 1).await;
    store.close().await;
}
