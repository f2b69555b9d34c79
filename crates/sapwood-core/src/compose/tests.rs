//! What people get, as evaluation sees it: exposure only grows until it is taken back, and then nobody has it.

use proptest::prelude::*;
use sapwood_eval::{Arm, Context, FlagSet};
use serde_json::json;

use crate::command::{Command, Step};
use crate::rollout::{RolloutSpec, Who};
use crate::testing::{
    World, name, needs, percent, production, ring, rule_for, spec, spec_with, stage, targeting,
};

fn arm(set: &FlagSet, flag: &str, key: &str) -> Option<Arm> {
    set.evaluate(flag, &Context::new(key), 0).found().unwrap().rollout().map(|reached| reached.arm)
}

fn variant<'a>(set: &'a FlagSet, flag: &str, key: &str) -> &'a str {
    set.evaluate(flag, &Context::new(key), 0).found().unwrap().variant().as_str()
}

/// Rising shares, with a ring here and there.
fn ladder() -> impl Strategy<Value = RolloutSpec> {
    let shares = proptest::collection::btree_set(1_u32..=100, 1..6);
    let rings = proptest::collection::vec(any::<bool>(), 6);
    (shares, rings, 0_u32..=20).prop_map(|(shares, rings, holdback)| {
        spec_with(1, "a", |spec| {
            spec.holdback = percent(holdback);
            spec.ladder.stages = shares
                .into_iter()
                .zip(rings)
                .flat_map(|(share, before)| {
                    before.then(|| ring("internal")).into_iter().chain([stage(share)])
                })
                .collect();
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whoever_is_in_stays_in_until_all_are_out(
        spec in ladder(),
        keys in proptest::collection::vec("[a-z0-9]{1,12}", 40),
    ) {
        let mut world = World::started(spec.clone());
        let mut has: Vec<bool> = keys.iter().map(|_| false).collect();
        for place in 0..spec.ladder.stages.len() {
            world.advance_to(1, place);
            let set = world.flags();
            for (key, had) in keys.iter().zip(&mut has) {
                let now = variant(&set, "a", key) == "on";
                prop_assert!(now || !*had, "{key} lost it on stage {place}");
                *had = now;
            }
            prop_assert!(world.rollout(1).epoch().share <= spec.share_max());
        }
        let mut out = world.clone();
        out.step(1, Step::RollBack).unwrap();
        let set = out.flags();
        prop_assert!(keys.iter().all(|key| variant(&set, "a", key) == "off"));
        world.step(1, Step::Complete).unwrap();
        let set = world.flags();
        prop_assert!(keys.iter().all(|key| variant(&set, "a", key) == "on"));
        prop_assert!(keys.iter().all(|key| arm(&set, "a", key).is_none()), "nothing is compared any more");
    }

    #[test]
    fn nobody_gets_b_who_does_not_get_a(
        steps in proptest::collection::vec((1_u32..=2, 0_u8..5), 0..12),
        keys in proptest::collection::vec("[a-z0-9]{1,12}", 40),
    ) {
        let mut world = World::started(spec(1, "a"));
        world.start(spec_with(2, "b", |spec| spec.prerequisites = vec![needs("a")])).unwrap();
        for (rollout, step) in steps {
            let from = world.rollout(rollout).epoch().stage;
            let step = match step {
                0..=2 => Step::Advance { from },
                3 => Step::Complete,
                _ => Step::RollBack,
            };
            let _ = world.step(rollout, step);
            let set = world.flags();
            for key in &keys {
                prop_assert!(variant(&set, "b", key) == "off" || variant(&set, "a", key) == "on", "{key}");
            }
        }
    }
}

#[test]
fn a_rollback_bars_the_candidate_for_everyone() {
    let mut world = World::shop();
    world.target("a", &json!([rule_for("vip", "vip")])).unwrap();
    let spec_1 = spec_with(1, "a", |spec| {
        spec.after = Some(name("vip"));
        spec.ladder.stages.insert(0, ring("internal"));
    });
    world.start(spec_1).unwrap();
    assert_eq!(world.variant("a", "vip"), "on", "a rule serves it");
    assert_eq!(world.variant("a", "dev-1"), "on", "a ring has it");
    world.step(1, Step::RollBack).unwrap();
    assert_eq!(world.variant("a", "vip"), "off");
    assert_eq!(world.variant("a", "dev-1"), "off");
    let default_on = json!({"on": true, "off_variant": "off", "rules": [], "default": {"variant": "on"}});
    let targeting = crate::testing::read(default_on);
    world.run(Command::SetTargeting { environment: production(), flag: name("a"), targeting });
    assert_eq!(world.variant("a", "anybody"), "off", "a later edit does not lift the bar");
    world.start(spec(2, "a")).unwrap();
    assert_eq!(world.environment().barred["a"], [], "a new attempt does");
}

#[test]
fn of_two_bars_that_contradict_each_other_the_newer_counts() {
    let mut world = World::started(spec(1, "a"));
    world.step(1, Step::RollBack).unwrap();
    assert_eq!(world.variant("a", "u"), "off");
    let back = spec_with(2, "a", |spec| (spec.baseline, spec.candidate) = (name("on"), name("off")));
    world.start(back).unwrap();
    world.step(2, Step::RollBack).unwrap();
    let bars: Vec<_> = world.environment().barred["a"].iter().map(|bar| bar.candidate.to_string()).collect();
    assert_eq!(bars, ["off", "on"], "newest first");
    assert_eq!(world.variant("a", "u"), "on", "the last rollback said that `on` is good");
}

#[test]
fn rings_have_the_candidate_and_are_neither_treated_nor_control() {
    let mut world = World::started(spec_with(1, "a", |spec| spec.ladder.stages.insert(0, ring("internal"))));
    let set = world.flags();
    assert_eq!(arm(&set, "a", "dev-1"), Some(Arm::Ring));
    assert_eq!(variant(&set, "a", "dev-1"), "on");
    assert_eq!(arm(&set, "a", "u1"), Some(Arm::Control), "a share of nothing is open");
    world.advance_to(1, 3);
    let set = world.flags();
    assert_eq!(arm(&set, "a", "dev-2"), Some(Arm::Ring), "also later");
    let treated = (0..1000).filter(|n| arm(&set, "a", &format!("u{n}")) == Some(Arm::Treated)).count();
    assert!((920..=975).contains(&treated), "{treated} of 1000, where the holdback leaves 95 %");
}

#[test]
fn a_ring_after_a_share_keeps_the_share() {
    let spec = spec_with(1, "a", |spec| spec.ladder.stages = vec![stage(10), ring("internal"), stage(50)]);
    assert!(matches!(spec.ladder.stages[1].who, Who::Ring(_)));
    let shares: Vec<_> = (0..4).map(|stage| spec.effective_share(stage)).collect();
    assert_eq!(shares, [percent(10), percent(10), percent(50), percent(50)]);
}

#[test]
fn off_serves_the_off_variant_to_everybody() {
    let mut world = World::shop();
    world.start(spec_with(1, "a", |spec| spec.ladder.stages = vec![stage(100)])).unwrap();
    let mut off = targeting(&json!([]));
    off.on = false;
    world.run(Command::SetTargeting { environment: production(), flag: name("a"), targeting: off.into() });
    let set = world.flags();
    assert!((0..50).all(|n| variant(&set, "a", &format!("u{n}")) == "off"));
    assert_eq!(arm(&set, "a", "u1"), None);
}

#[test]
fn outside_is_not_control() {
    let mut world = World::shop();
    world.target("a", &json!([rule_for("vip", "vip")])).unwrap();
    world
        .start(spec_with(1, "a", |spec| {
            spec.after = Some(name("vip"));
            spec.audience = crate::testing::read(json!({"not": {"segment": "internal"}}));
        }))
        .unwrap();
    let set = world.flags();
    assert_eq!(arm(&set, "a", "vip"), None, "caught by a rule above");
    assert_eq!(arm(&set, "a", "dev-1"), None, "not in the audience");
    assert!(arm(&set, "a", "u1").is_some());
}
