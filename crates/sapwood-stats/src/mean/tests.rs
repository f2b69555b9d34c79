//! Tests of `mean`: the reference cases, the two directions, and epochs that must be left out.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::reference::{assert_close, cases, number};

const REFERENCE: &str = include_str!("../../../../fixtures/stats/mean.json");

fn epochs(input: &Value) -> Vec<Epoch> {
    let arm = |stage: &Value, name: &str| Sums {
        units: stage[format!("n_{name}")].as_u64().unwrap(),
        sum: number(&stage[format!("sum_{name}")]),
        sum_squares: number(&stage[format!("sumsq_{name}")]),
    };
    let stages = input["stages"].as_array().unwrap();
    stages.iter().map(|stage| Epoch { treated: arm(stage, "t"), control: arm(stage, "c") }).collect()
}

#[test]
fn evidence_matches_the_reference() {
    for (id, case) in cases(REFERENCE, "itm") {
        let (input, output) = (&case["input"], &case["output"]);
        let harm = if input["worse"] == "up" { Harm::Up } else { Harm::Down };
        let (epochs, margin) = (epochs(input), number(&input["margin"]));
        let score = score(&epochs, harm, margin);
        assert_close(&id, score.harm, number(&output["U"]), 1e-10);
        assert_close(&id, score.information, number(&output["I"]), 1e-10);
        let rho = one_sided_rho(number(&input["v_opt"]), number(&input["alpha_opt"])).unwrap();
        assert_close(&id, rho, number(&output["rho"]), 1e-12);
        assert_close(&id, log_e(&epochs, harm, margin, rho), number(&output["log_e"]), 1e-10);
    }
}

#[test]
fn epochs_without_information_are_left_out() {
    let arm = |units, sum, sum_squares| Sums { units, sum, sum_squares };
    let small = Epoch { treated: arm(99, 500.0, 3e3), control: arm(10_000, 10.0, 3e3) };
    let flat = Epoch { treated: arm(200, 200.0, 200.0), control: arm(200, 200.0, 200.0) };
    let odd = Epoch { treated: arm(200, f64::NAN, 1.0), control: arm(200, f64::INFINITY, 1.0) };
    for epoch in [small, flat, odd, Epoch::default()] {
        assert_eq!(score(&[epoch], Harm::Up, 0.0), Score::default());
        assert!(log_e(&[epoch], Harm::Up, 0.0, 10.0).abs() < 1e-15);
    }
    assert_eq!(Score::default().estimate(), None);
}

#[test]
fn the_tuning_follows_the_detectable_harm() {
    let coarse = tuning(2.0, 0.01).unwrap();
    let fine = tuning(1.0, 0.01).unwrap();
    assert_close("information grows with the square", fine / coarse, 4.0, 1e-12);
    let information: f64 = 2.326_347_874_040_841 + 0.841_621_233_572_914_3;
    assert_close("z values", fine, one_sided_rho(information * information, 0.01).unwrap(), 1e-9);
    assert_eq!(tuning(0.0, 0.01), None);
    assert_eq!(tuning(1.0, 0.7), None);
}

proptest! {
    #[test]
    fn no_input_yields_anything_but_numbers(
        treated in (any::<u64>(), any::<f64>(), any::<f64>()),
        control in (any::<u64>(), any::<f64>(), any::<f64>()),
        margin in any::<f64>(),
        rho in any::<f64>(),
    ) {
        let arm = |(units, sum, sum_squares)| Sums { units, sum, sum_squares };
        let epoch = Epoch { treated: arm(treated), control: arm(control) };
        for harm in [Harm::Up, Harm::Down] {
            prop_assert!(!log_e(&[epoch, epoch], harm, margin, rho).is_nan());
        }
    }
}
