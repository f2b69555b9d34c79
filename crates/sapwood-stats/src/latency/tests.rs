//! Tests of `latency`: the average over limits, and what shifts of the whole distribution do to the rates beyond them.

use super::*;
use crate::reference::assert_close;
use crate::seeded::Seeded;

fn limits(random: &mut Seeded, subjects: u32, slower_by: f64) -> [[Stratum; 2]; 3] {
    // Log-normal latencies with sigma 0.6 around one; the limits are the baseline's own quantiles.
    let z = [0.0, 1.644_853_626_951_472_2, 2.326_347_874_040_840_8];
    let mut counted = [[0.05, 0.25]; 3]
        .map(|shares| shares.map(|treated_share| Stratum { treated_share, treated: 0, control: 0 }));
    for stage in 0..2 {
        for _ in 0..subjects {
            let treated = random.next() < counted[0][stage].treated_share;
            let level = random.normal() + if treated { slower_by.ln() / 0.6 } else { 0.0 };
            for (limit, &z) in counted.iter_mut().zip(&z) {
                let cell = &mut limit[stage];
                let beyond = u64::from(level > z);
                if treated { cell.treated += beyond } else { cell.control += beyond }
            }
        }
    }
    counted
}

fn evidence(counted: &[[Stratum; 2]; 3]) -> f64 {
    let limit = |(quantile, slower): (f64, &'static str), strata| {
        assert!(!slower.is_empty());
        Limit { quantile, slower: strata }
    };
    let names = [(0.5, "p50"), (0.95, "p95"), (0.99, "p99")];
    let [a, b, c] = counted;
    log_e(&[limit(names[0], a), limit(names[1], b), limit(names[2], c)], 1.0)
}

#[test]
fn it_is_the_average_over_the_limits() {
    let counted = limits(&mut Seeded(4), 2000, 1.2);
    let each =
        counted.each_ref().map(|strata| ratio::log_e(strata, Harm::Up, 1.0, &Prior::guardrail()).exp());
    assert_close("average", evidence(&counted).exp(), each.iter().sum::<f64>() / 3.0, 1e-12);
    assert!(log_e(&[], 1.0).abs() < 1e-15);
}

#[test]
fn slower_is_seen_and_harmless_is_not_blamed() {
    let mut fired = [0, 0];
    for seed in 0..60 {
        for (index, slower_by) in [1.0, 1.3].into_iter().enumerate() {
            let counted = limits(&mut Seeded(seed), 4000, slower_by);
            fired[index] += u32::from(evidence(&counted) >= 100.0_f64.ln());
        }
    }
    assert!(fired[0] <= 2 && fired[1] >= 57, "{fired:?}");
}
