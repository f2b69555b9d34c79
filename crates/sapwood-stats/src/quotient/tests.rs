//! Tests of `quotient`: the textbook's variance, a denominator of one, and seeded arms without a difference.

use super::*;
use crate::mean::score_of_tallies;
use crate::reference::assert_close;
use crate::seeded::Seeded;
use crate::tally::Tally;

fn caps() -> Caps {
    Caps { numerator: Cap::new(64.0).unwrap(), denominator: Cap::new(64.0).unwrap() }
}

/// One arm of subjects: some requests each, some of them errors, at this rate.
fn arm(random: &mut Seeded, subjects: u32, rate: f64) -> Vec<(f64, f64)> {
    let one = |random: &mut Seeded| {
        let requests = (random.next() * 20.0).floor() + 1.0;
        // A subject's own rate varies around the arm's, so that requests of one subject are not independent.
        let own = rate * 2.0 * random.next();
        let mut errors = 0.0;
        let mut left = requests;
        while left > 0.0 {
            errors += f64::from(u8::from(random.next() < own));
            left -= 1.0;
        }
        (errors, requests)
    };
    (0..subjects).map(|_| one(random)).collect()
}

fn tally(arm: &[(f64, f64)]) -> Tally {
    let caps = caps();
    let one = |&(y, x): &(f64, f64)| Tally::of_pair((y, caps.numerator), (x, caps.denominator));
    arm.iter().map(one).fold(Tally::default(), |all, one| all + one)
}

#[test]
fn the_variance_is_that_of_the_textbook() {
    let mut random = Seeded(3);
    let (treated, control) = (arm(&mut random, 400, 0.1), arm(&mut random, 900, 0.08));
    let all: Vec<(f64, f64)> = treated.iter().chain(&control).copied().collect();
    let total = |pick: fn(&(f64, f64)) -> f64, arm: &[(f64, f64)]| arm.iter().map(pick).sum::<f64>();
    let quotient = total(|s| s.0, &all) / total(|s| s.1, &all);
    let mean = total(|s| s.1, &all) / 1300.0;
    let linear: Vec<f64> = all.iter().map(|(y, x)| (y - quotient * x) / mean).collect();
    let spread = linear.iter().map(|z| z * z).sum::<f64>() / 1299.0;
    let variance = spread * (1.0 / 400.0 + 1.0 / 900.0);
    let expected = total(|s| s.0, &treated) / total(|s| s.1, &treated)
        - total(|s| s.0, &control) / total(|s| s.1, &control);
    let pair = Pair { treated: tally(&treated), control: tally(&control) };
    let score = score(&[pair], caps(), Harm::Up, 0.0);
    assert_close("information", score.information * variance, 1.0, 1e-9);
    assert_close("difference", score.estimate().unwrap(), expected, 1e-9);
}

#[test]
fn with_a_denominator_of_one_it_is_a_mean() {
    let mut random = Seeded(5);
    let flat = |arm: Vec<(f64, f64)>| arm.into_iter().map(|(y, _)| (y, 1.0)).collect::<Vec<_>>();
    let treated = tally(&flat(arm(&mut random, 300, 0.3)));
    let pair = Pair { treated, control: tally(&flat(arm(&mut random, 500, 0.2))) };
    let quotient = score(&[pair], caps(), Harm::Down, 0.01);
    let mean = score_of_tallies(&[pair], caps().numerator, Harm::Down, 0.01);
    assert_close("harm", quotient.harm, mean.harm, 1e-9);
    assert_close("information", quotient.information, mean.information, 1e-9);
}

/// Forty harmless worlds of four stages: none may fire at 1 %, and requests of one subject stick together.
#[test]
fn harmless_arms_stay_below_the_line_and_harmful_ones_pass_it() {
    let rho = crate::mean::tuning(0.02, 0.01).unwrap();
    let mut reached = [0, 0];
    for (index, rate) in [0.1, 0.16].into_iter().enumerate() {
        for seed in 0..40 {
            let mut random = Seeded(1000 + seed);
            let stages: Vec<Pair> = (0..4)
                .map(|_| Pair {
                    treated: tally(&arm(&mut random, 200, rate)),
                    control: tally(&arm(&mut random, 800, 0.1)),
                })
                .collect();
            let worst = (1..=4)
                .map(|looks| score(&stages[..looks], caps(), Harm::Up, 0.0).log_e(rho))
                .fold(f64::NEG_INFINITY, f64::max);
            reached[index] += u32::from(worst >= 100.0_f64.ln());
        }
    }
    assert!(reached[0] <= 1, "{reached:?}");
    assert!(reached[1] >= 36, "{reached:?}");
}

#[test]
fn what_has_no_denominator_is_left_out() {
    let nothing = Tally { units: 500, ..Tally::default() };
    let pair = Pair { treated: nothing, control: nothing };
    assert_eq!(score(&[pair, Pair::default()], caps(), Harm::Up, 0.0), Score::default());
}
