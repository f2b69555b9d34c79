//! Tests of `stitching` against confseq, and zeta against its closed forms.

use super::*;
use crate::reference::{assert_close, cases, number};

const REFERENCE: &str = include_str!("../../../../fixtures/stats/reference.json");

#[test]
fn zeta_of_two_and_four() {
    let square = std::f64::consts::PI.powi(2);
    assert_close("zeta(2)", zeta(2.0), square / 6.0, 1e-12);
    assert_close("zeta(4)", zeta(4.0), square * square / 90.0, 1e-13);
    assert_close("zeta(1.4)", zeta(1.4), 3.105_547_280_366_6, 1e-6);
}

#[test]
fn bounds_match_the_reference() {
    for (id, case) in cases(REFERENCE, "stitch") {
        let [v, alpha, v_min, c, s, eta] =
            ["v", "alpha", "v_min", "c", "s", "eta"].map(|name| number(&case["input"][name]));
        assert_close(
            &id,
            sub_gamma_bound(v, alpha, v_min, c, Epochs { eta, s }),
            number(&case["output"]),
            1e-11,
        );
    }
    for (id, case) in cases(REFERENCE, "lil") {
        let [t, alpha, t_min, factor] = ["t", "alpha", "t_min", "A"].map(|name| number(&case["input"][name]));
        assert_close(&id, distribution_bound(t, alpha, t_min, factor), number(&case["output"]), 1e-9);
    }
    for (id, case) in cases(REFERENCE, "dstitch") {
        let [part, time, alpha, time_optimal, delta, s, eta] =
            ["quantile_p", "t", "alpha", "t_opt", "delta", "s", "eta"]
                .map(|name| number(&case["input"][name]));
        let asked = Quantile { part, time, time_optimal, delta };
        assert_close(&id, quantile_bound(asked, alpha, Epochs { eta, s }), number(&case["output"]), 1e-11);
    }
}

#[test]
fn odd_input_bounds_nothing() {
    assert!(sub_gamma_bound(f64::NAN, 0.05, 1.0, 1.0, Epochs::default()).is_infinite());
    assert!(sub_gamma_bound(1.0, 0.05, 1.0, 1.0, Epochs { eta: 1.0, s: 1.4 }).is_infinite());
    assert!(distribution_bound(10.0, 0.05, 20.0, 0.85).is_infinite());
    assert!(distribution_bound(10.0, 0.05, 1.0, 0.7).is_infinite());
    let asked = Quantile { part: 1.0, time: 10.0, time_optimal: 10.0, delta: 0.5 };
    assert!(quantile_bound(asked, 0.05, Epochs::default()).is_infinite());
}
