//! Every optimum that is known is reached and proven, and the heuristic alone finds it too.

use sapwood_planner::{Effort, Network, Solver, baseline, solve};

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
