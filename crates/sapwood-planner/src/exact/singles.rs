//! One team, releasing costs nothing: every bundle ships by itself, and the order is a path through down-closed sets.
//!
//! Dynamic programming over ideals (Schrage and Baker, Operations Research 26, 1978), backwards, so that the same table
//! bounds from below what the rest of any harder plan costs.

use super::ideals::{Ideals, Part, members};
use crate::network::Network;

/// Days past the last allowed ones, and delay cost; added up, compared in this order.
pub(crate) type Price = (u64, u64);

/// For each down-closed set: the least the rest costs, were releasing free and no window to be waited for.
#[derive(Debug)]
pub(crate) struct Tails {
    pub(crate) part: Part,
    pub(crate) ideals: Ideals,
    tail: Vec<Price>,
    start: u64,
    lead: u64,
}

#[expect(
    clippy::indexing_slicing,
    reason = "sets come from the ideals, and members from the part they were made of"
)]
impl Tails {
    /// The table for bundles that one team begins on `start`, each after `lead` days of overhead. `None` when there
    /// are more than `max` down-closed sets.
    pub(crate) fn new(
        network: &Network,
        bundles: &[usize],
        start: u64,
        lead: u64,
        max: usize,
    ) -> Option<Self> {
        let part = Part::new(network, bundles)?;
        let ideals = Ideals::new(&part, max)?;
        let mut tail = vec![(u64::MAX, u64::MAX); ideals.sets.len()];
        if let Some(last) = tail.last_mut() {
            *last = (0, 0);
        }
        let mut tails = Self { part, ideals, tail, start, lead };
        let simple = network.is_undated() && network.calendar.is_empty();
        for place in (0..tails.ideals.sets.len().saturating_sub(1)).rev() {
            let set = tails.ideals.sets[place];
            let base = start + lead + tails.ideals.effort[place];
            let mut best = (u64::MAX, u64::MAX);
            for member in members(!set & tails.part.full()) {
                if tails.part.needs[member] & set != tails.part.needs[member] {
                    continue;
                }
                let rest = tails.tail[tails.ideals.place(set | 1 << member)];
                let own = if simple {
                    (0, (base + tails.part.effort[member]) * tails.part.value[member])
                } else {
                    tails.price(network, place, member)
                };
                best = best.min((own.0 + rest.0, own.1 + rest.1));
            }
            tails.tail[place] = best;
        }
        Some(tails)
    }

    /// What this member costs as the next after a set.
    fn price(&self, network: &Network, place: usize, member: usize) -> Price {
        let work = self.lead + self.ideals.effort[place] + self.part.effort[member];
        let live = network.calendar.finish(0, self.start, work);
        network.bundle(self.part.members[member]).price(live)
    }

    /// The least that what is not in the set costs.
    pub(crate) fn after(&self, set: u64) -> Price {
        self.tail[self.ideals.place(set)]
    }

    /// The day on which building begins.
    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    /// Sum of the efforts of a set.
    pub(crate) fn effort(&self, set: u64) -> u64 {
        self.ideals.effort[self.ideals.place(set)]
    }

    /// The cheapest order; of several the first by number.
    pub(crate) fn order(&self, network: &Network) -> Vec<usize> {
        let mut set = 0;
        let mut order = Vec::new();
        while set != self.part.full() {
            let place = self.ideals.place(set);
            let fits = |member: &usize| {
                let rest = self.after(set | 1 << member);
                let own = self.price(network, place, *member);
                (own.0 + rest.0, own.1 + rest.1) == self.tail[place]
            };
            let ready = members(!set & self.part.full());
            let mut ready = ready.filter(|member| self.part.needs[*member] & set == self.part.needs[*member]);
            let next = ready.by_ref().filter(fits).min_by_key(|member| self.part.members[*member]);
            let Some(next) = next else { break };
            order.push(self.part.members[next]);
            set |= 1 << next;
        }
        order
    }
}
