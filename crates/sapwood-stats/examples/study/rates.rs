//! Error rates and latencies on ladders that climb by time, ladders that react, and the proof of no harm.

use sapwood_stats::{Harm, Prior, Stratum, ratio};

use crate::random::Random;
use crate::row::{Run, Study, only, print, study};
use crate::traffic::{HIGH, HOLDBACK, LADDER, LOW, Ledger, Tick, Traffic, first, tick, walk};

fn up(strata: &[Stratum]) -> f64 {
    ratio::log_e(strata, Harm::Up, 1.0, &Prior::guardrail())
}

/// One row per level for one scenario on one ladder.
fn rows(
    scenario: &str,
    traffic: Traffic,
    ladder: (&str, &[f64]),
    rates: (f64, f64),
    chance: (u32, u64),
    levels: &[(&str, f64, Study)],
) {
    let (runs, seed) = chance;
    let mut fired: Vec<Vec<Run>> = vec![Vec::new(); levels.len()];
    for run in 0..runs {
        let ticks = walk(&mut Random::of(seed, run), traffic, ladder.1, |_| rates);
        for ((_, alpha, _), fired) in levels.iter().zip(&mut fired) {
            fired.push(Run::new(&ticks, first(&ticks, -alpha.ln(), up)));
        }
    }
    for ((name, _, study), runs) in levels.iter().zip(fired) {
        print(scenario, traffic, &format!("{name}{}", ladder.0), &runs, *study);
    }
}

/// Errors in one visit of a hundred, and what the slice makes of them.
pub(crate) fn rates(runs: u32, seed: u64) {
    let chance = (runs, seed);
    let high = [
        ("harmless", 0.01, only(1.8), only(0.4), only(0.3)),
        (
            "1 → 1.5 %",
            0.015,
            study(100.0, 15.0, 3564.0),
            study(100.0, 19.0, 5457.0),
            study(100.0, 18.0, 5129.0),
        ),
        ("1 → 2 %", 0.02, study(100.0, 10.0, 978.0), study(100.0, 11.0, 1569.0), study(100.0, 11.0, 1556.0)),
        ("1 → 5 %", 0.05, study(100.0, 2.0, 193.0), study(100.0, 2.0, 211.0), study(100.0, 2.0, 209.0)),
    ];
    for (scenario, rate, five, one, held_back) in high {
        rows(
            scenario,
            HIGH,
            ("", &LADDER),
            (rate, 0.01),
            chance,
            &[("e 5 %", 0.05, five), ("e 1 %", 0.01, one)],
        );
        let level = [("e 1 %", 0.01, held_back)];
        rows(scenario, HIGH, (", holdback", &HOLDBACK), (rate, 0.01), chance, &level);
    }
    let low = [
        ("harmless", 0.01, only(0.7), only(0.1)),
        (
            "1 → 2 %",
            0.02,
            Study { people: None, ..study(32.7, 78.0, 0.0) },
            Study { people: None, ..study(13.0, 82.0, 0.0) },
        ),
        ("1 → 5 %", 0.05, study(99.9, 53.0, 139.0), study(99.6, 59.0, 211.0)),
    ];
    for (scenario, rate, five, one) in low {
        rows(
            scenario,
            LOW,
            ("", &LADDER),
            (rate, 0.01),
            chance,
            &[("e 5 %", 0.05, five), ("e 1 %", 0.01, one)],
        );
    }
    no_harm(runs, seed);
}

/// How soon "not worse than a margin" is proven when nothing changed.
fn no_harm(runs: u32, seed: u64) {
    let prior = Prior::non_inferiority();
    for (margin, people, time, fired) in
        [(2.0, 1502.0, 11.0, 100.0), (1.5, 3975.0, 16.0, 100.0), (1.25, 16_162.0, 24.0, 98.5)]
    {
        let proven: Vec<Run> = (0..runs)
            .map(|run| {
                let ticks = walk(&mut Random::of(seed, run), HIGH, &LADDER, |_| (0.01, 0.01));
                let log_e = |strata: &[Stratum]| ratio::log_e(strata, Harm::Down, margin, &prior);
                Run::new(&ticks, first(&ticks, 20.0_f64.ln(), log_e))
            })
            .collect();
        print("harmless", HIGH, &format!("ratio below {margin} proven"), &proven, study(fired, time, people));
    }
}

/// Ladders that hold from an evidence of 3 until it is below 1.5, and roll back at 100.
pub(crate) fn ramps(runs: u32, seed: u64) {
    let long = [0.01, 0.05, 0.25, 0.5, 0.95];
    let middle = [0.1, 0.25, 0.5, 0.95];
    let short = [0.5, 0.95];
    let ladders: [(&str, Traffic, &[f64], [Study; 3]); 4] = [
        ("1/5/25/50/95", HIGH, &long, [Study { fired: None, ..only(0.0) }; 3]),
        (
            "1/5/25/50/95",
            LOW,
            &long,
            [only(0.1), Study { fired: None, ..only(0.0) }, study(96.5, 71.0, 181.0)],
        ),
        (
            "10/25/50/95",
            LOW,
            &middle,
            [only(0.1), Study { fired: None, ..only(0.0) }, study(100.0, 36.0, 190.0)],
        ),
        ("50/95", LOW, &short, [only(0.1), Study { fired: None, ..only(0.0) }, study(100.0, 17.0, 412.0)]),
    ];
    for (name, traffic, ladder, studies) in ladders {
        let scenarios = [("harmless", 0.01), ("1 → 2 %", 0.02), ("1 → 5 %", 0.05)];
        for ((scenario, rate), study) in scenarios.into_iter().zip(studies) {
            let mut completed = 0;
            let all: Vec<Run> = (0..runs)
                .map(|run| {
                    let (ticks, fired, done) = react(&mut Random::of(seed, run), traffic, ladder, rate);
                    completed += u32::from(done);
                    Run::new(&ticks, fired)
                })
                .collect();
            let part = 100.0 * f64::from(completed) / f64::from(runs);
            let test = format!("e 1 %, {name}, hold at 3; {part:.0} % completed");
            print(scenario, traffic, &test, &all, study);
        }
    }
}

/// One rollout that reacts: what came, when it fired, whether it completed within twice the ladder's time.
fn react(
    random: &mut Random,
    traffic: Traffic,
    ladder: &[f64],
    rate: f64,
) -> (Vec<Tick>, Option<usize>, bool) {
    let (mut stage, mut age, mut held) = (0, 0, false);
    let (mut ticks, mut ledger, mut log_e) = (Vec::new(), Ledger::new(), 0.0);
    for now in 0..10 * usize::try_from(traffic.ticks).unwrap_or(0) {
        let Some(&share) = ladder.get(stage) else { return (ticks, None, true) };
        let tick = tick(random, traffic, stage, share, (rate, 0.01));
        ledger.add(&tick);
        ticks.push(tick);
        if tick.treated + tick.control > 0 {
            log_e = up(&ledger.strata);
        }
        if log_e >= 100.0_f64.ln() {
            return (ticks, Some(now), false);
        }
        held = log_e >= if held { 1.5_f64.ln() } else { 3.0_f64.ln() };
        age += 1;
        if age >= traffic.ticks && !held {
            (stage, age) = (stage + 1, 0);
        }
    }
    (ticks, None, stage >= ladder.len())
}

/// Log-normal latencies of sigma 0.6: people slower than the baseline's p95.
pub(crate) fn latency(runs: u32, seed: u64) {
    let chance = (runs, seed);
    // 1 - Phi(z_95 - ln(shift) / 0.6)
    let shifts = [
        ("p95 as before", 0.05, [only(1.9), only(0.2)], [only(2.3), only(0.4)]),
        (
            "p95 +10 %",
            0.068_646,
            [study(100.0, 11.0, 1498.0), study(100.0, 12.0, 2030.0)],
            [only(28.0), only(12.4)],
        ),
        (
            "p95 +50 %",
            0.166_247,
            [study(100.0, 1.0, 104.0), study(100.0, 1.0, 108.0)],
            [study(100.0, 39.0, 49.0), study(100.0, 48.0, 73.0)],
        ),
    ];
    for (scenario, rate, high, low) in shifts {
        for (traffic, [five, one]) in [(HIGH, high), (LOW, low)] {
            let levels = [("e 5 %", 0.05, five), ("e 1 %", 0.01, one)];
            rows(scenario, traffic, ("", &LADDER), (rate, 0.05), chance, &levels);
        }
    }
}
