//! Tests of `sketch`: the promise on quantiles, the ends of its range, and merging without an order.

use proptest::prelude::*;

use super::*;

fn of(values: &[f64]) -> Sketch {
    let mut sketch = Sketch::default();
    for &value in values {
        sketch.observe(value);
    }
    sketch
}

#[test]
fn the_ends_of_the_range() {
    let sketch = of(&[0.0, -3.0, 1e-12, f64::NAN, 1e300, f64::INFINITY]);
    assert_eq!(sketch.values(), 5);
    assert_eq!(sketch.quantile(0.0), Some(0.0));
    assert!((sketch.quantile(1.0).unwrap() / 1e9 - 1.0).abs() <= 0.0101);
    assert_eq!(Sketch::default().quantile(0.5), None);
    assert_eq!(sketch.quantile(1.5), None);
    assert_eq!(sketch.quantile(f64::NAN), None);
}

proptest! {
    #[test]
    fn quantiles_are_within_a_hundredth(
        mut values in prop::collection::vec((-18.0..18.0_f64).prop_map(f64::exp), 1..200),
        part in 0.0..=1.0_f64,
    ) {
        let shown = of(&values).quantile(part).unwrap();
        values.sort_by(f64::total_cmp);
        let mut rank = 0_u32;
        while f64::from(rank + 1) <= part * f64::from(u32::try_from(values.len() - 1).unwrap()) {
            rank += 1;
        }
        let exact = values[usize::try_from(rank).unwrap()];
        prop_assert!((shown / exact - 1.0).abs() <= ACCURACY + 1e-9, "{shown} {exact}");
    }

    #[test]
    fn merging_has_no_order(values in prop::collection::vec(0.0..1e6_f64, 0..100), cut in any::<prop::sample::Index>()) {
        let (left, right) = values.split_at(if values.is_empty() { 0 } else { cut.index(values.len()) });
        let whole = of(&values);
        prop_assert_eq!(of(left) + of(right), whole.clone());
        prop_assert_eq!(of(right) + of(left), whole);
    }
}
