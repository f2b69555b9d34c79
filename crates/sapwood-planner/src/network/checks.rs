//! Numbers within their ranges, names that exist, nothing named twice.

use std::collections::{BTreeMap, BTreeSet};

use sapwood_words::nearest;

use crate::contradiction::{Code, Contradiction, Place};
use crate::limits;
use crate::model::{Plan, Slice, SliceId, in_days};

pub(super) fn of_ranges(plan: &Plan) -> Vec<Contradiction> {
    let mut found = Vec::new();
    if plan.slices.is_empty() {
        found.push(Contradiction::new(
            Code::Empty,
            "the plan has no slices, so there is nothing to release".to_owned(),
            "add at least one slice",
            vec![Place::Plan],
        ));
        return found;
    }
    counts(plan, &mut found);
    let mut day = |what: &str, days: u64, place: Place| {
        if !in_days(days) {
            found.push(too_large(what, days, limits::DAYS_MAX, place));
        }
    };
    day("the overhead", plan.overhead, Place::Plan);
    day("the settle window", plan.settle, Place::Plan);
    day("today", plan.today, Place::Plan);
    for (number, slice) in plan.slices.iter().enumerate() {
        for (what, days) in days_of(slice) {
            day(&format!("the {what} of {}", slice.id), days, Place::Slice(number));
        }
    }
    for (number, absence) in plan.absences.iter().enumerate() {
        day("the end of an absence", absence.until, Place::Absence(number));
    }
    for (number, slice) in plan.slices.iter().enumerate() {
        if slice.value > limits::VALUE_MAX {
            let what = format!("the value of {}", slice.id);
            found.push(too_large(&what, slice.value, limits::VALUE_MAX, Place::Slice(number)));
        }
    }
    if found.is_empty() {
        found.extend(absences(plan));
        found.extend(sum(plan));
    }
    found
}

fn days_of(slice: &Slice) -> [(&'static str, u64); 4] {
    [
        ("effort", slice.effort),
        ("due day", slice.due),
        ("last allowed day", slice.not_after.unwrap_or(0)),
        ("time on the ladder", slice.climb),
    ]
}

fn too_large(what: &str, is: u64, max: u64, place: Place) -> Contradiction {
    let message = format!("{what} is {is}, above the limit of {max}");
    Contradiction::new(Code::OutOfRange, message, "use a smaller number", vec![place])
}

fn counts(plan: &Plan, found: &mut Vec<Contradiction>) {
    let mut count = |what: &str, is: usize, max: usize, place: Place| {
        if is > max {
            let message = format!("there are {is} {what}, above the limit of {max}");
            found.push(Contradiction::new(Code::OutOfRange, message, "split the plan", vec![place]));
        }
    };
    count("slices", plan.slices.len(), limits::SLICES_MAX, Place::Plan);
    count("requirements", plan.requires.len(), limits::RULES_MAX, Place::Plan);
    count("together groups", plan.together.len(), limits::RULES_MAX, Place::Plan);
    count("apart groups", plan.apart.len(), limits::RULES_MAX, Place::Plan);
    count("absences", plan.absences.len(), limits::ABSENCES_MAX, Place::Plan);
    for (number, slice) in plan.slices.iter().enumerate() {
        let what = format!("surfaces of {}", slice.id);
        count(&what, slice.surfaces.len(), limits::SURFACES_PER_SLICE_MAX, Place::Slice(number));
    }
    if plan.teams == 0 || plan.teams > limits::TEAMS_MAX {
        let message = format!("{} teams cannot build anything", plan.teams);
        let remedy = format!("use 1 to {} teams", limits::TEAMS_MAX);
        found.push(Contradiction::new(Code::OutOfRange, message, remedy, vec![Place::Plan]));
    }
}

fn absences(plan: &Plan) -> impl Iterator<Item = Contradiction> {
    let wrong = plan.absences.iter().enumerate();
    wrong.filter_map(|(number, absence)| {
        let place = vec![Place::Absence(number)];
        if absence.team >= plan.teams {
            let message = format!(
                "an absence names team {}, but there are {}",
                u64::from(absence.team) + 1,
                plan.teams
            );
            return Some(Contradiction::new(Code::OutOfRange, message, "name a team that exists", place));
        }
        (absence.from >= absence.until).then(|| {
            let message =
                format!("an absence ends on day {}, before it began on day {}", absence.until, absence.from);
            Contradiction::new(Code::OutOfRange, message, "swap the two days", place)
        })
    })
}

/// The dearest order there is must still fit: all work one after the other, every window waited for.
fn sum(plan: &Plan) -> Option<Contradiction> {
    let days = |slice: &Slice| slice.effort + plan.overhead + plan.settle + slice.climb;
    let work: u64 = plan.slices.iter().map(days).sum();
    let away: u64 = plan.absences.iter().map(|absence| absence.until - absence.from).sum();
    let live = plan.shipped.iter().map(|release| release.live).max().unwrap_or(0);
    let horizon = plan.today.max(live) + plan.settle + work + away;
    let value: u64 = plan.slices.iter().map(|slice| slice.value).sum();
    let fits = value.checked_mul(horizon).is_some_and(|cost| cost <= limits::COST_MAX);
    (!fits).then(|| {
        let message =
            format!("a total value of {value} per day over up to {horizon} days is too large to add up");
        Contradiction::new(Code::OutOfRange, message, "use a larger unit of value", vec![Place::Plan])
    })
}

pub(super) fn of_names(plan: &Plan) -> Vec<Contradiction> {
    let mut first: BTreeMap<&SliceId, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for (number, slice) in plan.slices.iter().enumerate() {
        if let Some(before) = first.get(&slice.id) {
            found.push(Contradiction::new(
                Code::Duplicate,
                format!("two slices are called `{}`", slice.id),
                "rename one of them",
                vec![Place::Slice(number), Place::Slice(*before)],
            ));
        } else {
            first.insert(&slice.id, number);
        }
    }
    let mut named = Named { known: &first, found };
    for (number, requirement) in plan.requires.iter().enumerate() {
        named.check([&requirement.needs, &requirement.slice], &Place::Requires(number));
        if requirement.needs == requirement.slice {
            named.found.push(Contradiction::new(
                Code::RequiresItself,
                format!("`{}` requires itself", requirement.slice),
                "remove the requirement",
                vec![Place::Requires(number)],
            ));
        }
    }
    for (number, group) in plan.together.iter().enumerate() {
        named.group(group, &Place::Together(number));
    }
    for (number, group) in plan.apart.iter().enumerate() {
        named.group(group, &Place::Apart(number));
    }
    let shipped = plan.shipped.iter().enumerate().map(|(number, one)| (&one.slices, Place::Shipped(number)));
    named.partition(shipped.collect(), "went live");
    let locked = plan.locked.iter().enumerate().map(|(number, one)| (one, Place::Locked(number)));
    named.partition(locked.collect(), "is locked");
    named.found
}

struct Named<'a> {
    known: &'a BTreeMap<&'a SliceId, usize>,
    found: Vec<Contradiction>,
}

impl Named<'_> {
    fn check<'b>(&mut self, ids: impl IntoIterator<Item = &'b SliceId>, place: &Place) {
        for id in ids.into_iter().filter(|id| !self.known.contains_key(id)) {
            let near = nearest(id.as_str(), self.known.keys().map(|known| known.as_str()));
            let remedy = near.map_or_else(
                || "add it or remove the name".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            let message = format!("no slice is called `{id}`");
            self.found.push(Contradiction::new(Code::UnknownSlice, message, remedy, vec![place.clone()]));
        }
    }

    fn group(&mut self, group: &[SliceId], place: &Place) {
        self.check(group, place);
        let mut seen = BTreeSet::new();
        for id in group.iter().filter(|id| !seen.insert(*id)) {
            let message = format!("a group names `{id}` twice");
            self.found.push(Contradiction::new(
                Code::Duplicate,
                message,
                "name it once",
                vec![place.clone()],
            ));
        }
    }

    /// Releases in which each slice may occur once at most.
    fn partition(&mut self, releases: Vec<(&Vec<SliceId>, Place)>, what: &str) {
        let mut seen: BTreeMap<&SliceId, Place> = BTreeMap::new();
        for (release, place) in releases {
            self.check(release, &place);
            for id in release {
                if let Some(before) = seen.insert(id, place.clone()) {
                    let message = format!("`{id}` {what} twice");
                    let places = vec![place.clone(), before];
                    self.found.push(Contradiction::new(Code::Duplicate, message, "name it once", places));
                }
            }
        }
    }
}
