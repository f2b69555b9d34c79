//! Tests of `score`.

use super::*;
use crate::reference::{assert_close, cases, number, numbers};

const REFERENCE: &str = include_str!("../../../../fixtures/stats/mean.json");

#[test]
fn evidence_matches_the_reference() {
    for (id, case) in cases(REFERENCE, "rsm") {
        let surpluses = numbers(&case["input"]["d"]);
        let (sum, squares) = (surpluses.iter().sum(), surpluses.iter().map(|d| d * d).sum());
        let actual = log_e_of_sums(sum, squares, number(&case["input"]["rho"]));
        assert_close(&id, actual, number(&case["output"]["log_e"]), 1e-10);
    }
}

/// Forty intervals of events that come in fives, alternately in either arm: bursty, and harmless.
#[test]
fn bursts_are_seen_as_bursts_and_not_as_harm() {
    let interval = |treated| Stratum { treated_share: 0.5, treated, control: 20 - treated };
    let bursty: Vec<_> = (0..40).map(|n| interval(if n % 2 == 0 { 0 } else { 20 })).collect();
    assert!(dispersion(&bursty).unwrap() > 10.0 * DISPERSION_MAX);
    assert!(log_e(&bursty, Harm::Up) < 0.0);
    let calm: Vec<_> = (0..40).map(|n| interval(10 + n % 2)).collect();
    assert!(dispersion(&calm).unwrap() < DISPERSION_MAX);
    let harmed: Vec<_> = (0..40).map(|_| interval(15)).collect();
    assert!(log_e(&harmed, Harm::Up) > 100.0_f64.ln());
    assert!(log_e(&harmed, Harm::Down) < 0.0);
}

#[test]
fn few_intervals_say_nothing() {
    let few = [Stratum { treated_share: 0.5, treated: 1_000, control: 0 }; INTERVALS_MIN - 1];
    assert!(log_e(&few, Harm::Up).abs() < 1e-15);
    assert_eq!(dispersion(&few), None);
    let blind = [Stratum { treated_share: 1.0, treated: 1_000, control: 0 }; INTERVALS_MIN];
    assert!(log_e(&blind, Harm::Up).abs() < 1e-15);
    assert_eq!(dispersion(&blind), None);
}
