//! Tests of `quantile` against confseq.

use super::*;
use crate::reference::{assert_close, cases, number};
use crate::special::normal::normal_quantile;

const REFERENCE: &str = include_str!("../../../../fixtures/stats/reference.json");

fn tuning(input: &serde_json::Value) -> Tuning {
    Tuning { values: number(&input["t_opt"]), alpha: number(&input["alpha_opt"]) }
}

fn p_value(log_e: f64) -> f64 {
    (-log_e).exp().min(1.0)
}

#[test]
fn shifted_ranges_match_the_reference() {
    for (id, case) in cases(REFERENCE, "quant-ab") {
        let range = |name: &str| {
            let (from, to) = case["input"][name].as_str().unwrap().split_once("..").unwrap();
            let ends: [u32; 2] = [from, to].map(|end| end.parse().unwrap());
            (ends[0]..=ends[1]).map(f64::from).collect::<Vec<_>>()
        };
        let log_e =
            log_e(&range("a"), &range("b"), number(&case["input"]["quantile_p"]), tuning(&case["input"]));
        assert_close(&id, p_value(log_e) / number(&case["output"]), 1.0, 1e-8);
    }
}

#[test]
fn log_normal_samples_match_the_reference() {
    let first: Vec<f64> =
        (1..=2000).map(|i| (0.6 * normal_quantile((f64::from(i) - 0.5) / 2000.0)).exp()).collect();
    for (id, case) in cases(REFERENCE, "quant-logn") {
        let factor: f64 = case["input"]["b"].as_str().unwrap().trim_end_matches("*x_i").parse().unwrap();
        let second: Vec<f64> = first.iter().map(|x| x * factor).collect();
        let log_e = log_e(&first, &second, number(&case["input"]["quantile_p"]), tuning(&case["input"]));
        assert_close(&id, p_value(log_e) / number(&case["output"]), 1.0, 1e-8);
    }
}

#[test]
fn odd_samples_say_nothing() {
    let tuning = Tuning { values: 100.0, alpha: 0.05 };
    for (first, second, part) in
        [(vec![], vec![1.0], 0.5), (vec![1.0], vec![f64::NAN], 0.5), (vec![1.0], vec![2.0], 1.0)]
    {
        assert!(log_e(&first, &second, part, tuning).abs() < 1e-15);
    }
}
