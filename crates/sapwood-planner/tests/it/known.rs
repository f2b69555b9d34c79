//! Every optimum that is known is reached and proven, and the heuristic alone finds it too.

use sapwood_planner::{Effort, Network, Plan, Slice, Solver, baseline, solve};

use crate::instances;

#[test]
fn every_known_optimum_is_reached_and_proven() {
    for instance in instances::all() {
        let network = Network::new(&instance.plan).unwrap();
        let answer = solve(&network, Effort::default(), &mut || true);
        assert_eq!(answer.schedule.score.cost, instance.optimum, "{}", instance.id);
        assert!(answer.proven, "{}", instance.id);
        assert_eq!(answer.bound, instance.optimum, "{}", instance.id);
    }
}

#[test]
fn the_heuristic_alone_finds_them_and_its_bound_holds() {
    let effort = Effort { solver: Solver::Heuristic, search_steps: 2_000_000, ..Effort::default() };
    for instance in instances::all() {
        let network = Network::new(&instance.plan).unwrap();
        let answer = solve(&network, effort, &mut || true);
        assert_eq!(answer.schedule.score.cost, instance.optimum, "{}", instance.id);
        assert!(answer.bound <= instance.optimum, "{}", instance.id);
        if let Some(doubled) = instance.sidney_doubled {
            assert_eq!(answer.bound, doubled.div_ceil(2), "{}", instance.id);
        }
    }
}

#[test]
fn the_baselines_are_those_of_the_reference() {
    for instance in instances::all() {
        let baseline = baseline(&Network::new(&instance.plan).unwrap());
        assert_eq!(baseline.big_bang, instance.big_bang, "{}", instance.id);
        assert_eq!(baseline.greedy, instance.greedy, "{}", instance.id);
    }
}

/// The first five of OR-Library's `wt40` (Crauwels, Potts and Van Wassenhove), with their proven optima.
#[test]
fn weighted_tardiness_of_forty_is_solved_as_well_as_anybody_has() {
    let text = include_str!("../../../../fixtures/planner/wt40-first-five.txt");
    let numbers: Vec<u64> = text.split_whitespace().map(|word| word.parse().unwrap()).collect();
    let effort = Effort { search_steps: 25_000_000, ..Effort::default() };
    for (chunk, optimum) in numbers.chunks(120).zip([913, 1225, 537, 2094, 990]) {
        let slices = (0..40).map(|place| {
            let mut slice = Slice::new(instances::id(&format!("j{place}")), chunk[place], chunk[40 + place]);
            slice.due = chunk[80 + place];
            slice
        });
        let network = Network::new(&Plan::new(slices.collect())).unwrap();
        let answer = solve(&network, effort, &mut || true);
        assert_eq!(answer.schedule.score.cost, optimum);
        assert!(answer.bound <= optimum);
    }
}
