//! Asking under conditions: decided on what is true when it is decided, not on what was true when it was asked.

use sapwood_core::resource::Resource;
use sapwood_core::state::State;
use sapwood_engine::{Asked, Only, Revisions, SubmitError, Submitted, convert};
use serde_json::json;

use crate::world::{World, ann, log, read, shop};

/// Defines the flag `new` as a request does, with a salt minted for it.
async fn define(
    world: &World,
    description: &str,
    only: Only,
    dry_run: bool,
) -> Result<Submitted, SubmitError> {
    let salt = world.engine.mint().salt;
    let make = |state: &State| {
        let request = read(json!({
            "flag": {"type": "boolean", "variants": {"on": true, "off": false}},
            "about": {"description": description},
        }));
        Ok(vec![convert::flag(state, &salt, "new", request)?.into()])
    };
    let about = Resource::Flag("new".parse().unwrap());
    world
        .engine
        .ask(&shop(), ann(), &Asked { about, only, dry_run, growth_is_meant: false, make: &make })
        .await
}

fn salt(world: &World) -> String {
    let salt = |state: &State| state.flags["new"].value.flag.salt.as_str().to_owned();
    world.engine.read(&shop(), salt).unwrap()
}

#[tokio::test]
async fn of_two_first_definitions_of_one_flag_the_second_is_an_update() {
    let (one, store) = World::memory().await;
    let other = one.again(store.clone()).await;
    let first = define(&one, "one", Only::default(), false).await.unwrap();
    // The other engine does not know of it when it is asked, and minted another salt.
    let second = define(&other, "other", Only::default(), false).await.unwrap();
    assert_eq!((first.changed(), second.changed()), (true, true));
    assert_eq!(salt(&one), salt(&other));
    assert_eq!(second.revision, Some(second.version));
    assert!(!define(&one, "other", Only::default(), false).await.unwrap().changed());
}

#[tokio::test]
async fn a_condition_is_held_to_what_others_did_meanwhile() {
    let (one, store) = World::memory().await;
    let other = one.again(store.clone()).await;
    let made = define(&one, "one", Only::default(), false).await.unwrap();
    let new = Only { matching: None, not_matching: Some(Revisions::Any) };
    let refused = define(&other, "other", new, false).await.unwrap_err();
    assert!(matches!(refused, SubmitError::RevisionMoved(now) if now == made.revision), "{refused}");
    let same = Only { matching: Some(Revisions::These(vec![made.revision.unwrap()])), not_matching: None };
    assert!(define(&other, "other", same, false).await.unwrap().changed());
}

#[tokio::test]
async fn a_trial_is_decided_and_not_made() {
    let (one, store) = World::memory().await;
    let before = log(&*store).await;
    let tried = define(&one, "one", Only::default(), true).await.unwrap();
    assert!(tried.changed() && tried.entries.is_empty());
    assert_eq!(
        (tried.placed.len(), tried.revision, tried.version),
        (1, None, before.last().unwrap().version)
    );
    assert_eq!(log(&*store).await, before);
}
