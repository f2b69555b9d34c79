//! Who counts where: once, in the arm and epoch at the first affecting event, whatever order records come in.

use proptest::prelude::*;

use super::*;
use crate::ledger::{Changes, RowKey};
use crate::testing::{at, event, exposure, folded, guardrail, id, name, spec, spec_with, unit};

/// Long after everything.
const LATE: i64 = 100_000;

/// Sums of one guardrail as `(epoch, cell, minute after noon, subjects)`.
fn sums(ledger: &RolloutLedger, guardrail: &str) -> Vec<(u32, Cell, i64, i64)> {
    let noon = at(0).minute();
    let of = ledger.sums().iter().filter(|(key, _)| key.guardrail == guardrail);
    of.map(|(key, sum)| {
        (key.epoch, key.arm, if key.minute == 0 { 0 } else { key.minute - noon }, sum.subjects)
    })
    .collect()
}

/// Folds records in order, gives up waiting, and says where `errors` are counted.
fn check(records: &[Record], expected: &[(u32, Cell, i64, i64)]) {
    let mut ledger = folded(&spec(1, "a"), records);
    ledger.settle(at(LATE));
    assert_eq!(sums(&ledger, "errors"), expected, "{records:?}");
}

fn seen(epoch: u32, arm: Arm, seconds: i64) -> Record {
    exposure(1, epoch, arm, 1, seconds)
}

fn hurt(epoch: u32, arm: Arm, seconds: i64) -> Record {
    event(1, epoch, arm, 1, seconds)
}

use Arm::{Control, Ring, Treated};

#[test]
fn a_subject_counts_once_at_its_first_affecting_event() {
    check(&[seen(1, Treated, 0), hurt(1, Treated, 60), hurt(1, Treated, 120)], &[(1, Cell::Treated, 1, 1)]);
    check(&[seen(1, Treated, 0), hurt(1, Treated, 120), hurt(1, Treated, 60)], &[(1, Cell::Treated, 1, 1)]);
    check(&[seen(1, Treated, 0), hurt(1, Treated, 60), hurt(1, Treated, 60)], &[(1, Cell::Treated, 1, 1)]);
    check(&[seen(1, Treated, 60), hurt(1, Treated, 60)], &[(1, Cell::Treated, 1, 1)]);
}

#[test]
fn who_becomes_treated_by_expansion_counts_where_it_was_at_the_event() {
    check(
        &[seen(1, Control, 0), seen(2, Treated, 600), hurt(2, Treated, 660), hurt(2, Treated, 720)],
        &[(2, Cell::Treated, 11, 1)],
    );
    check(
        &[seen(1, Control, 0), hurt(1, Control, 60), seen(2, Treated, 600), hurt(2, Treated, 660)],
        &[(1, Cell::Control, 1, 1)],
    );
    check(
        &[seen(1, Control, 0), seen(2, Treated, 600), hurt(2, Treated, 660), hurt(1, Control, 60)],
        &[(1, Cell::Control, 1, 1)],
    );
}

#[test]
fn who_lost_the_candidate_when_the_rollout_shrank_is_nobodys_baseline() {
    check(&[seen(1, Treated, 0), seen(2, Control, 600), hurt(2, Control, 660)], &[(2, Cell::Ring, 11, 1)]);
    check(&[seen(1, Treated, 0), hurt(2, Control, 660), hurt(1, Treated, 60)], &[(1, Cell::Treated, 1, 1)]);
    check(&[seen(1, Control, 0), hurt(3, Control, 660), seen(2, Treated, 300)], &[(3, Cell::Ring, 11, 1)]);
    check(&[seen(1, Control, 0), hurt(2, Control, 660)], &[(2, Cell::Control, 11, 1)]);
}

#[test]
fn an_event_before_the_first_exposure_is_not_this_rollouts() {
    check(&[seen(1, Treated, 60), hurt(1, Treated, 0)], &[]);
    check(&[hurt(1, Treated, 0), seen(1, Treated, 60)], &[]);
    check(&[hurt(1, Treated, 0), seen(1, Treated, 60), hurt(1, Treated, 90)], &[(1, Cell::Treated, 1, 1)]);
}

#[test]
fn a_late_exposure_finds_the_event_that_waited_for_it() {
    check(&[hurt(1, Treated, 60), seen(1, Treated, 0)], &[(1, Cell::Treated, 1, 1)]);
    check(
        &[seen(1, Treated, 300), hurt(1, Treated, 60), hurt(1, Treated, 360), seen(1, Treated, 0)],
        &[(1, Cell::Treated, 1, 1)],
    );
}

#[test]
fn who_is_never_exposed_counts_as_unexposed_once_the_wait_is_over() {
    check(&[hurt(1, Treated, 60), hurt(1, Treated, 120)], &[(1, Cell::UnexposedTreated, 1, 1)]);
    check(&[hurt(1, Control, 120), hurt(1, Control, 60)], &[(1, Cell::UnexposedControl, 1, 1)]);
    let mut ledger = folded(&spec(1, "a"), &[hurt(1, Treated, 60)]);
    ledger.settle(at(60 + LATENESS_SECONDS));
    assert_eq!(sums(&ledger, "errors"), [], "it still waits");
    ledger.settle(at(61 + LATENESS_SECONDS));
    assert_eq!(sums(&ledger, "errors"), [(1, Cell::UnexposedTreated, 1, 1)]);
    ledger.fold(&spec(1, "a"), &hurt(1, Control, 0));
    ledger.settle(at(LATE));
    assert_eq!(
        sums(&ledger, "errors"),
        [(1, Cell::UnexposedControl, 0, 1)],
        "an earlier one takes its place"
    );
}

#[test]
fn an_exposure_that_comes_far_too_late_still_takes_the_subject_out_of_the_unexposed() {
    for (exposed_at, expected) in [(0, vec![(1, Cell::Treated, 1, 1)]), (90, vec![])] {
        let mut ledger = folded(&spec(1, "a"), &[hurt(1, Treated, 60)]);
        ledger.settle(at(LATE));
        ledger.fold(&spec(1, "a"), &seen(1, Treated, exposed_at));
        ledger.settle(at(LATE));
        assert_eq!(sums(&ledger, "errors"), expected, "exposed at {exposed_at}");
    }
}

#[test]
fn ring_members_are_never_evidence() {
    check(&[seen(1, Ring, 0), hurt(1, Treated, 60)], &[(1, Cell::Ring, 1, 1)]);
    check(&[hurt(1, Control, 60), seen(1, Ring, 0)], &[(1, Cell::Ring, 1, 1)]);
    let joined = [seen(1, Control, 0), seen(2, Ring, 600), hurt(2, Control, 660)];
    check(&joined, &[(2, Cell::Ring, 11, 1)]);
    let after_the_fact = [seen(1, Control, 0), hurt(2, Control, 660), seen(2, Ring, 600)];
    check(&after_the_fact, &[(2, Cell::Ring, 11, 1)]);
    let before = [seen(1, Control, 0), hurt(1, Control, 60), seen(2, Ring, 600)];
    check(&before, &[(1, Cell::Control, 1, 1)]);
    let left = [seen(1, Ring, 0), seen(2, Control, 600), hurt(2, Control, 660)];
    check(&left, &[(2, Cell::Ring, 11, 1)]);
    check(&[hurt(1, Ring, 60)], &[(1, Cell::Ring, 1, 1)]);
}

#[test]
fn exposures_count_once_per_rollout_and_once_per_epoch() {
    let records = [
        seen(2, Treated, 600),
        seen(1, Control, 60),
        seen(1, Control, 61),
        seen(2, Treated, 601),
        seen(1, Control, 59),
    ];
    let ledger = folded(&spec(1, "a"), &records);
    assert_eq!(sums(&ledger, EXPOSURE), [(1, Cell::Control, 0, 1)]);
    assert_eq!(sums(&ledger, REACH), [(1, Cell::Control, 0, 1), (2, Cell::Treated, 0, 1)]);
    assert_eq!(ledger.subjects(1, REACH, 0, Cell::Control), 1);
    let active: Vec<_> =
        ledger.active_minutes(1, Cell::Control).map(|minute| minute - at(0).minute()).collect();
    assert_eq!(active, [0, 1]);
}

#[test]
fn who_had_the_candidate_counts_once_however_they_came_by_it() {
    let had = |records: &[Record]| folded(&spec(1, "a"), records).had_candidate();
    assert_eq!(had(&[seen(1, Control, 0)]), 0);
    assert_eq!(had(&[seen(1, Control, 0), seen(2, Treated, 600), seen(3, Treated, 1_200)]), 1);
    assert_eq!(had(&[seen(2, Treated, 600), seen(1, Control, 0)]), 1);
    assert_eq!(had(&[seen(1, Ring, 0), seen(2, Ring, 600)]), 1);
}

#[test]
fn events_before_a_guardrail_existed_and_of_other_metrics_do_not_count() {
    let spec = spec_with(1, "a", |spec| {
        spec.guardrails = vec![guardrail("old", "error"), guardrail("new", "error"), guardrail("other", "x")];
        spec.guardrails[1].since = at(100);
    });
    let ledger = folded(&spec, &[seen(1, Treated, 0), hurt(1, Treated, 60), hurt(1, Treated, 180)]);
    assert_eq!(sums(&ledger, "old"), [(1, Cell::Treated, 1, 1)]);
    assert_eq!(sums(&ledger, "new"), [(1, Cell::Treated, 3, 1)]);
    assert_eq!(sums(&ledger, "other"), []);
}

#[test]
fn another_revision_of_a_guardrail_begins_anew() {
    let mut spec = spec(1, "a");
    let mut ledger = folded(&spec, &[seen(1, Treated, 0), hurt(1, Treated, 60)]);
    spec.guardrails[0].revision = 2;
    ledger.fold(&spec, &hurt(1, Treated, 120));
    assert_eq!(ledger.subjects(1, "errors", 1, Cell::Treated), 1);
    assert_eq!(ledger.subjects(1, "errors", 2, Cell::Treated), 1);
}

#[test]
fn evaluations_make_a_minute_active_and_a_source_is_nobodys() {
    let activity =
        Record::Activity { rollout: id(1), epoch: 1, arm: Control, minute: at(120).minute(), evaluations: 9 };
    let alive = Record::Seen { metric: name("error"), at: at(0), events: 3 };
    let ledger = folded(&spec(1, "a"), &[activity.clone(), activity, alive]);
    let sums: Vec<_> = ledger.sums().iter().map(|(key, sum)| (key.guardrail.as_str(), sum.records)).collect();
    assert_eq!(sums, [(ACTIVITY, 18)]);
    assert_eq!(ledger.active_minutes(1, Cell::Control).count(), 1);
    assert_eq!(ledger.active_minutes(1, Cell::Treated).count(), 0);
}

#[test]
fn waiting_is_bounded_and_keeps_the_earliest() {
    let events: Vec<_> = (0..40).rev().map(|n| hurt(1, Treated, 60 + n)).collect();
    let mut ledger = folded(&spec(1, "a"), &events);
    let waiting = |ledger: &RolloutLedger| {
        ledger.rows().find(|(name, ..)| *name == "errors").map(|(_, _, row)| row.pending.len())
    };
    assert_eq!(waiting(&ledger), Some(PENDING_PER_SUBJECT_MAX));
    assert_eq!(ledger.due.len(), PENDING_PER_SUBJECT_MAX);
    ledger.fold(&spec(1, "a"), &seen(1, Treated, 0));
    assert_eq!(waiting(&ledger), Some(0));
    assert!(ledger.due.is_empty());
    assert_eq!(sums(&ledger, "errors"), [(1, Cell::Treated, 1, 1)]);
}

/// Few subjects, few moments, all arms: collisions are the point.
fn any_record() -> impl Strategy<Value = Record> {
    let arm = prop_oneof![4 => Just(Treated), 4 => Just(Control), 1 => Just(Ring)];
    (any::<bool>(), 1..4_u32, arm, 0..20_i64).prop_map(|(met, subject, arm, moment)| {
        let epoch = if moment < 10 { 1 } else { 2 };
        if met {
            exposure(1, epoch, arm, subject, moment * 30)
        } else {
            event(1, epoch, arm, subject, moment * 30)
        }
    })
}

type Rows = Vec<(RowKey, SubjectRow)>;

/// Sums and rows without what counts repetitions on purpose.
fn result(mut ledger: RolloutLedger) -> (Vec<(SumKey, i64)>, Rows) {
    ledger.settle(at(LATE));
    assert!(ledger.due.is_empty());
    let sums = ledger.sums().iter().map(|(key, sum)| (key.clone(), sum.subjects));
    let rows = ledger.rows().map(|(name, unit, row)| ((name.to_owned(), unit), row.clone()));
    (sums.collect(), rows.collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn neither_order_nor_repetition_changes_the_result(
        (records, shuffled) in proptest::collection::vec(any_record(), 0..30).prop_flat_map(|records| {
            let repeated: Vec<_> = records.iter().chain(records.iter().step_by(2)).cloned().collect();
            (Just(records), Just(repeated).prop_shuffle())
        }),
    ) {
        let spec = spec(1, "a");
        prop_assert_eq!(result(folded(&spec, &records)), result(folded(&spec, &shuffled)));
    }

    #[test]
    fn a_restored_ledger_goes_on_as_the_one_that_was_saved(
        records in proptest::collection::vec(any_record(), 0..30),
        cut in 0..30_usize,
        settled in 0..900_i64,
    ) {
        let spec = spec(1, "a");
        let (before, after) = records.split_at(cut.min(records.len()));
        let mut store = (std::collections::BTreeMap::new(), std::collections::BTreeMap::new());
        let mut ledger = RolloutLedger::default();
        let mut save = |ledger: &mut RolloutLedger| {
            let Changes { sums, rows } = ledger.take_changes();
            store.0.extend(sums);
            store.1.extend(rows);
            store.clone()
        };
        before.iter().take(before.len() / 2).for_each(|record| ledger.fold(&spec, record));
        save(&mut ledger);
        before.iter().skip(before.len() / 2).for_each(|record| ledger.fold(&spec, record));
        ledger.settle(at(settled));
        let (sums, rows) = save(&mut ledger);
        let mut restored = RolloutLedger::restore(sums, rows);
        prop_assert_eq!(&restored, &ledger);
        for record in after {
            restored.fold(&spec, record);
            ledger.fold(&spec, record);
        }
        prop_assert_eq!(&restored, &ledger);
        prop_assert_eq!(restored.take_changes(), ledger.take_changes());
    }

    #[test]
    fn ledgers_of_disjoint_subjects_merge_by_addition(
        records in proptest::collection::vec(any_record(), 0..30),
    ) {
        let spec = spec(1, "a");
        let of = |wanted: &dyn Fn(UnitHash) -> bool| {
            let mine = records.iter().filter(|record| match record {
                Record::Exposure { unit, .. } | Record::Event { unit, .. } => wanted(*unit),
                Record::Activity { .. } | Record::Seen { .. } => false,
            });
            let mut ledger = RolloutLedger::default();
            mine.for_each(|record| ledger.fold(&spec, record));
            ledger
        };
        let (one, other) = (of(&|who| who == unit(1)), of(&|who| who != unit(1)));
        let sums = |ledger: &RolloutLedger| ledger.sums().clone().into_iter();
        let rows = |ledger: &RolloutLedger| {
            ledger.rows().map(|(name, unit, row)| ((name.to_owned(), unit), row.clone())).collect::<Vec<_>>()
        };
        let merged = RolloutLedger::restore(
            sums(&one).chain(sums(&other)),
            rows(&one).into_iter().chain(rows(&other)),
        );
        let mut whole = folded(&spec, &records);
        whole.take_changes();
        prop_assert_eq!(merged, whole);
    }

    #[test]
    fn nobody_counts_twice(records in proptest::collection::vec(any_record(), 0..30)) {
        let mut ledger = folded(&spec(1, "a"), &records);
        ledger.settle(at(LATE));
        let events = records.iter().filter_map(|record| match record {
            Record::Event { unit, .. } => Some(*unit),
            Record::Exposure { .. } | Record::Activity { .. } | Record::Seen { .. } => None,
        });
        let affected = events.collect::<std::collections::BTreeSet<_>>().len();
        let counted: i64 = sums(&ledger, "errors").iter().map(|(.., subjects)| subjects).sum();
        prop_assert!(counted <= i64::try_from(affected).unwrap());
        prop_assert!(ledger.sums().values().all(|sum| sum.subjects >= 0));
    }
}
