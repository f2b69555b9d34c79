//! Automatic exposures: whose, how often, what happens when the queue is full or the journal fails, and that no
//! raw unit reaches a disk.

use std::path::Path;
use std::sync::Arc;

use sapwood_core::record::{Arm, Record};
use sapwood_engine::limits::EXPOSURES_WAITING_MAX;
use sapwood_engine::{ManualClock, SeededEntropy, Store};
use sapwood_store::{Call, Fault, SqliteStore};
use serde_json::json;

use crate::world::{HOLD, NOON, World, but, distinct, event, flag, rollout, targeting};

/// All records in the journal.
pub(crate) async fn journal(store: &dyn Store) -> Vec<Record> {
    let batches = store.journal_read(0, 10_000).await.unwrap();
    batches.into_iter().flat_map(|(_, batch)| batch.records).collect()
}

/// Epoch and arm of every exposure.
pub(crate) fn arms(records: &[Record]) -> Vec<(u32, Arm)> {
    let arms = records.iter().filter_map(|record| {
        if let Record::Exposure { epoch, arm, .. } = record { Some((*epoch, *arm)) } else { None }
    });
    arms.collect()
}

pub(crate) fn exposures(records: &[Record]) -> usize {
    records.iter().filter(|record| matches!(record, Record::Exposure { .. })).count()
}

fn evaluations(records: &[Record]) -> u64 {
    let counted = records.iter().filter_map(|record| {
        if let Record::Activity { evaluations, .. } = record { Some(*evaluations) } else { None }
    });
    counted.sum()
}

#[tokio::test]
async fn a_subject_is_journaled_once_and_every_evaluation_counted() {
    let (world, store) = World::memory().await;
    world.start(rollout(1, "checkout")).await;
    for turn in 0..3 {
        for person in 0..20 {
            world.meet("checkout", &format!("person-{person}"));
        }
        if turn < 2 {
            world.settle().await;
        }
    }
    world.settle().await;
    let records = journal(&*store).await;
    assert_eq!(exposures(&records), 20);
    assert_eq!(evaluations(&records), 60);
    let units = records
        .iter()
        .filter_map(|record| if let Record::Exposure { unit, .. } = record { Some(*unit) } else { None });
    assert_eq!(distinct(units), 20);
    assert_eq!(world.view(1).exposed_treated + world.view(1).exposed_control, 20);
}

#[tokio::test]
async fn a_new_epoch_sees_everybody_again() {
    let (world, store) = World::memory().await;
    let staff = json!({"ring": "staff", "bake_seconds": 60, "subjects_min": 1});
    let half = json!({"share": 50_000, "bake_seconds": 120, "subjects_min": 10});
    world.start(but(rollout(1, "checkout"), json!({"ladder": {"stages": [staff, half]}}))).await;
    assert_eq!(world.meet("checkout", "sam"), "on");
    assert_eq!(world.meet("checkout", "bob"), "off");
    world.settle().await;
    world.step(1, sapwood_core::command::Step::Advance { from: 0 }).await;
    assert_eq!(world.meet("checkout", "sam"), "on");
    world.meet("checkout", "bob");
    world.settle().await;
    let records = journal(&*store).await;
    let of = |wanted: u32| {
        let arms = arms(&records).into_iter().filter(|(epoch, _)| *epoch == wanted);
        arms.map(|(_, arm)| arm).collect::<Vec<_>>()
    };
    assert_eq!(of(1), [Arm::Ring, Arm::Control]);
    assert_eq!(of(2).len(), 2);
    assert_eq!(of(2)[0], Arm::Ring);
}

#[tokio::test]
async fn nothing_else_is_an_exposure() {
    let (world, store) = World::memory().await;
    world.submit(flag("search")).await;
    world.submit(targeting("production", "search", &json!([]))).await;
    world.meet("search", "bob");
    world.start(but(rollout(1, "checkout"), json!({"exposure_source": "sdk"}))).await;
    world.meet("checkout", "bob");
    // A held rollout still compares; one that ended does not.
    world.start(rollout(2, "search")).await;
    world.step(2, HOLD).await;
    world.meet("search", "bob");
    world.step(2, sapwood_core::command::Step::RollBack).await;
    world.meet("search", "ben");
    world.settle().await;
    assert_eq!(exposures(&journal(&*store).await), 1);
}

#[tokio::test]
async fn a_full_queue_drops_and_counts() {
    let (world, store) = World::memory().await;
    world.start(rollout(1, "checkout")).await;
    for _ in 0..EXPOSURES_WAITING_MAX + 7 {
        world.meet("checkout", "bob");
    }
    assert_eq!(world.engine.exposures_dropped(), 7);
    world.settle().await;
    let records = journal(&*store).await;
    assert_eq!(exposures(&records), 1);
    assert_eq!(evaluations(&records), u64::try_from(EXPOSURES_WAITING_MAX).unwrap());
    world.meet("checkout", "ben");
    world.settle().await;
    assert_eq!(exposures(&journal(&*store).await), 2);
    assert_eq!(world.engine.exposures_dropped(), 7);
}

#[tokio::test]
async fn what_the_journal_did_not_take_is_journaled_later_and_once() {
    for fault in [Fault::Refused, Fault::AnswerLost] {
        let (world, store) = World::memory().await;
        world.start(rollout(1, "checkout")).await;
        store.fail_next(Call::JournalAppend, fault);
        world.meet("checkout", "bob");
        world.engine.settle().await.unwrap_err();
        world.meet("checkout", "ben");
        world.settle().await;
        let records = journal(&*store).await;
        assert_eq!(exposures(&records), 2, "{fault:?}");
        assert_eq!(evaluations(&records), 2, "{fault:?}");
    }
}

/// Every file below a directory that contains `needle`, as it is or as UTF-16.
fn files_with(directory: &Path, needle: &str) -> (usize, Vec<String>) {
    let (mut files, mut found) = (0, Vec::new());
    for file in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let bytes = std::fs::read(file.path()).unwrap();
        files += 1;
        let utf16: Vec<u8> = needle.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for needle in [needle.as_bytes(), &utf16] {
            if bytes.windows(needle.len()).any(|window| window == needle) {
                found.push(file.path().display().to_string());
            }
        }
    }
    (files, found)
}

const PLANTED: &str = "planted-unit-4f1c";

async fn plant(world: &World) {
    world.start(rollout(1, "checkout")).await;
    world.meet("checkout", PLANTED);
    world.settle().await;
    let now = world.at(0);
    let exposure = json!({
        "type": "exposure", "flag": "checkout", "rollout": PLANTED, "version": 1,
        "unit": PLANTED, "variant": "on", "at": now
    });
    let response = world.report(1, json!([event("error", PLANTED, &now), exposure])).await;
    assert_eq!(response.accepted, 1);
    world.settle().await;
    assert_eq!(world.view(1).guardrails[0].treated + world.view(1).guardrails[0].control, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn raw_units_never_reach_the_disk() {
    let home = tempfile::tempdir().unwrap();
    let clock = ManualClock::new(NOON);
    let store = Arc::new(SqliteStore::open(home.path(), Arc::new(clock.clone())).await.unwrap());
    let world = World::on(store.clone(), &clock, &Arc::new(SeededEntropy::new(1))).await;
    world.set_up().await;
    plant(&world).await;
    // Journal batches are deflated on disk, so they are read back as well.
    let records = format!("{:?}", journal(&*store).await);
    assert!(!records.contains(PLANTED));
    let (files, found) = files_with(home.path(), PLANTED);
    assert!(files >= 2);
    assert_eq!(found, Vec::<String>::new());
    store.close().await;
    assert_eq!(files_with(home.path(), PLANTED).1, Vec::<String>::new());
    // The search would find what is there.
    assert!(!files_with(home.path(), "project_defined").1.is_empty());
}

#[tokio::test]
async fn nor_does_the_store_in_memory_ever_see_one() {
    let (world, store) = World::memory().await;
    plant(&world).await;
    assert!(!format!("{:?}", journal(&*store).await).contains(PLANTED));
    assert!(!format!("{:?}", crate::world::log(&*store).await).contains(PLANTED));
    let ledger = crate::ledger::saved(&*store, 1).await;
    assert!(!ledger.rows.is_empty());
    assert!(!format!("{ledger:?}").contains(PLANTED));
}
