//! Tests of `ratio`: the reference cases, the exact expectation, and what must hold for any ledger.

use proptest::prelude::*;

use super::*;
use crate::reference::{assert_close, cases, number, prior, strata};

const REFERENCE: &str = include_str!("../../../../fixtures/stats/ratio.json");

fn stratum(treated_share: f64, treated: u64, control: u64) -> Stratum {
    Stratum { treated_share, treated, control }
}

#[test]
fn evidence_matches_the_reference() {
    let cases = cases(REFERENCE, "cbm");
    assert_eq!(cases.len(), 37);
    for (id, case) in cases {
        let input = &case["input"];
        let harm = if input["worse"] == "up" { Harm::Up } else { Harm::Down };
        let actual = log_e(&strata(input), harm, number(&input["r0"]), &prior(input));
        assert_close(&id, actual, number(&case["output"]["log_e"]), 1e-12);
    }
}

#[test]
fn confidence_sequences_match_the_reference() {
    let cases = cases(REFERENCE, "cbm-cs");
    assert_eq!(cases.len(), 7);
    for (id, case) in cases {
        let input = &case["input"];
        let actual = interval(&strata(input), number(&input["alpha"]), &prior(input));
        let output = &case["output"];
        assert_close(&id, actual.estimate.unwrap(), number(&output["ratio_mle"]), 1e-9);
        assert_close(&id, actual.lower.unwrap(), number(&output["lower"]), 1e-6);
        assert_close(&id, actual.upper.unwrap(), number(&output["upper"]), 1e-6);
    }
}

/// Every split of the units of two strata, weighed by its probability at the margin: the mean of `E` is one.
#[test]
fn evidence_is_a_fair_bet_at_the_margin() {
    for (shares, units, margin) in [
        ([0.01, 0.25], [40, 12], 1.0),
        ([0.05, 0.5], [20, 20], 1.25),
        ([0.5, 0.95], [15, 25], 0.8),
        ([0.001, 0.9], [30, 9], 3.0),
    ] {
        for harm in [Harm::Up, Harm::Down] {
            for prior in [Prior::guardrail(), Prior::non_inferiority(), Prior::srm()] {
                let mean = mean_evidence(shares, units, harm, margin, margin, &prior);
                assert_close("mean of E", mean, 1.0, 1e-10);
            }
        }
    }
}

/// Inside the margin the bet loses on average, outside it wins.
#[test]
fn evidence_shrinks_inside_the_margin_and_grows_outside() {
    let mean = |ratio| mean_evidence([0.05, 0.5], [20, 20], Harm::Up, 1.25, ratio, &Prior::guardrail());
    assert!(mean(1.0) < 1.0, "a harmless release must not gain evidence");
    assert!(mean(2.0) > 2.0, "a doubling must gain evidence");
}

fn mean_evidence(
    shares: [f64; 2],
    units: [u32; 2],
    harm: Harm,
    margin: f64,
    ratio: f64,
    prior: &Prior,
) -> f64 {
    let mut mean = 0.0;
    for first in 0..=units[0] {
        for second in 0..=units[1] {
            let strata = [
                stratum(shares[0], first.into(), (units[0] - first).into()),
                stratum(shares[1], second.into(), (units[1] - second).into()),
            ];
            let chance = binomial(units[0], first, treated_probability(shares[0], ratio))
                * binomial(units[1], second, treated_probability(shares[1], ratio));
            mean += chance * log_e(&strata, harm, margin, prior).exp();
        }
    }
    mean
}

fn binomial(trials: u32, successes: u32, probability: f64) -> f64 {
    let ways: f64 = (0..successes).map(|k| f64::from(trials - k) / f64::from(successes - k)).product();
    ways * probability.powf(successes.into()) * (1.0 - probability).powf((trials - successes).into())
}

#[test]
fn nothing_counted_is_no_evidence() {
    let prior = Prior::guardrail();
    for strata in [vec![], vec![stratum(0.5, 0, 0)], vec![stratum(0.0, 3, 4), stratum(1.0, 900, 0)]] {
        assert_eq!(log_e(&strata, Harm::Up, 1.0, &prior).to_bits(), 0.0_f64.to_bits());
        assert_eq!(estimate(&strata), None);
        assert_eq!(interval(&strata, 0.05, &prior), Interval { lower: None, upper: None, estimate: None });
    }
}

#[test]
fn one_sided_counts_bound_one_side() {
    let prior = Prior::guardrail();
    let only_treated = interval(&[stratum(0.5, 30, 0)], 0.05, &prior);
    assert!(only_treated.lower.unwrap() > 1.0);
    assert_eq!((only_treated.upper, only_treated.estimate), (None, None));
    let only_control = interval(&[stratum(0.5, 0, 30)], 0.05, &prior);
    assert_eq!((only_control.lower, only_control.estimate), (None, Some(0.0)));
    assert!(only_control.upper.unwrap() < 1.0);
}

#[test]
fn an_unusable_margin_or_budget_excludes_nothing() {
    let (prior, strata) = (Prior::guardrail(), [stratum(0.5, 90, 10)]);
    for margin in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(log_e(&strata, Harm::Up, margin, &prior).to_bits(), 0.0_f64.to_bits());
    }
    for alpha in [0.0, 1.0, -0.5, f64::NAN] {
        let interval = interval(&strata, alpha, &prior);
        assert_eq!((interval.lower, interval.upper), (None, None));
    }
}

/// The bound crosses the margin at the very look at which the test fires.
#[test]
fn the_interval_and_the_test_agree() {
    let prior = Prior::guardrail();
    for treated in 0..=100 {
        let strata = [stratum(0.5, treated, 100 - treated)];
        let fires = log_e(&strata, Harm::Up, 1.0, &prior) >= 100.0_f64.ln();
        let above = interval(&strata, 0.02, &prior).lower.is_some_and(|lower| lower > 1.0);
        assert_eq!(fires, above, "{treated} treated");
    }
}

fn any_strata() -> impl Strategy<Value = Vec<Stratum>> {
    let one = (0.001_f64..0.999, 0_u64..400, 0_u64..400).prop_map(|(share, t, c)| stratum(share, t, c));
    proptest::collection::vec(one, 0..5)
}

fn any_harm() -> impl Strategy<Value = Harm> {
    prop_oneof![Just(Harm::Up), Just(Harm::Down)]
}

proptest! {
    #[test]
    fn more_treated_is_more_evidence_of_harm_up(strata in any_strata(), share in 0.01_f64..0.99) {
        let prior = Prior::guardrail();
        let with = |treated, control| {
            let mut all = strata.clone();
            all.push(stratum(share, treated, control));
            all
        };
        let (some, more) = (with(3, 4), with(4, 3));
        prop_assert!(log_e(&more, Harm::Up, 1.0, &prior) > log_e(&some, Harm::Up, 1.0, &prior));
        prop_assert!(log_e(&more, Harm::Down, 1.0, &prior) < log_e(&some, Harm::Down, 1.0, &prior));
    }

    #[test]
    fn splitting_and_reordering_epochs_changes_nothing(mut strata in any_strata(), harm in any_harm()) {
        let prior = Prior::guardrail();
        let whole = log_e(&strata, harm, 1.25, &prior);
        let halves = strata.iter().flat_map(|epoch| {
            let (treated, control) = (epoch.treated / 2, epoch.control / 3);
            [
                stratum(epoch.treated_share, treated, control),
                stratum(epoch.treated_share, epoch.treated - treated, epoch.control - control),
            ]
        });
        let halves: Vec<_> = halves.collect();
        prop_assert!((log_e(&halves, harm, 1.25, &prior) - whole).abs() < 1e-9);
        strata.reverse();
        prop_assert!((log_e(&strata, harm, 1.25, &prior) - whole).abs() < 1e-9);
    }

    /// Swapping the arms turns harm up into harm down.
    #[test]
    fn the_arms_are_symmetric(strata in any_strata(), margin in 0.2_f64..5.0) {
        let prior = Prior::guardrail();
        let mirrored: Vec<_> = strata
            .iter()
            .map(|epoch| stratum(1.0 - epoch.treated_share, epoch.control, epoch.treated))
            .collect();
        let up = log_e(&strata, Harm::Up, margin, &prior);
        let down = log_e(&mirrored, Harm::Down, margin.recip(), &prior);
        prop_assert!((up - down).abs() < 1e-8 * up.abs().max(1.0), "{up} {down}");
    }

    #[test]
    fn the_estimate_lies_in_the_interval(strata in any_strata(), alpha in 0.001_f64..0.5) {
        let interval = interval(&strata, alpha, &Prior::guardrail());
        if let Some(estimate) = interval.estimate {
            prop_assert!(interval.lower.is_none_or(|lower| lower <= estimate));
            prop_assert!(interval.upper.is_none_or(|upper| upper >= estimate));
        }
    }

    #[test]
    fn no_input_yields_anything_but_numbers(
        counts in proptest::collection::vec((any::<f64>(), any::<u64>(), any::<u64>()), 0..4),
        shares in proptest::collection::vec((0.0_f64..=1.0, any::<u64>(), any::<u64>()), 0..4),
        margin in any::<f64>(),
        alpha in any::<f64>(),
        harm in any_harm(),
    ) {
        let strata: Vec<_> = counts.into_iter().chain(shares).map(|(s, t, c)| stratum(s, t, c)).collect();
        let prior = Prior::guardrail();
        prop_assert!(!log_e(&strata, harm, margin, &prior).is_nan());
        prop_assert!(!log_e(&strata, harm, 1.0, &prior).is_nan());
        for alpha in [alpha, 0.01] {
            let interval = interval(&strata, alpha, &prior);
            for bound in [interval.lower, interval.upper, interval.estimate].into_iter().flatten() {
                prop_assert!(bound.is_finite() && bound >= 0.0);
            }
        }
    }
}
