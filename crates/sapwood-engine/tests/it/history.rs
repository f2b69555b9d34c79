//! The log searched, compared, and taken back.

use sapwood_core::entry::Actor;
use sapwood_core::id::Stream;
use sapwood_core::rejection::Rejection;
use sapwood_engine::{HistoryError, LogFilter, SubmitError};
use serde_json::json;

use crate::faulty::Faulty;
use crate::world::{
    HOLD, World, ann, flag, kinds, log, metric, rollout, segment, shop, targeting, to_segment,
};

fn stream() -> Stream {
    Stream::Project(shop())
}

async fn versions(world: &World, filter: LogFilter) -> Vec<u64> {
    let page = world.engine.search_log(&stream(), 0, 500, &filter).await.unwrap();
    page.entries.iter().map(|entry| entry.version).collect()
}

#[tokio::test]
async fn entries_are_found_by_what_they_are() {
    let (world, store) = World::memory().await;
    world.start(rollout(1, "checkout")).await;
    world.forward(60);
    let later = world.engine.now();
    world.step(1, HOLD).await;
    let all = log(store.as_ref()).await;
    let last = all.last().unwrap().version;
    let found = |wanted: fn(&str) -> bool| -> Vec<u64> {
        all.iter().filter(|entry| wanted(&entry.kind)).map(|entry| entry.version).collect()
    };
    for (filter, expected) in [
        (LogFilter::default(), all.iter().map(|entry| entry.version).collect()),
        (LogFilter { since: Some(later), ..LogFilter::default() }, vec![last]),
        (
            LogFilter { kind: Some("targeting_set".to_owned()), ..LogFilter::default() },
            found(|k| k == "targeting_set.v1"),
        ),
        (LogFilter { kind: Some("rollout_held.v1".to_owned()), ..LogFilter::default() }, vec![last]),
        (LogFilter { kind: Some("rollout".to_owned()), ..LogFilter::default() }, vec![]),
        (LogFilter { actor: Some("ann".to_owned()), ..LogFilter::default() }, found(|_| true)),
        (LogFilter { actor: Some("system".to_owned()), ..LogFilter::default() }, vec![]),
        (
            LogFilter { resource: "segments/staff".parse().ok(), ..LogFilter::default() },
            found(|k| k == "segment_defined.v1"),
        ),
    ] {
        assert_eq!(versions(&world, filter.clone()).await, expected, "{filter:?}");
    }
    let mut after = 0;
    let mut paged = Vec::new();
    loop {
        let page = world.engine.search_log(&stream(), after, 2, &LogFilter::default()).await.unwrap();
        paged.extend(page.entries.iter().map(|entry| entry.version));
        let Some(next) = page.next else { break };
        after = next;
    }
    assert_eq!(paged, (1..=last).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_difference_is_told_in_either_direction_and_up_to_the_head() {
    let (world, _) = World::memory().await;
    let before = world.engine.read(&shop(), |state| state.version).unwrap();
    world.submit(targeting("production", "checkout", &to_segment("staff"))).await;
    world.submit(metric("latency")).await;
    let diff = world.engine.diff(&shop(), before + 2, before).await.unwrap();
    assert_eq!((diff.from, diff.to), (before, before + 2));
    let names: Vec<_> = diff.changes.iter().map(|change| change.resource.to_string()).collect();
    assert_eq!(names, ["environments/production/flags/checkout", "metrics/latency"]);
    assert_eq!(diff.changes[0].fields()[0].path, "/targeting/rules/named");
    let error = world.engine.diff(&shop(), 1, 1_000).await.unwrap_err();
    assert!(
        matches!(error, HistoryError::BeyondHead { version: 1_000, head } if head == before + 2),
        "{error}"
    );
}

#[tokio::test]
async fn an_entry_is_taken_back_by_a_new_one_and_people_get_what_they_had() {
    let (world, store) = World::memory().await;
    let changed = world.submit(targeting("production", "checkout", &to_segment("staff"))).await;
    assert_eq!(world.serves("checkout", "sam").as_deref(), Some("on"));
    let reverted =
        world.engine.revert(&shop(), Actor::User("bea".to_owned()), changed.version).await.unwrap();
    assert_eq!(reverted.version, changed.version + 1);
    assert_eq!(world.serves("checkout", "sam").as_deref(), Some("off"));
    let last = log(store.as_ref()).await.pop().unwrap();
    assert_eq!((last.kind.as_str(), &last.actor), ("targeting_set.v1", &Actor::User("bea".to_owned())));
    // Taken back is a change like any other, which can be taken back itself.
    world.engine.revert(&shop(), ann(), last.version).await.unwrap();
    assert_eq!(world.serves("checkout", "sam").as_deref(), Some("on"));
    let refused = world.engine.revert(&shop(), ann(), changed.version).await.unwrap_err();
    let HistoryError::Submit(SubmitError::Rejected(Rejection::TouchedLater { later, .. })) = refused else {
        panic!("{refused}")
    };
    assert_eq!(later, [changed.version + 1, changed.version + 2]);
}

#[tokio::test]
async fn taking_back_what_a_rollout_stands_on_pauses_it() {
    let (world, store) = World::memory().await;
    let with_ring = json!([{"ring": "staff"}, {"share": 50_000}]);
    let mut body = rollout(1, "checkout");
    body["ladder"]["stages"] = with_ring;
    let edited = world.submit(segment("staff", &["sam"])).await;
    world.start(body).await;
    world.engine.revert(&shop(), ann(), edited.version).await.unwrap();
    let kinds = kinds(store.as_ref()).await;
    assert_eq!(kinds[kinds.len() - 3..], ["segment_defined.v1", "epoch_opened.v1", "rollout_held.v1"]);
    assert_eq!(world.view(1).cause.as_deref(), Some("edit"));
    let held = world.engine.revert(&shop(), ann(), u64::try_from(kinds.len()).unwrap()).await.unwrap_err();
    assert!(held.to_string().contains("not taken back"), "{held}");
}

/// Somebody defines the same thing while an entry about it is being taken back: either that is the list, or the old
/// value came first. Never is it lost.
#[tokio::test]
async fn a_change_meanwhile_is_not_overwritten() {
    let (world, store) = World::memory().await;
    let faulty = Faulty::new(store.clone());
    let other = world.again(faulty).await;
    let changed = world.submit(segment("staff", &["sam"])).await;
    // The other engine has not seen this one; its append conflicts, and it looks again.
    world.submit(segment("staff", &["sue"])).await;
    let refused = other.engine.revert(&shop(), ann(), changed.version).await.unwrap_err();
    let later = format!("entry {}", changed.version + 1);
    assert!(refused.to_string().contains(&later), "{refused}");
    other.engine.revert(&shop(), ann(), changed.version + 1).await.unwrap();
    world.again(store).await.engine.revert(&shop(), ann(), changed.version + 2).await.unwrap();
    let missing = other.engine.revert(&"nowhere".parse().unwrap(), ann(), 1).await.unwrap_err();
    assert!(matches!(missing, HistoryError::Submit(SubmitError::UnknownProject(_))), "{missing}");
}

#[tokio::test]
async fn retired_keys_and_first_definitions_stay() {
    let (world, _) = World::memory().await;
    let made = world.submit(flag("other")).await;
    let retired =
        world.submit(sapwood_core::command::Command::RetireFlag { flag: "other".parse().unwrap() }).await;
    for (version, word) in [(made.version, "retire it"), (retired.version, "never used again")] {
        let refused = world.engine.revert(&shop(), ann(), version).await.unwrap_err().to_string();
        assert!(refused.contains(word), "{refused}");
    }
}
