//! Tests of `spending` against published tables and two packages.

use serde_json::Value;

use super::*;
use crate::reference::{assert_close, cases, number, numbers};

const REFERENCE: &str = include_str!("../../../../fixtures/stats/spending.json");
const PUBLISHED: &str = include_str!("../../../../fixtures/stats/published.json");

fn published(id: &str) -> Value {
    let all: Value = serde_json::from_str(PUBLISHED).unwrap();
    all.as_array().unwrap().iter().find(|table| table["id"] == id).expect("a table").clone()
}

fn equal_looks(looks: u32) -> Vec<f64> {
    (1..=looks).map(|look| f64::from(look) / f64::from(looks)).collect()
}

fn assert_all_close(id: &str, actual: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(actual.len(), expected.len(), "{id}");
    for (&actual, &expected) in actual.iter().zip(expected) {
        assert_close(id, actual, expected, tolerance);
    }
}

#[test]
fn power_family_boundaries_match_the_reference() {
    for (id, case) in cases(REFERENCE, "sp-ld") {
        let input = &case["input"];
        let alpha = number(&input["alpha"]) / number(&input["sides"]);
        let (power, truncation) = (number(&input["rho"]), number(&input["ztrun"]));
        let times = numbers(&input["t"]);
        let spent: Vec<_> = times.iter().map(|&time| power_spending(alpha, power, time)).collect();
        let expected = numbers(&case["output"]);
        let stepwise = stepwise_boundaries(&times, &spent, truncation).unwrap();
        assert_all_close(&id, &stepwise, &expected, 1e-9);
        // The exact boundaries differ where a look may spend so little that the package's search is content too soon.
        assert_all_close(&id, &boundaries(&times, &spent, Sides::One), &expected, 3e-4);
    }
}

#[test]
fn one_sided_boundaries_match_the_second_reference() {
    for (id, case) in cases(REFERENCE, "sq-ld") {
        let (input, output) = (&case["input"], &case["output"]);
        let times = numbers(&input["t"]);
        let spent: Vec<_> = times
            .iter()
            .map(|&time| {
                if input["iuse"] == 3 {
                    // The package's default level.
                    power_spending(0.05, number(&input["phi"]), time)
                } else {
                    obrien_fleming_spending(number(&input["alpha"]), time)
                }
            })
            .collect();
        let increments: Vec<_> =
            std::iter::once(0.0).chain(spent.clone()).zip(&spent).map(|(before, now)| now - before).collect();
        assert_all_close(&id, &increments, &numbers(&output["spending"]), 1e-8);
        let actual = boundaries(&times, &spent, Sides::One);
        assert_all_close(&id, &actual, &numbers(&output["upper"]), 1e-4);
    }
}

#[test]
fn peeking_costs_what_armitage_mcpherson_and_rowe_found() {
    let table = published("pub-armitage");
    let mut compared = 0;
    for (column, level) in
        [("recomputed_here_by_recursive_integration", 0.05), ("same_at_nominal_1pct_recomputed", 0.01)]
    {
        for (looks, expected) in table[column].as_object().unwrap() {
            let looks = looks.parse().unwrap();
            let z = vec![-normal_quantile(0.5 * level); 100];
            let actual = crossing_probability(&equal_looks(looks), &z, Sides::Two);
            assert_close(&format!("{looks} looks at {level}"), actual, number(expected), 6e-5);
            if level > 0.02
                && let Some(printed) = table["published"].get(looks.to_string())
            {
                assert_close(&format!("{looks} looks, as printed"), actual, number(printed), 7e-4);
            }
            compared += 1;
        }
    }
    assert_eq!(compared, 17);
}

#[test]
fn constant_and_falling_boundaries_match_the_textbook() {
    let table = published("pub-gst-constants");
    for (name, power) in [("pocock", 0.0), ("obf", -0.5)] {
        for (looks, constant) in table["recomputed_here"][name].as_object().unwrap() {
            let times = equal_looks(looks.parse().unwrap());
            let z: Vec<_> = times.iter().map(|time| number(constant) * time.powf(power)).collect();
            let error = crossing_probability(&times, &z, Sides::Two);
            assert_close(&format!("{name} {looks}"), error, 0.05, 1e-5);
        }
    }
}

#[test]
fn odd_looks_do_not_count() {
    let times = [0.5, 0.5, f64::NAN, 0.2, 1.0];
    let actual = boundaries(&times, &[0.01, 0.02, 0.03, 0.04, 0.05], Sides::One);
    let plain = boundaries(&[0.5, 1.0], &[0.01, 0.05], Sides::One);
    assert_close("first look", actual[0], plain[0], 1e-12);
    assert_close("last look", actual[4], plain[1], 1e-12);
    assert!(actual[1..4].iter().all(|boundary| boundary.is_infinite()));
    let z = [2.0, 2.0, 2.0, 2.0, 2.0];
    let (odd, even) =
        (crossing_probability(&times, &z, Sides::Two), crossing_probability(&[0.5, 1.0], &z, Sides::Two));
    assert_close("odd looks", odd, even, 1e-12);
    assert!(power_spending(f64::NAN, 2.0, 0.5) <= 0.0 && obrien_fleming_spending(0.05, f64::NAN) <= 0.0);
}
