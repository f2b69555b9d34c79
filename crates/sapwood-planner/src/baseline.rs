//! What a plan is compared with: one big launch, and the usual rule of thumb.

use std::collections::BTreeSet;

use crate::judge::Schedule;
use crate::judge::judge;
use crate::model::Order;
use crate::network::Network;

/// The orders that people use without a planner.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Baseline {
    /// Delay cost of building everything and launching it at once.
    pub big_bang: u64,
    /// The day of that launch.
    pub big_bang_day: u64,
    /// Delay cost of shipping each slice by itself, the one with most value per effort that may come first.
    pub greedy: u64,
}

/// The two baselines of a network. Locked releases come first in both; slices to be kept apart are not kept apart in
/// the big launch, since it is no plan.
pub fn baseline(network: &Network) -> Baseline {
    let free = Network { locked: Vec::new(), ..network.clone() };
    let mut together = free.clone();
    together.bundles.iter_mut().for_each(|bundle| bundle.apart.clear());
    let judged =
        |network: &Network, releases: Vec<Vec<usize>>| judge(network, &order_of(network, &releases)).ok();
    let all: Vec<usize> = (0..network.bundles.len()).collect();
    let big_bang = if all.is_empty() { None } else { judged(&together, vec![all]) };
    let greedy = judged(&free, greedy(network));
    let cost = |schedule: &Option<Schedule>| {
        schedule.as_ref().map_or(network.sunk.1, |schedule| schedule.score.cost)
    };
    Baseline {
        big_bang: cost(&big_bang),
        big_bang_day: big_bang.as_ref().map_or(0, |schedule| schedule.score.last),
        greedy: cost(&greedy),
    }
}

/// Releases of bundles as releases of slices.
pub(crate) fn order_of(network: &Network, releases: &[Vec<usize>]) -> Order {
    let release = |bundles: &Vec<usize>| {
        let mut slices: Vec<usize> =
            bundles.iter().flat_map(|bundle| network.bundle(*bundle).slices.iter().copied()).collect();
        slices.sort_unstable();
        network.ids(slices).into_iter().cloned().collect()
    };
    Order(releases.iter().map(release).collect())
}

/// Weighted shortest job first among what may come next, one release per bundle; by name where two are as good.
pub(crate) fn greedy(network: &Network) -> Vec<Vec<usize>> {
    let mut releases = Vec::new();
    let mut done: BTreeSet<usize> = BTreeSet::new();
    while done.len() < network.bundles.len() {
        let may_come = |bundle: &usize| {
            !done.contains(bundle) && network.bundle(*bundle).requires.iter().all(|need| done.contains(need))
        };
        let ready = (0..network.bundles.len()).filter(may_come);
        let best = ready.reduce(|best, other| {
            let (one, two) = (network.bundle(best), network.bundle(other));
            let (left, right) = (
                u128::from(one.value) * u128::from(two.effort),
                u128::from(two.value) * u128::from(one.effort),
            );
            // Two without effort compare as equal by the products alone.
            let better = right > left || (right == left && two.effort == 0 && one.effort > 0);
            if better { other } else { best }
        });
        let Some(best) = best else { break };
        done.insert(best);
        releases.push(vec![best]);
    }
    releases
}
