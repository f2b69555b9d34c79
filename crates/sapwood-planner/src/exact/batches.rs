//! One team, each release costs an overhead, every day counts from the first, no settle window.
//!
//! Bundles are added one at a time to an open release. While it is open, each day of work delays everything that was
//! not live when it was opened, so beside the cost only that value matters: a state is (down-closed set, cost, value
//! waiting), and of two states with one set the cheaper with less waiting is the better. The problem is
//! `1|prec, s-batch|Σ w C`.

use super::ideals::members;
use super::singles::Tails;
use crate::network::Network;
use crate::pace::Pace;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    cost: u64,
    /// Releases opened; fewer end sooner.
    releases: u64,
    /// Value per day that waits while the open release is built.
    waiting: u64,
}

/// Runs the program; the order of releases as numbers of bundles, or `None` when the steps ran out.
///
/// States that cannot beat `best_cost` are dropped; an order of that cost is still found.
#[expect(
    clippy::indexing_slicing,
    reason = "sets come from the ideals, and members from the part they were made of"
)]
pub(crate) fn solve(
    network: &Network,
    tails: &Tails,
    best_cost: u64,
    pace: &mut Pace<'_>,
) -> Option<Vec<Vec<usize>>> {
    let part = &tails.part;
    let overhead = network.plan.overhead;
    let all: u64 = part.value.iter().sum();
    // The table counts each day from the start and one overhead; here both are in the cost from the beginning.
    let constant = network.plan.today * all;
    let mut fronts: Vec<Vec<State>> = Vec::with_capacity(tails.ideals.sets.len());
    for (place, set) in tails.ideals.sets.iter().enumerate() {
        let left: u64 = members(!set & part.full()).map(|member| part.value[member]).sum();
        let mut front = if place == 0 { Vec::new() } else { arriving(tails, &fronts, *set) };
        if !pace.take(1 + u64::try_from(front.len()).unwrap_or(u64::MAX)) {
            return None;
        }
        let done = tails.ideals.effort[place];
        let rest = tails.after(*set).1.saturating_sub((network.plan.today + overhead + done) * left);
        front.retain(|state| constant + state.cost + rest <= best_cost);
        let closed = front.iter().min().copied().unwrap_or(State { cost: 0, releases: 0, waiting: 0 });
        if place == 0 || (!front.is_empty() && *set != part.full()) {
            let opened =
                State { cost: closed.cost + overhead * left, releases: closed.releases + 1, waiting: left };
            front.push(opened);
        }
        prune(&mut front);
        fronts.push(front);
    }
    retrace(tails, &fronts, overhead)
}

/// States of a set, from the sets with one bundle less.
#[expect(
    clippy::indexing_slicing,
    reason = "sets come from the ideals, and members from the part they were made of"
)]
fn arriving(tails: &Tails, fronts: &[Vec<State>], set: u64) -> Vec<State> {
    let mut front = Vec::new();
    for member in last_members(tails, set) {
        let before = &fronts[tails.ideals.place(set & !(1 << member))];
        let effort = tails.part.effort[member];
        front
            .extend(before.iter().map(|state| State { cost: state.cost + effort * state.waiting, ..*state }));
    }
    prune(&mut front);
    front
}

/// Members of a set that nothing else in it requires.
fn last_members(tails: &Tails, set: u64) -> impl Iterator<Item = usize> {
    let needed =
        members(set).filter_map(|member| tails.part.needs.get(member)).fold(0, |all, needs| all | needs);
    members(set & !needed)
}

/// Keeps what no other state beats in both cost and waiting value.
fn prune(front: &mut Vec<State>) {
    front.sort_unstable();
    let mut least = u64::MAX;
    front.retain(|state| {
        let better = state.waiting < least;
        least = least.min(state.waiting);
        better
    });
}

/// Walks back from the cheapest last state.
#[expect(
    clippy::indexing_slicing,
    reason = "sets come from the ideals, and members from the part they were made of"
)]
fn retrace(tails: &Tails, fronts: &[Vec<State>], overhead: u64) -> Option<Vec<Vec<usize>>> {
    let mut set = tails.part.full();
    let mut state = *fronts.last()?.first()?;
    let mut releases = Vec::new();
    let mut release = 0;
    while set != 0 {
        let came = last_members(tails, set).find_map(|member| {
            let before = set & !(1 << member);
            let front = &fronts[tails.ideals.place(before)];
            let cost = state.cost.checked_sub(tails.part.effort[member] * state.waiting)?;
            let earlier = State { cost, ..state };
            front.contains(&earlier).then_some((member, before, earlier))
        });
        let (member, before, earlier) = came?;
        release |= 1 << member;
        set = before;
        state = earlier;
        let left: u64 = members(!set & tails.part.full()).map(|member| tails.part.value[member]).sum();
        if state.waiting == left {
            let front = &fronts[tails.ideals.place(set)];
            let closed = state.cost.checked_sub(overhead * left).and_then(|cost| {
                front.iter().find(|one| one.cost == cost && one.releases + 1 == state.releases)
            });
            if set == 0 || closed.is_some() {
                releases.push(tails.part.bundles(release));
                release = 0;
                state = closed.copied().unwrap_or(state);
            }
        }
    }
    releases.reverse();
    Some(releases)
}
