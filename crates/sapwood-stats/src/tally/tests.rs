//! Tests of `tally`: any order and grouping of the same subjects is the same sum, and the caps hold.

use proptest::prelude::*;

use super::*;
use crate::reference::assert_close;

fn fold(values: &[(f64, f64)]) -> Tally {
    let cap = Cap::new(250.0).unwrap();
    let one = |&(value, companion): &(f64, f64)| Tally::of_pair((value, cap), (companion, cap));
    values.iter().map(one).fold(Tally::default(), Add::add)
}

#[test]
fn caps_hold_and_steps_are_small() {
    let cap = Cap::new(100.0).unwrap();
    for (value, counted) in
        [(250.0, 100.0), (-1e300, -100.0), (f64::INFINITY, 100.0), (f64::NAN, 0.0), (33.3, 33.3)]
    {
        let tally = Tally::of(value, cap);
        let [(sum, _), ..] = tally.sums();
        assert!((sum * cap.step() - counted).abs() <= 0.51 * cap.step(), "{value}");
        assert_eq!(tally.nonzero, u64::from(value.abs() > 0.0));
    }
    for odd in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-310] {
        assert_eq!(Cap::new(odd), None);
    }
}

#[test]
fn large_sums_keep_their_rest() {
    let (near, rest) = split((1 << 90) + 12_345);
    assert_close("near", near, 2.0_f64.powi(90), 1e-15);
    assert_close("rest", rest, 12_345.0, 1e-15);
}

proptest! {
    #[test]
    fn merging_has_no_order_and_no_grouping(
        values in prop::collection::vec((-300.0..300.0_f64, -300.0..300.0_f64), 0..60),
        cut in any::<prop::sample::Index>(),
        turn in any::<prop::sample::Index>(),
    ) {
        let whole = fold(&values);
        let (left, right) = values.split_at(if values.is_empty() { 0 } else { cut.index(values.len()) });
        prop_assert_eq!(fold(right) + fold(left), whole);
        let mut turned = values.clone();
        turned.rotate_left(if values.is_empty() { 0 } else { turn.index(values.len()) });
        turned.reverse();
        prop_assert_eq!(fold(&turned), whole);
    }
}
