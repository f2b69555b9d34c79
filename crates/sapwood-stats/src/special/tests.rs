//! Tests of `special` against values known in closed form.

use super::beta::Halves;
use super::gamma::{ln_gamma, log_gamma_q};
use super::normal::{log_scaled_normal_cdf, normal_cdf, normal_quantile};
use crate::reference::assert_close;

#[test]
fn ln_gamma_of_whole_and_half_numbers() {
    let mut factorial = 0.0;
    for n in 1..200 {
        let n = f64::from(n);
        assert_close("ln (n-1)!", ln_gamma(n), factorial, 1e-14);
        factorial += n.ln();
    }
    // gamma(n + 1/2) by its recurrence from sqrt(pi).
    let mut half = 0.5 * std::f64::consts::PI.ln();
    for n in 0..200 {
        let n = f64::from(n);
        assert_close("ln gamma(n + 1/2)", ln_gamma(n + 0.5), half, 1e-14);
        half += (n + 0.5).ln();
    }
}

/// Abramowitz and Stegun 26.2 (and the symmetric identity), to the digits a double holds.
#[test]
fn normal_distribution() {
    for (x, p) in [
        (0.0, 0.5),
        (1.0, 0.841_344_746_068_542_9),
        (-1.0, 0.158_655_253_931_457_05),
        (1.959_963_984_540_054, 0.975),
        (-3.0, 1.349_898_031_630_094_5e-3),
        (-6.0, 9.865_876_450_376_98e-10),
        (-10.0, 7.619_853_024_160_527e-24),
    ] {
        let relative = normal_cdf(x) / p - 1.0;
        assert!(relative.abs() < 1e-13, "{x}: {relative}");
        assert_close("quantile", normal_cdf(normal_quantile(p)), p, 1e-14);
    }
    for tenth in -370_i32..=370 {
        let x = f64::from(tenth) / 10.0;
        assert_close("symmetry", normal_cdf(x) + normal_cdf(-x), 1.0, 1e-15);
        assert_close("scaled", log_scaled_normal_cdf(x) - 0.5 * x * x, normal_cdf(x).ln(), 1e-13);
    }
}

/// For whole `a`, `Q(a, x)` is the Poisson probability of fewer than `a`.
#[test]
fn incomplete_gamma_of_whole_numbers() {
    for a in [1_u32, 2, 7, 30, 150] {
        for x in [0.1_f64, 1.0, 5.0, 29.0, 31.0, 140.0, 170.0] {
            let (mut term, mut below) = ((-x).exp(), 0.0);
            for k in 0..a {
                below += term;
                term *= x / f64::from(k + 1);
            }
            let (a, id) = (f64::from(a), format!("a {a} x {x}"));
            assert_close(&id, log_gamma_q(a, x, a - x).exp(), below, 1e-12);
        }
    }
}

/// For whole arguments, the regularised incomplete beta is a binomial tail.
#[test]
fn incomplete_beta_of_whole_numbers() {
    for (a, b) in [(1_u32, 1_u32), (2, 5), (30, 4), (60, 60), (1, 90)] {
        for x in [0.001_f64, 0.2, 0.5, 0.77, 0.99] {
            let n = a + b - 1;
            let (mut chance, mut tail) = ((1.0 - x).powf(n.into()), 0.0);
            for k in 0..=n {
                if k >= a {
                    tail += chance;
                }
                chance *= f64::from(n - k) / f64::from(k + 1) * x / (1.0 - x);
            }
            let (first, second) = (f64::from(a), f64::from(b));
            let surplus = first - (first + second) * x;
            let actual = Halves { first, second, share: x, rest: 1.0 - x, surplus }.log_incomplete();
            assert_close(&format!("{a} {b} {x}"), actual, tail.ln(), 1e-11);
        }
    }
}
