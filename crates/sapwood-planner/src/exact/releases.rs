//! One team and everything else: settle windows, due and last days, absences, overhead, slices kept apart.
//!
//! States are grouped by what is built; each grows by every release that may come next. Of two states with one set,
//! the one that is built no later, costs no more and lets nothing wait longer is kept. What the rest costs at least
//! (the table of [`super::singles`]) drops states that cannot beat the best order known.

use std::collections::BTreeMap;

use super::ideals::members;
use super::singles::Tails;
use crate::judge::Score;
use crate::limits::EXACT_STATES_MAX;
use crate::network::Network;
use crate::pace::Pace;

#[derive(Debug, Clone)]
struct State {
    score: Score,
    built: u64,
    /// Per member: not before this day may it go live, because of what it requires and of surfaces that settle.
    floors: Box<[u64]>,
    trace: usize,
}

/// What ties the members of a part, as sets of bits.
struct Ties {
    unlocks: Vec<u64>,
    shares: Vec<u64>,
    apart: Vec<u64>,
}

/// Where the search begins: what locked releases leave behind.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    pub(crate) score: Score,
    pub(crate) built: u64,
    /// Per bundle of the network.
    pub(crate) floors: Vec<u64>,
}

pub(crate) struct Releases<'a, 'b> {
    network: &'a Network,
    tails: &'a Tails,
    ties: Ties,
    best: Score,
    /// Without an overhead, a release that falls into two without a common surface is never needed.
    splits_freely: bool,
    /// Whether later building delays all that is left by as much.
    shifts: bool,
    waiting: BTreeMap<u64, Vec<State>>,
    held: usize,
    traces: Vec<(usize, u64)>,
    found: Option<usize>,
    pace: &'a mut Pace<'b>,
}

#[expect(
    clippy::indexing_slicing,
    reason = "members come from the part, and every list has one entry per member"
)]
impl<'a, 'b> Releases<'a, 'b> {
    pub(crate) fn new(network: &'a Network, tails: &'a Tails, best: Score, pace: &'a mut Pace<'b>) -> Self {
        let part = &tails.part;
        let bundle = |member: &usize| network.bundle(*member);
        let shares = part.members.iter().map(|one| {
            let others = part.members.iter().enumerate();
            let sharing = others.filter(|(_, other)| bundle(one).shares_a_surface(bundle(other)));
            sharing.fold(0, |all, (place, _)| all | 1 << place)
        });
        let ties = Ties {
            unlocks: part.members.iter().map(|member| part.bits(&bundle(member).unlocks)).collect(),
            shares: if network.plan.settle > 0 { shares.collect() } else { vec![0; part.len()] },
            apart: part.members.iter().map(|member| part.bits(&bundle(member).apart)).collect(),
        };
        Self {
            network,
            tails,
            ties,
            best,
            splits_freely: network.plan.overhead == 0,
            shifts: network.is_undated() && network.calendar.is_empty(),
            waiting: BTreeMap::new(),
            held: 0,
            traces: Vec::new(),
            found: None,
            pace,
        }
    }

    /// The best order that is no worse than the one known; `None` when steps or states ran out.
    pub(crate) fn solve(mut self, start: &Start) -> Option<Vec<Vec<usize>>> {
        let part = &self.tails.part;
        let floors = part
            .members
            .iter()
            .map(|member| start.floors[*member].max(self.network.bundle(*member).earliest));
        let first =
            State { score: start.score, built: start.built, floors: floors.collect(), trace: usize::MAX };
        self.waiting.insert(0, vec![first]);
        while let Some((set, states)) = self.waiting.pop_first() {
            self.held = self.held.saturating_sub(states.len());
            if set == part.full() {
                let best = states.into_iter().min_by_key(|state| state.score)?;
                self.found = Some(best.trace);
                break;
            }
            let states = self.undominated(set, states)?;
            for release in self.releases(set) {
                for state in &states {
                    if !self.pace.take(4) || self.held > EXACT_STATES_MAX {
                        return None;
                    }
                    self.grow(set, state, release);
                }
            }
        }
        self.retrace()
    }

    fn undominated(&mut self, set: u64, mut states: Vec<State>) -> Option<Vec<State>> {
        states.sort_by_key(|state| (state.score, state.built));
        let left: Vec<usize> = members(!set & self.tails.part.full()).collect();
        let mut kept: Vec<State> = Vec::new();
        for state in states {
            if !self.pace.take(1 + u64::try_from(kept.len() / 4).unwrap_or(0)) {
                return None;
            }
            let beats = |other: &State| {
                other.built <= state.built
                    && left
                        .iter()
                        .all(|member| other.floors[*member] <= state.floors[*member].max(state.built))
            };
            if !kept.iter().any(beats) {
                kept.push(state);
            }
        }
        Some(kept)
    }

    /// Every release that may come after a set.
    fn releases(&self, set: u64) -> Vec<u64> {
        let mut all = vec![0_u64];
        for member in members(!set & self.tails.part.full()) {
            let needs = self.tails.part.needs[member];
            for known in 0..all.len() {
                let release = all[known];
                if needs & (set | release) == needs && self.ties.apart[member] & release == 0 {
                    all.push(release | 1 << member);
                }
            }
        }
        all.retain(|release| *release != 0 && !(self.splits_freely && self.can_split(*release)));
        all
    }

    /// Whether a release falls into two of which the second neither shares a surface with the first nor is required by it.
    fn can_split(&self, release: u64) -> bool {
        let first = release & release.wrapping_neg();
        let reach = |back: bool| {
            let mut seen = first;
            let mut edge = first;
            while edge != 0 {
                let next = members(edge).fold(0, |all, member| {
                    let way = if back { self.tails.part.needs[member] } else { self.ties.unlocks[member] };
                    all | way | self.ties.shares[member]
                });
                edge = next & release & !seen;
                seen |= edge;
            }
            seen
        };
        reach(false) != release || reach(true) != release
    }

    fn grow(&mut self, set: u64, state: &State, release: u64) {
        let network = self.network;
        let part = &self.tails.part;
        let work = network.plan.overhead + members(release).map(|member| part.effort[member]).sum::<u64>();
        let built = network.calendar.finish(0, state.built, work);
        let live = members(release).map(|member| state.floors[member]).fold(built, u64::max);
        let mut score = Score { last: state.score.last.max(live), ..state.score };
        for member in members(release) {
            let (missed, cost) = network.bundle(part.members[member]).price(live);
            score.missed += missed;
            score.cost += cost;
        }
        let next = set | release;
        let rest = self.rest(next, built, score);
        if rest > self.best {
            return;
        }
        let mut floors = state.floors.clone();
        for member in members(release) {
            for waits in members(self.ties.unlocks[member] & !next) {
                floors[waits] = floors[waits].max(live);
            }
            let settled = live + network.plan.settle + network.bundle(part.members[member]).climb;
            for settles in members(self.ties.shares[member] & !next) {
                floors[settles] = floors[settles].max(settled);
            }
        }
        self.traces.push((state.trace, release));
        let trace = self.traces.len() - 1;
        if next == part.full() {
            self.best = self.best.min(score);
        }
        self.held += 1;
        self.waiting.entry(next).or_default().push(State { score, built, floors, trace });
    }

    /// What the whole costs at least, with these releases first.
    fn rest(&self, set: u64, built: u64, score: Score) -> Score {
        let part = &self.tails.part;
        if set == part.full() {
            return score;
        }
        let (missed, mut cost) = self.tails.after(set);
        if self.shifts {
            let left: u64 = members(!set & part.full()).map(|member| part.value[member]).sum();
            let earliest = self.tails.start() + self.tails.effort(set);
            cost += built.saturating_sub(earliest) * left;
        }
        Score { missed: score.missed + missed, cost: score.cost + cost, last: 0 }
    }

    fn retrace(self) -> Option<Vec<Vec<usize>>> {
        let mut releases = Vec::new();
        let mut trace = self.found?;
        while let Some((before, release)) = self.traces.get(trace) {
            releases.push(self.tails.part.bundles(*release));
            trace = *before;
        }
        releases.reverse();
        Some(releases)
    }
}
