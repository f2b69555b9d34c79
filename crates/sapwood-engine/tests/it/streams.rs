//! Streams: what is said when, to whom, in which order, and what becomes of the slow and of the too many.

use std::sync::Arc;

use sapwood_api::stream::Activity;
use sapwood_core::command::Step;
use sapwood_core::time::Timestamp;
use sapwood_engine::limits::{STREAM_BACKLOG_MAX, STREAMS_MAX};
use sapwood_engine::{Clock, Engine, ManualClock, MemoryStore, Next, SeededEntropy, Subscription};
use serde_json::json;

use crate::world::{NOON, World, flag, place, production, rollout, segment, targeting};

/// What was said until now, as words.
async fn said(subscription: &mut Subscription) -> Vec<(u64, String)> {
    let mut all = Vec::new();
    // Nothing more is coming once the engine stands still, so the first wait ends it.
    while let Ok(next) = tokio::time::timeout(std::time::Duration::ZERO, subscription.next()).await {
        match next {
            Next::Message(message) => {
                let word = match &*message.activity {
                    Activity::Entry { entry } => {
                        assert_eq!(entry.version, message.version);
                        entry.kind.clone()
                    }
                    Activity::Rollout { rollout } => format!("{} {}", rollout.state, rollout.sentence),
                    Activity::Turned { at, flags } => format!("turned {at} {}", flags.join(" ")),
                };
                all.push((message.version, word));
            }
            Next::Missed => all.push((0, "missed".to_owned())),
            Next::Closed => {
                all.push((0, "closed".to_owned()));
                return all;
            }
        }
    }
    all
}

fn words(said: &[(u64, String)]) -> Vec<&str> {
    said.iter().map(|(_, word)| word.as_str()).collect()
}

#[tokio::test]
async fn entries_and_looks_are_told_to_the_environments_they_concern() {
    let (world, _) = World::memory().await;
    let mut here = world.engine.subscribe(&production()).unwrap();
    let mut there = world.engine.subscribe(&place("staging")).unwrap();
    assert!(world.engine.subscribe(&place("moon")).is_none());
    world.submit(flag("search")).await;
    world.submit(targeting("production", "search", &json!([]))).await;
    world.start(rollout(1, "checkout")).await;
    let began = "running On 50 % since 12:00; the next look comes within a second";
    let told = said(&mut here).await;
    let expected = ["flag_defined.v1", "targeting_set.v1", "rollout_started.v1", "stage_entered.v1", began];
    assert_eq!(words(&told), expected);
    assert_eq!(told.last().unwrap().0, world.snapshot().version);
    assert_eq!(words(&said(&mut there).await), ["flag_defined.v1"]);

    world.settle().await;
    let look = "running On 50 %: waiting for 2 more minutes of fresh data and 0 of 10 treated subjects and 0 of \
                10 control subjects";
    assert_eq!(words(&said(&mut here).await), [look]);
    // A look that sees nothing new says nothing.
    world.settle().await;
    assert_eq!(words(&said(&mut here).await), Vec::<&str>::new());
    world.step(1, Step::RollBack).await;
    assert_eq!(words(&said(&mut here).await), ["rollout_rolled_back.v1", "rolled_back Ann says so"]);
    drop(world);
    assert_eq!(words(&said(&mut here).await), ["closed"]);
}

#[tokio::test]
async fn what_another_process_appended_is_told_too() {
    let (one, store) = World::memory().await;
    let other = one.again(store.clone()).await;
    let mut reader = other.engine.subscribe(&production()).unwrap();
    one.submit(flag("search")).await;
    one.submit(flag("basket")).await;
    other.submit(segment("beta", &["bob"])).await;
    let told = said(&mut reader).await;
    assert_eq!(words(&told), ["flag_defined.v1", "flag_defined.v1", "segment_defined.v1"]);
    assert!(told.is_sorted());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_are_told_in_order_whoever_makes_them() {
    let (world, _) = World::memory().await;
    let mut reader = world.engine.subscribe(&production()).unwrap();
    let first = world.snapshot().version;
    let writers = (0..4).map(|writer| {
        let engine = world.engine.clone();
        tokio::spawn(async move {
            for turn in 0..50 {
                let command = segment(&format!("w{writer}-{turn}"), &["sam"]);
                engine.submit(&crate::world::shop(), crate::world::ann(), command).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let told: Vec<u64> = said(&mut reader).await.into_iter().map(|(version, _)| version).collect();
    assert_eq!(told, (first + 1..=first + 200).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_slow_reader_is_told_that_it_missed_something() {
    let (world, _) = World::memory().await;
    let mut slow = world.engine.subscribe(&production()).unwrap();
    for n in 0..=STREAM_BACKLOG_MAX {
        world.submit(flag(&format!("flag-{n}"))).await;
    }
    let told = said(&mut slow).await;
    assert_eq!(told[0].1, "missed");
    assert_eq!(told.len(), STREAM_BACKLOG_MAX + 1);
    assert_eq!(told.last().unwrap().0, world.snapshot().version);
}

#[tokio::test]
async fn places_are_given_back() {
    let (world, _) = World::memory().await;
    let scopes = [production(), place("staging")];
    let mut open: Vec<_> =
        (0..STREAMS_MAX).map(|n| world.engine.subscribe(&scopes[n % 2]).unwrap()).collect();
    assert!(world.engine.subscribe(&scopes[0]).is_none());
    open.pop();
    let again = world.engine.subscribe(&scopes[1]).unwrap();
    assert!(world.engine.subscribe(&scopes[0]).is_none());
    drop((again, open));
    assert!(world.engine.subscribe(&scopes[0]).is_some());
}

#[tokio::test]
async fn a_date_in_the_rules_is_told_when_it_is_reached() {
    let (world, _) = World::memory().await;
    let opens =
        |at: &str| json!([{"id": "sale", "when": {"now": {"after": at}}, "serve": {"variant": "on"}}]);
    let soon = world.at(90);
    world.submit(targeting("production", "checkout", &opens(&soon))).await;
    world.submit(flag("basket")).await;
    let asks = json!([{"id": "with", "when": {"serves": {"flag": "checkout", "variants": ["on"]}}, "serve": {"variant": "on"}}]);
    world.submit(targeting("production", "basket", &asks)).await;
    let mut here = world.engine.subscribe(&production()).unwrap();
    let mut there = world.engine.subscribe(&place("staging")).unwrap();
    assert_eq!(world.engine.next_turn().map(|at| at.to_string()), Some(soon.clone()));
    world.forward(89);
    world.settle().await;
    assert_eq!(words(&said(&mut here).await), Vec::<&str>::new());
    world.forward(1);
    assert_eq!(world.engine.next_turn(), None);
    world.settle().await;
    let told = said(&mut here).await;
    assert_eq!(told, [(world.snapshot().version, format!("turned {soon} basket checkout"))]);
    world.forward(1);
    world.settle().await;
    assert_eq!(words(&said(&mut here).await), Vec::<&str>::new());
    assert_eq!(words(&said(&mut there).await), Vec::<&str>::new());
}

/// The engine's time is the runtime's, which, paused, jumps from timer to timer.
#[derive(Debug)]
struct RuntimeClock(tokio::time::Instant);

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(NOON.ms() + i64::try_from(self.0.elapsed().as_millis()).unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn a_running_engine_wakes_for_a_date_between_two_looks() {
    let began = tokio::time::Instant::now();
    let clock = Arc::new(RuntimeClock(began));
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let entropy = Arc::new(SeededEntropy::new(1));
    let engine = Engine::open(store, clock, entropy.clone()).await.unwrap();
    let world = World { clock: ManualClock::new(NOON), entropy, engine };
    world.set_up().await;
    let at = json!({"now": {"after": "2026-11-22T12:00:00.500Z"}});
    let rules = json!([{"id": "r", "when": at, "serve": {"variant": "on"}}]);
    world.submit(targeting("production", "checkout", &rules)).await;
    let mut reader = world.engine.subscribe(&production()).unwrap();
    tokio::select! {
        next = reader.next() => {
            let Next::Message(message) = next else { panic!("{next:?}") };
            assert!(matches!(&*message.activity, Activity::Turned { flags, .. } if flags == &["checkout"]));
        }
        () = world.engine.run() => {}
    }
    assert!(began.elapsed() < std::time::Duration::from_millis(600), "{:?}", began.elapsed());
}
