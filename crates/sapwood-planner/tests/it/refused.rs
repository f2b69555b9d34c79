//! Plans that cannot be are refused, with every place that takes part.

use sapwood_planner::contradiction::{Code, Place};
use sapwood_planner::{Absence, Broken, Network, Order, Plan, Requirement, Shipped, Slice, judge};

use crate::instances::id;

fn slices(names: &str) -> Plan {
    Plan::new(names.split(' ').map(|name| Slice::new(id(name), 3, 5)).collect())
}

fn requires(plan: &mut Plan, pairs: &[(&str, &str)]) {
    plan.requires
        .extend(pairs.iter().map(|(needs, slice)| Requirement { needs: id(needs), slice: id(slice) }));
}

#[track_caller]
fn check(change: impl FnOnce(&mut Plan), code: Code, places: &[Place], words: &[&str]) {
    let mut plan = slices("a b c d");
    change(&mut plan);
    let found = Network::new(&plan).unwrap_err();
    let said = found[0].to_string();
    assert_eq!(found[0].code, code, "{said}");
    assert_eq!(found[0].places, places, "{said}");
    for word in words {
        assert!(said.contains(word), "{said} does not say {word}");
    }
}

#[test]
fn every_contradiction_names_its_places() {
    use Place::{Apart, Locked, Requires, Shipped as Went, Slice as At, Together};
    check(|plan| plan.slices.clear(), Code::Empty, &[Place::Plan], &["nothing to release"]);
    check(|plan| plan.slices[2].id = id("a"), Code::Duplicate, &[At(2), At(0)], &["`a`", "rename"]);
    check(|plan| requires(plan, &[("wallets", "a")]), Code::UnknownSlice, &[Requires(0)], &["wallets"]);
    check(
        |plan| requires(plan, &[("a", "b"), ("c", "c")]),
        Code::RequiresItself,
        &[Requires(1)],
        &["itself"],
    );
    check(|plan| plan.together = vec![vec![id("a"), id("a")]], Code::Duplicate, &[Together(0)], &["twice"]);
    check(|plan| plan.teams = 0, Code::OutOfRange, &[Place::Plan], &["0 teams"]);
    check(|plan| plan.slices[1].effort = 1_000_000, Code::OutOfRange, &[At(1)], &["effort of b", "100000"]);
    let cycle_apart = |plan: &mut Plan| {
        requires(plan, &[("a", "b"), ("c", "d"), ("b", "a")]);
        plan.apart = vec![vec![id("a"), id("b")]];
    };
    check(
        cycle_apart,
        Code::ApartButTogether,
        &[Apart(0), Requires(0), Requires(2)],
        &["require each other"],
    );
    let group_apart = |plan: &mut Plan| {
        plan.together = vec![vec![id("c"), id("d")], vec![id("a"), id("b")]];
        plan.apart = vec![vec![id("b"), id("a")]];
    };
    check(group_apart, Code::ApartButTogether, &[Apart(0), Together(1)], &["ship together"]);
    let live_without = |plan: &mut Plan| {
        requires(plan, &[("a", "b")]);
        plan.shipped = vec![Shipped { slices: vec![id("b")], live: 0 }];
    };
    check(live_without, Code::LiveWithoutNeed, &[Requires(0)], &["`b` is live"]);
    let late = |plan: &mut Plan| plan.shipped = vec![Shipped { slices: vec![id("b")], live: 4 }];
    check(late, Code::OutOfRange, &[Went(0)], &["after today"]);
    let torn = |plan: &mut Plan| {
        plan.together = vec![vec![id("a"), id("b")]];
        plan.locked = vec![vec![id("a")], vec![id("b")]];
    };
    check(torn, Code::GroupTorn, &[Locked(0)], &["apart"]);
    let early = |plan: &mut Plan| {
        requires(plan, &[("a", "b")]);
        plan.locked = vec![vec![id("b")]];
    };
    check(early, Code::LockedOrder, &[Locked(0)], &["before a"]);
    let nobody = |plan: &mut Plan| plan.absences = vec![Absence { team: 1, from: 0, until: 3 }];
    check(nobody, Code::OutOfRange, &[Place::Absence(0)], &["team 2"]);
}

#[test]
fn numbers_that_cannot_be_added_up_are_refused() {
    let mut plan = slices("a b");
    for slice in &mut plan.slices {
        (slice.value, slice.effort) = (1_000_000_000, 100_000);
    }
    assert!(Network::new(&plan).is_ok());
    plan.slices =
        (0..2_000).map(|number| Slice::new(id(&format!("s{number}")), 100_000, 1_000_000_000)).collect();
    plan.overhead = 100_000;
    let found = Network::new(&plan).unwrap_err();
    assert!(found[0].message.contains("too large to add up"), "{}", found[0]);
}

#[test]
fn a_circle_is_one_release_and_an_order_that_breaks_a_rule_is_refused() {
    let mut plan = slices("a b c d");
    requires(&mut plan, &[("a", "b"), ("b", "c"), ("c", "a"), ("a", "d")]);
    let network = Network::new(&plan).unwrap();
    assert_eq!(network.cycles(), [vec![&id("a"), &id("b"), &id("c")]]);
    let order = |releases: &[&[&str]]| {
        Order(releases.iter().map(|release| release.iter().map(|name| id(name)).collect()).collect())
    };
    let check =
        |releases: &[&[&str]], expected: Broken| assert_eq!(judge(&network, &order(releases)), Err(expected));
    check(&[&["a", "b"], &["c"], &["d"]], Broken::Parted("a, b and c".to_owned()));
    check(&[&["d"], &["a", "b", "c"]], Broken::TooEarly { slice: id("d"), needs: id("a") });
    check(&[&["a", "b", "c"]], Broken::Missing(id("d")));
    check(&[&["a", "b", "c"], &["d", "d"]], Broken::Twice(id("d")));
    check(&[&["a", "b", "c"], &[], &["d"]], Broken::Empty(2));
    check(&[&["e"]], Broken::Unknown(id("e")));
    assert!(judge(&network, &order(&[&["c", "a", "b"], &["d"]])).is_ok());
}
