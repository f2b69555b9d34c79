//! The fast driver and the engine tell the same story of the same small world.

use sapwood_sim::agreement::agree;
use sapwood_sim::case::{Case, Fault};
use sapwood_sim::cases::small;

fn checks(case: &Case, world: u64) -> u32 {
    agree(case, world).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn of_a_harmless_world() {
    assert!(checks(&small(), 1) > 300);
}

#[test]
fn of_a_world_with_a_fault_in_the_dependent() {
    let fault = Fault { metric: 0, lane: Some(1), factor: 6.0, from: 0, until: None };
    checks(&Case { faults: vec![fault], ..small() }, 2);
}

#[test]
fn of_a_world_with_a_fault_in_the_base() {
    let fault = Fault { metric: 0, lane: Some(0), factor: 4.0, from: 9, until: None };
    checks(&Case { faults: vec![fault], ..small() }, 3);
}
