//! Changing something: said twice it is done once, whoever loses a race learns who won, and a store that fails
//! changes nothing but the answer.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use sapwood_core::command::{Command, Step};
use sapwood_core::entry::{Actor, Draft};
use sapwood_core::id::Stream;
use sapwood_core::token::{Token, TokenKind};
use sapwood_engine::{Engine, MemoryStore, Store, StoreError, SubmitError};
use sapwood_store::{Append, Call, Fault};
use serde_json::json;
use uuid::Uuid;

use crate::faulty::{Faulty, failed, full, read_only};
use crate::world::{
    HOLD, World, ann, count, environment, flag, kinds, log, metric, rollout, segment, shop, step_of,
    targeting, to_segment,
};

#[tokio::test]
async fn saying_the_same_again_changes_nothing() {
    let (world, store) = World::memory().await;
    world.start(rollout(1, "checkout")).await;
    let before = log(&*store).await;
    for command in [
        Command::DefineProject { project: shop(), name: "Shop".to_owned() },
        environment("production"),
        metric("error"),
        segment("staff", &["sam", "sue"]),
        flag("checkout"),
        targeting("production", "checkout", &json!([])),
    ] {
        let submitted = world.submit(command.clone()).await;
        assert!(!submitted.changed(), "{command:?}");
        assert_eq!(submitted.version, before.last().unwrap().version);
    }
    world.start(rollout(1, "checkout")).await;
    assert_eq!(log(&*store).await, before);

    assert!(world.step(1, Step::RollBack).await.changed());
    assert!(!world.step(1, Step::RollBack).await.changed());
    assert_eq!(count(&*store, "rollout_rolled_back.v1").await, 1);
}

#[tokio::test]
async fn of_two_engines_one_rolls_back_and_the_other_folds_it() {
    let (one, store) = World::memory().await;
    one.start(rollout(1, "checkout")).await;
    let other = one.again(store.clone()).await;
    let treated = one.people(1, 1).0.remove(0);
    assert_eq!(other.serves("checkout", &treated).unwrap(), "on");

    let (first, second) = tokio::join!(one.step(1, Step::RollBack), other.step(1, Step::RollBack));
    assert!(first.changed());
    assert!(!second.changed());
    assert_eq!(second.version, first.version);
    assert_eq!(count(&*store, "rollout_rolled_back.v1").await, 1);
    for world in [&one, &other] {
        assert_eq!(world.serves("checkout", &treated).unwrap(), "off");
        assert_eq!(world.view(1).state, "rolled_back");
    }
}

#[tokio::test]
async fn a_change_that_lost_the_race_is_decided_anew() {
    let (one, store) = World::memory().await;
    let other = one.again(store.clone()).await;
    one.submit(flag("search")).await;
    assert!(other.submit(flag("basket")).await.changed());
    let kinds = kinds(&*store).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "flag_defined.v1").count(), 3);
    // What the other one changed came along, to streams and directory as well.
    assert!(other.engine.read(&shop(), |state| state.flags.contains_key("search")).unwrap());
}

#[tokio::test]
async fn whoever_learns_of_a_revoked_token_by_losing_a_race_stops_taking_it() {
    let (one, store) = World::memory().await;
    let id = Uuid::from_u128(7);
    let secret_hash = Engine::secret_hash("sw_admin_secret");
    let token = Token { id, kind: TokenKind::Admin, name: "ci".to_owned(), environment: None, secret_hash };
    let secret_hash = Engine::secret_hash("sw_admin_second");
    let second = Token { id: Uuid::from_u128(8), secret_hash, ..token.clone() };
    one.submit(Command::IssueToken { token }).await;
    one.submit(Command::IssueToken { token: second }).await;
    let other = one.again(store.clone()).await;
    assert!(other.engine.authenticate("sw_admin_secret").is_some());
    assert!(other.engine.authenticate("sw_admin_other").is_none());

    one.submit(Command::RevokeToken { token: id }).await;
    let refused = other.try_submit(Command::RevokeToken { token: id }).await;
    assert!(matches!(refused, Err(SubmitError::Rejected(_))), "{refused:?}");
    assert!(other.engine.authenticate("sw_admin_secret").is_none());
}

/// Something a newer version wrote.
async fn write_from_the_future(store: &MemoryStore) {
    let head = log(store).await.len();
    let draft = Draft {
        id: Uuid::from_u128(99),
        kind: "flag_teleported.v9".to_owned(),
        environment: None,
        body: "{}".to_owned(),
    };
    let append = Append {
        stream: Stream::Project(shop()),
        expected: u64::try_from(head).unwrap(),
        actor: Actor::System,
        drafts: vec![draft],
        decided: None,
    };
    store.append(append).await.unwrap();
}

#[tokio::test]
async fn an_unknown_kind_stops_the_fold_and_nothing_else() {
    let (world, store) = World::memory().await;
    world.submit(targeting("production", "checkout", &to_segment("staff"))).await;
    write_from_the_future(&store).await;

    let restarted = world.again(Arc::new(store.restarted())).await;
    for world in [&world, &restarted] {
        for command in [flag("search"), flag("checkout")] {
            let error = world.try_submit(command).await.unwrap_err();
            assert!(matches!(error, SubmitError::Halted(_)), "{error:?}");
            let text = error.to_string();
            assert!(text.contains("flag_teleported.v9") && text.contains("upgrade"), "{text}");
        }
        assert_eq!(world.serves("checkout", "sam").unwrap(), "on");
        assert_eq!(world.serves("checkout", "bob").unwrap(), "off");
        world.settle().await;
    }
}

#[tokio::test]
async fn a_project_whose_first_entry_is_unreadable_is_halted_not_unknown() {
    let (world, _) = World::memory().await;
    let store = Arc::new(MemoryStore::new(Arc::new(world.clock.clone())));
    write_from_the_future(&store).await;
    let world = world.again(store).await;
    let error = world.try_submit(flag("search")).await.unwrap_err();
    assert!(matches!(error, SubmitError::Halted(_)), "{error:?}");
}

#[tokio::test]
async fn a_store_that_refuses_changes_nothing_and_is_asked_again() {
    let errors: [fn() -> StoreError; 3] = [full, read_only, failed];
    for error in errors {
        let (world, store) = World::memory().await;
        let faulty = Faulty::new(store.clone());
        let world = world.again(faulty.clone()).await;
        let (state, entries) = (world.engine.read(&shop(), Clone::clone), log(&*store).await);

        faulty.fail_once("append", error);
        let refused = world.try_submit(targeting("production", "checkout", &to_segment("staff"))).await;
        let Err(SubmitError::Store(found)) = refused else { panic!("{refused:?}") };
        assert_eq!(format!("{found:?}"), format!("{:?}", error()));
        assert_eq!(world.engine.read(&shop(), Clone::clone), state);
        assert_eq!(log(&*store).await, entries);
        assert_eq!(world.serves("checkout", "sam").unwrap(), "off");

        assert!(world.submit(targeting("production", "checkout", &to_segment("staff"))).await.changed());
        assert_eq!(world.serves("checkout", "sam").unwrap(), "on");
    }
}

#[tokio::test]
async fn a_lost_answer_is_served_and_saying_it_again_changes_nothing() {
    let (world, store) = World::memory().await;
    world.start(rollout(1, "checkout")).await;
    let treated = world.people(1, 1).0.remove(0);
    store.fail_next(Call::Append, Fault::AnswerLost);
    let error = world.try_submit(step_of(1, Step::RollBack)).await.unwrap_err();
    assert!(matches!(error, SubmitError::Store(_)), "{error:?}");
    assert_eq!(world.serves("checkout", &treated).unwrap(), "off");
    assert!(!world.step(1, Step::RollBack).await.changed());
    assert_eq!(count(&*store, "rollout_rolled_back.v1").await, 1);
}

#[tokio::test]
async fn a_caller_who_leaves_during_the_append_leaves_nothing_behind_that_is_not_served() {
    let (world, store) = World::memory().await;
    world.start(rollout(1, "checkout")).await;
    let treated = world.people(1, 1).0.remove(0);
    let slow = Faulty::new(store.clone());
    let world = world.again(slow.clone()).await;
    slow.linger("append");
    {
        let shop = shop();
        let mut submit = std::pin::pin!(world.engine.submit(&shop, ann(), step_of(1, Step::RollBack)));
        let mut context = Context::from_waker(Waker::noop());
        while count(&*store, "rollout_rolled_back.v1").await == 0 {
            assert!(matches!(submit.as_mut().poll(&mut context), Poll::Pending));
        }
    }
    assert_eq!(world.serves("checkout", &treated).unwrap(), "on");
    world.settle().await;
    assert_eq!(world.serves("checkout", &treated).unwrap(), "off");
    assert!(!world.step(1, Step::RollBack).await.changed());
}

#[tokio::test]
async fn a_project_that_could_not_be_made_is_not_there() {
    let (world, store) = World::memory().await;
    let bakery = "bakery".parse().unwrap();
    let define = || Command::DefineProject { project: "bakery".parse().unwrap(), name: "Bakery".to_owned() };
    store.fail_next(Call::Append, Fault::Refused);
    assert!(world.engine.submit(&bakery, ann(), define()).await.is_err());
    assert_eq!(world.engine.projects(), [shop()]);
    assert!(world.engine.read(&bakery, |_| ()).is_none());
    let orphan = world.engine.submit(&bakery, ann(), environment("production")).await;
    assert!(matches!(orphan, Err(SubmitError::UnknownProject(_))), "{orphan:?}");

    assert!(world.engine.submit(&bakery, ann(), define()).await.unwrap().changed());
    assert_eq!(world.engine.projects(), [bakery, shop()]);
}

#[tokio::test]
async fn a_person_is_not_overruled_by_a_step_decided_earlier() {
    let (world, store) = World::memory().await;
    world.start(rollout(1, "checkout")).await;
    world.step(1, HOLD).await;
    let held = world.try_submit(step_of(1, Step::Advance { from: 0 })).await.unwrap_err();
    assert!(matches!(held, SubmitError::Rejected(_)), "{held:?}");
    assert_eq!(count(&*store, "stage_entered.v1").await, 1);
}

#[tokio::test]
async fn whoever_reads_the_log_can_check_its_chain() {
    let (world, _) = World::memory().await;
    world.start(rollout(1, "checkout")).await;
    let mut before = "0".repeat(64);
    for entry in world.engine.log(&shop(), 0, 500).await.unwrap() {
        let shown = sapwood_engine::convert::log_entry(&entry);
        let read = sapwood_core::entry::Entry {
            stream: Stream::try_from(shown.stream).unwrap(),
            version: shown.version,
            id: shown.id.parse().unwrap(),
            kind: shown.kind,
            environment: shown.environment.map(|key| key.parse().unwrap()),
            actor: serde_json::from_value(shown.actor).unwrap(),
            at: shown.at.parse().unwrap(),
            body: shown.text,
            prev_hash: shown.prev_hash.clone().try_into().unwrap(),
            hash: shown.hash.clone().try_into().unwrap(),
        };
        assert_eq!(read.computed_hash().to_string(), shown.hash, "entry {}", shown.version);
        assert_eq!(shown.prev_hash, before);
        before = shown.hash;
    }
}
