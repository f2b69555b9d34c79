//! Tests of `bounded`: both directions are the same bet, stages multiply, and few values suffice.

use super::*;
use crate::reference::assert_close;

fn bet(harm: Harm, values: &[f64]) -> BoundedMean {
    let mut mean = BoundedMean::new(1.0, 5.0, 3.0, harm, 0.01).unwrap();
    for &value in values {
        mean.observe(value);
    }
    mean
}

#[test]
fn a_bet_downwards_is_the_mirror_of_one_upwards() {
    let values = [4.0, 5.0, 2.5, 4.5, f64::NAN, 7.0];
    let mirrored = values.map(|value| 6.0 - value);
    assert_close("mirror", bet(Harm::Up, &values).log_e(), bet(Harm::Down, &mirrored).log_e(), 1e-12);
    assert!(bet(Harm::Down, &values).log_e() < 0.0);
}

#[test]
fn stages_multiply() {
    let (first, second) = ([5.0, 4.0, 4.5], [5.0, 5.0, 3.0]);
    let mut staged = bet(Harm::Up, &first).next_stage();
    for value in second {
        staged.observe(value);
    }
    assert_close(
        "product",
        staged.log_e(),
        bet(Harm::Up, &first).log_e() + bet(Harm::Up, &second).log_e(),
        1e-12,
    );
}

#[test]
fn twenty_bad_scores_are_enough_and_odd_bounds_are_refused() {
    assert!(bet(Harm::Down, &[1.0; 20]).log_e() > 100.0_f64.ln());
    for (low, high, level) in
        [(1.0, 1.0, 1.0), (1.0, 5.0, 1.0), (1.0, 5.0, 5.0), (f64::NAN, 5.0, 3.0), (5.0, 1.0, 3.0)]
    {
        assert_eq!(BoundedMean::new(low, high, level, Harm::Up, 0.01), None, "{low} {high} {level}");
    }
}
