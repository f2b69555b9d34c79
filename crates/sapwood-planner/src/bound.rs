//! What no order can beat, proven.

use crate::judge::Schedule;
use crate::network::Network;
use crate::sidney::{blocks, least_sum};

/// Rounds in which the slices that count for the bound are chosen anew.
const ROUNDS: usize = 6;

/// A delay cost that every order of the network reaches; 0 says nothing.
///
/// Without due days it is the bound of [`least_sum`] with one overhead before everything. With due days it is that of
/// the slices chosen, less what they may be late for nothing: `Σ v (live − due)` over any choice of slices is no more
/// than the cost. The slices that are late in `known` are a good choice to begin with.
pub(crate) fn lower_bound(network: &Network, known: Option<&Schedule>) -> u64 {
    let all: Vec<usize> = (0..network.bundles.len()).collect();
    let mut chosen: Vec<bool> = network.slices.iter().map(|_| true).collect();
    let (mut best, order) = with_slices(network, &all, &chosen);
    if network.bundles.iter().all(|bundle| bundle.dated.is_empty()) {
        return best;
    }
    if let Some(known) = known {
        let days =
            known.releases.iter().flat_map(|release| release.slices.iter().map(|id| (id, release.live)));
        let days: std::collections::BTreeMap<_, _> = days.collect();
        let is_late = |slice: &crate::model::Slice| days.get(&slice.id).is_some_and(|live| *live > slice.due);
        chosen = network.slices.iter().map(is_late).collect();
        best = best.max(with_slices(network, &all, &chosen).0);
    }
    let mut order = order;
    for _ in 0..ROUNDS {
        chosen = late_in(network, &order);
        let (bound, next) = with_slices(network, &all, &chosen);
        best = best.max(bound);
        order = next;
    }
    best
}

/// The bound from some slices alone, and the order of bundles it comes from.
fn with_slices(network: &Network, all: &[usize], chosen: &[bool]) -> (u64, Vec<usize>) {
    let counts = |slice: &&usize| chosen.get(**slice).copied().unwrap_or(false);
    let sum = |bundle: &usize, of: &dyn Fn(&crate::model::Slice) -> u64| -> u64 {
        let slices = network.bundle(*bundle).slices.iter().filter(counts);
        slices.filter_map(|slice| network.slices.get(*slice)).map(of).sum()
    };
    let value: Vec<u64> = all.iter().map(|bundle| sum(bundle, &|slice| slice.value)).collect();
    let total: u128 = value.iter().map(|value| u128::from(*value)).sum();
    let excused: u128 =
        all.iter().map(|bundle| u128::from(sum(bundle, &|slice| slice.value * slice.due))).sum();
    let blocks = blocks(network, all, &value);
    let teams = u128::try_from(network.teams).unwrap_or(1);
    let sum = least_sum(network, &blocks, &value).div_ceil(2 * teams);
    let first = u128::from(network.plan.today + network.plan.overhead) * total;
    let bound = (sum + first).saturating_sub(excused);
    let bound = u64::try_from(bound).unwrap_or(u64::MAX).saturating_add(network.sunk.1);
    (bound, blocks.into_iter().flatten().collect())
}

/// The slices that would be late were bundles built in this order by all teams as one.
fn late_in(network: &Network, order: &[usize]) -> Vec<bool> {
    let teams = u64::try_from(network.teams).unwrap_or(1);
    let mut late = vec![false; network.slices.len()];
    let mut work = 0;
    for bundle in order {
        let bundle = network.bundle(*bundle);
        work += bundle.effort;
        let live = network.plan.today + network.plan.overhead + work / teams;
        for slice in &bundle.slices {
            let due = network.slices.get(*slice).map_or(0, |slice| slice.due);
            if let Some(flag) = late.get_mut(*slice) {
                *flag = live > due;
            }
        }
    }
    late
}
