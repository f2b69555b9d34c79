//! Random plans of every kind, small enough to try every order.

use std::collections::BTreeSet;

use sapwood_planner::{Absence, Order, Plan, Requirement, Slice, SliceId, Surface};

use crate::instances::id;

/// Numbers for one test case, from its seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678_9abc_def1)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// Which rules a random plan has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One team, nothing else.
    Order,
    /// With due days and some last days.
    Due,
    /// With an overhead.
    Batch,
    /// With a settle window.
    Settle,
    /// Several teams.
    Teams,
    /// Everything one team can meet.
    All,
}

pub(crate) const KINDS: [Kind; 6] =
    [Kind::Order, Kind::Due, Kind::Batch, Kind::Settle, Kind::Teams, Kind::All];

pub(crate) fn plan(kind: Kind, count: u64, dice: &mut Dice) -> Plan {
    let mut plan = Plan::new((0..count).map(|number| slice(kind, number, dice)).collect());
    for later in 1..count {
        for earlier in 0..later {
            if dice.chance(20) {
                plan.requires.push(Requirement { needs: name(earlier), slice: name(later) });
            }
        }
    }
    if dice.chance(25) && count > 2 {
        plan.together.push(vec![name(0), name(count - 1)]);
    }
    let all = kind == Kind::All;
    if kind == Kind::Batch || kind == Kind::Teams || all {
        plan.overhead = dice.below(4);
    }
    if kind == Kind::Settle || all {
        plan.settle = dice.below(12);
    }
    if kind == Kind::Teams {
        plan.teams = 2 + u32::try_from(dice.below(2)).unwrap();
    }
    if all {
        plan.today = dice.below(5);
        if dice.chance(50) {
            let from = dice.below(20);
            plan.absences.push(Absence { team: 0, from, until: from + 1 + dice.below(6) });
        }
        if dice.chance(40) && plan.together.is_empty() && plan.requires.is_empty() {
            plan.apart.push(vec![name(0), name(1)]);
        }
    }
    plan
}

fn slice(kind: Kind, number: u64, dice: &mut Dice) -> Slice {
    let value = if dice.chance(20) { 0 } else { dice.below(30) };
    let mut slice = Slice::new(name(number), dice.below(10), value);
    if (kind == Kind::Due || kind == Kind::All) && dice.chance(60) {
        slice.due = dice.below(30);
    }
    if (kind == Kind::Due || kind == Kind::All) && dice.chance(15) {
        slice.not_after = Some(5 + dice.below(40));
    }
    if kind == Kind::Settle || kind == Kind::All {
        let all = ["a", "b", "c"].map(|surface| Surface(surface.to_owned()));
        slice.surfaces = all.into_iter().filter(|_| dice.chance(40)).collect::<BTreeSet<Surface>>();
    }
    slice
}

pub(crate) fn name(number: u64) -> SliceId {
    id(&format!("s{number}"))
}

/// Every ordered partition of some groups into releases.
pub(crate) fn every_order(groups: &[Vec<SliceId>]) -> Vec<Order> {
    let mut orders = vec![Vec::<Vec<SliceId>>::new()];
    for group in groups {
        let mut next = Vec::new();
        for order in orders {
            for place in 0..=order.len() {
                let mut alone = order.clone();
                alone.insert(place, group.clone());
                next.push(alone);
            }
            for place in 0..order.len() {
                let mut joined = order.clone();
                joined[place].extend(group.iter().cloned());
                next.push(joined);
            }
        }
        orders = next;
    }
    orders.into_iter().map(Order).collect()
}
