//! From a plan to the best order that can be found, with what is proven about it.

use serde::Serialize;

use crate::baseline::{greedy, order_of};
use crate::bound::lower_bound;
use crate::exact::ideals::topological;
use crate::exact::{self, is_sequence};
use crate::judge::{Schedule, judge};
use crate::limits::{EXACT_STEPS, SEARCH_STEPS};
use crate::network::Network;
use crate::pace::Pace;
use crate::rng::Rng;
use crate::search::improve;
use crate::search::sequence::Sequence;
use crate::sidney;

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Solver {
    /// The exact solver where it can, the heuristic otherwise.
    #[default]
    Auto,
    /// The same, but the exact solver gets all the steps first.
    Exact,
    /// The heuristic alone, with its bound.
    Heuristic,
}

/// How hard to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Who answers.
    pub solver: Solver,
    /// Steps of the exact solver.
    pub exact_steps: u64,
    /// Steps of the heuristic.
    pub search_steps: u64,
}

impl Default for Effort {
    fn default() -> Self {
        Self { solver: Solver::Auto, exact_steps: EXACT_STEPS, search_steps: SEARCH_STEPS }
    }
}

impl Effort {
    /// The steps that take about this long on a small machine; the answer depends on the steps alone.
    #[must_use]
    pub fn within_seconds(solver: Solver, seconds: u64) -> Self {
        let half = |steps: u64| steps.saturating_mul(seconds.max(1));
        Self { solver, exact_steps: half(EXACT_STEPS / 2), search_steps: half(SEARCH_STEPS / 2) }
    }
}

/// The best schedule found, and what is known about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The schedule.
    pub schedule: Schedule,
    /// A delay cost that no order goes below.
    pub bound: u64,
    /// Whether it is proven that no order is better.
    pub proven: bool,
    /// Whether the caller ended the work before the steps were used up; then another machine may answer differently.
    pub interrupted: bool,
}

impl Answer {
    /// By how much it can be improved at most, in tenths of a percent of the best possible, rounded up; `None` when
    /// nothing is proven.
    #[must_use]
    pub fn gap_permille(&self) -> Option<u64> {
        if self.proven {
            return Some(0);
        }
        let above = self.schedule.score.cost.saturating_sub(self.bound);
        let permille = (u128::from(above) * 1000).checked_div(u128::from(self.bound))?;
        let exact = permille * u128::from(self.bound) == u128::from(above) * 1000;
        u64::try_from(permille + u128::from(!exact)).ok()
    }
}

/// Solves a network. `keep_going` is asked now and then; once it says no, the best found so far is returned.
///
/// The answer depends on the network and the effort alone as long as `keep_going` says yes.
pub fn solve(network: &Network, effort: Effort, keep_going: &mut dyn FnMut() -> bool) -> Answer {
    let mut work = Work { network, best: first_order(network), interrupted: false, keep_going };
    let mut exact_bound = (0, 0);
    let mut proven = false;
    if effort.solver != Solver::Heuristic {
        // A good order to begin with spares the exact solver most of its work.
        if !is_sequence(network) {
            work.improve(effort.search_steps / 8);
        }
        (exact_bound, proven) = work.prove(effort.exact_steps);
    }
    if !proven {
        work.improve(effort.search_steps);
    }
    let Work { best: schedule, interrupted, .. } = work;
    let mut bound = lower_bound(network, Some(&schedule));
    if exact_bound.0 == schedule.score.missed {
        bound = bound.max(exact_bound.1);
    }
    proven = proven || schedule.score.missed == 0 && schedule.score.cost <= bound;
    if proven {
        bound = schedule.score.cost;
    }
    Answer { schedule, bound, proven, interrupted: interrupted && !proven }
}

struct Work<'a> {
    network: &'a Network,
    best: Schedule,
    interrupted: bool,
    keep_going: &'a mut dyn FnMut() -> bool,
}

impl Work<'_> {
    fn improve(&mut self, steps: u64) {
        if self.interrupted {
            return;
        }
        let mut pace = Pace::new(steps, &mut *self.keep_going);
        let releases = bundles_of(self.network, &self.best);
        let found = if is_sequence(self.network) {
            in_sequence(self.network, &releases, &mut pace)
        } else {
            improve(self.network, &releases, self.network.locked.len(), &mut pace)
        };
        self.interrupted |= pace.interrupted;
        self.take(&found);
    }

    /// What the exact solver proves: a bound, and whether the best order is now proven to be so.
    fn prove(&mut self, steps: u64) -> ((u64, u64), bool) {
        let mut pace = Pace::new(steps, &mut *self.keep_going);
        let exact = exact::solve(self.network, self.best.score, &mut pace);
        self.interrupted |= pace.interrupted;
        let proven = exact.order.is_some();
        if let Some(order) = exact.order {
            self.take(&order);
        }
        (exact.bound, proven)
    }

    /// Keeps the better of two, as the judge sees them.
    fn take(&mut self, releases: &[Vec<usize>]) {
        if let Ok(schedule) = judge(self.network, &order_of(self.network, releases))
            && schedule.score < self.best.score
        {
            self.best = schedule;
        }
    }
}

fn bundles_of(network: &Network, schedule: &Schedule) -> Vec<Vec<usize>> {
    let positions = network.positions();
    let bundle = |id| positions.get(id).and_then(|place| network.bundle_of.get(*place)).copied();
    let releases = schedule.releases.iter().map(|release| {
        let mut bundles: Vec<usize> = release.slices.iter().filter_map(bundle).collect();
        bundles.sort_unstable();
        bundles.dedup();
        bundles
    });
    releases.collect()
}

fn in_sequence(network: &Network, releases: &[Vec<usize>], pace: &mut Pace<'_>) -> Vec<Vec<usize>> {
    let (locked, free) = releases.split_at(network.locked.len().min(releases.len()));
    let days: u64 = locked.iter().flatten().map(|bundle| network.bundle(*bundle).effort).sum();
    let start = network.calendar.finish(0, network.plan.today, days);
    let order: Vec<usize> = free.iter().flat_map(|release| topological(network, release)).collect();
    let order = Sequence::new(network, start, order).search(&mut Rng::new(SEQUENCE_SEED), pace);
    locked.iter().cloned().chain(order.into_iter().map(|bundle| vec![bundle])).collect()
}

/// The seed of the search over sequences: the same question always gets the same answer.
const SEQUENCE_SEED: u64 = 0x5a70_0d01;

/// The best of the simple orders: by value per effort, by Sidney's blocks, by due day, in one piece, and batched.
fn first_order(network: &Network) -> Schedule {
    let all: Vec<usize> = (0..network.bundles.len()).collect();
    let value: Vec<u64> = network.bundles.iter().map(|bundle| bundle.value).collect();
    let by_block: Vec<usize> = sidney::blocks(network, &all, &value).into_iter().flatten().collect();
    let by_rule: Vec<usize> = greedy(network).into_iter().flatten().collect();
    let mut best: Option<Schedule> = None;
    for sequence in [by_rule, by_block, by_due_day(network)] {
        let free: Vec<usize> = sequence
            .into_iter()
            .filter(|bundle| !network.locked.iter().flatten().any(|one| one == bundle))
            .collect();
        let singles = free.iter().map(|bundle| vec![*bundle]).collect();
        for releases in [singles, batched(network, &free)] {
            let releases: Vec<Vec<usize>> = network.locked.iter().cloned().chain(releases).collect();
            let Ok(schedule) = judge(network, &order_of(network, &releases)) else { continue };
            if best.as_ref().is_none_or(|best| schedule.score < best.score) {
                best = Some(schedule);
            }
        }
    }
    #[expect(
        clippy::expect_used,
        reason = "single bundles in an order that keeps the requirements break no rule"
    )]
    best.expect("shipping bundle by bundle is always possible")
}

/// The earliest last or due day first, among what may come next.
fn by_due_day(network: &Network) -> Vec<usize> {
    let day = |bundle: usize| {
        let bundle = network.bundle(bundle);
        let due = bundle.dated.iter().map(|(_, due)| *due).min().unwrap_or(0);
        (bundle.not_after.unwrap_or(u64::MAX), due)
    };
    // Who is needed by somebody urgent is as urgent.
    let all: Vec<usize> = (0..network.bundles.len()).collect();
    let sorted = topological(network, &all);
    let mut urgent: Vec<(u64, u64)> = all.iter().map(|bundle| day(*bundle)).collect();
    for bundle in sorted.iter().rev() {
        let next = network.bundle(*bundle).unlocks.iter().filter_map(|next| urgent.get(*next).copied()).min();
        if let (Some(next), Some(own)) = (next, urgent.get_mut(*bundle)) {
            *own = (*own).min(next);
        }
    }
    let mut left: Vec<usize> = all;
    let mut done = vec![false; left.len()];
    let mut order = Vec::new();
    while !left.is_empty() {
        let is_done = |need: &usize| done.get(*need).copied().unwrap_or(false);
        let ready = left.iter().filter(|bundle| network.bundle(**bundle).requires.iter().all(is_done));
        let Some(next) = ready.min_by_key(|bundle| (urgent.get(**bundle), **bundle)).copied() else { break };
        left.retain(|bundle| *bundle != next);
        if let Some(flag) = done.get_mut(next) {
            *flag = true;
        }
        order.push(next);
    }
    order
}

/// The cheapest way to cut a sequence into releases when nothing settles and every day counts: dynamic programming over
/// the last cut (Coffman et al. 1990). Elsewhere still a good start.
fn batched(network: &Network, sequence: &[usize]) -> Vec<Vec<usize>> {
    let mut work = vec![0];
    let mut waiting = vec![sequence.iter().map(|bundle| network.bundle(*bundle).value).sum::<u64>()];
    for bundle in sequence.iter().map(|bundle| network.bundle(*bundle)) {
        work.push(work.last().copied().unwrap_or(0) + bundle.effort);
        waiting.push(waiting.last().copied().unwrap_or(0) - bundle.value);
    }
    let at = |list: &[u64], place: usize| list.get(place).copied().unwrap_or(0);
    let mut least = vec![(0_u64, 0_usize)];
    for end in 1..=sequence.len() {
        let mut best = (u64::MAX, 0);
        for begin in (0..end).rev() {
            let release = sequence.get(begin..end).unwrap_or_default();
            let opens = release.first().map(|bundle| &network.bundle(*bundle).apart);
            if opens
                .is_some_and(|apart| !apart.is_empty() && release.iter().any(|other| apart.contains(other)))
            {
                break;
            }
            let days = network.plan.overhead + at(&work, end) - at(&work, begin);
            let cost = least.get(begin).map_or(0, |(cost, _)| *cost) + days * at(&waiting, begin);
            best = best.min((cost, begin));
        }
        least.push(best);
    }
    let mut releases = Vec::new();
    let mut end = sequence.len();
    while let Some((_, begin)) = least.get(end).filter(|_| end > 0) {
        releases.push(sequence.get(*begin..end).unwrap_or_default().to_vec());
        end = *begin;
    }
    releases.reverse();
    releases
}
