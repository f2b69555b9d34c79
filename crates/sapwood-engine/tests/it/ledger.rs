//! The ledger: what is saved is the fold of the journal, whoever reads it and however often it is folded.

use sapwood_core::id::EnvironmentKey;
use sapwood_core::ledger::{ACTIVITY, RolloutLedger, SumKey, Sums};
use sapwood_core::record::Record;
use sapwood_core::rollout::RolloutSpec;
use sapwood_engine::Store;
use sapwood_store::{LedgerScope, LoadedLedger};

use crate::world::{World, id, shop};

fn scope(n: u32) -> LedgerScope {
    let environment: EnvironmentKey = "production".parse().unwrap();
    LedgerScope { project: shop(), environment, rollout: id(n).parse().unwrap() }
}

pub(crate) async fn saved(store: &dyn Store, n: u32) -> LoadedLedger {
    store.ledger_load(scope(n)).await.unwrap()
}

/// Saved sums that say something.
pub(crate) fn sums(ledger: &LoadedLedger) -> Vec<(SumKey, Sums)> {
    let mut sums = ledger.sums.clone();
    sums.retain(|(_, sums)| *sums != Sums::default());
    sums
}

/// The same without how often known people came back, which is all that a repetition changes.
pub(crate) fn sums_of_people(ledger: &LoadedLedger) -> Vec<(SumKey, i64)> {
    let people = sums(ledger).into_iter().map(|(key, sums)| (key, sums.subjects));
    people.filter(|(key, _)| key.guardrail != ACTIVITY).collect()
}

/// The ledger folded from the first journal batch on, settled at the world's present.
pub(crate) async fn from_zero(world: &World, store: &dyn Store, n: u32) -> RolloutLedger {
    let id = id(n);
    let spec: RolloutSpec = world
        .engine
        .read(&shop(), |state| {
            state.environments.get("production").unwrap().rollouts.get(id.as_str()).unwrap().spec.clone()
        })
        .unwrap();
    let mut ledger = RolloutLedger::default();
    for (_, batch) in store.journal_read(0, 100_000).await.unwrap() {
        for record in batch.records {
            let of = match &record {
                Record::Exposure { rollout, .. }
                | Record::Event { rollout, .. }
                | Record::Activity { rollout, .. } => rollout.as_str(),
                Record::Seen { .. } => continue,
            };
            if of == id {
                ledger.fold(&spec, &record);
            }
        }
    }
    ledger.settle(world.engine.now());
    ledger
}

/// Asserts that what is saved is what a fold from zero comes to.
pub(crate) async fn assert_is_fold(world: &World, store: &dyn Store, n: u32) {
    let folded = from_zero(world, store, n).await;
    let saved = saved(store, n).await;
    let expected: Vec<_> = folded.sums().iter().map(|(key, sums)| (key.clone(), *sums)).collect();
    assert_eq!(sums(&saved), expected);
    let mut expected: Vec<_> =
        folded.rows().map(|(name, unit, row)| ((name.to_owned(), unit), row.clone())).collect();
    expected.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut rows = saved.rows;
    rows.sort_by(|(one, _), (other, _)| one.cmp(other));
    assert_eq!(rows, expected);
}
