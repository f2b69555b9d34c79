//! Tests of `volume`: a fair bet at the margin, and both sizes of loss seen.

use super::*;
use crate::reference::assert_close;

fn one(treated_share: f64, treated: u64, control: u64) -> [Stratum; 1] {
    [Stratum { treated_share, treated, control }]
}

#[test]
fn the_bet_is_fair_at_the_margin() {
    for (share, units) in [(0.05, 60_u32), (0.5, 40)] {
        let (mut chance, mut mean) = ((1.0_f64 - share).powf(units.into()), 0.0);
        for treated in 0..=units {
            mean += chance * log_e(&one(share, treated.into(), (units - treated).into()), 1.0).exp();
            chance *= f64::from(units - treated) / f64::from(treated + 1) * share / (1.0 - share);
        }
        assert_close("mean", mean, 1.0, 1e-10);
    }
}

#[test]
fn silence_and_a_small_loss_are_both_seen() {
    let line = 100.0_f64.ln();
    assert!(log_e(&one(0.5, 0, 20), 1.0) > line, "silence");
    assert!(log_e(&one(0.5, 47_500, 50_000), 1.0) > line, "one in twenty");
    let narrow = ratio::log_e(&one(0.5, 0, 20), Harm::Down, 1.0, &Prior::srm());
    assert!(narrow < line, "bets on small losses alone are slow to see silence: {narrow}");
    assert!(log_e(&one(0.5, 50_000, 50_000), 1.0) < 0.0);
    assert!(log_e(&[], 1.0).abs() < 1e-15 && log_e(&one(0.5, 1, 2), f64::NAN).abs() < 1e-15);
}
