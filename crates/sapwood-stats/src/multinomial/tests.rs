//! Tests of `multinomial` against savvi and seqabpy.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::reference::{assert_close, cases, number, numbers};

const REFERENCE: &str = include_str!("../../../../fixtures/stats/multinomial.json");

fn arms(shares: &Value, counts: &Value) -> Vec<Arm> {
    let counts = counts.as_array().unwrap().iter().map(|units| units.as_u64().unwrap());
    numbers(shares).into_iter().zip(counts).map(|(share, units)| Arm { share, units }).collect()
}

#[test]
fn evidence_matches_the_references() {
    for (id, case) in cases(REFERENCE, "srm") {
        let input = &case["input"];
        let actual = log_e(&arms(&input["theta_0"], &input["counts"]), number(&input["k"]));
        assert_close(&id, actual, number(&case["output"]["log_bayes_factor"]), 1e-8);
        assert_close(&id, (-actual).exp().min(1.0), number(&case["output"]["p_value"]), 1e-8);
    }
    for (id, case) in cases(REFERENCE, "sq-mult") {
        let input = &case["input"];
        assert_eq!(input["dirichlet_alpha"], "100*p");
        let actual = log_e(&arms(&input["assignment_probabilities"], &input["counts"]), CONCENTRATION);
        assert_close(&id, (-actual).exp().min(1.0), number(&case["output"]), 1e-8);
    }
}

/// The reference solves for its ends with a convex solver, good to 1e-4 by its own note.
#[test]
fn rate_ratios_match_the_reference() {
    for (id, case) in cases(REFERENCE, "pois2") {
        let (input, output) = (&case["input"], &case["output"]);
        let arms = arms(&input["rho"], &input["counts"]);
        let (alpha, concentration) = (number(&input["alpha"]), number(&input["k"]));
        let actual = rate_ratio([arms[0], arms[1]], alpha, concentration);
        assert_close(&id, actual.log_estimate.unwrap(), number(&output["log_ratio_hat"]), 1e-10);
        assert_close(&id, actual.log_lower.unwrap(), number(&output["log_ratio_ci"][0]), 1e-4);
        assert_close(&id, actual.log_upper.unwrap(), number(&output["log_ratio_ci"][1]), 1e-4);
        assert_close(&id, log_e(&arms, concentration), number(&output["log_bayes_factor"]), 1e-8);
    }
}

#[test]
fn an_arm_without_events_leaves_its_side_open() {
    let arm = |share, units| Arm { share, units };
    let none = rate_ratio([arm(0.5, 80), arm(0.5, 0)], 0.05, CONCENTRATION);
    assert_eq!((none.log_estimate, none.log_lower), (None, None));
    assert!(none.log_upper.unwrap() < 0.0);
    let empty = rate_ratio([arm(0.5, 0), arm(0.5, 0)], 0.05, CONCENTRATION);
    assert_eq!((empty.log_estimate, empty.log_lower, empty.log_upper), (None, None, None));
}

proptest! {
    #[test]
    fn no_input_yields_anything_but_numbers(
        share in any::<f64>(), even in 0.001_f64..0.999, units in any::<[u64; 2]>(), k in any::<f64>(), alpha in any::<f64>(),
    ) {
        for share in [share, even] {
            let arms = [Arm { share, units: units[0] }, Arm { share: 1.0 - share, units: units[1] }];
            for k in [k, 100.0] {
                prop_assert!(!log_e(&arms, k).is_nan());
                let ratio = rate_ratio(arms, alpha, k);
                for bound in [ratio.log_estimate, ratio.log_lower, ratio.log_upper].into_iter().flatten() {
                    prop_assert!(bound.is_finite());
                }
            }
        }
    }
}
