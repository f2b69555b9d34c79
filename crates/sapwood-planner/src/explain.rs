//! Why two releases are one, or two: both numbers, as the judge sees them.

use serde::Serialize;

use crate::baseline::order_of;
use crate::judge::{Schedule, judge};
use crate::model::SliceId;
use crate::network::Network;

/// Bundles up to which every way to cut a release in two is tried.
const CUTS_OF_BUNDLES_MAX: usize = 12;

/// What another arrangement would cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alternative {
    /// The releases instead of the ones there are.
    pub releases: Vec<Vec<SliceId>>,
    /// The delay cost of the whole plan with them.
    pub cost: u64,
    /// Days past the last allowed ones with them.
    pub missed: u64,
}

/// Why slices of one release are together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Tie {
    /// The plan says so.
    Together {
        /// Who.
        slices: Vec<SliceId>,
    },
    /// They require each other.
    Cycle {
        /// Who.
        slices: Vec<SliceId>,
    },
}

/// Why a release is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Merged {
    /// What cannot part whatever it costs.
    pub forced: Vec<Tie>,
    /// The cheapest way to ship it as two releases; none if it cannot part.
    pub apart: Option<Alternative>,
}

/// The rule of thumb for two neighbours, in numbers: merging A into B costs `value(A) · effort(B)` and saves
/// `overhead · value(B and later) + wait · value(B)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Value of the first per day times the effort of the second: what merging delays.
    pub delays: u64,
    /// Overhead times the value of the second and all later ones: what merging saves.
    pub saves_overhead: u64,
    /// Days the second waits for a window or a need, times its value.
    pub saves_waiting: u64,
}

/// Why two releases are two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Apart {
    /// The cheapest way to ship both as one release; none if no order allows it.
    pub merged: Option<Alternative>,
    /// A rule that forbids it.
    pub forbidden: Option<String>,
    /// The rule of thumb, for neighbours of one team without due days.
    pub rule: Option<Rule>,
}

/// Explains one release of a schedule of this network; `None` when there is no such release.
pub fn why_merged(network: &Network, schedule: &Schedule, release: usize) -> Option<Merged> {
    let releases = bundles(network, schedule);
    let members = releases.get(release)?;
    let cycles = network.cycles();
    let forced =
        members.iter().map(|bundle| network.bundle(*bundle)).filter(|bundle| bundle.slices.len() > 1);
    let forced = forced.map(|bundle| {
        let ids = network.ids(bundle.slices.iter().copied());
        let slices = ids.iter().map(|id| (*id).clone()).collect();
        let is_cycle = cycles.iter().any(|cycle| ids.iter().all(|id| cycle.contains(id)));
        if is_cycle { Tie::Cycle { slices } } else { Tie::Together { slices } }
    });
    let forced = forced.collect();
    let cuts = cuts(members.len());
    let parted = cuts.into_iter().filter_map(|cut| {
        let side = |which: bool| -> Vec<usize> {
            let chosen = members.iter().enumerate().filter(|(place, _)| (cut >> place & 1 == 1) == which);
            chosen.map(|(_, bundle)| *bundle).collect()
        };
        let halves = vec![side(true), side(false)];
        let mut all = releases.clone();
        all.splice(release..=release, halves.clone());
        priced(network, &all, &halves)
    });
    Some(Merged { forced, apart: parted.min_by_key(|one| (one.missed, one.cost)) })
}

/// Explains two releases of a schedule of this network; `None` when one does not exist or both are one.
pub fn why_apart(network: &Network, schedule: &Schedule, one: usize, other: usize) -> Option<Apart> {
    let (first, second) = (one.min(other), one.max(other));
    let releases = bundles(network, schedule);
    let (early, late) = (releases.get(first)?, releases.get(second)?);
    if first == second {
        return None;
    }
    let mut both: Vec<usize> = early.iter().chain(late).copied().collect();
    both.sort_unstable();
    let clash = both.iter().find_map(|bundle| {
        let other = network.bundle(*bundle).apart.iter().find(|other| both.contains(other))?;
        Some(format!("{} and {} are to ship apart", name(network, *bundle), name(network, *other)))
    });
    let locked = network.locked.len();
    let forbidden = clash.or_else(|| (first < locked).then(|| "the first of them is locked".to_owned()));
    // The one release may stand where any of both stood, or anywhere between.
    let merged = (first..=second).filter_map(|place| {
        let mut all = releases.clone();
        all.remove(second);
        all.remove(first);
        all.insert(place.min(all.len()), both.clone());
        priced(network, &all, std::slice::from_ref(&both))
    });
    let merged = merged.min_by_key(|one| (one.missed, one.cost));
    let rule = if second == first + 1 { rule(network, schedule, &releases, first) } else { None };
    Some(Apart { merged: if forbidden.is_some() { None } else { merged }, forbidden, rule })
}

fn rule(network: &Network, schedule: &Schedule, releases: &[Vec<usize>], first: usize) -> Option<Rule> {
    if network.teams > 1 || !network.is_undated() {
        return None;
    }
    let worth =
        |release: &Vec<usize>| release.iter().map(|bundle| network.bundle(*bundle).value).sum::<u64>();
    let second = releases.get(first + 1)?;
    let effort: u64 = second.iter().map(|bundle| network.bundle(*bundle).effort).sum();
    let later: u64 = releases.iter().skip(first + 1).map(worth).sum();
    let waits = schedule.releases.get(first + 1).map_or(0, |release| release.live - release.built);
    Some(Rule {
        delays: worth(releases.get(first)?) * effort,
        saves_overhead: network.plan.overhead * later,
        saves_waiting: waits * worth(second),
    })
}

fn priced(network: &Network, all: &[Vec<usize>], instead: &[Vec<usize>]) -> Option<Alternative> {
    let judged = judge(network, &order_of(network, all)).ok()?;
    Some(Alternative {
        releases: order_of(network, instead).0,
        cost: judged.score.cost,
        missed: judged.score.missed,
    })
}

/// Ways to cut a release in two, as sets of bits; of a large one only those that cut its list.
fn cuts(count: usize) -> Vec<u64> {
    if count < 2 {
        return Vec::new();
    }
    if count <= CUTS_OF_BUNDLES_MAX {
        return (1..(1_u64 << count) - 1).collect();
    }
    (1..count.min(63)).map(|cut| (1_u64 << cut) - 1).collect()
}

fn bundles(network: &Network, schedule: &Schedule) -> Vec<Vec<usize>> {
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

fn name(network: &Network, bundle: usize) -> String {
    crate::contradiction::list(network.ids(network.bundle(bundle).slices.iter().copied()))
}
