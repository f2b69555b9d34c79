//! Waking early, late or twice changes nothing: time gates by minutes that the ledger has seen, not by looks.

use proptest::prelude::*;

use super::*;
use crate::limits::COOL_DOWN_SECONDS;
use crate::tick::fresh_minutes;

#[test]
fn minutes_count_once_only_whole_and_only_while_data_is_fresh() {
    for (active, stale, from, now, expected) in [
        (vec![], 2, 0, 10, 0),
        (vec![0], 2, 0, 10, 2),
        (vec![0, 1, 2], 2, 0, 10, 4),
        (vec![0, 1, 2], 2, 0, 3, 3),
        (vec![0, 0, 0], 2, 0, 10, 2),
        (vec![0, 8], 2, 0, 10, 4),
        (vec![0, 9], 2, 0, 10, 3),
        (vec![-1], 2, 0, 10, 1),
        (vec![-5], 2, 0, 10, 0),
        (vec![50], 2, 0, 10, 0),
        (vec![0, 1, 2], 2, 0, -60, 0),
    ] {
        assert_eq!(fresh_minutes(&active, stale, from, now), expected, "{active:?} by {now}");
    }
}

#[test]
fn a_bake_of_a_minute_lasts_a_minute() {
    let mut world = World::empty();
    for (started, ended, expected) in [(0, 59, 0), (0, 60, 1), (1, 60, 0), (59, 119, 0), (59, 120, 1)] {
        let mut shop = World::shop();
        shop.now = at(started);
        shop.start(spec(1, "a")).unwrap();
        shop.traffic(1, 0..3);
        shop.now = at(ended);
        assert_eq!(shop.report(1).gate.bake_minutes, expected, "from {started} to {ended}");
        world = shop;
    }
    assert_eq!(world.report(1).gate.bake_minutes_needed, 10);
}

#[test]
fn looking_twice_sees_the_same() {
    let world = ready(spec(1, "a"));
    assert_eq!(world.look(), world.look());
    assert_eq!(world.look_at(at(661)), world.look_at(at(661)));
}

#[test]
fn looking_early_or_late_takes_the_same_step_from_the_same_ledger() {
    let world = ready(spec(1, "a"));
    let step = |seconds| step_in(&world.look_at(at(seconds))[0]);
    for seconds in [0, 60, 300, 599] {
        assert_eq!(step(seconds), None, "too early at {seconds}");
    }
    for seconds in [600, 601, 660, 700, 719, 779] {
        assert_eq!(step(seconds), Some(Step::Advance { from: 0 }), "at {seconds}");
    }
    for seconds in [780, 1_000, 100_000] {
        assert_eq!(step(seconds), Some(hold(HoldCause::NoData)), "nobody came since, at {seconds}");
    }
}

#[test]
fn data_that_is_folded_late_bakes_as_if_it_had_come_in_time() {
    let mut late = World::started(spec(1, "a"));
    late.now = at(660);
    late.heard();
    assert_eq!(late.step_proposed(1), Some(hold(HoldCause::NoData)));
    late.crowd(1, 200, 1_800);
    late.traffic(1, 0..11);
    assert_eq!(late.look(), ready(spec(1, "a")).look());
}

#[test]
fn a_clock_that_jumps_changes_nothing_but_staleness() {
    let world = ready(spec(1, "a"));
    let now = &world.look()[0];
    for jump in [-3_600, 3_600] {
        let then = &world.look_at(world.now.plus_seconds(jump))[0];
        for (then, now) in then.evidence.guardrails.iter().zip(&now.evidence.guardrails) {
            assert_eq!((then.log_e.to_bits(), then.treated), (now.log_e.to_bits(), now.treated));
        }
        assert_eq!(then.evidence.log_average.to_bits(), now.evidence.log_average.to_bits());
        assert_eq!((then.gate.treated, then.gate.control), (now.gate.treated, now.gate.control));
        let step = step_in(then);
        // An hour ahead the data is an hour old; an hour back there is none yet. Neither rolls back or advances.
        assert_eq!(step, if jump > 0 { Some(hold(HoldCause::NoData)) } else { None });
    }
    let mut hurt = ready(spec(1, "a"));
    hurt.hurt(1, 40, 90);
    for jump in [-3_600, 0, 3_600] {
        hurt.now = at(660 + jump);
        assert_eq!(hurt.step_proposed(1), Some(Step::RollBack), "harm is harm at {jump}");
    }
}

#[test]
fn a_clock_set_back_does_not_stretch_a_cool_down() {
    let mut world = World::started(spec(1, "a"));
    world.start(spec_with(2, "b", |spec| spec.prerequisites = vec![needs("a")])).unwrap();
    world.crowd(1, 200, 1_800);
    world.hurt(1, 40, 90);
    world.now = at(3_600);
    world.step(2, Step::RollBack).unwrap();
    world.now = at(3_600 + COOL_DOWN_SECONDS - 1);
    assert_eq!(world.step_proposed(1), Some(hold(HoldCause::Dependency)));
    world.now = at(0);
    assert_eq!(world.step_proposed(1), Some(Step::RollBack));
}

#[test]
fn a_client_whose_clock_is_ahead_does_not_stand_in_for_traffic() {
    let mut world = World::started(spec(1, "a"));
    world.traffic(1, 60..70);
    world.now = at(600);
    check(&world, Some(hold(HoldCause::NoData)), "No traffic: nobody met the flag for 10 minutes");
}

#[test]
fn an_edit_makes_the_stage_bake_again() {
    let mut world = ready(spec_with(1, "a", |spec| spec.ladder.stages.insert(1, ring("internal"))));
    world.run(Command::DefineSegment { segment: crate::testing::segment("internal", &[]) });
    world.step(1, Step::Resume).unwrap();
    let gate = world.report(1).gate;
    assert_eq!((gate.bake_minutes, gate.treated, gate.control), (0, 0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn however_often_it_looks_it_never_goes_further_than_one_look_per_stage_allows(
        looks in proptest::collection::vec(0..1_500_i64, 1..30),
    ) {
        let mut world = ready(spec(1, "a"));
        let mut looks = looks;
        looks.sort_unstable();
        for seconds in looks {
            world.now = at(seconds);
            let before = world.rollout(1).epoch().stage;
            world.obey();
            let after = world.rollout(1).epoch().stage;
            prop_assert!(after <= before + 1);
            prop_assert!(after <= 1, "the ledger holds the bake of one stage only");
            prop_assert!(world.rollout(1).is_live());
        }
    }
}
