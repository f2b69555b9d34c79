//! Reading the reference cases under `fixtures/stats`, for tests only.

use serde_json::Value;

use crate::{Prior, Stratum};

/// The cases of one kind, each with its identifier; a kind without cases is a mistake.
pub(crate) fn cases(file: &str, kind: &str) -> Vec<(String, Value)> {
    let all: Value = serde_json::from_str(file).expect("reference cases are JSON");
    let all = all.get("cases").unwrap_or(&all);
    let cases: Vec<_> = all
        .as_array()
        .expect("a list of cases")
        .iter()
        .filter(|case| case["kind"] == kind)
        .map(|case| (case["id"].as_str().expect("an id").to_owned(), case.clone()))
        .collect();
    assert!(!cases.is_empty(), "no reference case of kind {kind}");
    cases
}

/// A number of a case; infinities are written as the strings `inf` and `-inf`.
pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| match value.as_str() {
        Some("inf") => f64::INFINITY,
        Some("-inf") => f64::NEG_INFINITY,
        _ => panic!("not a number: {value}"),
    })
}

/// A list of numbers of a case.
pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list of numbers").iter().map(number).collect()
}

/// The strata of a case's `stages`.
pub(crate) fn strata(input: &Value) -> Vec<Stratum> {
    let stages = input["stages"].as_array().expect("stages");
    let stratum = |stage: &Value| {
        let treated = stage["treated"].as_u64().expect("treated");
        Stratum {
            treated_share: number(&stage["pi"]),
            treated,
            control: stage["total"].as_u64().expect("total") - treated,
        }
    };
    stages.iter().map(stratum).collect()
}

/// The prior of a case.
pub(crate) fn prior(input: &Value) -> Prior {
    Prior::new(number(&input["prior"]["sigma"]), number(&input["prior"]["hi"])).expect("a valid prior")
}

/// Fails unless the two agree to `tolerance`, relative to the expected size (absolute below one).
pub(crate) fn assert_close(id: &str, actual: f64, expected: f64, tolerance: f64) {
    let scale = expected.abs().max(1.0);
    let same = actual.to_bits() == expected.to_bits();
    assert!(
        same || (actual - expected).abs() <= tolerance * scale,
        "{id}: got {actual:?}, reference {expected:?}"
    );
}
