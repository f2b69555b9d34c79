//! Rollouts that need one another: the most dependent goes first, and the base waits a cool-down.

use super::*;
use crate::limits::COOL_DOWN_SECONDS;

/// `a` ← `b` ← `c`, all past their first bake; errors as told.
fn nested(hurt: &[u32]) -> World {
    let mut world = World::started(spec(1, "a"));
    world.start(spec_with(2, "b", |spec| spec.prerequisites = vec![needs("a")])).unwrap();
    world.start(spec_with(3, "c", |spec| spec.prerequisites = vec![needs("b")])).unwrap();
    for n in 1..=3 {
        world.crowd(n, 200, 1_800);
        world.traffic(n, 0..11);
    }
    for n in hurt {
        world.hurt(*n, 40, 90);
    }
    world.now = at(660);
    world.heard();
    world
}

fn proposed(world: &World) -> Vec<Option<Step>> {
    (1..=3).map(|n| world.step_proposed(n)).collect()
}

const BACK: Option<Step> = Some(Step::RollBack);
const WAIT: Option<Step> = Some(Step::Hold { cause: HoldCause::Dependency });

#[test]
fn when_both_trip_the_dependent_goes_first_and_the_base_cools_down() {
    let mut world = nested(&[1, 2]);
    assert_eq!(proposed(&world)[..2], [WAIT, BACK]);
    let sentence = world.report(1).sentence;
    let expected =
        "It waits for what depends on it, 0192f0c1-2345-7abc-8def-000000000002, to be out of the way first";
    assert!(sentence.ends_with(expected), "{sentence}");
    world.obey();
    assert!(matches!(world.rollout(2).phase, Phase::RolledBack { .. }));
    assert!(matches!(world.rollout(1).phase, Phase::Held { cause: HoldCause::Dependency, .. }));
    assert!(!world.rollout(3).is_live(), "what needs the dependent went with it");
    assert_eq!(world.step_proposed(1), None, "it waits");
    world.now = at(660 + COOL_DOWN_SECONDS - 1);
    assert_eq!(world.step_proposed(1), None);
    world.now = at(660 + COOL_DOWN_SECONDS);
    assert_eq!(world.step_proposed(1), BACK, "the harm is still there");
}

#[test]
fn a_dependent_of_a_dependent_goes_first_as_well() {
    let mut world = nested(&[1, 3]);
    let proposed = proposed(&world);
    assert_eq!((proposed[0], proposed[2]), (WAIT, BACK));
    world.obey();
    assert!(world.rollout(1).is_live() && !world.rollout(3).is_live());
}

#[test]
fn a_base_alone_in_harm_takes_its_dependents_along() {
    let mut world = nested(&[1]);
    assert_eq!(world.step_proposed(1), BACK);
    let Some(command) = world.report(1).command else { panic!() };
    let events = world.submit(&crate::entry::Actor::System, command).unwrap();
    let order: Vec<_> = events.iter().filter_map(Event::rollout).cloned().collect();
    assert_eq!(order, [id(3), id(2), id(1)]);
}

#[test]
fn a_dependent_alone_in_harm_leaves_the_base() {
    let mut world = nested(&[2]);
    world.obey();
    assert!(world.rollout(1).is_live());
    assert!(!world.rollout(2).is_live() && !world.rollout(3).is_live());
}

#[test]
fn a_rollback_of_long_ago_or_before_the_base_started_excuses_nobody() {
    let mut world = nested(&[1]);
    world.now = at(0);
    world.step(2, Step::RollBack).unwrap();
    world.now = at(660);
    assert_eq!(world.step_proposed(1), BACK, "eleven minutes ago");
    let mut world = nested(&[1]);
    world.put(2, Phase::RolledBack { reason: String::new(), at: at(-1) });
    world.now = at(300);
    assert_eq!(world.step_proposed(1), BACK, "that was another time");
}

#[test]
fn the_base_of_a_person_who_holds_it_stays_held_and_says_why() {
    let mut world = nested(&[1, 2]);
    world.put(1, held(HoldCause::Operator));
    assert_eq!(world.step_proposed(1), None);
    let sentence = world.report(1).sentence;
    assert!(sentence.starts_with("it was held. Also: 40 of 130 subjects"), "{sentence}");
}
