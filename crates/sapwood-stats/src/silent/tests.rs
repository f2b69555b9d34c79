//! Tests of `silent`.

use super::*;

#[test]
fn silence_is_as_likely_as_all_units_missing_the_treated_arm() {
    let stratum = |treated_share, control| Stratum { treated_share, treated: 0, control };
    let two_epochs =
        log_p_silent(&[stratum(0.5, 3), stratum(0.25, 2), stratum(1.0, 7), stratum(f64::NAN, 7)]);
    assert!((two_epochs.exp() - 0.5_f64.powi(3) * 0.75 * 0.75).abs() < 1e-15);
    assert!(log_p_silent(&[]).abs() < 1e-15);
    assert!(log_p_silent(&[stratum(0.5, u64::MAX)]).is_finite());
}
