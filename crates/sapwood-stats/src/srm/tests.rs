//! Tests of `srm`: a fair split stays quiet, a lost tenth of the telemetry does not.

use super::*;

fn exposures(treated_share: f64, treated: u64, control: u64) -> [Stratum; 1] {
    [Stratum { treated_share, treated, control }]
}

#[test]
fn nothing_exposed_is_no_evidence() {
    assert!(log_e(&[]).abs() < 1e-15);
    assert!(log_e(&exposures(0.5, 0, 0)).abs() < 1e-15);
    assert!(log_e(&exposures(1.0, 100, 0)).abs() < 1e-15);
}

#[test]
fn it_looks_both_ways() {
    let line = 1000.0_f64.ln();
    assert!(log_e(&exposures(0.5, 10_000, 10_000)) < 0.0);
    assert!(log_e(&exposures(0.5, 9_000, 10_000)) > line);
    assert!(log_e(&exposures(0.5, 10_000, 9_000)) > line);
    assert!((log_e(&exposures(0.5, 9_000, 10_000)) - log_e(&exposures(0.5, 10_000, 9_000))).abs() < 1e-9);
}

#[test]
fn it_is_a_fair_bet() {
    for (share, units) in [(0.01_f64, 60_u32), (0.25, 40), (0.5, 30)] {
        let (mut chance, mut mean) = ((1.0 - share).powf(units.into()), 0.0);
        for treated in 0..=units {
            mean += chance * log_e(&exposures(share, treated.into(), (units - treated).into())).exp();
            chance *= f64::from(units - treated) / f64::from(treated + 1) * share / (1.0 - share);
        }
        assert!((mean - 1.0).abs() < 1e-10, "{share}: {mean}");
    }
}
