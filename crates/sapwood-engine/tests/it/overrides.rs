//! Local overrides: in force without the store, in the log once, and what counts when they disagree.

use sapwood_core::command::Command;
use sapwood_engine::{Engine, Override, Overrides, What};
use serde_json::json;
use uuid::Uuid;

use crate::faulty::{Faulty, failed};
use crate::world::{
    World, ann, count, kinds, production, rollout, segment, serves, shop, targeting, to_segment,
};

fn said(id: u128, flag: &str, what: What) -> Override {
    Override {
        id: Uuid::from_u128(id),
        project: shop(),
        environment: "production".parse().unwrap(),
        flag: flag.parse().unwrap(),
        what,
        by: "bea".to_owned(),
        at: crate::world::NOON,
        reason: "It burns".to_owned(),
    }
}

fn set(engine: &Engine, all: &[Override]) -> Overrides {
    let mut overrides = Overrides::default();
    for one in all {
        overrides.set(one.clone()).unwrap();
    }
    engine.set_overrides(&overrides);
    overrides
}

fn on() -> What {
    What::Variant("on".parse().unwrap())
}

#[tokio::test]
async fn they_are_in_force_at_once_and_survive_changes_and_restarts() {
    let (world, store) = World::memory().await;
    world.submit(targeting("production", "checkout", &to_segment("staff"))).await;
    assert_eq!(world.serves("checkout", "sam").as_deref(), Some("on"));
    let overrides = set(&world.engine, &[said(1, "checkout", What::Off)]);
    assert_eq!(world.serves("checkout", "sam").as_deref(), Some("off"));
    // Whatever is compiled again, one flag or all of them, is overridden again.
    world.submit(targeting("production", "checkout", &json!([]))).await;
    world.submit(targeting("production", "checkout", &to_segment("staff"))).await;
    world.submit(segment("staff", &["sam", "kim"])).await;
    assert_eq!(world.serves("checkout", "sam").as_deref(), Some("off"));
    world.engine.record_overrides().await.unwrap();
    world.engine.record_overrides().await.unwrap();
    assert_eq!(count(store.as_ref(), "break_glass_set.v1").await, 1);

    // The log alone is enough once it knows, and the file is enough before it does.
    let other = world.again(store.clone()).await;
    assert_eq!(other.serves("checkout", "sam").as_deref(), Some("off"));
    other.engine.set_overrides(&overrides);
    assert_eq!(other.engine.overridden().len(), 1);
    set(&other.engine, &[said(2, "checkout", What::Lifted)]);
    assert_eq!(other.serves("checkout", "sam").as_deref(), Some("on"));
    other.engine.record_overrides().await.unwrap();
    assert_eq!(kinds(store.as_ref()).await.last().unwrap(), "break_glass_lifted.v1");
    assert_eq!(world.again(store).await.serves("checkout", "sam").as_deref(), Some("on"));
}

#[tokio::test]
async fn a_store_that_fails_keeps_nobody_from_stopping() {
    let (world, store) = World::memory().await;
    world.submit(targeting("production", "checkout", &to_segment("staff"))).await;
    let faulty = Faulty::new(store.clone());
    let broken = world.again(faulty.clone()).await;
    faulty.fail_once("append", failed);
    set(&broken.engine, &[said(1, "checkout", What::Off)]);
    assert_eq!(broken.serves("checkout", "sam").as_deref(), Some("off"));
    broken.engine.record_overrides().await.unwrap_err();
    assert_eq!(broken.serves("checkout", "sam").as_deref(), Some("off"));
    assert_eq!(count(store.as_ref(), "break_glass_set.v1").await, 0);
    broken.engine.record_overrides().await.unwrap();
    assert_eq!(count(store.as_ref(), "break_glass_set.v1").await, 1);
}

#[tokio::test]
async fn a_rollout_is_paused_when_it_begins_and_opens_an_epoch_when_it_ends() {
    let (world, store) = World::memory().await;
    world.start(rollout(1, "checkout")).await;
    let epoch = world.view(1).epoch;
    set(&world.engine, &[said(1, "checkout", on())]);
    world.engine.record_overrides().await.unwrap();
    let said_so = kinds(store.as_ref()).await;
    assert_eq!(said_so[said_so.len() - 3..], ["break_glass_set.v1", "epoch_opened.v1", "rollout_held.v1"]);
    set(&world.engine, &[said(2, "checkout", What::Lifted)]);
    world.engine.record_overrides().await.unwrap();
    assert_eq!((world.view(1).epoch, world.view(1).cause.as_deref()), (epoch + 2, Some("edit")));
}

#[tokio::test]
async fn streams_hear_of_it_before_the_log_does() {
    let (world, _) = World::memory().await;
    world.submit(targeting("production", "checkout", &to_segment("staff"))).await;
    let mut follower = world.engine.follow(&production()).unwrap();
    let before = follower.now().mark;
    world.forward(1);
    set(&world.engine, &[said(1, "checkout", What::Off)]);
    let overridden = follower.next().await.unwrap();
    assert!(overridden.mark > before, "{} {before}", overridden.mark);
    assert_eq!(serves(&overridden.snapshot, "checkout", "sam").as_deref(), Some("off"));
    world.engine.record_overrides().await.unwrap();
    let recorded = follower.next().await.unwrap();
    assert!(recorded.mark > overridden.mark);
    assert_eq!(serves(&recorded.snapshot, "checkout", "sam").as_deref(), Some("off"));
}

#[tokio::test]
async fn what_means_nothing_changes_nothing() {
    let (world, store) = World::memory().await;
    let before = kinds(store.as_ref()).await.len();
    let mut elsewhere = said(3, "checkout", What::Off);
    elsewhere.project = "nowhere".parse().unwrap();
    let mut staging = said(4, "checkout", What::Off);
    staging.environment = "nowhere".parse().unwrap();
    let nothing = What::Variant("blue".parse().unwrap());
    let unknown = said(1, "checkout", nothing);
    let all = [unknown, said(2, "not-there", What::Off), elsewhere, staging];
    set(&world.engine, &all);
    assert_eq!(world.engine.overridden(), []);
    let refused = world.engine.record_overrides().await.unwrap_err().to_string();
    assert!(refused.contains("no variant `blue`"), "{refused}");
    set(&world.engine, &[said(5, "checkout", What::Lifted)]);
    world.engine.record_overrides().await.unwrap();
    assert_eq!(kinds(store.as_ref()).await.len(), before, "nothing was overridden, so nothing is lifted");
}

/// A retired flag takes what was said of it with it.
#[tokio::test]
async fn a_flag_that_is_gone_is_not_spoken_of() {
    let (world, _) = World::memory().await;
    set(&world.engine, &[said(1, "checkout", on())]);
    world.engine.record_overrides().await.unwrap();
    let retire = Command::RetireFlag { flag: "checkout".parse().unwrap() };
    world.engine.submit(&shop(), ann(), retire).await.unwrap();
    assert_eq!(world.engine.overridden(), []);
    world.engine.record_overrides().await.unwrap();
}

#[test]
fn a_file_holds_one_of_each_and_forgets_what_is_lifted_first() {
    let mut overrides = Overrides::default();
    for n in 0..sapwood_engine::limits::OVERRIDES_MAX {
        let what = if n == 7 { What::Lifted } else { What::Off };
        overrides.set(said(1, &format!("flag-{n}"), what)).unwrap();
    }
    overrides.set(said(2, "flag-3", on())).unwrap();
    assert_eq!(overrides.all().last().unwrap().what, on());
    overrides.set(said(3, "one-more", What::Off)).unwrap();
    let full = overrides.set(said(4, "too-many", What::Off)).unwrap_err();
    assert!(full.contains("lift some first"), "{full}");
    assert!(overrides.all().iter().all(|one| one.flag.as_str() != "flag-7"));
    let line = overrides.to_line().unwrap();
    assert_eq!(Overrides::from_line(&line).unwrap(), overrides);
    let newer = line.replacen("\"format\":1", "\"format\":2", 1);
    assert!(Overrides::from_line(&newer).unwrap_err().contains("format 2"));
}
