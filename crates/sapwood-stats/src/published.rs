//! Tables of papers and packages, simulated or computed again with this crate's own functions, for tests only.
//!
//! Tables of planned looks are in the tests of `spending`. Simulations are seeded; what they must agree with was
//! simulated too, so they agree within three standard errors of both.

use serde_json::Value;

use crate::mixture::beta_binomial::{BetaBinomial, Sides as Steps};
use crate::mixture::gamma_exponential::GammaExponential;
use crate::mixture::gamma_poisson::GammaPoisson;
use crate::mixture::{
    one_sided_bound, one_sided_log_e, one_sided_rho, two_sided_bound, two_sided_log_e, two_sided_rho,
};
use crate::proportion::{self, Tuning};
use crate::reference::{assert_close, number};
use crate::seeded::Seeded;
use crate::special::normal::normal_quantile;
use crate::spending::{Sides, boundaries, power_spending};
use crate::stitching::{self, Epochs, Quantile};
use crate::{logs, quantile};

const PUBLISHED: &str = include_str!("../../../fixtures/stats/published.json");

fn published(id: &str) -> Value {
    let all: Value = serde_json::from_str(PUBLISHED).unwrap();
    all.as_array().unwrap().iter().find(|table| table["id"] == id).expect("a table").clone()
}

/// A z value per look, from which on a test speaks.
type Critical = Vec<(usize, f64)>;

/// The tests of the guide, as z values at the numbers of pairs at which each looks; `size` is the planned number.
fn tests(size: usize) -> Vec<(&'static str, Critical)> {
    let alpha = 0.05;
    let float = |pairs: usize| logs::count(u64::try_from(pairs).unwrap());
    let every =
        |z: &dyn Fn(f64) -> f64| (1..=size).map(|pairs| (pairs, z(float(pairs)))).collect::<Critical>();
    let rho = two_sided_rho(float(size), 2.0 * alpha).unwrap();
    // What the guide calls Statsig's test: Zhao and others' with a mixing variance that shrinks along with the variance.
    let tau = normal_quantile(1.0 - 2.0 * alpha).powi(2);
    let constant = ((1.0 + tau) / tau * (tau.ln_1p() - 2.0 * (2.0 * alpha).ln())).sqrt();
    let planned = |power: f64| {
        let times: Vec<f64> = (1..=10_u32).map(|look| f64::from(look) / 10.0).collect();
        let spent: Vec<f64> = times.iter().map(|time| power_spending(alpha, power, *time)).collect();
        let looks = (1..=10).map(|look| look * size / 10);
        looks.zip(boundaries(&times, &spent, Sides::One)).collect::<Critical>()
    };
    vec![
        ("No_Seq", vec![(size, normal_quantile(1.0 - alpha))]),
        ("GAVI", every(&|pairs| two_sided_bound(pairs, 2.0 * alpha, rho) / pairs.sqrt())),
        ("StatSig_SPRT", every(&|_| constant)),
        ("GST_linear", planned(1.0)),
        ("GST_quadratic", planned(2.0)),
        ("GST_cubic", planned(3.0)),
    ]
}

/// The part of runs in which each test speaks, and the median number of pairs at which it does.
///
/// `difference` draws treated less control of one pair, whose variance is `variance`.
fn simulate(
    size: usize,
    runs: usize,
    variance: f64,
    mut difference: impl FnMut() -> f64,
) -> Vec<(&'static str, f64, Option<usize>)> {
    let tests = tests(size);
    let mut stops: Vec<Vec<usize>> = vec![Vec::new(); tests.len()];
    for _ in 0..runs {
        let mut sum = 0.0;
        let sums: Vec<f64> = (0..size)
            .map(|_| {
                sum += difference();
                sum
            })
            .collect();
        for ((_, critical), stops) in tests.iter().zip(&mut stops) {
            let passed = critical.iter().find(|(pairs, z)| {
                let pairs_float = logs::count(u64::try_from(*pairs).unwrap());
                sums[pairs - 1] > z * (variance * pairs_float).sqrt()
            });
            stops.extend(passed.map(|(pairs, _)| *pairs));
        }
    }
    let float = |number: usize| logs::count(u64::try_from(number).unwrap());
    let each = tests.iter().zip(stops).map(|((name, _), mut stops)| {
        stops.sort_unstable();
        (*name, float(stops.len()) / float(runs), stops.get(stops.len() / 2).copied())
    });
    each.collect()
}

fn assert_table(row: &Value, simulated: &[(&'static str, f64, Option<usize>)], runs: f64) {
    let mut compared = 0;
    for (name, rate, median) in simulated {
        let Some(expected) = row["rate"].get(*name).map(number) else { continue };
        let error = (expected * (1.0 - expected) * (1.0 / runs + 1e-5)).sqrt();
        // The guide estimates variances and prints three digits, which is worth half of the last.
        assert!(
            (rate - expected).abs() <= 3.0 * error + 0.0015,
            "{name}: {rate}, published {expected} ± {error}"
        );
        if let Some(expected) = row["median_n"].get(*name).map(number) {
            let median = logs::count(u64::try_from(median.unwrap()).unwrap());
            assert!((median / expected - 1.0).abs() < 0.13, "{name}: {median}, published {expected}");
        }
        compared += 1;
    }
    assert_eq!(compared, row["rate"].as_object().unwrap().keys().filter(|name| known(name)).count());
}

/// Tests of the guide that are ours to compute; the others are variants of its author.
fn known(name: &str) -> bool {
    !matches!(name, "mSPRT_effect_tuned" | "StatSig_v1")
}

#[test]
fn podlozhniy_2024_normal() {
    let table = published("pub-seqabpy");
    for (row, effect, runs) in [("normal_AA", 0.0, 8_000), ("normal_eff_0.1", 0.1, 4_000)] {
        let mut random = Seeded(7);
        let simulated = simulate(500, runs, 2.0, || effect + std::f64::consts::SQRT_2 * random.normal());
        assert_table(&table["published"][row], &simulated, logs::count(u64::try_from(runs).unwrap()));
    }
}

#[test]
fn podlozhniy_2024_bernoulli() {
    let table = published("pub-seqabpy");
    for (row, effect) in [("bernoulli_AA", 0.0), ("bernoulli_eff_0.1", 0.1), ("bernoulli_eff_0.2", 0.2)] {
        let mut random = Seeded(11);
        let treated = 0.1 * (1.0 + effect);
        let mut coin = |p: f64| f64::from(u8::from(random.next() < p));
        // The guide takes control's variance for both arms.
        let simulated = simulate(4500, 1_500, 0.18, || coin(treated) - coin(0.1));
        assert_table(&table["published"][row], &simulated, 1_500.0);
    }
}

/// The time to a decision of an asymptotic confidence sequence that is looked at after every subject.
#[test]
fn ville_time_to_a_decision() {
    let published = &published("pub-ville-stop")["published"];
    let rho = two_sided_rho(12_559.0, 0.05).unwrap();
    for column in 0..3 {
        let [effect, share, median] =
            ["effect", "stopped_by_12559", "median_stop"].map(|row| number(&published[row][column]));
        let mut random = Seeded(3);
        let mut stops: Vec<f64> = (0..200).map(|_| time_to_a_decision(&mut random, effect, rho)).collect();
        stops.sort_by(f64::total_cmp);
        let stopped =
            logs::count(u64::try_from(stops.partition_point(|stop| *stop <= 12_559.0)).unwrap()) / 200.0;
        let error = (share * (1.0 - share) / 200.0).sqrt();
        assert!(
            (stopped - share).abs() <= 3.0 * error + 0.01,
            "{effect}: {stopped}, published {share} ± {error}"
        );
        assert!((stops[100] / median - 1.0).abs() < 0.15, "{effect}: {}, published {median}", stops[100]);
    }
}

fn time_to_a_decision(random: &mut Seeded, effect: f64, rho: f64) -> f64 {
    let (mut subjects, mut outcomes, mut sum, mut squares) = (0.0, 0.0_f64, 0.0, 0.0);
    while subjects < 60_000.0 {
        let treated = random.next() < 0.5;
        let outcome = random.normal() + if treated { effect } else { 0.0 };
        // Weighed by the chance of the arm, about the mean so far.
        let centred = outcome - if subjects > 0.0 { outcomes / subjects } else { 0.0 };
        let score = if treated { 2.0 * centred } else { -2.0 * centred };
        subjects += 1.0;
        outcomes += outcome;
        sum += score;
        squares += score * score;
        let spread = ((squares - sum * sum / subjects) / (subjects - 1.0)).sqrt();
        if subjects >= 100.0 && sum.abs() > spread * two_sided_bound(subjects, 0.05, rho) {
            return subjects;
        }
    }
    f64::INFINITY
}

/// The authors' own numbers, from an independent implementation in R, to their tolerance.
#[test]
fn the_unit_tests_of_confseq() {
    let table = published("pub-confseq-unit");
    let rho_two = two_sided_rho(100.0, 0.05).unwrap();
    let rho_one = one_sided_rho(100.0, 0.05).unwrap();
    let exponential = GammaExponential::new(100.0, 0.05, 2.0).unwrap();
    let poisson = GammaPoisson::new(100.0, 0.05, 2.0).unwrap();
    let binomial = |sides| BetaBinomial::new(100.0, 0.05, 0.2, 0.8, sides).unwrap();
    let quantile_bound = |part| {
        stitching::quantile_bound(
            Quantile { part, time: 1000.0, time_optimal: 100.0, delta: 0.5 },
            0.05,
            Epochs::default(),
        )
    };
    let computed = [
        ("two_sided_normal_best_rho", rho_two),
        ("normal_log_mixture(10,100,two)", two_sided_log_e(10.0, 100.0, rho_two)),
        ("normal_mixture_bound(100,two)", two_sided_bound(100.0, 0.05, rho_two)),
        ("normal_log_mixture(10,100,one)", one_sided_log_e(10.0, 100.0, rho_one)),
        ("normal_mixture_bound(100,one)", one_sided_bound(100.0, 0.05, rho_one)),
        ("gamma_exponential_log_mixture(10,100,c=2)", exponential.log_e(10.0, 100.0)),
        ("gamma_exponential_bound(100,c=2)", exponential.bound(100.0, 0.05)),
        ("gamma_poisson_log_mixture(10,100,c=2)", poisson.log_e(10.0, 100.0)),
        ("gamma_poisson_bound(100,c=2)", poisson.bound(100.0, 0.05)),
        ("beta_binomial_log(10,100,.2,.8,two)", binomial(Steps::Two).log_e(10.0, 100.0)),
        ("beta_binomial_log(10,100,.2,.8,one)", binomial(Steps::One).log_e(10.0, 100.0)),
        ("beta_binomial_bound(100,.2,.8,one)", binomial(Steps::One).bound(100.0, 0.05)),
        (
            "poly_stitching(100,v_min=10,c=3)",
            stitching::sub_gamma_bound(100.0, 0.05, 10.0, 3.0, Epochs::default()),
        ),
        ("empirical_process_lil(1000,.05,100,.85)", stitching::distribution_bound(1000.0, 0.05, 100.0, 0.85)),
        ("double_stitching(.5,1000,.05,100)", quantile_bound(0.5)),
        ("double_stitching(.9,1000,.05,100)", quantile_bound(0.9)),
        ("quantile_ab_p(.5,offset 70)", shifted(0.5, 70)),
        ("quantile_ab_p(.5,offset 85)", shifted(0.5, 85)),
        ("quantile_ab_p(.5,offset 100)", shifted(0.5, 100)),
        ("quantile_ab_p(.9,offset 55)", shifted(0.9, 55)),
    ];
    for (name, value) in computed {
        assert_close(name, value, number(&table["published"][name]), 1e-5);
    }
    let intervals =
        [("bernoulli_ci(700/1000,t_opt 100)", 700, 300, 100.0), ("bernoulli_ci(5/50,t_opt 50)", 5, 45, 50.0)];
    for (name, affected, unaffected, units) in intervals {
        let interval = proportion::interval(affected, unaffected, 0.05, Tuning { units, alpha: 0.05 });
        assert_close(name, interval.lower, number(&table["published"][name][0]), 1e-5);
        assert_close(name, interval.upper, number(&table["published"][name][1]), 1e-5);
    }
    assert_eq!(table["published"].as_object().unwrap().len(), computed.len() + intervals.len());
}

/// The always-valid p-value for a thousand numbers against the next thousand that much further up.
fn shifted(part: f64, offset: u32) -> f64 {
    let range = |from: u32| (from..from + 1000).map(f64::from).collect::<Vec<_>>();
    let tuning = quantile::Tuning { values: 100.0, alpha: 0.05 };
    (-quantile::log_e(&range(1), &range(1 + offset), part, tuning)).exp().min(1.0)
}
