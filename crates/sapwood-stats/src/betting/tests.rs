//! Tests of `betting` against confseq, and the fair bet by enumeration.

use super::*;
use crate::reference::{assert_close, cases, number, numbers};

const REFERENCE: &str = include_str!("../../../../fixtures/stats/betting.json");

#[test]
fn capital_matches_the_reference() {
    for (kind, direction, theta) in [("bet", Direction::Either, 0.5), ("bet-one", Direction::Above, 1.0)] {
        for (id, case) in cases(REFERENCE, kind) {
            let input = &case["input"];
            assert_close(&id, number(&input["theta"]), theta, 1e-15);
            let [null, alpha, stake] = ["m", "alpha", "trunc_scale"].map(|name| number(&input[name]));
            let mut bettor = Bettor::new(null, direction, alpha, stake).unwrap();
            for (value, expected) in numbers(&input["x"]).into_iter().zip(numbers(&case["output"])) {
                bettor.observe(value);
                assert_close(&id, bettor.log_e().exp(), expected, 1e-12);
            }
        }
    }
}

/// Every sequence of ten coin throws at the null: the mean of the one-sided capital is one, of the hedged at most.
#[test]
fn the_bet_is_fair() {
    for null in [0.2_f64, 0.5] {
        for (direction, low) in [(Direction::Above, 1.0 - 1e-12), (Direction::Either, 0.5)] {
            let mut mean = 0.0;
            for throws in 0_u32..1024 {
                let mut bettor = Bettor::new(null, direction, 0.05, 0.5).unwrap();
                let mut chance = 1.0;
                for position in 0..10 {
                    let head = throws >> position & 1 == 1;
                    chance *= if head { null } else { 1.0 - null };
                    bettor.observe(f64::from(u8::from(head)));
                }
                mean += chance * bettor.log_e().exp();
            }
            assert!(mean >= low && mean <= 1.0 + 1e-12, "{null} {direction:?}: {mean}");
        }
    }
}

#[test]
fn odd_values_neither_ruin_nor_confuse() {
    let mut bettor = Bettor::new(0.5, Direction::Either, 0.05, 0.5).unwrap();
    for value in [f64::NAN, f64::INFINITY, -3.0, 0.0, 0.0, 0.0] {
        bettor.observe(value);
        assert!(bettor.log_e().is_finite());
    }
    assert_eq!(Bettor::new(0.0, Direction::Above, 0.05, 0.5), None);
    assert_eq!(Bettor::new(0.5, Direction::Above, 0.05, f64::NAN), None);
    let mut reckless = Bettor::new(0.5, Direction::Above, 0.05, 1.0).unwrap();
    for value in [0.0, 1.0, 0.5] {
        reckless.observe(value);
        assert!(!reckless.log_e().is_nan());
    }
}
