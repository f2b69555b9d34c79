//! What every backend promises of journal, ledger and secrets.

use sapwood_core::ledger::{Cell, Changes, Hit, SubjectRow, SumKey, Sums};
use sapwood_core::record::Arm;
use sapwood_store::{Journaled, LedgerCommit, LoadedLedger, SourceRow};

use crate::rig::{NOON, Rig, batch, scope, unit};

pub(crate) async fn batches_are_numbered_in_order_and_read_back(rig: Rig) {
    assert_eq!(rig.journal_read(0, 10).await.unwrap(), []);
    let first = rig.journal_append(vec![batch(1, 9), batch(2, 0)]).await.unwrap();
    let second = rig.journal_append(vec![batch(3, 200)]).await.unwrap();
    assert!(first.iter().chain(&second).all(|journaled| !journaled.duplicate));
    let offsets = [first[0].offset, first[1].offset, second[0].offset];
    assert!(offsets[0] >= 1 && offsets.is_sorted_by(|a, b| a < b), "{offsets:?}");

    let all = [(offsets[0], batch(1, 9)), (offsets[1], batch(2, 0)), (offsets[2], batch(3, 200))];
    assert_eq!(rig.journal_read(0, 10).await.unwrap(), all);
    assert_eq!(rig.journal_read(0, 2).await.unwrap(), all[..2]);
    assert_eq!(rig.journal_read(offsets[1], 2).await.unwrap(), all[2..]);
    assert_eq!(rig.journal_read(offsets[2], 2).await.unwrap(), []);
    assert_eq!(rig.journal_read(u64::MAX, usize::MAX).await.unwrap(), []);
    assert_eq!(rig.journal_append(Vec::new()).await.unwrap(), []);
}

pub(crate) async fn a_batch_is_stored_once(rig: Rig) {
    let first = rig.journal_append(vec![batch(1, 3)]).await.unwrap()[0];
    let again = rig.journal_append(vec![batch(2, 3), batch(1, 3), batch(2, 3)]).await.unwrap();
    assert_eq!(again[1], Journaled { offset: first.offset, duplicate: true });
    assert_eq!(again[2], Journaled { offset: again[0].offset, duplicate: true });
    assert_eq!(rig.journal_read(0, 10).await.unwrap().len(), 2);
}

pub(crate) async fn many_senders_share_the_journal(rig: Rig) {
    let senders: Vec<_> = (0..32_u128)
        .map(|sender| {
            let store = rig.store.clone();
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                for n in 0..5 {
                    // Every batch is sent twice, the second time by the next sender.
                    let (own, other) = (sender * 5 + n, (sender + 1) % 32 * 5 + n);
                    for id in [own, other] {
                        let journaled = store.journal_append(vec![batch(id, 4)]).await.unwrap()[0];
                        acknowledged.push((journaled.offset, id, journaled.duplicate));
                    }
                }
                acknowledged
            })
        })
        .collect();
    let mut acknowledged = Vec::new();
    for sender in senders {
        acknowledged.extend(sender.await.unwrap());
    }
    let rig = rig.restart().await;
    let stored = rig.journal_read(0, 1_000).await.unwrap();
    let mut once: Vec<_> = acknowledged.iter().filter(|(_, _, duplicate)| !duplicate).collect();
    once.sort();
    assert_eq!(once.len(), 160);
    for ((offset, batch), (acked, id, _)) in stored.iter().zip(once) {
        assert_eq!((*offset, batch.id.as_u128()), (*acked, *id));
    }
    assert!(acknowledged.iter().all(|(offset, id, _)| {
        stored.iter().any(|(stored, batch)| stored == offset && batch.id.as_u128() == *id)
    }));
}

pub(crate) async fn the_journal_survives_a_restart(rig: Rig) {
    let before = rig.journal_append(vec![batch(1, 50)]).await.unwrap()[0];
    let rig = rig.restart().await;
    assert_eq!(rig.journal_read(0, 10).await.unwrap(), [(before.offset, batch(1, 50))]);
    let again = rig.journal_append(vec![batch(1, 50), batch(2, 1)]).await.unwrap();
    assert_eq!(again[0], Journaled { offset: before.offset, duplicate: true });
    assert!(again[1].offset > before.offset);
}

fn key(minute: i64, arm: Cell) -> SumKey {
    SumKey { epoch: 1, guardrail: "errors".to_owned(), revision: 2, arm, minute }
}

fn row(n: i64) -> SubjectRow {
    let hit = Hit { at: NOON.plus_seconds(n), epoch: 1, arm: Arm::Control };
    SubjectRow { revision: 2, counted: Some(hit), pending: vec![hit], ..SubjectRow::default() }
}

fn source(metric: &str, events: u64) -> SourceRow {
    let (project, environment) = ("shop".parse().unwrap(), "production".parse().unwrap());
    let metric = metric.parse().unwrap();
    SourceRow { project, environment, metric, first: NOON, last: NOON.plus_seconds(5), events }
}

/// Two sums and 600 rows, enough for several statements; `n` tells two versions apart.
fn changes(n: i64) -> Changes {
    Changes {
        sums: vec![
            (key(-7, Cell::Control), Sums { subjects: n, records: n * 2 }),
            (key(3, Cell::UnexposedTreated), Sums { subjects: -n, records: 0 }),
        ],
        rows: (0..200)
            .flat_map(|unit_no| ["errors", "latency", "$exposure"].map(|guardrail| (guardrail, unit_no)))
            .map(|(guardrail, unit_no)| ((guardrail.to_owned(), unit(unit_no)), row(n)))
            .collect(),
    }
}

fn loaded(changes: Changes) -> LoadedLedger {
    let Changes { mut sums, mut rows } = changes;
    sums.sort_by(|(a, _), (b, _)| a.cmp(b));
    rows.sort_by(|(a, _), (b, _)| a.cmp(b));
    LoadedLedger { sums, rows }
}

pub(crate) async fn the_ledger_keeps_whole_new_values(rig: Rig) {
    assert_eq!(rig.ledger_offset().await.unwrap(), 0);
    assert_eq!(rig.ledger_load(scope('a')).await.unwrap(), LoadedLedger::default());
    assert_eq!(rig.sources_load().await.unwrap(), []);

    let save = |offset, n: i64| LedgerCommit {
        offset,
        changes: vec![(scope('a'), changes(n))],
        sources: vec![source("errors", n.unsigned_abs()), source("Latency", 1)],
    };
    rig.ledger_save(save(4, 10)).await.unwrap();
    rig.ledger_save(save(9, 11)).await.unwrap();
    let part =
        Changes { sums: vec![(key(-7, Cell::Control), Sums { subjects: 5, records: 5 })], rows: vec![] };
    let commit = LedgerCommit { offset: 9, changes: vec![(scope('a'), part)], sources: vec![] };
    rig.ledger_save(commit).await.unwrap();

    let rig = rig.restart().await;
    let mut expected = loaded(changes(11));
    expected.sums.iter_mut().find(|(key, _)| key.minute == -7).unwrap().1 = Sums { subjects: 5, records: 5 };
    assert_eq!(rig.ledger_load(scope('a')).await.unwrap(), expected);
    assert_eq!(rig.ledger_offset().await.unwrap(), 9);
    assert_eq!(rig.sources_load().await.unwrap(), [source("Latency", 1), source("errors", 11)]);
}

pub(crate) async fn a_ledger_that_fails_to_save_stays_as_it_was(rig: Rig) {
    let save = |offset, n: i64| LedgerCommit {
        offset,
        changes: vec![(scope('a'), changes(n))],
        sources: vec![source("errors", n.unsigned_abs())],
    };
    rig.ledger_save(save(4, 10)).await.unwrap();
    // No backend can hold this offset, which is written after everything else.
    rig.ledger_save(save(u64::MAX, 11)).await.unwrap_err();
    assert_eq!(rig.ledger_offset().await.unwrap(), 4);
    assert_eq!(rig.ledger_load(scope('a')).await.unwrap(), loaded(changes(10)));
    assert_eq!(rig.sources_load().await.unwrap(), [source("errors", 10)]);
    rig.ledger_save(save(5, 12)).await.unwrap();
    assert_eq!(rig.ledger_load(scope('a')).await.unwrap(), loaded(changes(12)));
}

pub(crate) async fn ledgers_of_two_rollouts_do_not_mix(rig: Rig) {
    let changes_of = vec![(scope('a'), changes(1)), (scope('b'), changes(2))];
    rig.ledger_save(LedgerCommit { offset: 1, changes: changes_of, sources: vec![] }).await.unwrap();
    assert_eq!(rig.ledger_load(scope('a')).await.unwrap(), loaded(changes(1)));
    assert_eq!(rig.ledger_load(scope('b')).await.unwrap(), loaded(changes(2)));
    let mut elsewhere = scope('a');
    elsewhere.environment = "staging".parse().unwrap();
    assert_eq!(rig.ledger_load(elsewhere).await.unwrap(), LoadedLedger::default());
}

pub(crate) async fn secrets_are_kept_once(rig: Rig) {
    assert_eq!(rig.secret("units", [1; 32]).await.unwrap(), [1; 32]);
    assert_eq!(rig.secret("units", [2; 32]).await.unwrap(), [1; 32]);
    assert_eq!(rig.secret("sessions", [3; 32]).await.unwrap(), [3; 32]);
    let rig = rig.restart().await;
    assert_eq!(rig.secret("units", [4; 32]).await.unwrap(), [1; 32]);
}
