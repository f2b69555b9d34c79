//! What breaks other tests: shared incidents, bursts, many guardrails, heavy tails, lost telemetry.

use sapwood_stats::combine::{Weighted, log_average};
use sapwood_stats::tally::{Cap, Pair, Tally};
use sapwood_stats::{Harm, Prior, Stratum, mean, ratio, score, srm};

use crate::random::Random;
use crate::row::{Run, only, print, study};
use crate::traffic::{HIGH, LADDER, Ledger, Tick, Traffic, first, walk};

pub(crate) fn all(runs: u32, seed: u64) {
    incident(runs, seed);
    bursts(runs, seed);
    family(runs, seed);
    telemetry(runs, seed);
    revenue(runs.min(400), seed);
}

fn up(strata: &[Stratum]) -> f64 {
    ratio::log_e(strata, Harm::Up, 1.0, &Prior::guardrail())
}

/// Both arms have three times the errors for ten minutes in the third stage.
fn incident(runs: u32, seed: u64) {
    let rate = |now: u32| if (22..32).contains(&now) { (0.03, 0.03) } else { (0.01, 0.01) };
    for (test, alpha, expected) in [("e 5 %", 0.05, only(1.9)), ("e 1 %", 0.01, only(0.3))] {
        let all: Vec<Run> = (0..runs)
            .map(|run| {
                let ticks = walk(&mut Random::of(seed, run), HIGH, &LADDER, rate);
                Run::new(&ticks, first(&ticks, -f64::ln(alpha), up))
            })
            .collect();
        print("errors ×3 in both arms", HIGH, test, &all, expected);
    }
}

/// Affected people send five events on average, in the same minute.
fn bursts(runs: u32, seed: u64) {
    let line = 20.0_f64.ln();
    let (mut raw, mut once, mut scored) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..runs {
        let mut random = Random::of(seed, run);
        let ticks = walk(&mut random, HIGH, &LADDER, |_| (0.01, 0.01));
        let mut burst = |people: u64| people + (0..people).map(|_| random.geometric(0.2)).sum::<u64>();
        let events: Vec<Tick> = ticks
            .iter()
            .map(|tick| Tick { treated: burst(tick.treated), control: burst(tick.control), ..*tick })
            .collect();
        once.push(Run::new(&ticks, first(&ticks, line, up)));
        raw.push(Run::new(&ticks, first(&events, line, up)));
        scored.push(Run::new(&ticks, first_score(&events, line)));
    }
    print("harmless, bursts", HIGH, "e 5 % on raw events (wrong)", &raw, only(62.6));
    print("harmless, bursts", HIGH, "e 5 % on people, once", &once, only(1.8));
    print("harmless, bursts", HIGH, "score 5 % on raw events", &scored, only(0.1));
}

fn first_score(events: &[Tick], line: f64) -> Option<usize> {
    let minutes: Vec<Stratum> = events
        .iter()
        .map(|tick| Stratum { treated_share: tick.share, treated: tick.treated, control: tick.control })
        .collect();
    (1..=minutes.len())
        .find(|looks| minutes.get(..*looks).is_some_and(|seen| score::log_e(seen, Harm::Up) >= line))
        .map(|looks| looks - 1)
}

/// Five guardrails, their average against one line.
fn family(runs: u32, seed: u64) {
    for (test, alpha, expected) in [("average 5 %", 0.05, only(1.5)), ("average 1 %", 0.01, only(0.2))] {
        let all: Vec<Run> = (0..runs)
            .map(|run| {
                let mut random = Random::of(seed, run);
                let walks: Vec<Vec<Tick>> =
                    (0..5).map(|_| walk(&mut random, HIGH, &LADDER, |_| (0.01, 0.01))).collect();
                let mut ledgers: Vec<Ledger> = walks.iter().map(|_| Ledger::new()).collect();
                let ticks = walks.first().cloned().unwrap_or_default();
                let fired = (0..ticks.len()).find(|now| {
                    let items: Vec<Weighted> = walks
                        .iter()
                        .zip(&mut ledgers)
                        .filter_map(|(walk, ledger)| {
                            ledger.add(walk.get(*now)?);
                            Some(Weighted { weight: 0.2, log_e: up(&ledger.strata) })
                        })
                        .collect();
                    log_average(&items, 0.0) >= -f64::ln(alpha)
                });
                Run::new(&ticks, fired)
            })
            .collect();
        print("harmless, five guardrails", HIGH, test, &all, expected);
    }
}

/// First exposures against the shares, at one in a thousand, while the treated arm loses some of them.
fn telemetry(runs: u32, seed: u64) {
    let losses = [
        ("no exposure lost", 1.0, only(0.0)),
        ("2 % of exposures lost", 0.98, only(56.0)),
        ("10 % of exposures lost", 0.9, study(100.0, 12.0, 0.0)),
    ];
    for (scenario, kept, expected) in losses {
        let expected = crate::row::Study { people: None, ..expected };
        let all: Vec<Run> = (0..runs)
            .map(|run| {
                let ticks = walk(&mut Random::of(seed, run), HIGH, &LADDER, |_| (kept, 1.0));
                Run::new(&ticks, first(&ticks, 1000.0_f64.ln(), srm::log_e))
            })
            .collect();
        print(scenario, HIGH, "sample ratio 0.1 %", &all, expected);
    }
}

/// Revenue: one in twenty buys, baskets are log-normal, the treated arm sells less; capped at the baskets' p99.
fn revenue(runs: u32, seed: u64) {
    let average = 0.05 * (3.5 + 0.5 * 1.44_f64).exp();
    let cap = (3.5 + 1.2 * 2.326_f64).exp();
    let (Some(cap), Some(rho)) = (Cap::new(cap), mean::tuning(0.1 * average, 0.05)) else { return };
    let rows = [
        ("revenue as before", 1.0, only(1.0)),
        ("revenue −10 %", 0.9, study(69.8, 31.0, 0.0)),
        ("revenue −30 %", 0.7, study(100.0, 21.0, 8459.0)),
    ];
    for (scenario, factor, expected) in rows {
        let expected =
            crate::row::Study { people: expected.people.filter(|people| *people > 0.0), ..expected };
        let all: Vec<Run> = (0..runs)
            .map(|run| {
                let mut random = Random::of(seed, run);
                let ticks = walk(&mut random, HIGH, &LADDER, |_| (0.05 * factor, 0.05));
                let fired = first_mean(&mut random, HIGH, &ticks, cap, rho);
                Run::new(&ticks, fired)
            })
            .collect();
        print(scenario, HIGH, "mean 5 %, capped", &all, expected);
    }
}

fn first_mean(random: &mut Random, traffic: Traffic, ticks: &[Tick], cap: Cap, rho: f64) -> Option<usize> {
    let mut pairs: Vec<Pair> = Vec::new();
    ticks.iter().position(|tick| {
        if pairs.len() <= tick.stage {
            pairs.push(Pair::default());
        }
        let mut baskets = |buyers: u64, people: u64| {
            let one = |_| Tally::of((3.5 + 1.2 * random.normal()).exp(), cap);
            let bought = (0..buyers).map(one).fold(Tally::default(), |all, one| all + one);
            Tally { units: people, ..bought }
        };
        let treated = baskets(tick.treated, tick.treated_people);
        // Control's spared people are as many as they are on average; their number is not what is tested.
        let others = expected(traffic.people * (1.0 - tick.share));
        let control = baskets(tick.control, others.max(tick.control));
        if let Some(pair) = pairs.last_mut() {
            *pair = *pair + Pair { treated, control };
        }
        mean::score_of_tallies(&pairs, cap, Harm::Down, 0.0).log_e(rho) >= 20.0_f64.ln()
    })
}

/// A number of people to the nearest whole.
fn expected(people: f64) -> u64 {
    format!("{people:.0}").parse().unwrap_or(0)
}
