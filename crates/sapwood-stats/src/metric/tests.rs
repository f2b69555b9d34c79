//! Tests of `metric`: what is shown leaves the margin exactly when the test acts, for every kind that shows a number.

use super::*;
use crate::seeded::Seeded;
use crate::tally::Tally;

const ALPHA: f64 = 0.01;

/// Whether the shown interval lies on the harmful side of the margin.
fn beyond(shown: Shown, harm: Harm, margin: f64) -> bool {
    match (shown, harm) {
        (Shown::Ratio(interval), Harm::Up) => interval.lower.is_some_and(|lower| lower > margin),
        (Shown::Ratio(interval), Harm::Down) => interval.upper.is_some_and(|upper| upper < margin),
        (Shown::Difference(interval), _) => interval.lower.is_some_and(|lower| lower > margin),
        (Shown::Probability(..) | Shown::Nothing, _) => panic!("shows no such thing"),
    }
}

fn coin(random: &mut Seeded, share: f64, units: u64, treated_chance: f64) -> Stratum {
    let treated = (0..units).map(|_| u64::from(random.next() < treated_chance)).sum();
    Stratum { treated_share: share, treated, control: units - treated }
}

#[test]
fn what_is_shown_leaves_the_margin_when_the_test_acts() {
    let line = (1.0 / ALPHA).ln();
    let mut acted = 0;
    for seed in 0..120 {
        let mut random = Seeded(seed);
        let affected = [coin(&mut random, 0.1, 150, 0.18), coin(&mut random, 0.5, 60, 0.64)];
        let few = [coin(&mut random, 0.5, 120, 0.36)];
        for (metric, harm) in [
            (Metric::Rate { affected: &affected, harm: Harm::Up, margin_ratio: 1.1 }, Harm::Up),
            (Metric::Rate { affected: &few, harm: Harm::Down, margin_ratio: 1.0 }, Harm::Down),
        ] {
            let reading = metric.read(2.0 * ALPHA);
            let margin = if harm == Harm::Up { 1.1 } else { 1.0 };
            assert_eq!(beyond(reading.shown, harm, margin), reading.log_e >= line, "{seed} {reading:?}");
            acted += u32::from(reading.log_e >= line);
        }
    }
    assert!((40..220).contains(&acted), "neither always nor never, or the test shows nothing: {acted}");
}

#[test]
fn differences_leave_the_margin_when_the_test_acts() {
    let cap = Cap::new(32.0).unwrap();
    let judged = Judged { harm: Harm::Down, margin: 0.05, rho: mean::tuning(0.2, ALPHA).unwrap() };
    let mut acted = 0;
    for seed in 0..60 {
        let mut random = Seeded(seed);
        let mut arm = |units: u32, level: f64| {
            let one = |random: &mut Seeded| {
                let habit = random.normal();
                Tally::of_pair((level + habit + random.normal(), cap), (1.0 + habit, cap))
            };
            (0..units).map(|_| one(&mut random)).fold(Tally::default(), |all, one| all + one)
        };
        let sums = [Pair { treated: arm(500, 2.72), control: arm(900, 3.0) }];
        let caps = cuped::Caps { value: cap, before: cap };
        for metric in [Metric::Mean { sums: &sums, cap, judged }, Metric::Cuped { sums: &sums, caps, judged }]
        {
            let reading = metric.read(2.0 * ALPHA);
            assert_eq!(
                beyond(reading.shown, judged.harm, judged.margin),
                reading.log_e >= (1.0 / ALPHA).ln()
            );
            acted += u32::from(reading.log_e >= (1.0 / ALPHA).ln());
        }
    }
    assert!((20..118).contains(&acted), "{acted}");
}

#[test]
fn every_kind_reads_empty_sums_as_nothing() {
    let cap = Cap::new(1.0).unwrap();
    let judged = Judged { harm: Harm::Up, margin: 0.0, rho: 1.0 };
    let caps = quotient::Caps { numerator: cap, denominator: cap };
    let tuning = proportion::Tuning { units: 100.0, alpha: 0.05 };
    for metric in [
        Metric::Rate { affected: &[], harm: Harm::Up, margin_ratio: 1.0 },
        Metric::Mean { sums: &[], cap, judged },
        Metric::Quotient { sums: &[], caps, judged },
        Metric::Cuped { sums: &[], caps: cuped::Caps { value: cap, before: cap }, judged },
        Metric::Latency { limits: &[], margin_ratio: 1.0 },
        Metric::Volume { affected: &[], margin_ratio: 1.0 },
        Metric::Ceiling { affected: 0, unaffected: 0, ceiling: 0.2, tuning },
        Metric::Counter { intervals: &[], harm: Harm::Up, margin_ratio: 1.0 },
        Metric::SampleRatio { exposed: &[] },
    ] {
        let reading = metric.read(0.02);
        assert!(reading.log_e.abs() < 1e-12, "{metric:?}");
        match reading.shown {
            Shown::Ratio(interval) => assert_eq!((interval.lower, interval.upper), (None, None)),
            Shown::Difference(interval) => assert_eq!((interval.lower, interval.upper), (None, None)),
            Shown::Probability(interval) => assert!(interval.lower <= 0.0 && interval.upper >= 1.0),
            Shown::Nothing => {}
        }
    }
}
