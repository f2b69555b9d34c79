//! Tests of `combine`: the reference averages, and what odd weights and evidence count as.

use proptest::prelude::*;

use super::*;
use crate::reference::{assert_close, cases, number, numbers};

const REFERENCE: &str = include_str!("../../../../fixtures/stats/combine.json");

fn weigh(weights: &[f64], log_es: &[f64]) -> Vec<Weighted> {
    weights.iter().zip(log_es).map(|(&weight, &log_e)| Weighted { weight, log_e }).collect()
}

#[test]
fn averages_match_the_reference() {
    for (id, case) in cases(REFERENCE, "comb") {
        let items = weigh(&numbers(&case["input"]["weights"]), &numbers(&case["input"]["log_e"]));
        assert_close(&id, log_average(&items, 0.0), number(&case["output"]["log_avg"]), 1e-12);
    }
    for (id, case) in cases(REFERENCE, "v-mean") {
        let logs: Vec<_> = numbers(&case["input"]["e"]).into_iter().map(f64::ln).collect();
        let items = weigh(&numbers(&case["input"]["weights"]), &logs);
        assert_close(&id, log_average(&items, 0.0).exp(), number(&case["output"]), 1e-12);
    }
}

#[test]
fn unspent_weight_counts_as_one() {
    let items = weigh(&[0.4, 0.4], &[10.0_f64.ln(), 0.5_f64.ln()]);
    assert_close("with a reserve", log_average(&items, 0.2), (4.0 + 0.2 + 0.2_f64).ln(), 1e-14);
    assert_close("only the reserve", log_average(&[], 1.0), 0.0, 1e-15);
    assert_eq!(log_average(&[], 0.0).to_bits(), f64::NEG_INFINITY.to_bits());
}

#[test]
fn the_rollback_line_is_the_share_of_the_budget() {
    assert_close("one guardrail", rollback_line(0.01, 1.0), 100.0_f64.ln(), 1e-15);
    assert_close("a quarter of the budget", rollback_line(0.01, 0.25), 400.0_f64.ln(), 1e-15);
    for (alpha, weight) in
        [(0.0, 1.0), (1.0, 1.0), (0.01, 0.0), (0.01, 1.5), (f64::NAN, 1.0), (0.01, f64::NAN)]
    {
        assert_eq!(rollback_line(alpha, weight).to_bits(), f64::INFINITY.to_bits());
    }
}

#[test]
fn discoveries_match_the_reference() {
    for (id, case) in cases(REFERENCE, "v-ebh") {
        let logs: Vec<_> = numbers(&case["input"]["e"]).into_iter().map(f64::ln).collect();
        let expected: Vec<_> =
            case["output"].as_array().unwrap().iter().map(|rejected| rejected.as_bool().unwrap()).collect();
        assert_eq!(discoveries(&logs, number(&case["input"]["alpha"])), expected, "{id}");
    }
    assert_eq!(discoveries(&[f64::NAN, 9.0, f64::INFINITY], 0.05), [false, true, true]);
    assert_eq!(discoveries(&[99.0, 1.0], 0.0), [false, false]);
    assert!(discoveries(&[], 0.05).is_empty());
}

proptest! {
    #[test]
    fn the_average_is_never_not_a_number(
        items in proptest::collection::vec((any::<f64>(), any::<f64>()), 0..6),
        unspent in any::<f64>(),
    ) {
        let items: Vec<_> = items.into_iter().map(|(weight, log_e)| Weighted { weight, log_e }).collect();
        prop_assert!(!log_average(&items, unspent).is_nan());
    }

    /// A single guardrail at its own line brings the average to at least the rollout's line.
    #[test]
    fn one_guardrail_at_its_line_carries_the_average(weight in 0.01_f64..0.8, alpha in 0.001_f64..0.1) {
        let items = [Weighted { weight, log_e: rollback_line(alpha, weight) }];
        prop_assert!(log_average(&items, 1.0 - weight) >= rollback_line(alpha, 1.0));
    }
}

/// Against ville, and against forty digits at both ends.
#[test]
fn p_values_are_worth_what_they_are() {
    for (p, e) in [
        (0.001, 20.791_133_540_988_064),
        (0.05, 1.783_322_181_482_338),
        (1.0, 0.5),
        ((-1e-3_f64).exp(), 0.500_166_708_341_668),
        ((-0.01_f64).exp(), 0.501_670_841_680_575_4),
    ] {
        assert_close(&format!("{p}"), log_e_of_p_value(p).exp(), e, 1e-12);
    }
    assert!(
        log_e_of_p_value(0.0).is_infinite()
            && log_e_of_p_value(f64::NAN) < 0.0
            && log_e_of_p_value(-1.0) < 0.0
    );
    assert!(log_e_of_p_value(1e-320).is_finite());
}
