//! Tests of `cuped`: what the past explains goes, what the slice does stays.

use super::*;
use crate::mean::score_of_tallies;
use crate::reference::assert_close;
use crate::seeded::Seeded;
use crate::tally::Tally;

fn caps() -> Caps {
    Caps { value: Cap::new(64.0).unwrap(), before: Cap::new(64.0).unwrap() }
}

/// Subjects with a habit `x`, and `y` that follows it with some noise and a shift.
fn arm(random: &mut Seeded, subjects: u32, shift: f64) -> Tally {
    let caps = caps();
    let one = |random: &mut Seeded| {
        let habit = 10.0 + 3.0 * random.normal();
        let value = 2.0 + habit + random.normal() + shift;
        Tally::of_pair((value, caps.value), (habit, caps.before))
    };
    (0..subjects).map(|_| one(random)).fold(Tally::default(), |all, one| all + one)
}

fn pair(seed: u64, shift: f64) -> Pair {
    let mut random = Seeded(seed);
    Pair { treated: arm(&mut random, 1000, shift), control: arm(&mut random, 4000, 0.0) }
}

#[test]
fn the_past_takes_its_part_of_the_variance() {
    let pair = pair(11, 0.0);
    let (adjusted, plain) =
        (score(&[pair], caps(), Harm::Up, 0.0), score_of_tallies(&[pair], caps().value, Harm::Up, 0.0));
    // Nine tenths of the variance are habit.
    assert_close("gain", adjusted.information / plain.information, 10.0, 0.1);
}

#[test]
fn without_a_past_it_is_the_plain_mean() {
    let mut random = Seeded(2);
    let cap = caps().value;
    let mut arm = |subjects: u32| {
        (0..subjects)
            .map(|_| Tally::of(5.0 + random.normal(), cap))
            .fold(Tally::default(), |all, one| all + one)
    };
    let pair = Pair { treated: arm(300), control: arm(700) };
    let (adjusted, plain) =
        (score(&[pair], caps(), Harm::Down, 0.1), score_of_tallies(&[pair], cap, Harm::Down, 0.1));
    assert_close("harm", adjusted.harm, plain.harm, 1e-9);
    assert_close("information", adjusted.information, plain.information, 1e-9);
}

#[test]
fn a_shift_is_seen_at_its_size_and_a_harmless_slice_is_not_blamed() {
    let rho = crate::mean::tuning(0.2, 0.01).unwrap();
    let mut blamed = 0;
    for seed in 0..60 {
        blamed += u32::from(score(&[pair(seed, 0.0)], caps(), Harm::Up, 0.0).log_e(rho) >= 100.0_f64.ln());
    }
    assert!(blamed <= 1, "{blamed}");
    let harmed = score(&[pair(1, 0.3)], caps(), Harm::Up, 0.0);
    assert!((harmed.estimate().unwrap() - 0.3).abs() < 0.12, "{harmed:?}");
    assert!(harmed.log_e(rho) > 100.0_f64.ln());
    let interval = harmed.interval(0.02, rho);
    assert!(interval.lower.unwrap() > 0.0 && interval.upper.unwrap() > 0.3 - 0.12, "{interval:?}");
}
