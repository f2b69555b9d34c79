//! What evaluation reads: published whole, never older than before, sharing what did not change.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sapwood_core::entry::{Actor, Draft};
use sapwood_core::id::Stream;
use sapwood_engine::{MemoryStore, Store};
use sapwood_store::Append;
use serde_json::json;
use uuid::Uuid;

use crate::world::{
    World, environment, flag, log, place, production, segment, serves, shop, targeting, to_segment,
};

#[tokio::test]
async fn a_change_is_in_the_very_next_evaluation() {
    let (world, _) = World::memory().await;
    for turn in 0..4 {
        let on = turn % 2 == 0;
        let rules = if on { to_segment("staff") } else { json!([]) };
        let submitted = world.submit(targeting("production", "checkout", &rules)).await;
        assert_eq!(world.serves("checkout", "sam").unwrap(), if on { "on" } else { "off" });
        assert_eq!(world.snapshot().version, submitted.version);
        assert_eq!(world.snapshot().flag_set, "shop/production");
    }
}

#[tokio::test]
async fn environments_do_not_see_each_other() {
    let (world, _) = World::memory().await;
    world.submit(targeting("staging", "checkout", &to_segment("staff"))).await;
    let staging = world.engine.snapshot(&place("staging")).unwrap();
    assert_eq!(serves(&staging, "checkout", "sam").unwrap(), "on");
    assert_eq!(world.serves("checkout", "sam").unwrap(), "off");
    assert!(world.engine.snapshot(&place("moon")).is_none());
}

#[tokio::test]
async fn a_younger_environment_knows_older_segments() {
    let (world, store) = World::memory().await;
    world.submit(environment("canary")).await;
    world.submit(targeting("canary", "checkout", &to_segment("staff"))).await;
    let canary = world.engine.snapshot(&place("canary")).unwrap();
    assert_eq!(serves(&canary, "checkout", "sam").unwrap(), "on");
    let restarted = world.again(Arc::new(store.restarted())).await;
    let canary = restarted.engine.snapshot(&place("canary")).unwrap();
    assert_eq!(serves(&canary, "checkout", "sam").unwrap(), "on");
}

/// An entry that this version can read but not compile, as another version may have written it.
async fn write_unasked(store: &MemoryStore, kind: &str, environment: Option<&str>, body: serde_json::Value) {
    let head = u64::try_from(log(store).await.len()).unwrap();
    let draft = Draft {
        id: Uuid::from_u128(1000 + u128::from(head)),
        kind: kind.to_owned(),
        environment: environment.map(|key| key.parse().unwrap()),
        body: body.to_string(),
    };
    let append = Append {
        stream: Stream::Project(shop()),
        expected: head,
        actor: Actor::System,
        drafts: vec![draft],
        decided: None,
    };
    store.append(append).await.unwrap();
}

#[tokio::test]
async fn a_flag_that_does_not_compile_keeps_its_previous_version_even_after_a_restart() {
    let (world, store) = World::memory().await;
    world.submit(flag("search")).await;
    world.submit(targeting("production", "search", &json!([]))).await;
    world.submit(targeting("production", "checkout", &to_segment("staff"))).await;
    let targeting_of = |key: &str, rules: serde_json::Value| {
        json!({"flag": key, "targeting": {
            "on": true, "off_variant": "off", "rules": rules, "default": {"variant": "off"}
        }})
    };
    let broken = targeting_of("checkout", to_segment("nobody-defined-this"));
    write_unasked(&store, "targeting_set.v1", Some("production"), broken).await;
    let fine = targeting_of("search", to_segment("staff"));
    write_unasked(&store, "targeting_set.v1", Some("production"), fine).await;
    // Losing a race makes this engine fold what another version wrote.
    world.submit(segment("beta", &["bob"])).await;

    let restarted = world.again(Arc::new(store.restarted())).await;
    for world in [&world, &restarted] {
        assert_eq!(world.serves("checkout", "sam").unwrap(), "on");
        assert_eq!(world.serves("checkout", "bob").unwrap(), "off");
        assert_eq!(world.serves("search", "sam").unwrap(), "on");
    }
}

#[tokio::test]
async fn one_changed_flag_leaves_two_thousand_others_where_they_are() {
    let (world, _) = World::memory().await;
    for n in 0..2_000 {
        world.submit(flag(&format!("flag-{n:04}"))).await;
        world.submit(targeting("production", &format!("flag-{n:04}"), &json!([]))).await;
    }
    let before = world.snapshot();
    assert_eq!(before.flags.len(), 2_001);
    let edits = [
        targeting("production", "flag-0777", &to_segment("staff")),
        // A definition, too, concerns its own flag only.
        sapwood_core::command::Command::DefineFlag {
            flag: crate::world::read::<sapwood_eval::Flag>(json!({
                "key": "flag-0777", "type": "boolean", "client_visible": true,
                "variants": {"off": false, "on": true}, "salt": "flag-0777-salt"
            }))
            .into(),
            about: crate::world::read(json!({})),
        },
    ];
    let mut last = before;
    for edit in edits {
        assert!(world.submit(edit).await.changed());
        let after = world.snapshot();
        for (was, is) in last.flags.flags().zip(after.flags.flags()) {
            assert_eq!(was.key(), is.key());
            assert_eq!(!Arc::ptr_eq(was, is), is.key().as_str() == "flag-0777", "{}", is.key());
        }
        last = after;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_sees_an_older_version_after_a_newer_one() {
    let (world, _) = World::memory().await;
    let done = Arc::new(AtomicBool::new(false));
    let reader = tokio::task::spawn_blocking({
        let (engine, done) = (world.engine.clone(), done.clone());
        move || {
            let (mut seen, mut versions) = (0, 0_u32);
            while !done.load(Ordering::SeqCst) {
                let snapshot = engine.snapshot(&production()).unwrap();
                assert!(snapshot.version >= seen, "{} after {seen}", snapshot.version);
                versions += u32::from(snapshot.version > seen);
                seen = snapshot.version;
                // The rule and the segment it names were published together, or neither was.
                assert!(serves(&snapshot, "checkout", "sam").is_some());
            }
            versions
        }
    });
    let writers = (0..4).map(|writer| {
        let engine = world.engine.clone();
        tokio::spawn(async move {
            for turn in 0..50 {
                let key = format!("w{writer}-{turn}");
                let command = segment(&key, &["sam"]);
                engine.submit(&shop(), Actor::System, command).await.unwrap();
                let command = targeting("production", "checkout", &to_segment(&key));
                let version = engine.submit(&shop(), Actor::System, command).await.unwrap().version;
                let snapshot = engine.snapshot(&production()).unwrap();
                assert!(snapshot.version >= version);
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    done.store(true, Ordering::SeqCst);
    assert!(reader.await.unwrap() > 0);
    assert_eq!(world.serves("checkout", "sam").unwrap(), "on");
}
