//! Several teams, no settle window, no absences: which release starts next, and when.
//!
//! Releases are started in order of time. A state is what has been started, and for each team until when it builds
//! what; of two states with one set, the one that is cheaper and has every team and every bundle done no later is kept.

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
    /// Per team, sorted: the day it is free, and what it builds until then. Nothing starts before the first of them.
    teams: Vec<(u64, u64)>,
    trace: usize,
}

impl State {
    fn now(&self) -> u64 {
        self.teams.first().map_or(0, |(free, _)| *free)
    }

    /// The day on which all of these are built.
    fn done(&self, bundles: u64) -> u64 {
        let busy = self.teams.iter().filter(|(_, builds)| builds & bundles != 0);
        busy.map(|(free, _)| *free).fold(self.now(), u64::max)
    }
}

pub(crate) struct Teams<'a, 'b> {
    network: &'a Network,
    tails: &'a Tails,
    apart: Vec<u64>,
    best: Score,
    waiting: BTreeMap<u64, Vec<State>>,
    held: usize,
    traces: Vec<(usize, u64)>,
    pace: &'a mut Pace<'b>,
}

#[expect(
    clippy::indexing_slicing,
    reason = "members come from the part, and every list has one entry per member"
)]
impl<'a, 'b> Teams<'a, 'b> {
    /// `tails` is the table of a single team that is as fast as all teams together, with every value and effort as is;
    /// its costs divided by the number of teams bound the rest from below.
    pub(crate) fn new(network: &'a Network, tails: &'a Tails, best: Score, pace: &'a mut Pace<'b>) -> Self {
        let apart = tails.part.members.iter().map(|member| tails.part.bits(&network.bundle(*member).apart));
        Self {
            apart: apart.collect(),
            network,
            tails,
            best,
            waiting: BTreeMap::new(),
            held: 0,
            traces: Vec::new(),
            pace,
        }
    }

    /// The best order that is no worse than the one known; `None` when steps or states ran out.
    pub(crate) fn solve(mut self) -> Option<Vec<Vec<usize>>> {
        let full = self.tails.part.full();
        let score = Score { missed: self.network.sunk.0, cost: self.network.sunk.1, last: 0 };
        let teams = vec![(self.network.plan.today, 0); self.network.teams];
        self.waiting.insert(0, vec![State { score, teams, trace: usize::MAX }]);
        while let Some((set, states)) = self.waiting.pop_first() {
            self.held = self.held.saturating_sub(states.len());
            if set == full {
                let best = states.into_iter().min_by_key(|state| state.score)?;
                return Some(self.retrace(best.trace));
            }
            let states = self.undominated(states)?;
            for release in self.releases(set) {
                for state in &states {
                    if !self.pace.take(16) || self.held > EXACT_STATES_MAX {
                        return None;
                    }
                    self.grow(set, state, release);
                }
            }
        }
        None
    }

    fn undominated(&mut self, mut states: Vec<State>) -> Option<Vec<State>> {
        states.sort_by_key(|state| state.score);
        let mut kept: Vec<State> = Vec::new();
        for state in states {
            if !self.pace.take(1 + u64::try_from(kept.len() / 2).unwrap_or(0)) {
                return None;
            }
            let beats = |other: &State| {
                other.teams.iter().zip(&state.teams).all(|(one, two)| one.0 <= two.0)
                    && other
                        .teams
                        .iter()
                        .all(|(free, builds)| *builds == 0 || *free <= soonest(&state, *builds))
            };
            if !kept.iter().any(beats) {
                kept.push(state);
            }
        }
        Some(kept)
    }

    fn releases(&self, set: u64) -> Vec<u64> {
        let mut all = vec![0_u64];
        for member in members(!set & self.tails.part.full()) {
            let needs = self.tails.part.needs[member];
            for known in 0..all.len() {
                let release = all[known];
                // Without an overhead nothing is gained by shipping two bundles in one release.
                let grows = release == 0 || self.network.plan.overhead > 0;
                if grows && needs & (set | release) == needs && self.apart[member] & release == 0 {
                    all.push(release | 1 << member);
                }
            }
        }
        all.retain(|release| *release != 0);
        all
    }

    fn grow(&mut self, set: u64, state: &State, release: u64) {
        let part = &self.tails.part;
        let needs = members(release).fold(0, |all, member| all | part.needs[member]) & !release;
        let work =
            self.network.plan.overhead + members(release).map(|member| part.effort[member]).sum::<u64>();
        let start = state.done(needs);
        let live = start + work;
        let mut score = Score { last: state.score.last.max(live), ..state.score };
        for member in members(release) {
            let (missed, cost) = self.network.bundle(part.members[member]).price(live);
            score.missed += missed;
            score.cost += cost;
        }
        let next = set | release;
        let mut teams = state.teams.clone();
        teams[0] = (live, release);
        for (free, builds) in &mut teams {
            if *free <= start {
                (*free, *builds) = (start, 0);
            }
        }
        teams.sort_unstable();
        let grown = State { score, teams, trace: self.traces.len() };
        if self.rest(next, &grown) > self.best {
            return;
        }
        self.traces.push((state.trace, release));
        if next == part.full() {
            self.best = self.best.min(score);
        }
        self.held += 1;
        self.waiting.entry(next).or_default().push(grown);
    }

    /// What the whole costs at least: all teams as one that is as fast as they are together, or each bundle alone.
    fn rest(&self, set: u64, state: &State) -> Score {
        let part = &self.tails.part;
        let left = !set & part.full();
        if left == 0 {
            return state.score;
        }
        let soonest = state.now() + self.network.plan.overhead;
        let (mut missed, mut alone, mut value) = (0, 0, 0);
        for member in members(left) {
            let price = self.network.bundle(part.members[member]).price(soonest + part.effort[member]);
            missed += price.0;
            alone += price.1;
            value += part.value[member];
        }
        let mut cost = alone;
        if self.network.is_undated() {
            let from_zero = self.tails.after(set).1 - (self.tails.start() + self.tails.effort(set)) * value;
            let teams = u64::try_from(self.network.teams).unwrap_or(u64::MAX);
            cost = cost.max(soonest * value + from_zero / teams);
        }
        Score { missed: state.score.missed + missed, cost: state.score.cost + cost, last: 0 }
    }

    fn retrace(&self, mut trace: usize) -> Vec<Vec<usize>> {
        let mut releases = Vec::new();
        while let Some((before, release)) = self.traces.get(trace) {
            releases.push(self.tails.part.bundles(*release));
            trace = *before;
        }
        releases.reverse();
        releases
    }
}

/// The earliest day on which any of these bundles is built in a state, or the day nothing starts before.
fn soonest(state: &State, bundles: u64) -> u64 {
    members(bundles).map(|member| state.done(1 << member)).min().unwrap_or(0)
}
