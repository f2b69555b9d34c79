//! A plan made ready for solving: names checked, slices that cannot part contracted to bundles, contradictions found.

mod checks;
mod components;
mod tied;

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::Calendar;
use crate::contradiction::Contradiction;
use crate::model::{Plan, Slice, SliceId, Surface};

/// Slices that ship in one release whatever the order is: one slice, a together group, or a cycle of requirements.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bundle {
    /// Positions in [`Network::slices`], ascending.
    pub(crate) slices: Vec<usize>,
    pub(crate) effort: u64,
    pub(crate) value: u64,
    /// Value and due day of each slice whose due day is not 0.
    pub(crate) dated: Vec<(u64, u64)>,
    /// Value of the slices without a due day.
    pub(crate) undated: u64,
    pub(crate) not_after: Option<u64>,
    /// Numbers of surfaces, ascending.
    pub(crate) surfaces: Vec<usize>,
    /// Bundles that must be live first, ascending.
    pub(crate) requires: Vec<usize>,
    /// Bundles that wait for this one, ascending.
    pub(crate) unlocks: Vec<usize>,
    /// Bundles that must not be in the same release.
    pub(crate) apart: Vec<usize>,
    /// It cannot go live before, because of what is live already.
    pub(crate) earliest: u64,
    /// Days from first exposure to the last stage, if they count.
    pub(crate) climb: u64,
}

impl Bundle {
    /// Cost of going live on `live`, and days past the last allowed one.
    pub(crate) fn price(&self, live: u64) -> (u64, u64) {
        let dated = self.dated.iter().map(|(value, due)| value * live.saturating_sub(*due));
        let missed = self.not_after.map_or(0, |last| live.saturating_sub(last));
        (missed, self.undated * live + dated.sum::<u64>())
    }

    pub(crate) fn shares_a_surface(&self, other: &Self) -> bool {
        self.surfaces.iter().any(|surface| other.surfaces.contains(surface))
    }
}

/// A plan without contradictions, ready for [`crate::judge()`] and [`crate::solve()`].
#[derive(Debug, Clone)]
pub struct Network {
    pub(crate) plan: Plan,
    /// The slices that are not live yet, sorted by name; indices of slices point here.
    pub(crate) slices: Vec<Slice>,
    pub(crate) bundles: Vec<Bundle>,
    /// Slice → bundle.
    pub(crate) bundle_of: Vec<usize>,
    pub(crate) surfaces: Vec<Surface>,
    pub(crate) teams: usize,
    pub(crate) calendar: Calendar,
    /// The locked releases as bundles.
    pub(crate) locked: Vec<Vec<usize>>,
    /// Cost of what is live already, and days past its last allowed day.
    pub(crate) sunk: (u64, u64),
}

impl Network {
    /// Checks a plan and contracts what cannot part.
    ///
    /// # Errors
    /// Every contradiction, in the order in which the parts of the plan come.
    pub fn new(plan: &Plan) -> Result<Self, Vec<Contradiction>> {
        let found = checks::of_ranges(plan);
        if !found.is_empty() {
            return Err(found);
        }
        let found = checks::of_names(plan);
        if !found.is_empty() {
            return Err(found);
        }
        let network = Self::contract(plan);
        let found = tied::contradictions(&network);
        if found.is_empty() { Ok(network) } else { Err(found) }
    }

    /// The plan it was made from.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The groups of slices that ship in one release whatever the order is, sorted by name.
    pub fn bundles(&self) -> impl Iterator<Item = Vec<&SliceId>> {
        self.bundles.iter().map(|bundle| self.ids(bundle.slices.iter().copied()))
    }

    /// Groups that a cycle of requirements makes one, as opposed to a wish to ship together.
    pub fn cycles(&self) -> Vec<Vec<&SliceId>> {
        let requires = components::requirement_edges(&self.plan, &self.positions());
        let mut cycles: Vec<Vec<&SliceId>> = components::of(self.slices.len(), &requires)
            .into_iter()
            .filter(|members| members.len() > 1)
            .map(|mut members| {
                members.sort_unstable();
                self.ids(members)
            })
            .collect();
        cycles.sort();
        cycles
    }

    /// Sum of the values per day of all slices, live or not.
    pub fn value_total(&self) -> u64 {
        self.plan.slices.iter().map(|slice| slice.value).sum()
    }

    /// Slices already live and their day.
    pub(crate) fn shipped_days(&self) -> BTreeMap<&SliceId, u64> {
        let releases = self.plan.shipped.iter();
        releases.flat_map(|release| release.slices.iter().map(|id| (id, release.live))).collect()
    }

    pub(crate) fn ids(&self, slices: impl IntoIterator<Item = usize>) -> Vec<&SliceId> {
        slices.into_iter().filter_map(|slice| self.slices.get(slice)).map(|slice| &slice.id).collect()
    }

    pub(crate) fn positions(&self) -> BTreeMap<&SliceId, usize> {
        self.slices.iter().enumerate().map(|(position, slice)| (&slice.id, position)).collect()
    }

    pub(crate) fn bundle(&self, bundle: usize) -> &Bundle {
        #[expect(clippy::indexing_slicing, reason = "numbers of bundles are made by this network alone")]
        &self.bundles[bundle]
    }

    /// Whether every day counts from the first: no due day and no last day anywhere.
    pub(crate) fn is_undated(&self) -> bool {
        self.bundles.iter().all(|bundle| bundle.dated.is_empty() && bundle.not_after.is_none())
    }

    fn contract(plan: &Plan) -> Self {
        let live: BTreeSet<&SliceId> = plan.shipped.iter().flat_map(|release| &release.slices).collect();
        let mut slices: Vec<Slice> =
            plan.slices.iter().filter(|slice| !live.contains(&slice.id)).cloned().collect();
        slices.sort_by(|left, right| left.id.cmp(&right.id));
        let all: BTreeSet<&Surface> = plan.slices.iter().flat_map(|slice| &slice.surfaces).collect();
        let surfaces: Vec<Surface> = all.into_iter().cloned().collect();
        let mut network = Self {
            plan: plan.clone(),
            slices,
            bundles: Vec::new(),
            bundle_of: Vec::new(),
            surfaces,
            teams: usize::try_from(plan.teams).unwrap_or(usize::MAX),
            calendar: Calendar::new(usize::try_from(plan.teams).unwrap_or(0), &plan.absences),
            locked: Vec::new(),
            sunk: (0, 0),
        };
        network.make_bundles();
        network.tie_bundles();
        network.heed_what_is_live();
        network.locked = network.locked_bundles();
        network
    }

    fn make_bundles(&mut self) {
        let edges = components::all_edges(&self.plan, &self.positions());
        let mut groups = components::of(self.slices.len(), &edges);
        for group in &mut groups {
            group.sort_unstable();
        }
        groups.sort_unstable();
        self.bundle_of = vec![0; self.slices.len()];
        for (number, group) in groups.into_iter().enumerate() {
            let mut bundle = Bundle::default();
            let mut surfaces = BTreeSet::new();
            for (place, slice) in group.iter().filter_map(|place| Some((*place, self.slices.get(*place)?))) {
                bundle.effort += slice.effort;
                bundle.value += slice.value;
                if slice.due == 0 {
                    bundle.undated += slice.value;
                } else {
                    bundle.dated.push((slice.value, slice.due));
                }
                bundle.not_after = match (bundle.not_after, slice.not_after) {
                    (Some(one), Some(other)) => Some(one.min(other)),
                    (one, other) => one.or(other),
                };
                bundle.climb = bundle.climb.max(slice.climb);
                surfaces
                    .extend(slice.surfaces.iter().filter_map(|name| self.surfaces.binary_search(name).ok()));
                if let Some(owner) = self.bundle_of.get_mut(place) {
                    *owner = number;
                }
            }
            bundle.surfaces = surfaces.into_iter().collect();
            bundle.slices = group;
            self.bundles.push(bundle);
        }
    }

    fn tie_bundles(&mut self) {
        let positions = self.positions();
        let bundle = |id: &SliceId| positions.get(id).and_then(|place| self.bundle_of.get(*place)).copied();
        let mut requires = vec![BTreeSet::new(); self.bundles.len()];
        let mut unlocks = requires.clone();
        let mut apart = requires.clone();
        let tie = |sets: &mut Vec<BTreeSet<usize>>, from: usize, to: usize| {
            if from != to
                && let Some(set) = sets.get_mut(from)
            {
                set.insert(to);
            }
        };
        for requirement in &self.plan.requires {
            if let (Some(needs), Some(waits)) = (bundle(&requirement.needs), bundle(&requirement.slice)) {
                tie(&mut requires, waits, needs);
                tie(&mut unlocks, needs, waits);
            }
        }
        for group in &self.plan.apart {
            let members: Vec<usize> = group.iter().filter_map(bundle).collect();
            for left in &members {
                for right in &members {
                    tie(&mut apart, *left, *right);
                }
            }
        }
        let ties = requires.into_iter().zip(unlocks).zip(apart);
        for (bundle, ((requires, unlocks), apart)) in self.bundles.iter_mut().zip(ties) {
            bundle.requires = requires.into_iter().collect();
            bundle.unlocks = unlocks.into_iter().collect();
            bundle.apart = apart.into_iter().collect();
        }
    }

    /// What is live binds the rest: its surfaces settle, and its own delay is a cost already paid.
    fn heed_what_is_live(&mut self) {
        let days = self.shipped_days();
        let live: Vec<(&Slice, u64)> = self
            .plan
            .slices
            .iter()
            .filter_map(|slice| days.get(&slice.id).map(|day| (slice, *day)))
            .collect();
        let mut sunk = (0, 0);
        for (slice, day) in &live {
            sunk.0 += slice.not_after.map_or(0, |last| day.saturating_sub(last));
            sunk.1 += slice.value * day.saturating_sub(slice.due);
        }
        let settle = self.plan.settle;
        let mut earliest = vec![0; self.bundles.len()];
        for (bundle, earliest) in self.bundles.iter().zip(&mut earliest) {
            let own: BTreeSet<&Surface> =
                bundle.surfaces.iter().filter_map(|surface| self.surfaces.get(*surface)).collect();
            let settling = live
                .iter()
                .filter(|(slice, _)| settle > 0 && slice.surfaces.iter().any(|name| own.contains(name)));
            *earliest = settling.map(|(slice, day)| day + settle + slice.climb).max().unwrap_or(0);
        }
        for (bundle, day) in self.bundles.iter_mut().zip(earliest) {
            bundle.earliest = day;
        }
        self.sunk = sunk;
    }

    fn locked_bundles(&self) -> Vec<Vec<usize>> {
        let positions = self.positions();
        let bundle = |id: &SliceId| positions.get(id).and_then(|place| self.bundle_of.get(*place)).copied();
        let releases = self.plan.locked.iter().map(|release| {
            let members: BTreeSet<usize> = release.iter().filter_map(bundle).collect();
            members.into_iter().collect::<Vec<usize>>()
        });
        releases.filter(|release| !release.is_empty()).collect()
    }
}
