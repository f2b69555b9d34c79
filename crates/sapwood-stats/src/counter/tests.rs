//! Tests of `counter`: which test speaks, and that bursts do not raise false alarms.

use super::*;
use crate::seeded::Seeded;

/// Minutes of scraping at a treated share of a fifth: subjects affected in one of a hundred, each with so many events.
fn minutes(random: &mut Seeded, many: u32, events: u64, treated_rate: f64) -> Vec<Interval> {
    let minute = |random: &mut Seeded| {
        let mut interval = Interval::default();
        for _ in 0..2000 {
            let treated = random.next() < 0.2;
            let rate = if treated { treated_rate } else { 0.01 };
            let happened = if random.next() < rate { 1 + whole(random, events) } else { 0 };
            if treated {
                interval.exposed_treated += 1;
                interval.treated += happened;
            } else {
                interval.exposed_control += 1;
                interval.control += happened;
            }
        }
        interval
    };
    (0..many).map(|_| minute(random)).collect()
}

fn whole(random: &mut Seeded, below: u64) -> u64 {
    (0..below).map(|_| u64::from(random.next() < 0.5)).sum()
}

#[test]
fn independent_events_go_to_the_ratio_test_and_bursts_to_the_score() {
    let plain = minutes(&mut Seeded(1), 60, 0, 0.01);
    assert!(
        matches!(read(&plain, Harm::Up, 1.0), Reading::Independent { dispersion, .. } if dispersion < 1.4)
    );
    let bursts = minutes(&mut Seeded(2), 60, 16, 0.01);
    assert!(matches!(read(&bursts, Harm::Up, 1.0), Reading::Bursts { dispersion, .. } if dispersion > 4.0));
    assert!(read(&bursts, Harm::Up, 1.25).log_e().abs() < 1e-15, "the score has no margin");
    assert_eq!(read(&plain[..LEAST - 1], Harm::Up, 1.0), Reading::TooFew);
    assert_eq!(read(&[Interval::default(); 100], Harm::Up, 1.0), Reading::TooFew);
}

#[test]
fn bursts_raise_no_false_alarm_and_harm_is_seen() {
    let line = 100.0_f64.ln();
    let mut fired = [0, 0, 0];
    for seed in 0..40 {
        for (index, (events, rate)) in [(16, 0.01), (0, 0.02), (16, 0.04)].into_iter().enumerate() {
            let minutes = minutes(&mut Seeded(100 + seed), 90, events, rate);
            let worst = (LEAST..=90).step_by(10).map(|looks| read(&minutes[..looks], Harm::Up, 1.0).log_e());
            fired[index] += u32::from(worst.fold(0.0, f64::max) >= line);
        }
    }
    assert!(fired[0] <= 1 && fired[1] >= 38 && fired[2] >= 36, "{fired:?}");
}

#[test]
fn merging_is_adding() {
    let all = minutes(&mut Seeded(3), 40, 3, 0.01);
    let forwards = all.iter().fold(Interval::default(), |sum, one| sum + *one);
    let backwards = all.iter().rev().fold(Interval::default(), |sum, one| sum + *one);
    assert_eq!(forwards, backwards);
}
