//! Tests of `conversion`: the turn to the other side, and what it is worth.

use super::*;
use crate::reference::assert_close;
use crate::{Prior, Stratum, ratio};

#[test]
fn common_outcomes_are_counted_by_those_who_miss_them() {
    let rare = rarer_side(0.1, Harm::Down, 0.9).unwrap();
    assert_eq!(rare, Counted { outcome: true, harm: Harm::Down, margin_ratio: 0.9 });
    let common = rarer_side(0.8, Harm::Down, 0.9).unwrap();
    assert!(!common.outcome && common.harm == Harm::Up);
    assert_close("28 % instead of 20 % miss it", common.margin_ratio, 1.4, 1e-12);
    let exact = rarer_side(0.8, Harm::Down, 1.0).unwrap();
    assert_close("no change is no change", exact.margin_ratio, 1.0, 1e-12);
    for odd in
        [rarer_side(1.0, Harm::Up, 1.0), rarer_side(0.8, Harm::Up, 1.25), rarer_side(0.8, Harm::Up, f64::NAN)]
    {
        assert_eq!(odd, None);
    }
}

/// 80 % against 76 % conversions, 4 000 subjects an arm: the misses show it, the conversions do not.
#[test]
fn the_rarer_side_carries_the_evidence() {
    let stratum = |treated, control| [Stratum { treated_share: 0.5, treated, control }];
    let prior = Prior::guardrail();
    let misses = ratio::log_e(&stratum(960, 800), Harm::Up, 1.0, &prior);
    let hits = ratio::log_e(&stratum(3040, 3200), Harm::Down, 1.0, &prior);
    assert!(misses > hits + 4.0, "{misses} {hits}");
}
