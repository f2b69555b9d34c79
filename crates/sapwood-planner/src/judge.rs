//! The judge of orders: whether one keeps the rules, what its days are, and what its delay costs.
//!
//! Every order goes through here, wherever it comes from: a solver, a file, a person. The solvers count for themselves
//! as they search, and none of their figures is ever shown.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::contradiction::list;
use crate::model::{Order, SliceId};
use crate::network::Network;
use crate::placer::Placer;

/// How good a schedule is; less is better, compared in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct Score {
    /// Days past the last allowed ones, added up; 0 when every `not_after` holds.
    pub missed: u64,
    /// The delay cost: value per day times days, added up over the slices.
    pub cost: u64,
    /// The last day on which something goes live.
    pub last: u64,
}

/// Why a release goes live on the day it does and not before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Wait {
    /// Users have what it requires only from that day on.
    Need {
        /// What it requires.
        slice: SliceId,
        /// Who requires it.
        by: SliceId,
    },
    /// A surface has to settle after an earlier release.
    Settle {
        /// Where.
        surface: String,
    },
}

/// One release of a schedule. Days count from the start of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Release {
    /// What ships, sorted by name.
    pub slices: Vec<SliceId>,
    /// Who builds it, from 0.
    pub team: u32,
    /// The day on which building begins.
    pub start: u64,
    /// The day on which it is built.
    pub built: u64,
    /// The day from which users have it.
    pub live: u64,
    /// What it waited for after it was built; empty when it did not wait.
    pub waits: Vec<Wait>,
}

/// An order with its days and its cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Schedule {
    /// The releases that are to come, in order of building.
    pub releases: Vec<Release>,
    /// How good it is; what is live already is part of the cost.
    #[serde(flatten)]
    pub score: Score,
    /// Slices that go live after their last allowed day, and by how many days.
    pub late: Vec<(SliceId, u64)>,
}

impl Schedule {
    /// The order it came from.
    pub fn order(&self) -> Order {
        Order(self.releases.iter().map(|release| release.slices.clone()).collect())
    }

    /// The release a slice ships in.
    pub fn release_of(&self, id: &SliceId) -> Option<usize> {
        self.releases.iter().position(|release| release.slices.contains(id))
    }
}

/// A rule an order breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A name that is not to be released.
    #[error("`{0}` is not a slice that is still to be released")]
    Unknown(SliceId),
    /// A slice ships twice.
    #[error("`{0}` is released twice")]
    Twice(SliceId),
    /// A slice does not ship at all.
    #[error("`{0}` is not released")]
    Missing(SliceId),
    /// A release without slices.
    #[error("release {0} is empty")]
    Empty(usize),
    /// Slices that cannot part do.
    #[error("{0} ship in one release, but the order parts them")]
    Parted(String),
    /// A slice comes before what it requires.
    #[error("`{slice}` is released before `{needs}`, which it requires")]
    TooEarly {
        /// What comes too early.
        slice: SliceId,
        /// What it requires.
        needs: SliceId,
    },
    /// Slices that must not ship in one release do.
    #[error("`{0}` and `{1}` are to ship apart")]
    NotApart(SliceId, SliceId),
    /// A locked release is not where it belongs.
    #[error("the locked release {0} is not kept")]
    Unlocked(String),
}

/// Judges an order.
///
/// # Errors
/// The first rule that the order breaks.
pub fn judge(network: &Network, order: &Order) -> Result<Schedule, Broken> {
    let releases = as_bundles(network, order)?;
    keep_the_rules(network, &releases)?;
    let mut placer = Placer::new(network);
    let mut score = Score { missed: network.sunk.0, cost: network.sunk.1, last: 0 };
    let mut judged = Vec::with_capacity(releases.len());
    let mut late = Vec::new();
    for release in &releases {
        let before = placer.clone();
        let placed = placer.place(release);
        score.last = score.last.max(placed.live);
        let mut slices: Vec<usize> = Vec::new();
        for bundle in release.iter().map(|bundle| network.bundle(*bundle)) {
            let (missed, cost) = bundle.price(placed.live);
            score.missed += missed;
            score.cost += cost;
            slices.extend(&bundle.slices);
        }
        slices.sort_unstable();
        late.extend(slices.iter().filter_map(|slice| {
            let slice = network.slices.get(*slice)?;
            let days = placed.live.saturating_sub(slice.not_after?);
            (days > 0).then(|| (slice.id.clone(), days))
        }));
        judged.push(Release {
            slices: network.ids(slices).into_iter().cloned().collect(),
            team: u32::try_from(placed.team).unwrap_or(u32::MAX),
            start: placed.start,
            built: placed.built,
            live: placed.live,
            waits: waits(network, &before, release, placed.built, placed.live),
        });
    }
    Ok(Schedule { releases: judged, score, late })
}

fn as_bundles(network: &Network, order: &Order) -> Result<Vec<Vec<usize>>, Broken> {
    let positions = network.positions();
    let mut seen: BTreeSet<usize> = BTreeSet::new();
    let mut releases = Vec::with_capacity(order.0.len());
    for (number, release) in order.0.iter().enumerate() {
        let mut members: BTreeSet<usize> = BTreeSet::new();
        let mut slices: BTreeSet<usize> = BTreeSet::new();
        for id in release {
            let place = *positions.get(id).ok_or_else(|| Broken::Unknown(id.clone()))?;
            if !seen.insert(place) {
                return Err(Broken::Twice(id.clone()));
            }
            slices.insert(place);
            members.extend(network.bundle_of.get(place));
        }
        if members.is_empty() {
            return Err(Broken::Empty(number + 1));
        }
        let torn = members.iter().map(|member| &network.bundle(*member).slices);
        let mut torn = torn.filter(|all| all.iter().any(|slice| !slices.contains(slice)));
        if let Some(all) = torn.next() {
            return Err(Broken::Parted(list(network.ids(all.iter().copied()))));
        }
        releases.push(members.into_iter().collect());
    }
    let missing = network.slices.iter().enumerate().find(|(place, _)| !seen.contains(place));
    missing.map_or(Ok(releases), |(_, slice)| Err(Broken::Missing(slice.id.clone())))
}

fn keep_the_rules(network: &Network, releases: &[Vec<usize>]) -> Result<(), Broken> {
    let mut done: BTreeSet<usize> = BTreeSet::new();
    for (number, release) in releases.iter().enumerate() {
        done.extend(release);
        for member in release {
            let bundle = network.bundle(*member);
            if let Some(need) = bundle.requires.iter().find(|need| !done.contains(need)) {
                let (slice, needs) = requirement(network, *member, *need);
                return Err(Broken::TooEarly { slice, needs });
            }
            if let Some(other) = bundle.apart.iter().find(|other| release.contains(other)) {
                return Err(Broken::NotApart(first(network, *member), first(network, *other)));
            }
        }
        if let Some(locked) = network.locked.get(number)
            && locked != release
        {
            let all = locked.iter().flat_map(|bundle| network.bundle(*bundle).slices.iter().copied());
            return Err(Broken::Unlocked(list(network.ids(all))));
        }
    }
    Ok(())
}

/// The slices through which one bundle requires another.
fn requirement(network: &Network, bundle: usize, needs: usize) -> (SliceId, SliceId) {
    let positions = network.positions();
    let owner = |id: &SliceId| positions.get(id).and_then(|place| network.bundle_of.get(*place)).copied();
    let mut edges = network.plan.requires.iter();
    let edge = edges.find(|edge| owner(&edge.slice) == Some(bundle) && owner(&edge.needs) == Some(needs));
    edge.map_or_else(
        || (first(network, bundle), first(network, needs)),
        |edge| (edge.slice.clone(), edge.needs.clone()),
    )
}

fn first(network: &Network, bundle: usize) -> SliceId {
    let slice = network.bundle(bundle).slices.first().and_then(|slice| network.slices.get(*slice));
    #[expect(clippy::expect_used, reason = "a bundle is made from a component, which has at least one slice")]
    slice.map(|slice| slice.id.clone()).expect("a bundle has slices")
}

fn waits(network: &Network, before: &Placer<'_>, release: &[usize], built: u64, live: u64) -> Vec<Wait> {
    let mut waits = Vec::new();
    if live == built {
        return waits;
    }
    for member in release {
        let bundle = network.bundle(*member);
        for need in bundle.requires.iter().filter(|need| !release.contains(need)) {
            if before.live(*need) == live {
                let (by, slice) = requirement(network, *member, *need);
                waits.push(Wait::Need { slice, by });
            }
        }
        let settling = bundle.surfaces.iter().filter(|surface| before.floor(**surface) == live);
        waits.extend(settling.filter_map(|surface| {
            let surface = network.surfaces.get(*surface)?.0.clone();
            Some(Wait::Settle { surface })
        }));
        if waits.is_empty() && bundle.earliest == live {
            let surface = bundle.surfaces.first().and_then(|surface| network.surfaces.get(*surface));
            waits.extend(surface.map(|surface| Wait::Settle { surface: surface.0.clone() }));
        }
    }
    waits.dedup();
    waits
}
