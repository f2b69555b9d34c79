//! One look after another: nothing is counted or decided twice, nothing that fails is lost, and letting more people
//! in takes fresh knowledge and a store that works.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use sapwood_core::command::Step;
use sapwood_engine::{ManualClock, MemoryStore, SeededEntropy, Store};
use sapwood_store::{Call, Fault, SqliteStore};
use serde_json::json;

use crate::expose::{exposures, journal};
use crate::faulty::{Faulty, failed};
use crate::ledger::{assert_is_fold, saved};
use crate::world::{
    NOON, World, but, count, event, flag, kinds, log, rollout, segment, targeting, to_segment,
};

/// A number that no two moments share.
fn batch_of_now(world: &World) -> u32 {
    u32::try_from(world.engine.now().seconds_since(NOON)).unwrap() + 1_000
}

/// Everybody comes by, the source says that it is alive, and a minute passes. Nobody looks.
async fn minute_unseen(world: &World, people: usize) {
    let (treated, control) = world.people(people, 1);
    for who in treated.iter().chain(&control) {
        world.meet("checkout", who);
    }
    let alive = json!([{"type": "alive", "metric": "error", "at": world.at(0)}]);
    world.report(batch_of_now(world), alive).await;
    world.forward(60);
}

async fn minute(world: &World, people: usize) {
    minute_unseen(world, people).await;
    world.settle().await;
}

/// Those of the treated report an error.
async fn harm(world: &World, n: usize) {
    let (treated, _) = world.people(n, 1);
    let items = treated.iter().map(|who| event("error", who, &world.at(0)));
    world.report(batch_of_now(world) + 500_000, items.collect()).await;
}

#[tokio::test]
async fn settling_twice_changes_nothing() {
    let (world, store) = World::memory().await;
    world.start(rollout(1, "checkout")).await;
    let faulty = Faulty::new(store.clone());
    let world = world.again(faulty.clone()).await;
    minute(&world, 10).await;
    harm(&world, 3).await;
    world.settle().await;
    let before = (log(&*store).await, saved(&*store, 1).await, world.view(1));
    let calls = faulty.calls();
    for _ in 0..3 {
        world.settle().await;
    }
    // Each looked for the journal's end and wrote nothing.
    assert_eq!(faulty.calls() - calls, 3);
    assert_eq!((log(&*store).await, saved(&*store, 1).await, world.view(1)), before);
    assert_is_fold(&world, &*store, 1).await;
}

#[tokio::test]
async fn a_rollout_climbs_and_completes_and_says_why() {
    let (world, store) = World::memory().await;
    world.start(rollout(1, "checkout")).await;
    let mut sentences = Vec::new();
    for _ in 0..6 {
        minute(&world, 12).await;
        sentences.push(world.view(1).sentence);
        assert_is_fold(&world, &*store, 1).await;
    }
    assert_eq!(sentences[0], "On 50 %: waiting for 1 more minute of fresh data");
    assert_eq!(count(&*store, "stage_entered.v1").await, 2);
    assert_eq!(count(&*store, "rollout_completed.v1").await, 1);
    let completed = log(&*store).await.pop().unwrap();
    assert!(completed.body.contains("The last stage, 95 %, held for its whole bake"), "{}", completed.body);
    // One stage per look at most, and nothing after the end.
    assert_eq!(world.serves("checkout", "whoever").unwrap(), "on");
}

/// A shop whose store has a clock of its own.
async fn with_two_clocks() -> (World, Arc<MemoryStore>, ManualClock) {
    let (clock, of_store) = (ManualClock::new(NOON), ManualClock::new(NOON));
    let store = Arc::new(MemoryStore::new(Arc::new(of_store.clone())));
    let world = World::on(store.clone(), &clock, &Arc::new(SeededEntropy::new(1))).await;
    world.set_up().await;
    world.start(rollout(1, "checkout")).await;
    (world, store, of_store)
}

#[tokio::test]
async fn a_stale_decision_lets_nobody_in_and_is_made_again() {
    let (world, store, of_store) = with_two_clocks().await;
    minute(&world, 12).await;
    minute_unseen(&world, 12).await;
    of_store.set(world.engine.now().plus_seconds(6));
    world.settle().await;
    assert_eq!(count(&*store, "stage_entered.v1").await, 1);
    of_store.set(world.engine.now().plus_seconds(5));
    world.settle().await;
    assert_eq!(count(&*store, "stage_entered.v1").await, 2);
}

#[tokio::test]
async fn stopping_is_never_too_late() {
    let (world, store, of_store) = with_two_clocks().await;
    minute(&world, 20).await;
    of_store.set(world.engine.now().plus_seconds(3_600));
    world.forward(600);
    world.settle().await;
    assert_eq!(count(&*store, "rollout_held.v1").await, 1);
    of_store.set(world.engine.now().plus_seconds(3_600));
    harm(&world, 20).await;
    world.settle().await;
    assert_eq!(count(&*store, "rollout_rolled_back.v1").await, 1);
}

#[tokio::test]
async fn harm_is_acted_on_even_if_nothing_can_be_saved() {
    for call in [Call::LedgerSave, Call::JournalAppend] {
        let (world, store) = World::memory().await;
        world.start(rollout(1, "checkout")).await;
        minute(&world, 20).await;
        harm(&world, 20).await;
        world.meet("checkout", "bob");
        store.fail_next(call, Fault::Refused);
        world.engine.settle().await.unwrap_err();
        assert_eq!(count(&*store, "rollout_rolled_back.v1").await, 1, "{call:?}");
        world.settle().await;
        assert_is_fold(&world, &*store, 1).await;
    }
}

#[tokio::test]
async fn nobody_is_let_in_while_evidence_cannot_be_stored() {
    let (world, store) = World::memory().await;
    world.start(rollout(1, "checkout")).await;
    minute(&world, 12).await;
    minute_unseen(&world, 12).await;
    store.fail_next(Call::LedgerSave, Fault::Refused);
    world.engine.settle().await.unwrap_err();
    assert_eq!(count(&*store, "stage_entered.v1").await, 1);
    let sentence = world.view(1).sentence;
    assert!(sentence.ends_with("on to 95 %, as soon as storage works again"), "{sentence}");
    world.settle().await;
    assert_eq!(count(&*store, "stage_entered.v1").await, 2);
    assert_is_fold(&world, &*store, 1).await;
}

#[tokio::test]
async fn a_journal_that_cannot_be_read_is_read_later() {
    let (world, store) = World::memory().await;
    world.start(rollout(1, "checkout")).await;
    let faulty = Faulty::new(store.clone());
    let world = world.again(faulty.clone()).await;
    minute(&world, 12).await;
    harm(&world, 2).await;
    let seen = world.view(1);
    faulty.fail_once("journal_read", failed);
    world.engine.settle().await.unwrap_err();
    assert_eq!(world.view(1).guardrails, seen.guardrails);
    world.settle().await;
    assert_eq!(world.view(1).guardrails[0].treated, 2);
    // After a save that failed everything is loaded again; should that fail too, what is known stays known.
    harm(&world, 4).await;
    store.fail_next(Call::LedgerSave, Fault::Refused);
    world.forward(1);
    harm(&world, 5).await;
    world.engine.settle().await.unwrap_err();
    for call in ["ledger_offset", "sources_load", "ledger_load"] {
        faulty.fail_once(call, failed);
        world.engine.settle().await.unwrap_err();
        assert_eq!(world.view(1).guardrails[0].treated, 5, "{call}");
    }
    world.settle().await;
    assert_eq!(world.view(1).guardrails[0].treated, 5);
    assert_is_fold(&world, &*store, 1).await;
}

/// Drops a look while the store is at work on `call`.
async fn leave_during(world: &World, done: impl AsyncFn() -> bool) {
    let mut look = std::pin::pin!(world.engine.settle());
    let mut context = Context::from_waker(Waker::noop());
    while !done().await {
        assert!(matches!(look.as_mut().poll(&mut context), Poll::Pending));
    }
}

#[tokio::test]
async fn a_look_cut_short_counts_nothing_twice_and_loses_nothing() {
    let (world, store) = World::memory().await;
    world.start(rollout(1, "checkout")).await;
    let faulty = Faulty::new(store.clone());
    let world = world.again(faulty.clone()).await;
    world.meet("checkout", "bob");
    faulty.linger("journal_append");
    leave_during(&world, async || !journal(&*store).await.is_empty()).await;
    world.settle().await;
    assert_eq!(journal(&*store).await.len(), 2);

    minute_unseen(&world, 12).await;
    harm(&world, 4).await;
    let offset = store.ledger_offset().await.unwrap();
    faulty.linger("ledger_save");
    leave_during(&world, async || store.ledger_offset().await.unwrap() > offset).await;
    faulty.linger("nothing");
    more_harm(&world, 6).await;
    assert_is_fold(&world, &*store, 1).await;

    // The same, but the look ends before the store got to it.
    world.forward(1);
    harm(&world, 7).await;
    faulty.stall("ledger_save");
    leave_during(&world, async || faulty.had_it()).await;
    more_harm(&world, 8).await;
    assert_is_fold(&world, &*store, 1).await;
    world.meet("checkout", "ben");
    faulty.stall("journal_append");
    leave_during(&world, async || faulty.had_it()).await;
    world.settle().await;
    assert_eq!(exposures(&journal(&*store).await), 26);
    assert_is_fold(&world, &*store, 1).await;
}

async fn more_harm(world: &World, n: usize) {
    world.forward(1);
    harm(world, n).await;
    world.settle().await;
    assert_eq!(world.view(1).guardrails[0].treated, u64::try_from(n).unwrap());
}

#[tokio::test]
async fn what_arrives_with_the_end_is_still_counted_and_then_let_go() {
    let (world, store) = World::memory().await;
    world.start(rollout(1, "checkout")).await;
    minute(&world, 12).await;
    harm(&world, 3).await;
    world.meet("checkout", "bob");
    // Reported before the end, folded after it.
    world.step(1, Step::RollBack).await;
    world.settle().await;
    let view = world.view(1);
    assert_eq!(view.guardrails[0].treated, 3);
    assert_eq!(view.exposed_treated + view.exposed_control, 25);
    assert_is_fold(&world, &*store, 1).await;

    // Later still, from a queue somewhere: the ledger is fetched again, not begun anew.
    let late: Vec<_> = store.journal_read(0, 1_000).await.unwrap();
    let mut batch = late.last().unwrap().1.clone();
    batch.id = uuid::Uuid::from_u128(4711);
    store.journal_append(vec![batch]).await.unwrap();
    world.settle().await;
    assert_eq!(world.view(1), view);
    assert_is_fold(&world, &*store, 1).await;

    let restarted = world.again(Arc::new(store.restarted())).await;
    assert_eq!(restarted.view(1), view);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_everything_but_the_log_every_answer_is_the_same() {
    let home = tempfile::tempdir().unwrap();
    let clock = ManualClock::new(NOON);
    let open = || async { Arc::new(SqliteStore::open(home.path(), Arc::new(clock.clone())).await.unwrap()) };
    let store = open().await;
    let world = World::on(store.clone(), &clock, &Arc::new(SeededEntropy::new(1))).await;
    world.set_up().await;
    world.submit(flag("search")).await;
    world.submit(targeting("production", "search", &to_segment("staff"))).await;
    world.submit(segment("staff", &["sam"])).await;
    world.submit(flag("basket")).await;
    world.submit(targeting("production", "basket", &json!([]))).await;
    world.start(rollout(1, "checkout")).await;
    minute(&world, 12).await;
    minute(&world, 12).await;
    world.start(but(rollout(2, "basket"), json!({"ladder": {"stages": [{"share": 30_000}]}}))).await;
    world.step(2, Step::RollBack).await;
    let answers = |world: &World| {
        let people = (0..500).map(|n| format!("person-{n}")).chain(["sam".to_owned(), "sue".to_owned()]);
        let people: Vec<_> = people.collect();
        let of =
            |flag: &'static str| people.iter().map(move |who| world.serves(flag, who)).collect::<Vec<_>>();
        (["checkout", "search", "basket"].map(of), world.snapshot().version)
    };
    let before = answers(&world);
    assert_eq!(world.view(1).stage, 2);
    store.close().await;

    let mut deleted = 0;
    for file in std::fs::read_dir(home.path()).unwrap().map(Result::unwrap) {
        if file.file_name().to_string_lossy().starts_with("evidence") {
            std::fs::remove_file(file.path()).unwrap();
            deleted += 1;
        }
    }
    assert!(deleted > 0);
    let store = open().await;
    let world = world.again(store.clone()).await;
    assert_eq!(answers(&world), before);
    assert_eq!(world.view(1).stage, 2);
    world.settle().await;
    assert_eq!(answers(&world), before);
    store.close().await;
}

#[tokio::test]
async fn rollouts_that_ended_long_ago_are_read_but_not_kept() {
    let (world, store) = World::memory().await;
    for n in 1..=20 {
        let key = format!("flag-{n}");
        world.submit(flag(&key)).await;
        world.submit(targeting("production", &key, &json!([]))).await;
        world.start(rollout(n, &key)).await;
        world.meet(&key, "bob");
        world.settle().await;
        world.step(n, Step::RollBack).await;
    }
    world.settle().await;
    let exposed = |world: &World| -> u64 {
        (1..=20).map(|n| world.view(n)).map(|view| view.exposed_treated + view.exposed_control).sum()
    };
    assert_eq!(exposed(&world), 20);
    let faulty = Faulty::new(Arc::new(store.restarted()));
    let restarted = world.again(faulty.clone()).await;
    assert_eq!(exposed(&restarted), 16);
    restarted.settle().await;
    assert_eq!(exposed(&restarted), 20);
    let calls = faulty.calls();
    restarted.settle().await;
    // The journal's end, and nothing else.
    assert_eq!(faulty.calls() - calls, 1);
    assert!(!kinds(&*store).await.contains(&"rollout_held.v1".to_owned()));
}
