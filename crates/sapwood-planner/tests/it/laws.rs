//! Properties of the optimum and of the answer.

use sapwood_planner::what_if::{Range, stability};
use sapwood_planner::{Answer, Effort, Network, Plan, Requirement, Shipped, Slice, SliceId, Solver, solve};

use crate::instances::id;
use crate::random::{Dice, KINDS, Kind, name, plan};

fn answer(plan: &Plan) -> Option<Answer> {
    Some(solve(&Network::new(plan).ok()?, Effort::default(), &mut || true))
}

fn optimum(plan: &Plan) -> Option<u64> {
    let answer = answer(plan)?;
    assert!(answer.proven);
    Some(answer.schedule.score.cost)
}

/// Random plans without last days, where cost is all that counts.
fn plans(seeds: std::ops::Range<u64>) -> impl Iterator<Item = (u64, Kind, Plan, Dice)> {
    seeds.map(|seed| {
        let mut dice = Dice::new(seed + 77_000);
        let kind = KINDS[usize::try_from(seed % 6).unwrap()];
        let mut plan = plan(kind, 4 + seed / 6 % 4, &mut dice);
        plan.slices.iter_mut().for_each(|slice| slice.not_after = None);
        (seed, kind, plan, dice)
    })
}

#[test]
fn a_rule_more_never_makes_it_cheaper() {
    for (seed, _, plan, mut dice) in plans(0..180) {
        let Some(before) = optimum(&plan) else { continue };
        let count = u64::try_from(plan.slices.len()).unwrap();
        let mut tied = plan.clone();
        tied.requires.push(Requirement { needs: name(0), slice: name(1 + dice.below(count - 1)) });
        let mut dearer = plan.clone();
        dearer.overhead += 1 + dice.below(3);
        let mut slower = plan.clone();
        slower.settle += if plan.teams == 1 { 1 + dice.below(6) } else { 0 };
        for (what, changed) in [("edge", tied), ("overhead", dearer), ("settle", slower)] {
            let after = optimum(&changed);
            assert!(
                after.is_none_or(|after| after >= before),
                "seed {seed}, {what}: {before} → {after:?} {plan:?}"
            );
        }
    }
}

#[test]
fn a_slice_without_value_that_nobody_needs_changes_nothing_while_releasing_is_free() {
    for (seed, kind, mut plan, mut dice) in plans(0..180) {
        plan.overhead = 0;
        // With several teams the slice may fill a gap of its own or none; with one it comes last.
        let Some(before) = optimum(&plan) else { continue };
        plan.slices.push(Slice::new(id("a-idle"), dice.below(9), 0));
        assert_eq!(optimum(&plan), Some(before), "seed {seed} {kind:?}: {plan:?}");
    }
}

#[test]
fn the_order_of_the_input_changes_nothing() {
    for (seed, _, plan, mut dice) in plans(0..120) {
        let mut shuffled = plan.clone();
        for place in (1..shuffled.slices.len()).rev() {
            let other = usize::try_from(dice.below(u64::try_from(place).unwrap() + 1)).unwrap();
            shuffled.slices.swap(place, other);
        }
        shuffled.requires.reverse();
        shuffled.together.iter_mut().for_each(|group| group.reverse());
        assert_eq!(answer(&plan), answer(&shuffled), "seed {seed}: {plan:?}");
    }
}

#[test]
fn names_change_nothing_but_names() {
    let renamed =
        |id: &SliceId| SliceId::new(&format!("x{}", 99 - id.as_str()[1..].parse::<u64>().unwrap())).unwrap();
    for (seed, _, plan, _) in plans(0..120) {
        let mut other = plan.clone();
        other.slices.iter_mut().for_each(|slice| slice.id = renamed(&slice.id));
        for requirement in &mut other.requires {
            (requirement.needs, requirement.slice) =
                (renamed(&requirement.needs), renamed(&requirement.slice));
        }
        other.together.iter_mut().chain(&mut other.apart).flatten().for_each(|id| *id = renamed(id));
        assert_eq!(optimum(&plan), optimum(&other), "seed {seed}: {plan:?}");
    }
}

#[test]
fn what_is_live_stays_and_the_rest_is_planned_from_today() {
    for (seed, _, mut plan, _) in plans(0..60) {
        plan.requires.retain(|requirement| requirement.slice != name(0));
        plan.together.clear();
        (plan.today, plan.settle, plan.teams) = (9, 6, 1);
        plan.shipped = vec![Shipped { slices: vec![name(0)], live: 7 }];
        let Some(answer) = answer(&plan) else { continue };
        assert!(answer.schedule.release_of(&name(0)).is_none(), "seed {seed}");
        let shipped = plan.slices[0].clone();
        for release in &answer.schedule.releases {
            assert!(release.start >= 9, "seed {seed}");
            let slices = plan.slices.iter().filter(|slice| release.slices.contains(&slice.id));
            let meets = slices.into_iter().any(|slice| !slice.surfaces.is_disjoint(&shipped.surfaces));
            assert!(!meets || release.live >= 13, "seed {seed}: {plan:?}");
        }
    }
}

#[test]
fn locked_releases_come_first_and_cost_no_less() {
    for (seed, _, plan, _) in plans(0..120) {
        let Some(free) = answer(&plan) else { continue };
        let last = free.schedule.releases.iter().rev().find(|release| {
            let needs = plan.requires.iter().filter(|one| release.slices.contains(&one.slice));
            needs.into_iter().all(|one| release.slices.contains(&one.needs))
        });
        let Some(release) = last else { continue };
        let mut locked = plan.clone();
        locked.locked = vec![release.slices.clone()];
        let after = answer(&locked).unwrap();
        assert_eq!(after.schedule.releases[0].slices, release.slices, "seed {seed}");
        assert!(after.schedule.score >= free.schedule.score, "seed {seed}: {plan:?}");
    }
}

#[test]
fn an_interrupted_search_still_answers_and_says_so() {
    let mut plan = plan(Kind::All, 18, &mut Dice::new(5));
    plan.slices.iter_mut().for_each(|slice| slice.not_after = None);
    plan.apart.clear();
    let network = Network::new(&plan).unwrap();
    let answer = solve(&network, Effort::default(), &mut || false);
    assert!(answer.proven || answer.interrupted);
    assert!(answer.bound <= answer.schedule.score.cost);
    let effort = Effort { solver: Solver::Heuristic, search_steps: 50_000, ..Effort::default() };
    let (one, two) = (solve(&network, effort, &mut || true), solve(&network, effort, &mut || true));
    assert_eq!(one, two);
    assert!(one.schedule.score <= answer.schedule.score);
}

#[test]
fn estimates_without_a_range_leave_the_order_as_it_is() {
    let mut plan = plan(Kind::Order, 6, &mut Dice::new(3));
    plan.requires.clear();
    for (slice, value) in plan.slices.iter_mut().zip(10..) {
        (slice.effort, slice.value) = (5, value);
    }
    let base = answer(&plan).unwrap();
    let effort = Effort { exact_steps: 100_000, search_steps: 100_000, ..Effort::default() };
    let narrow = plan.slices.iter().map(|slice| {
        (slice.id.clone(), Range { low: slice.effort, likely: slice.effort, high: slice.effort })
    });
    let stable = stability(&plan, &base, &narrow.collect(), 20, effort).unwrap();
    assert_eq!((stable.draws, stable.same, stable.swaps.len()), (20, 20, 0));
    let wide = plan.slices.iter().map(|slice| (slice.id.clone(), Range { low: 1, likely: 5, high: 60 }));
    let shaky = stability(&plan, &base, &wide.collect(), 20, effort).unwrap();
    assert!(shaky.same < 20 && !shaky.swaps.is_empty(), "{shaky:?}");
}
