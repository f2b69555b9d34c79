//! Readings: replayed from sums alone, stored without loss, exact at the line, and said in numbers.

use proptest::prelude::*;

use super::*;
use crate::command::Step;
use crate::ledger::{SumKey, Sums};
use crate::sentence;
use crate::testing::{World, at, guardrail, name, spec, spec_with};

/// A sum of `subjects` under one guardrail.
fn sum(epoch: u32, guardrail: &str, arm: Cell, subjects: i64) -> (SumKey, Sums) {
    let revision = u32::from(!guardrail.starts_with('$'));
    let key = SumKey { epoch, guardrail: guardrail.to_owned(), revision, arm, minute: at(0).minute() };
    (key, Sums { subjects, records: 0 })
}

/// Treated and control subjects in an epoch of rollout 1.
fn counts(epoch: u32, name: &str, treated: i64, control: i64) -> [(SumKey, Sums); 2] {
    [sum(epoch, name, Cell::Treated, treated), sum(epoch, name, Cell::Control, control)]
}

fn ledger(sums: impl IntoIterator<Item = (SumKey, Sums)>) -> RolloutLedger {
    RolloutLedger::restore(sums, [])
}

/// Rollout 1 of `a` on its second stage: epoch 1 at 10 %, epoch 2 at 50 %.
fn climbing() -> World {
    let mut world = World::started(spec(1, "a"));
    world.step(1, Step::Advance { from: 0 }).unwrap();
    world
}

fn read(world: &World, ledger: &RolloutLedger) -> Evidence {
    Evidence::read(world.rollout(1), ledger, 7, at(0))
}

#[test]
fn before_anybody_came_nothing_is_said() {
    let world = climbing();
    let evidence = read(&world, &ledger([])).with_intervals(world.rollout(1), &ledger([]));
    assert_eq!((evidence.log_average, evidence.sample_ratio_log_e), (0.0, 0.0));
    let reading = &evidence.guardrails[0];
    assert_eq!((reading.log_e, reading.treated, reading.control, reading.ratio), (0.0, 0, 0, None));
    assert!(!reading.crossed() && !reading.silent_treated);
    assert!((reading.limit_log_e - 250.0_f64.ln()).abs() < 1e-12, "1 / (1 % x 0.4)");
    assert_eq!((evidence.formula, evidence.ledger_offset, evidence.at), (1, 7, at(0)));
}

#[test]
fn epochs_are_strata_and_never_pooled() {
    let world = climbing();
    // A bad hour that hit both arms alike while few were treated, and a quiet one while half were.
    let fair = ledger(counts(1, "errors", 100, 900).into_iter().chain(counts(2, "errors", 10, 10)));
    let reading = &read(&world, &fair).guardrails[0];
    assert!(reading.log_e < 0.0, "{reading:?}");
    assert!((reading.expected_treated - 110.0).abs() < 1e-9);
    assert_eq!((reading.treated, reading.control), (110, 910));
}

#[test]
fn epochs_without_a_choice_say_nothing() {
    let mut world = World::started(spec_with(1, "a", |spec| {
        spec.holdback = Share::NONE;
        spec.ladder.stages.insert(0, crate::testing::ring("internal"));
    }));
    world.advance_to(1, 3);
    let shares: Vec<_> = world.rollout(1).epochs.iter().map(|epoch| epoch.share.parts()).collect();
    assert_eq!(shares, [0, 10_000, 50_000, 100_000]);
    let one_sided = ledger(counts(1, "errors", 0, 500).into_iter().chain(counts(4, "errors", 500, 0)));
    let evidence = read(&world, &one_sided);
    assert_eq!((evidence.guardrails[0].log_e, evidence.guardrails[0].treated), (0.0, 0));
}

#[test]
fn rings_other_revisions_and_other_guardrails_are_not_read() {
    let world = climbing();
    let (mut key, value) = sum(1, "errors", Cell::Treated, 500);
    key.revision = 2;
    let foreign = [(key, value), sum(1, "errors", Cell::Ring, 500), sum(1, "other", Cell::Treated, 500)];
    assert_eq!(read(&world, &ledger(foreign)), read(&world, &ledger([])));
}

#[test]
fn exposures_that_do_not_fit_the_shares_raise_the_alarm() {
    let world = climbing();
    let alarm =
        |treated, control| read(&world, &ledger(counts(1, EXPOSURE, treated, control))).sample_ratio_alarm();
    assert!(!alarm(1_000, 9_000));
    assert!(!alarm(1_060, 8_940), "two standard deviations");
    assert!(alarm(1_200, 8_800));
    assert!(alarm(800, 9_200));
}

#[test]
fn lost_exposures_and_silence_are_seen() {
    let world = climbing();
    let unexposed =
        [sum(1, "errors", Cell::UnexposedTreated, 60), sum(1, "errors", Cell::UnexposedControl, 90)];
    let reading = read(&world, &ledger(unexposed)).guardrails[0].clone();
    assert!(reading.exposure_loss_log_e > 1000.0_f64.ln(), "{reading:?}");
    assert!(reading.log_e.abs() < 1e-12, "who was never seen is no evidence of harm");
    let silent =
        |control| read(&world, &ledger(counts(2, "errors", 0, control))).guardrails[0].silent_treated;
    assert!(!silent(9), "2^-9 is not yet incredible");
    assert!(silent(10), "2^-10 is");
    assert!(!read(&world, &ledger(counts(2, "errors", 1, 500))).guardrails[0].silent_treated);
}

#[test]
fn the_average_leaves_out_what_only_notifies_and_counts_the_unspent_as_one() {
    let world = World::started(spec_with(1, "a", |spec| {
        spec.guardrails = vec![guardrail("errors", "error"), guardrail("watched", "error")];
        spec.guardrails[1].action = GuardrailAction::Notify;
    }));
    let hurt = ledger(counts(1, "watched", 50, 50));
    let evidence = read(&world, &hurt);
    assert!(evidence.guardrails[1].crossed());
    assert!(evidence.log_average.abs() < 1e-12);
    let hurt = ledger(counts(1, "errors", 50, 50));
    let evidence = read(&world, &hurt);
    let expected = (0.4 * evidence.guardrails[0].log_e.exp() + 0.6).ln();
    assert!((evidence.log_average - expected).abs() < 1e-9);
}

#[test]
fn a_finding_is_a_sentence_with_its_numbers() {
    let world = World::started(spec_with(1, "a", |spec| {
        spec.ladder.stages = vec![crate::testing::stage(5), crate::testing::stage(100)];
    }));
    let rollout = world.rollout(1);
    let say = |treated, control| {
        let ledger = ledger(counts(1, "errors", treated, control));
        let evidence = read(&world, &ledger).with_intervals(rollout, &ledger);
        sentence::harm(rollout, &rollout.spec.guardrails[0], &evidence.guardrails[0])
    };
    assert_eq!(
        say(31, 271),
        "31 of 302 subjects with `error` had `on`, 15 expected if it were harmless; evidence 275:1 (limit 250:1); \
         ratio 2.2 (99.2 % interval 1.0 to 4.1)"
    );
    assert_eq!(
        say(3, 1_297),
        "only 3 of 1 300 subjects with `error` had `on`, 65 expected if it were harmless; \
         evidence 0.0:1 (limit 250:1); ratio 0.0 (99.2 % interval 0 to 0.2)"
    );
    assert_eq!(
        say(4, 0),
        "4 of 4 subjects with `error` had `on`, 0.2 expected if it were harmless; evidence 36:1 (limit 250:1)"
    );
    let flood = say(400, 600);
    assert!(
        flood.contains("evidence over 1 000 000:1 (limit 250:1); ratio 13 (99.2 % interval 9.9 to 16)"),
        "{flood}"
    );
}

#[test]
fn power_is_what_a_doubling_would_have_shown() {
    let world = climbing();
    let seen = |treated, control| {
        let ledger = ledger(counts(2, "errors", treated, control));
        let evidence = read(&world, &ledger).with_power(world.rollout(1), &ledger);
        evidence.guardrails[0].would_have_seen_doubling.unwrap()
    };
    assert!(seen(5, 5) < 0.1);
    assert!(seen(200, 200) > 0.95);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_reading_is_replayed_from_the_sums_and_survives_the_log(
        first in (0..200_i64, 0..900_i64),
        second in (0..200_i64, 0..200_i64),
        exposed in (0..2000_i64, 0..9000_i64),
    ) {
        let world = climbing();
        let sums: Vec<_> = counts(1, "errors", first.0, first.1)
            .into_iter()
            .chain(counts(2, "errors", second.0, second.1))
            .chain(counts(1, EXPOSURE, exposed.0, exposed.1))
            .collect();
        let live = ledger(sums.clone());
        let evidence = read(&world, &live).with_intervals(world.rollout(1), &live);
        let stored = serde_json::to_string(&evidence).unwrap();
        prop_assert_eq!(serde_json::from_str::<Evidence>(&stored).unwrap(), evidence.clone());
        let replayed = ledger(sums.into_iter().rev());
        prop_assert_eq!(read(&world, &replayed).with_intervals(world.rollout(1), &replayed), evidence);
    }

    #[test]
    fn the_bound_crosses_the_margin_when_the_limit_is_crossed(
        first in (0..60_i64, 0..300_i64),
        second in (0..120_i64, 0..80_i64),
        margin in 800..1500_u32,
        down in any::<bool>(),
    ) {
        let mut world = World::started(spec_with(1, "a", |spec| {
            spec.guardrails[0].margin_permille = margin;
            spec.guardrails[0].harm = if down { Harm::Down } else { Harm::Up };
        }));
        world.step(1, Step::Advance { from: 0 }).unwrap();
        let live = ledger(counts(1, "errors", first.0, first.1).into_iter().chain(counts(2, "errors", second.0, second.1)));
        let evidence = read(&world, &live).with_intervals(world.rollout(1), &live);
        let reading = &evidence.guardrails[0];
        let limit = f64::from(margin) / 1000.0;
        let beyond = if down {
            reading.ratio_upper.is_some_and(|upper| upper <= limit * (1.0 + 1e-9))
        } else {
            reading.ratio_lower.is_some_and(|lower| lower >= limit * (1.0 - 1e-9))
        };
        let near = (reading.log_e - reading.limit_log_e).abs() < 1e-6;
        prop_assert!(near || beyond == reading.crossed(), "{reading:?}");
    }
}

#[test]
fn levels_do_not_round_to_certainty() {
    let level = |ppm, weight| {
        let world = World::started(spec_with(1, "a", |spec| {
            spec.false_rollback_ppm = ppm;
            spec.guardrails[0].weight_permille = weight;
            spec.guardrails[0].key = name("errors");
        }));
        let rollout = world.rollout(1);
        let ledger = ledger(counts(1, "errors", 1, 9));
        let evidence = read(&world, &ledger).with_intervals(rollout, &ledger);
        sentence::interval(rollout, &rollout.spec.guardrails[0], &evidence.guardrails[0]).unwrap()
    };
    assert!(level(10_000, 800).contains("(98.4 % interval"));
    assert!(level(1_000, 100).contains("(99.98 % interval"));
    assert!(level(100, 10).contains("(99.9998 % interval"));
}
