//! Tests of `mixture` against confseq.

use proptest::prelude::*;
use serde_json::Value;

use super::beta_binomial::{BetaBinomial, Sides};
use super::gamma_poisson::GammaPoisson;
use super::*;
use crate::reference::{assert_close, cases, number};

const REFERENCE: &str = include_str!("../../../../fixtures/stats/mixture.json");

fn rho(input: &Value) -> f64 {
    let (optimal, alpha) = (number(&input["v_opt"]), number(&input["alpha_opt"]));
    if input["is_one_sided"] == true { one_sided_rho(optimal, alpha) } else { two_sided_rho(optimal, alpha) }
        .expect("a tuning")
}

fn beta_binomial(input: &Value) -> BetaBinomial {
    let sides = if input["is_one_sided"] == true { Sides::One } else { Sides::Two };
    let [optimal, alpha, down, up] = ["v_opt", "alpha_opt", "g", "h"].map(|name| number(&input[name]));
    BetaBinomial::new(optimal, alpha, down, up, sides).expect("a mixture")
}

#[test]
fn normal_mixtures_match_the_reference() {
    for (id, case) in cases(REFERENCE, "nm-log") {
        let input = &case["input"];
        let (sum, variance) = (number(&input["s"]), number(&input["v"]));
        let actual = if input["is_one_sided"] == true {
            one_sided_log_e(sum, variance, rho(input))
        } else {
            two_sided_log_e(sum, variance, rho(input))
        };
        assert_close(&id, actual, number(&case["output"]), 1e-10);
    }
    for (id, case) in cases(REFERENCE, "nm-bound") {
        let input = &case["input"];
        let (variance, alpha) = (number(&input["v"]), number(&input["alpha"]));
        assert_close(&id, one_sided_bound(variance, alpha, rho(input)), number(&case["output"]), 1e-8);
    }
}

#[test]
fn gamma_poisson_mixtures_match_the_reference() {
    for (id, case) in cases(REFERENCE, "gp-log") {
        let input = &case["input"];
        // The package's default level of tuning.
        let mixture = GammaPoisson::new(number(&input["v_opt"]), 0.05, number(&input["c"])).unwrap();
        let actual = mixture.log_e(number(&input["s"]), number(&input["v"]));
        assert_close(&id, actual, number(&case["output"]), 1e-8);
    }
}

#[test]
fn beta_binomial_mixtures_match_the_reference() {
    for (id, case) in cases(REFERENCE, "bb-log") {
        let input = &case["input"];
        let actual = beta_binomial(input).log_e(number(&input["s"]), number(&input["v"]));
        assert_close(&id, actual, number(&case["output"]), 1e-8);
    }
    for (id, case) in cases(REFERENCE, "bb-bound") {
        let input = &case["input"];
        let actual = beta_binomial(input).bound(number(&input["v"]), number(&input["alpha"]));
        assert_close(&id, actual, number(&case["output"]), 1e-8);
    }
}

/// Numbers of confseq's own unit tests, computed by the authors in R, to their five digits.
#[test]
fn the_authors_unit_tests_hold() {
    let tuned = two_sided_rho(100.0, 0.05).unwrap();
    assert_close("best rho", tuned, 12.600_56, 1e-5);
    assert_close("two-sided bound", two_sided_bound(100.0, 0.05, tuned), 30.352_09, 1e-5);
    let mixture = GammaPoisson::new(100.0, 0.05, 2.0).unwrap();
    assert_close("gamma-Poisson bound", mixture.bound(100.0, 0.05), 30.1949, 1e-5);
}

#[test]
fn a_vanishing_tuning_yields_numbers() {
    assert!(!one_sided_log_e(3e208, 255_810.0, 5e-309).is_nan());
    assert!(!two_sided_log_e(3e208, 255_810.0, 5e-309).is_nan());
}

proptest! {
    #[test]
    fn no_input_yields_anything_but_numbers(sum in any::<f64>(), variance in any::<f64>(), rho in any::<f64>()) {
        prop_assert!(!one_sided_log_e(sum, variance, rho).is_nan());
        prop_assert!(!two_sided_log_e(sum, variance, rho).is_nan());
        prop_assert!(!one_sided_bound(variance, 0.01, rho).is_nan());
    }

    #[test]
    fn odd_mixtures_yield_numbers(
        optimal in 1e-3_f64..1e6, down in 1e-3_f64..1.0, up in 1e-3_f64..1.0, sum in -1e4_f64..1e4, variance in 0.0_f64..1e4,
    ) {
        for sides in [Sides::One, Sides::Two] {
            if let Some(mixture) = BetaBinomial::new(optimal, 0.05, down, up, sides) {
                prop_assert!(!mixture.log_e(sum, variance).is_nan());
                prop_assert!(!mixture.bound(variance, 0.01).is_nan());
            }
        }
        if let Some(mixture) = GammaPoisson::new(optimal, 0.05, up) {
            prop_assert!(!mixture.log_e(sum, variance).is_nan());
            prop_assert!(!mixture.bound(variance, 0.01).is_nan());
        }
    }
}
