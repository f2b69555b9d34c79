//! Contradictions between ties: apart but together, live without what it needs, locked in an order that cannot be.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Network;
use crate::contradiction::{Code, Contradiction, Place, list};
use crate::model::SliceId;

pub(super) fn contradictions(network: &Network) -> Vec<Contradiction> {
    let mut found = apart(network);
    found.extend(live_without_need(network));
    found.extend(torn_by_what_is_live(network));
    found.extend(locked(network));
    found
}

fn apart(network: &Network) -> Vec<Contradiction> {
    let positions = network.positions();
    let bundle = |id: &SliceId| positions.get(id).and_then(|place| network.bundle_of.get(*place));
    let mut found = Vec::new();
    for (number, group) in network.plan.apart.iter().enumerate() {
        for (place, left) in group.iter().enumerate() {
            for right in group.iter().skip(place + 1) {
                if bundle(left).is_none() || bundle(left) != bundle(right) {
                    continue;
                }
                let mut places = vec![Place::Apart(number)];
                places.extend(what_ties(network, left, right));
                let by_wish = places.iter().any(|place| matches!(place, Place::Together(_)));
                let why = if by_wish { "they are to ship together" } else { "they require each other" };
                found.push(Contradiction::new(
                    Code::ApartButTogether,
                    format!("`{left}` and `{right}` are to ship apart, but {why}"),
                    "give up one of the two wishes",
                    places,
                ));
            }
        }
    }
    found
}

/// The rules on a shortest circle through both slices.
fn what_ties(network: &Network, left: &SliceId, right: &SliceId) -> BTreeSet<Place> {
    let mut next: BTreeMap<&SliceId, Vec<(&SliceId, Place)>> = BTreeMap::new();
    for (number, requirement) in network.plan.requires.iter().enumerate() {
        next.entry(&requirement.needs).or_default().push((&requirement.slice, Place::Requires(number)));
    }
    for (number, group) in network.plan.together.iter().enumerate() {
        for from in group {
            let others = group.iter().filter(|to| *to != from);
            next.entry(from).or_default().extend(others.map(|to| (to, Place::Together(number))));
        }
    }
    let mut places = way(&next, left, right);
    places.extend(way(&next, right, left));
    places
}

fn way(next: &BTreeMap<&SliceId, Vec<(&SliceId, Place)>>, from: &SliceId, to: &SliceId) -> BTreeSet<Place> {
    let mut came: BTreeMap<&SliceId, (&SliceId, Place)> = BTreeMap::new();
    let mut queue = VecDeque::from([from]);
    while let Some(node) = queue.pop_front() {
        for (other, place) in next.get(node).into_iter().flatten() {
            if *other != from && !came.contains_key(other) {
                came.insert(other, (node, place.clone()));
                queue.push_back(other);
            }
        }
    }
    let mut places = BTreeSet::new();
    let mut node = to;
    while let Some((before, place)) = came.get(node) {
        places.insert(place.clone());
        node = before;
    }
    places
}

fn live_without_need(network: &Network) -> Vec<Contradiction> {
    let days = network.shipped_days();
    let requires = network.plan.requires.iter().enumerate();
    let wrong = requires.filter(|(_, requirement)| {
        let slice = days.get(&requirement.slice);
        slice.is_some_and(|day| days.get(&requirement.needs).is_none_or(|needs| needs > day))
    });
    let mut found: Vec<Contradiction> = wrong
        .map(|(number, requirement)| {
            let message = format!(
                "`{}` is live, but `{}`, which it requires, was not",
                requirement.slice, requirement.needs
            );
            Contradiction::new(
                Code::LiveWithoutNeed,
                message,
                "remove the requirement, or say what else is live",
                vec![Place::Requires(number)],
            )
        })
        .collect();
    for (number, release) in network.plan.shipped.iter().enumerate() {
        if release.live > network.plan.today {
            let message = format!(
                "{} went live on day {}, after today, day {}",
                list(&release.slices),
                release.live,
                network.plan.today
            );
            let remedy = "move today, or plan it instead";
            found.push(Contradiction::new(Code::OutOfRange, message, remedy, vec![Place::Shipped(number)]));
        }
    }
    found
}

fn torn_by_what_is_live(network: &Network) -> Vec<Contradiction> {
    let days = network.shipped_days();
    let groups = network.plan.together.iter().enumerate();
    let torn = groups.filter(|(_, group)| {
        let mut live = group.iter().map(|id| days.get(id));
        let first = live.next().flatten();
        live.any(|day| day != first)
    });
    torn.map(|(number, group)| {
        let message =
            format!("{} are to ship together, but not all of them went live on one day", list(group));
        let remedy = "leave out of the group what is live";
        Contradiction::new(Code::GroupTorn, message, remedy, vec![Place::Together(number)])
    })
    .collect()
}

fn locked(network: &Network) -> Vec<Contradiction> {
    let days = network.shipped_days();
    let positions = network.positions();
    let mut found = Vec::new();
    let mut done: BTreeSet<usize> = BTreeSet::new();
    for (number, release) in network.plan.locked.iter().enumerate() {
        let mut refuse = |code, message: String, remedy: &str| {
            found.push(Contradiction::new(code, message, remedy, vec![Place::Locked(number)]));
        };
        let planned: Vec<&SliceId> = release.iter().filter(|id| !days.contains_key(id)).collect();
        if !planned.is_empty() && planned.len() < release.len() {
            let message = format!("only a part of the locked release {} is live", list(release));
            refuse(Code::GroupTorn, message, "lock what is left as a release of its own");
        }
        let places: BTreeSet<usize> = planned.iter().filter_map(|id| positions.get(*id).copied()).collect();
        let members: BTreeSet<usize> =
            places.iter().filter_map(|place| network.bundle_of.get(*place).copied()).collect();
        done.extend(&members);
        for bundle in members.iter().map(|member| network.bundle(*member)) {
            if bundle.slices.iter().any(|slice| !places.contains(slice)) {
                let all = network.ids(bundle.slices.iter().copied());
                let message = format!(
                    "the locked release {} tears {} apart, which ship together",
                    list(planned.iter().copied()),
                    list(all)
                );
                refuse(Code::GroupTorn, message, "lock them together");
            }
            for need in bundle.requires.iter().filter(|need| !done.contains(need)) {
                let first = list(network.ids(bundle.slices.iter().copied()));
                let second = list(network.ids(network.bundle(*need).slices.iter().copied()));
                let message = format!("{first} is locked before {second}, which it requires");
                refuse(Code::LockedOrder, message, "unlock, and lock in an order that can be");
            }
            if bundle.apart.iter().any(|other| members.contains(other)) {
                let message = format!(
                    "the locked release {} holds slices that are to ship apart",
                    list(planned.iter().copied())
                );
                refuse(Code::ApartButTogether, message, "unlock it, or remove the apart group");
            }
        }
    }
    found
}
