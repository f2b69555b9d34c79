//! The bars, on worlds few enough for every change; `cargo xtask sim --ci` runs more of them.

use sapwood_sim::cases;
use sapwood_sim::sweep::sweep;

fn hold(name: &str, runs: u32) {
    let scenario = cases::all().into_iter().find(|scenario| scenario.name == name).unwrap();
    for figures in sweep(&scenario, runs, 7, 2, &|_| ()).unwrap() {
        assert_ne!(figures.bar, Some(false), "from world 7 on: {}", figures.line());
    }
}

#[test]
fn a_harmless_slice_is_kept() {
    hold("aa-errors", 2);
}

#[test]
fn a_harmful_slice_goes() {
    hold("x5", 4);
}

#[test]
fn a_harmless_base_stays_when_its_dependent_goes() {
    let scenario = cases::all().into_iter().find(|scenario| scenario.name == "nested-dependent").unwrap();
    let figures = sweep(&scenario, 3, 7, 2, &|_| ()).unwrap();
    let rollbacks: Vec<_> = figures.iter().map(|figures| figures.rollbacks).collect();
    assert_eq!(rollbacks, [0, 3], "{figures:?}");
}

#[test]
fn the_same_worlds_give_the_same_figures_on_any_number_of_threads() {
    let scenario = cases::all().into_iter().find(|scenario| scenario.name == "x5").unwrap();
    let figures = |threads| sweep(&scenario, 4, 11, threads, &|_| ()).unwrap();
    assert_eq!(figures(1), figures(3));
}
