//! One team, releasing costs nothing and nothing settles: the order of single bundles is all there is to choose.
//!
//! Local search over insertions and swaps that keep the requirements, with kicks from the best order. Moving a bundle
//! past its neighbours changes the cost by one term a step, so a look at every place for it costs as much as one
//! evaluation.

use crate::network::Network;
use crate::pace::Pace;
use crate::rng::Rng;

use crate::exact::singles::Price;

/// Above this many bundles, swaps look only this far.
const SWAP_REACH: usize = 120;

/// Kicks without a gain after which the search ends.
const PATIENCE: usize = 20_000;

pub(crate) struct Sequence<'a> {
    network: &'a Network,
    start: u64,
    order: Vec<usize>,
    place: Vec<usize>,
    cost: Price,
}

#[expect(
    clippy::indexing_slicing,
    reason = "places are below the length of the order, bundles below that of the network"
)]
impl<'a> Sequence<'a> {
    pub(crate) fn new(network: &'a Network, start: u64, order: Vec<usize>) -> Self {
        let mut sequence =
            Self { network, start, place: vec![usize::MAX; network.bundles.len()], order, cost: (0, 0) };
        sequence.recount();
        sequence
    }

    fn recount(&mut self) {
        let mut work = 0;
        self.cost = (0, 0);
        for (place, bundle) in self.order.iter().enumerate() {
            self.place[*bundle] = place;
            work += self.network.bundles[*bundle].effort;
            self.cost = add(self.cost, self.price(*bundle, work));
        }
    }

    fn price(&self, bundle: usize, work: u64) -> Price {
        self.network.bundles[bundle].price(self.network.calendar.finish(0, self.start, work))
    }

    /// Work done before a place.
    fn before(&self, place: usize) -> u64 {
        self.order[..place].iter().map(|bundle| self.network.bundles[*bundle].effort).sum()
    }

    /// The places a bundle may move to: after what it requires and before what waits for it, ends included.
    fn room(&self, bundle: usize) -> (usize, usize) {
        let bundle = &self.network.bundles[bundle];
        let placed = |other: &&usize| self.place[**other] != usize::MAX;
        let low = bundle.requires.iter().filter(placed).map(|need| self.place[*need] + 1).max().unwrap_or(0);
        let high = bundle.unlocks.iter().filter(placed).map(|next| self.place[*next] - 1).min();
        (low, high.unwrap_or(self.order.len() - 1))
    }

    /// Searches until the pace ends; the best order found.
    pub(crate) fn search(mut self, rng: &mut Rng, pace: &mut Pace<'_>) -> Vec<usize> {
        let count = self.order.len();
        self.descend(pace);
        let mut best = (self.cost, self.order.clone());
        let mut idle = 0_usize;
        while count > 1 && pace.left() > 0 && best.0 != (0, 0) && idle < PATIENCE {
            let kicks = 2 + rng.below(4 + (idle / 200).min(4));
            for _ in 0..kicks {
                self.kick(rng);
            }
            self.recount();
            self.descend(pace);
            if self.cost < best.0 {
                idle = 0;
            } else {
                idle += 1;
            }
            if self.cost <= best.0 {
                best = (self.cost, self.order.clone());
            } else {
                self.order.clone_from(&best.1);
                self.recount();
            }
        }
        best.1
    }

    /// One random step that keeps the requirements.
    fn kick(&mut self, rng: &mut Rng) {
        let from = rng.below(self.order.len());
        let bundle = self.order[from];
        let (low, high) = self.room(bundle);
        let to = low + rng.below(high - low + 1);
        self.shift(from, to);
        for place in from.min(to)..=from.max(to) {
            self.place[self.order[place]] = place;
        }
    }

    fn shift(&mut self, from: usize, to: usize) {
        if from < to {
            self.order[from..=to].rotate_left(1);
        } else {
            self.order[to..=from].rotate_right(1);
        }
    }

    /// Improves until no insertion and no swap does.
    fn descend(&mut self, pace: &mut Pace<'_>) {
        loop {
            let moved = self.improve_by_insertion(pace) || self.improve_by_swap(pace);
            if !moved || pace.left() == 0 {
                return;
            }
        }
    }

    fn improve_by_insertion(&mut self, pace: &mut Pace<'_>) -> bool {
        let mut improved = false;
        for bundle in self.order.clone() {
            let from = self.place[bundle];
            let (low, high) = self.room(bundle);
            if !pace.take(1 + u64::try_from(high - low).unwrap_or(0)) {
                return false;
            }
            let up = self.best_place(from, from + 1..high + 1, false);
            let down = self.best_place(from, low..from, true);
            let best = match (up, down) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
            if let Some((cost, to)) = best.filter(|(cost, _)| *cost < self.cost) {
                self.shift(from, to);
                for place in from.min(to)..=from.max(to) {
                    self.place[self.order[place]] = place;
                }
                self.cost = cost;
                improved = true;
            }
        }
        improved
    }

    /// The cheapest place among some, reached neighbour by neighbour.
    fn best_place(&self, from: usize, to: std::ops::Range<usize>, back: bool) -> Option<(Price, usize)> {
        let bundle = self.order[from];
        let effort = self.network.bundles[bundle].effort;
        let mut before = self.before(from);
        let mut cost = self.cost;
        let mut best: Option<(Price, usize)> = None;
        let mut step = |place: usize, cost: Price| {
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, place));
            }
        };
        if back {
            for place in to.rev() {
                let other = self.order[place];
                let others = self.network.bundles[other].effort;
                before -= others;
                let gone =
                    add(self.price(other, before + others), self.price(bundle, before + others + effort));
                let come =
                    add(self.price(bundle, before + effort), self.price(other, before + effort + others));
                cost = sub(add(cost, come), gone);
                step(place, cost);
            }
        } else {
            for place in to {
                let other = self.order[place];
                let others = self.network.bundles[other].effort;
                let gone =
                    add(self.price(bundle, before + effort), self.price(other, before + effort + others));
                let come =
                    add(self.price(other, before + others), self.price(bundle, before + others + effort));
                cost = sub(add(cost, come), gone);
                before += others;
                step(place, cost);
            }
        }
        best
    }

    fn improve_by_swap(&mut self, pace: &mut Pace<'_>) -> bool {
        let count = self.order.len();
        let mut before = 0;
        for left in 0..count {
            let (one, effort) = (self.order[left], self.network.bundles[self.order[left]].effort);
            let (_, high) = self.room(one);
            for right in (left + 2)..=high.min(left + SWAP_REACH).min(count - 1) {
                let other = self.order[right];
                if self.room(other).0 > left {
                    continue;
                }
                if !pace.take(u64::try_from(right - left).unwrap_or(0)) {
                    return false;
                }
                let gain = self.swap_cost(left, right, before);
                if gain < self.cost {
                    self.order.swap(left, right);
                    (self.place[one], self.place[other]) = (right, left);
                    self.cost = gain;
                    return true;
                }
            }
            before += effort;
        }
        false
    }

    /// The cost after swapping two places; `before` is the work done before the first.
    fn swap_cost(&self, left: usize, right: usize, before: u64) -> Price {
        let mut cost = self.cost;
        let (mut old, mut new) = (before, before);
        for place in left..=right {
            let now = self.order[place];
            let then = if place == left {
                self.order[right]
            } else if place == right {
                self.order[left]
            } else {
                now
            };
            old += self.network.bundles[now].effort;
            new += self.network.bundles[then].effort;
            cost = sub(add(cost, self.price(then, new)), self.price(now, old));
        }
        cost
    }
}

const fn add(one: Price, other: Price) -> Price {
    (one.0 + other.0, one.1 + other.1)
}

const fn sub(one: Price, other: Price) -> Price {
    (one.0 - other.0, one.1 - other.1)
}
