//! Tests of `proportion`: confseq's intervals, ville's mixture, and the fair bet at the ceiling.

use super::*;
use crate::reference::{assert_close, cases, number};

const REFERENCE: &str = include_str!("../../../../fixtures/stats/proportion.json");

#[test]
fn intervals_match_the_reference() {
    for (id, case) in cases(REFERENCE, "bern-ci") {
        let input = &case["input"];
        let (affected, units) =
            (input["num_successes"].as_u64().unwrap(), input["num_trials"].as_u64().unwrap());
        let (alpha, optimal) = (number(&input["alpha"]), number(&input["t_opt"]));
        let tuning = Tuning { units: optimal, alpha: number(&input["alpha_opt"]) };
        let actual = interval(affected, units - affected, alpha, tuning);
        assert_close(&id, actual.lower, number(&case["output"][0]), 1e-9);
        assert_close(&id, actual.upper, number(&case["output"][1]), 1e-9);
    }
}

/// ville bets on both sides of the null; ours is its bet above the ceiling, so that both halves make its whole.
#[test]
fn both_sides_of_the_ceiling_make_the_reference() {
    for (id, case) in cases(REFERENCE, "v-berntest") {
        let ceiling = number(&case["input"]["p0"]);
        for (units, expected) in case["output"].as_object().unwrap() {
            let units: u64 = units.parse().unwrap();
            let affected = (1..=units).map(|i| u64::from(53 * i % 100 < 30)).sum();
            let above = log_e_above(affected, units - affected, ceiling).exp();
            let below = log_e_above(units - affected, affected, 1.0 - ceiling).exp();
            let both = (1.0 - ceiling) * above + ceiling * below;
            assert_close(&format!("{id} {units}"), both, number(expected), 1e-9);
        }
    }
}

#[test]
fn a_ceiling_is_a_fair_bet_there_and_a_losing_one_below() {
    let mean = |probability: f64, ceiling: f64, units: u32| {
        let (mut chance, mut mean) = ((1.0 - probability).powf(units.into()), 0.0);
        for affected in 0..=units {
            mean += chance * log_e_above(affected.into(), (units - affected).into(), ceiling).exp();
            chance *=
                f64::from(units - affected) / f64::from(affected + 1) * probability / (1.0 - probability);
        }
        mean
    };
    for (ceiling, units) in [(0.01, 50), (0.2, 40), (0.9, 30)] {
        assert_close("at the ceiling", mean(ceiling, ceiling, units), 1.0, 1e-10);
        assert!(mean(0.8 * ceiling, ceiling, units) < 1.0);
        assert!(mean((1.3 * ceiling).min(0.99), ceiling, units) > 1.0);
    }
}

#[test]
fn odd_input_is_no_evidence() {
    for ceiling in [0.0, 1.0, -1.0, f64::NAN] {
        assert!(log_e_above(5, 5, ceiling).abs() < 1e-15);
    }
    assert!(log_e_above(0, 0, 0.5).abs() < 1e-15);
    for (affected, unaffected) in [(u64::MAX, 0), (0, u64::MAX), (u64::MAX, u64::MAX)] {
        assert!(!log_e_above(affected, unaffected, 0.3).is_nan());
    }
    let tuning = Tuning { units: 100.0, alpha: 0.05 };
    let whole = Interval { lower: 0.0, upper: 1.0 };
    assert_eq!(interval(0, 0, 0.05, tuning), whole);
    assert_eq!(interval(5, 5, 0.0, tuning), whole);
    for units in [f64::NAN, 0.0, f64::INFINITY] {
        assert_eq!(interval(5, 5, 0.05, Tuning { units, ..tuning }), whole);
    }
    assert_eq!(interval(5, 5, 0.05, Tuning { alpha: 1.0, ..tuning }), whole);
}

/// Sanity against a closed form: nothing affected, so the bet is a single power.
#[test]
fn nothing_affected_has_a_closed_form() {
    let whole = -(11.0_f64.ln());
    let expected = whole + 11.0 * 0.7_f64.ln() - 0.7_f64.ln() - 10.0 * 0.7_f64.ln();
    assert_close("ten clean subjects", log_e_above(0, 10, 0.3), expected, 1e-12);
}
