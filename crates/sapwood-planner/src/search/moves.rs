//! The small changes of a row that keep every rule.

use super::line::Row;
use crate::network::Network;

/// Releases a bundle may move over when the row is long.
const REACH: usize = 40;
/// Bundles from which on a row is long.
const LONG: usize = 100;

/// Where things are in a row.
pub(crate) struct Places {
    /// Bundle → number of its release; `usize::MAX` for what is not in the row.
    pub(crate) release: Vec<usize>,
    /// Number of release → its first place.
    pub(crate) begin: Vec<usize>,
}

#[expect(
    clippy::indexing_slicing,
    reason = "places are below the length of the row, bundles below that of the network"
)]
impl Places {
    pub(crate) fn new(network: &Network, row: &Row) -> Self {
        let mut release = vec![usize::MAX; network.bundles.len()];
        let mut begin = Vec::new();
        for (place, bundle) in row.bundles.iter().enumerate() {
            if row.first[place] {
                begin.push(place);
            }
            release[*bundle] = begin.len().saturating_sub(1);
        }
        Self { release, begin }
    }

    /// The releases a bundle may be in: from that of its last need to that of the first that waits for it.
    fn room(&self, network: &Network, bundle: usize, locked: usize) -> (usize, usize) {
        let own = self.release[bundle];
        let bundle = &network.bundles[bundle];
        let low =
            bundle.requires.iter().map(|need| self.release[*need]).filter(|place| *place != usize::MAX).max();
        let high = bundle.unlocks.iter().map(|next| self.release[*next]).min();
        let (mut low, mut high) =
            (low.unwrap_or(locked).max(locked), high.unwrap_or(usize::MAX).min(self.begin.len() - 1));
        if self.release.len() > LONG {
            (low, high) = (low.max(own.saturating_sub(REACH)), high.min(own + REACH));
        }
        (low, high)
    }

    fn place_of(&self, row: &Row, bundle: usize) -> usize {
        let begin = self.begin[self.release[bundle]];
        let offset = row.bundles.iter().skip(begin).position(|other| *other == bundle);
        begin + offset.unwrap_or(0)
    }

    fn members<'a>(&self, row: &'a Row, release: usize) -> &'a [usize] {
        let begin = self.begin[release];
        let end = self.begin.get(release + 1).copied().unwrap_or(row.len());
        &row.bundles[begin..end]
    }
}

/// A changed row, and the place up to which it is the old one.
pub(crate) type Change = (Row, usize);

/// Every way to put one bundle elsewhere: into another release, or into one of its own.
pub(crate) fn of_bundle(
    network: &Network,
    row: &Row,
    places: &Places,
    bundle: usize,
    locked: usize,
    visit: &mut dyn FnMut(Change) -> bool,
) {
    let own = places.release.get(bundle).copied().unwrap_or(usize::MAX);
    if own == usize::MAX || own < locked {
        return;
    }
    let (low, high) = places.room(network, bundle, locked);
    let place = places.place_of(row, bundle);
    let alone = places.members(row, own).len() == 1;
    let begin_of = |release: usize| places.begin.get(release).copied().unwrap_or(row.len());
    for release in low..=high {
        let gap = begin_of(release);
        // Into a release of its own, before this one.
        let gap_is_free =
            release > low || low == locked && requires_nothing_in(network, places, bundle, release);
        if gap_is_free && !(alone && (release == own || release == own + 1)) {
            let mut changed = row.clone();
            changed.remove(place);
            let at = if place < gap { gap - 1 } else { gap };
            changed.insert(at, bundle, true);
            if let Some(next) = changed.first.get_mut(at + 1) {
                *next = true;
            }
            if visit((changed, gap.min(begin_of(own)))) {
                return;
            }
        }
        // Into this one.
        let apart =
            places.members(row, release).iter().any(|other| network.bundle(bundle).apart.contains(other));
        if release != own && !apart {
            let mut changed = row.clone();
            changed.remove(place);
            let end = begin_of(release + 1);
            let at = if place < end { end - 1 } else { end };
            changed.insert(at, bundle, false);
            if visit((changed, gap.min(begin_of(own)))) {
                return;
            }
        }
    }
    // Into a release of its own after the last it may be in.
    let waits_inside =
        network.bundle(bundle).unlocks.iter().any(|next| places.release.get(*next) == Some(&high));
    let last_gap = high + 1;
    if !waits_inside && !(alone && (last_gap == own || last_gap == own + 1)) {
        let gap = begin_of(last_gap);
        let mut changed = row.clone();
        changed.remove(place);
        let at = if place < gap { gap - 1 } else { gap };
        changed.insert(at, bundle, true);
        if let Some(next) = changed.first.get_mut(at + 1) {
            *next = true;
        }
        visit((changed, gap.min(begin_of(own))));
    }
}

fn requires_nothing_in(network: &Network, places: &Places, bundle: usize, release: usize) -> bool {
    let needs = network.bundle(bundle).requires.iter();
    !needs.filter_map(|need| places.release.get(*need)).any(|place| *place >= release && *place != usize::MAX)
}

/// Every way to cut one release in two, to merge it with the next, and to move it as a whole.
#[expect(
    clippy::indexing_slicing,
    reason = "places are below the length of the row, bundles below that of the network"
)]
pub(crate) fn of_release(
    network: &Network,
    row: &Row,
    places: &Places,
    release: usize,
    locked: usize,
    visit: &mut dyn FnMut(Change) -> bool,
) {
    let count = places.begin.len();
    if release < locked || release >= count {
        return;
    }
    let begin = places.begin[release];
    let members = places.members(row, release).to_vec();
    let end = begin + members.len();
    // Cut after each place.
    for cut in begin + 1..end {
        let second = &row.bundles[cut..end];
        let breaks = row.bundles[begin..cut]
            .iter()
            .any(|one| network.bundle(*one).requires.iter().any(|need| second.contains(need)));
        if !breaks {
            let mut changed = row.clone();
            changed.first[cut] = true;
            if visit((changed, begin)) {
                return;
            }
        }
    }
    // Merge with the next.
    if release + 1 < count {
        let next = places.members(row, release + 1);
        let apart =
            members.iter().any(|one| network.bundle(*one).apart.iter().any(|other| next.contains(other)));
        if !apart {
            let mut changed = row.clone();
            changed.first[end] = false;
            if visit((changed, begin)) {
                return;
            }
        }
    }
    shifts(network, row, places, release, locked, visit);
}

/// Every way to move one whole release, one further at a time, until a requirement stands in the way.
#[expect(
    clippy::indexing_slicing,
    reason = "places are below the length of the row, bundles below that of the network"
)]
fn shifts(
    network: &Network,
    row: &Row,
    places: &Places,
    release: usize,
    locked: usize,
    visit: &mut dyn FnMut(Change) -> bool,
) {
    let count = places.begin.len();
    let begin = places.begin[release];
    let members = places.members(row, release).to_vec();
    let end = begin + members.len();
    let mut to = release;
    while to + 1 < count && to - release < REACH {
        let over = places.members(row, to + 1);
        if over.iter().any(|one| network.bundle(*one).requires.iter().any(|need| members.contains(need))) {
            break;
        }
        to += 1;
        let stop = places.begin.get(to + 1).copied().unwrap_or(row.len());
        let mut changed = row.clone();
        changed.bundles[begin..stop].rotate_left(members.len());
        changed.first[begin..stop].rotate_left(members.len());
        if visit((changed, begin)) {
            return;
        }
    }
    let mut to = release;
    while to > locked && release - to < REACH {
        let over = places.members(row, to - 1);
        if members.iter().any(|one| network.bundle(*one).requires.iter().any(|need| over.contains(need))) {
            break;
        }
        to -= 1;
        let start = places.begin[to];
        let mut changed = row.clone();
        changed.bundles[start..end].rotate_right(members.len());
        changed.first[start..end].rotate_right(members.len());
        if visit((changed, start)) {
            return;
        }
    }
}

/// Every way to swap one bundle with one of a later release.
pub(crate) fn swaps(
    network: &Network,
    row: &Row,
    places: &Places,
    bundle: usize,
    locked: usize,
    visit: &mut dyn FnMut(Change) -> bool,
) {
    let own = places.release.get(bundle).copied().unwrap_or(usize::MAX);
    if own == usize::MAX || own < locked {
        return;
    }
    let (_, high) = places.room(network, bundle, locked);
    let from = places.place_of(row, bundle);
    for release in own + 1..=high {
        for other in places.members(row, release) {
            let (low, _) = places.room(network, *other, locked);
            let tied = network.bundle(*other).requires.contains(&bundle);
            let apart = clashes(network, places.members(row, own), bundle, *other)
                || clashes(network, places.members(row, release), *other, bundle);
            if low > own || tied || apart {
                continue;
            }
            let mut changed = row.clone();
            let to = places.place_of(row, *other);
            changed.bundles.swap(from, to);
            let begin = places.begin.get(own).copied().unwrap_or(0);
            if visit((changed, begin)) {
                return;
            }
        }
    }
}

/// Whether `comes` must be apart from somebody in a release that `goes` leaves.
fn clashes(network: &Network, release: &[usize], goes: usize, comes: usize) -> bool {
    release.iter().any(|member| *member != goes && network.bundle(comes).apart.contains(member))
}
