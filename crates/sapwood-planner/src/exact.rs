//! The exact solvers, and which of them a plan is for.

pub(crate) mod batches;
pub(crate) mod ideals;
pub(crate) mod releases;
pub(crate) mod singles;
pub(crate) mod teams;

use crate::judge::Score;
use crate::limits::IDEALS_MAX;
use crate::network::Network;
use crate::pace::Pace;
use crate::placer::Placer;
use crate::sidney;
use batches::solve as solve_batches;
use releases::{Releases, Start};
use singles::{Price, Tails};
use teams::Teams;

/// Down-closed sets that all blocks of a large plan may have together.
const BLOCK_IDEALS_MAX: usize = IDEALS_MAX / 2;

/// What the exact solvers could do.
#[derive(Debug)]
pub(crate) struct Exact {
    /// The best order, if it was found and proven.
    pub(crate) order: Option<Vec<Vec<usize>>>,
    /// Days missed and delay cost that no order beats, compared in this order, from the tables.
    pub(crate) bound: Price,
}

/// Whether every order is only a sequence of single bundles of one team.
pub(crate) fn is_sequence(network: &Network) -> bool {
    network.teams == 1 && network.plan.overhead == 0 && network.plan.settle == 0
}

/// Tries to find the best order. `known` is the score of an order somebody found.
pub(crate) fn solve(network: &Network, known: Score, pace: &mut Pace<'_>) -> Exact {
    let free = free_bundles(network);
    let start = after_locked(network);
    if is_sequence(network) {
        return sequence(network, &free, &start, pace);
    }
    if network.teams > 1 {
        return several_teams(network, &free, known, pace);
    }
    let lead = network.plan.overhead;
    let Some(tails) = table(network, &free, start.built, lead, pace) else {
        return Exact { order: None, bound: (0, 0) };
    };
    let rest = tails.after(0);
    let bound = (start.score.missed + rest.0, start.score.cost + rest.1);
    let batches = network.plan.settle == 0
        && network.is_undated()
        && network.calendar.is_empty()
        && network.locked.is_empty()
        && network.bundles.iter().all(|bundle| bundle.apart.is_empty());
    let order = if batches {
        solve_batches(network, &tails, known.cost.saturating_sub(network.sunk.1), pace)
    } else {
        Releases::new(network, &tails, known, pace).solve(&start)
    };
    Exact { order: order.map(|order| with_locked(network, order)), bound }
}

/// Sidney's blocks one after the other, each exactly if it has few down-closed sets; with days that matter, one block.
fn sequence(network: &Network, free: &[usize], start: &Start, pace: &mut Pace<'_>) -> Exact {
    let whole = !network.is_undated() || !network.calendar.is_empty();
    let value: Vec<u64> = network.bundles.iter().map(|bundle| bundle.value).collect();
    let blocks = if whole { vec![free.to_vec()] } else { sidney::blocks(network, free, &value) };
    let mut order: Option<Vec<Vec<usize>>> = Some(Vec::new());
    let mut bound = (start.score.missed, u128::from(start.score.cost));
    let mut day = start.built;
    let mut left = BLOCK_IDEALS_MAX * if whole { 2 } else { 1 };
    for block in &blocks {
        let worth: u64 = block.iter().map(|bundle| network.bundle(*bundle).value).sum();
        let days: u64 = block.iter().map(|bundle| network.bundle(*bundle).effort).sum();
        let is_free = worth == 0 && !whole;
        let small = if is_free { None } else { table_within(network, block, day, 0, left, pace) };
        if let Some(tails) = &small {
            left = left.saturating_sub(tails.ideals.sets.len());
            bound.0 += tails.after(0).0;
            bound.1 += u128::from(tails.after(0).1);
            let singles = tails.order(network).into_iter().map(|bundle| vec![bundle]);
            order = order.map(|order| order.into_iter().chain(singles).collect());
        } else if is_free {
            order = order
                .map(|order| order.into_iter().chain(block.iter().map(|bundle| vec![*bundle])).collect());
        } else {
            order = None;
            if !whole {
                let least = sidney::least_sum(network, std::slice::from_ref(block), &value).div_ceil(2);
                bound.1 += least + u128::from(day) * u128::from(worth);
            }
        }
        day += days;
    }
    let bound = (bound.0, u64::try_from(bound.1).unwrap_or(0));
    Exact { order: order.map(|order| with_locked(network, order)), bound }
}

fn several_teams(network: &Network, free: &[usize], known: Score, pace: &mut Pace<'_>) -> Exact {
    let possible = network.plan.settle == 0 && network.calendar.is_empty() && network.locked.is_empty();
    let tails = if possible { table(network, free, network.plan.today, 0, pace) } else { None };
    let order = tails.and_then(|tails| Teams::new(network, &tails, known, pace).solve());
    Exact { order, bound: (0, 0) }
}

fn table(network: &Network, bundles: &[usize], start: u64, lead: u64, pace: &mut Pace<'_>) -> Option<Tails> {
    table_within(network, bundles, start, lead, IDEALS_MAX, pace)
}

fn table_within(
    network: &Network,
    bundles: &[usize],
    start: u64,
    lead: u64,
    max: usize,
    pace: &mut Pace<'_>,
) -> Option<Tails> {
    // Each set is looked at once per bundle.
    let affordable = pace.left() / (1 + u64::try_from(bundles.len() / 4).unwrap_or(u64::MAX));
    let max = max.min(usize::try_from(affordable).unwrap_or(usize::MAX));
    let tails = Tails::new(network, bundles, start, lead, max)?;
    pace.take(u64::try_from(tails.ideals.sets.len() * (1 + bundles.len() / 4)).unwrap_or(u64::MAX))
        .then_some(tails)
}

fn free_bundles(network: &Network) -> Vec<usize> {
    (0..network.bundles.len())
        .filter(|bundle| !network.locked.iter().any(|release| release.contains(bundle)))
        .collect()
}

fn with_locked(network: &Network, order: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    network.locked.iter().cloned().chain(order).collect()
}

/// What the locked releases of one team leave behind.
fn after_locked(network: &Network) -> Start {
    let mut placer = Placer::new(network);
    let mut score = Score { missed: network.sunk.0, cost: network.sunk.1, last: 0 };
    let mut built = network.plan.today;
    for release in &network.locked {
        let placed = placer.place(release);
        built = placed.built;
        score.last = score.last.max(placed.live);
        for bundle in release {
            let (missed, cost) = network.bundle(*bundle).price(placed.live);
            score.missed += missed;
            score.cost += cost;
        }
    }
    let floor = |bundle: &crate::network::Bundle| {
        let needs = bundle.requires.iter().map(|need| placer.live(*need));
        needs.chain(bundle.surfaces.iter().map(|surface| placer.floor(*surface))).max().unwrap_or(0)
    };
    Start { score, built, floors: network.bundles.iter().map(floor).collect() }
}
