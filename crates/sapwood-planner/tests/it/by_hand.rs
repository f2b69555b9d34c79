//! The judge against a day-by-day walk, and the exact solvers against every order there is.

use sapwood_planner::{Effort, Network, Plan, Schedule, Score, SliceId, Solver, judge, solve};

use crate::random::{Dice, KINDS, Kind, every_order, plan};

fn groups(network: &Network) -> Vec<Vec<SliceId>> {
    network.bundles().map(|bundle| bundle.into_iter().cloned().collect()).collect()
}

/// Walks the days one by one: who works on what, who is away, what goes live, what every day costs.
fn walk(plan: &Plan, order: &[Vec<SliceId>]) -> (Vec<u64>, u64) {
    let slice = |id: &SliceId| plan.slices.iter().find(|slice| slice.id == *id).unwrap();
    let work =
        |release: &Vec<SliceId>| plan.overhead + release.iter().map(|id| slice(id).effort).sum::<u64>();
    let mut left: Vec<u64> = order.iter().map(work).collect();
    let mut built: Vec<Option<u64>> = vec![None; order.len()];
    let mut live: Vec<Option<u64>> = vec![None; order.len()];
    let mut cost = 0;
    for day in 0.. {
        for place in 0..order.len() {
            let earlier_built = built[..place].iter().all(Option::is_some);
            if built[place].is_none() && left[place] == 0 && earlier_built && day >= plan.today {
                built[place] = Some(day);
            }
        }
        for place in 0..order.len() {
            if live[place].is_some() || built[place].is_none() {
                continue;
            }
            let allowed = (0..place).all(|before| {
                let needed = plan.requires.iter().any(|requirement| {
                    order[before].contains(&requirement.needs) && order[place].contains(&requirement.slice)
                });
                let meets = plan.settle > 0
                    && order[before].iter().any(|one| {
                        order[place].iter().any(|two| !slice(one).surfaces.is_disjoint(&slice(two).surfaces))
                    });
                let needed = !needed || live[before].is_some_and(|then| then <= day);
                let settled = !meets || live[before].is_some_and(|then| then + plan.settle <= day);
                needed && settled
            });
            if allowed {
                live[place] = Some(day);
            }
        }
        if live.iter().all(Option::is_some) {
            return (live.into_iter().flatten().collect(), cost);
        }
        for (release, live) in order.iter().zip(&live) {
            let waiting = release.iter().filter(|id| live.is_none() && slice(id).due <= day);
            cost += waiting.map(|id| slice(id).value).sum::<u64>();
        }
        let away = plan.absences.iter().any(|absence| (absence.from..absence.until).contains(&day));
        if day >= plan.today && !away {
            let next = (0..order.len()).find(|place| built[*place].is_none());
            if let Some(place) = next {
                left[place] -= 1;
            }
        }
    }
    unreachable!("days do not end")
}

#[test]
fn the_judge_agrees_with_a_walk_through_the_days() {
    for seed in 0..600 {
        let mut dice = Dice::new(seed);
        let kind = [Kind::Order, Kind::Due, Kind::Batch, Kind::Settle, Kind::All]
            [usize::try_from(seed % 5).unwrap()];
        let plan = plan(kind, 2 + seed % 5, &mut dice);
        let Ok(network) = Network::new(&plan) else { continue };
        let orders = every_order(&groups(&network));
        let legal = orders.iter().filter_map(|order| Some((order, judge(&network, order).ok()?)));
        for (order, schedule) in legal.step_by(1 + usize::try_from(dice.below(7)).unwrap()) {
            let (days, cost) = walk(&plan, &order.0);
            let judged: Vec<u64> = schedule.releases.iter().map(|release| release.live).collect();
            assert_eq!((judged, schedule.score.cost), (days, cost), "seed {seed}: {plan:?} {order:?}");
        }
    }
}

/// Several teams: nobody does two things, nothing begins before what it needs, and every day costs what it should.
fn check_teams(plan: &Plan, schedule: &Schedule, seed: u64) {
    let slice = |id: &SliceId| plan.slices.iter().find(|slice| slice.id == *id).unwrap();
    let mut cost = 0;
    for day in 0..schedule.score.last {
        for team in 0..plan.teams {
            let at = schedule
                .releases
                .iter()
                .filter(|one| one.team == team && (one.start..one.built).contains(&day));
            assert!(at.count() <= 1, "seed {seed}: team {team} on day {day}");
        }
        let waiting = schedule.releases.iter().filter(|release| release.live > day);
        cost += waiting.flat_map(|release| &release.slices).map(|id| slice(id).value).sum::<u64>();
    }
    assert_eq!(cost, schedule.score.cost, "seed {seed}");
    for release in &schedule.releases {
        let effort: u64 = release.slices.iter().map(|id| slice(id).effort).sum();
        assert_eq!(release.built - release.start, effort + plan.overhead, "seed {seed}");
        for requirement in plan.requires.iter().filter(|one| release.slices.contains(&one.slice)) {
            let needs =
                schedule.release_of(&requirement.needs).map(|place| &schedule.releases[place]).unwrap();
            assert!(needs == release || needs.built <= release.start, "seed {seed}");
        }
    }
}

/// The best of every order, as the judge sees it.
fn best_by_hand(network: &Network) -> Score {
    let judged = every_order(&groups(network)).into_iter().filter_map(|order| judge(network, &order).ok());
    judged.map(|schedule| schedule.score).min().unwrap()
}

#[test]
fn nothing_beats_what_is_proven() {
    let mut solved = 0;
    for seed in 0..480 {
        let kind = KINDS[usize::try_from(seed % 6).unwrap()];
        let plan = plan(kind, 2 + seed / 6 % 4, &mut Dice::new(seed + 10_000));
        let Ok(network) = Network::new(&plan) else { continue };
        let best = best_by_hand(&network);
        let exact = solve(&network, Effort::default(), &mut || true);
        assert!(exact.proven, "seed {seed}: {plan:?}");
        assert_eq!(exact.schedule.score, best, "seed {seed} {kind:?}: {plan:?}");
        let effort = Effort { solver: Solver::Heuristic, search_steps: 20_000, ..Effort::default() };
        let searched = solve(&network, effort, &mut || true);
        assert!(searched.schedule.score >= best, "seed {seed}: {plan:?}");
        assert!(
            searched.bound <= best.cost || best.missed > 0,
            "seed {seed}: {} > {}",
            searched.bound,
            best.cost
        );
        if kind == Kind::Teams {
            check_teams(&plan, &exact.schedule, seed);
        }
        solved += 1;
    }
    assert!(solved > 400, "{solved}");
}
