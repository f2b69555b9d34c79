//! Down-closed sets: what can have been released at some moment.

use crate::network::Network;

/// At most 64 bundles, numbered so that whatever a bundle requires has a lower number.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// Number here → number in the network.
    pub(crate) members: Vec<usize>,
    /// What each requires of the others here, as a set of bits.
    pub(crate) needs: Vec<u64>,
    pub(crate) effort: Vec<u64>,
    pub(crate) value: Vec<u64>,
}

impl Part {
    /// The given bundles of the network; what they require outside counts as live. `None` above 64.
    pub(crate) fn new(network: &Network, members: &[usize]) -> Option<Self> {
        if members.len() > crate::limits::EXACT_BUNDLES_MAX {
            return None;
        }
        let members = topological(network, members);
        let local = |bundle: &usize| members.iter().position(|member| member == bundle);
        let bit = |place: usize| 1_u64 << place;
        let needs = |member: &usize| {
            network.bundle(*member).requires.iter().filter_map(local).map(bit).fold(0, |all, one| all | one)
        };
        let needs = members.iter().map(needs).collect();
        let effort = members.iter().map(|member| network.bundle(*member).effort).collect();
        let value = members.iter().map(|member| network.bundle(*member).value).collect();
        Some(Self { members, needs, effort, value })
    }

    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    pub(crate) fn full(&self) -> u64 {
        u64::MAX.checked_shr(64 - u32::try_from(self.len()).unwrap_or(64)).unwrap_or(0)
    }

    /// Bits of the bundles that a set of numbers in the network has here.
    pub(crate) fn bits(&self, bundles: &[usize]) -> u64 {
        let places = self.members.iter().enumerate().filter(|(_, member)| bundles.contains(member));
        places.fold(0, |all, (place, _)| all | 1 << place)
    }

    /// Numbers in the network of a set of bits.
    pub(crate) fn bundles(&self, bits: u64) -> Vec<usize> {
        let mut all: Vec<usize> =
            members(bits).filter_map(|place| self.members.get(place).copied()).collect();
        all.sort_unstable();
        all
    }
}

/// The numbers in a set of bits, ascending.
pub(crate) fn members(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = bits.trailing_zeros();
        (bits != 0).then(|| {
            bits &= bits - 1;
            usize::try_from(place).unwrap_or(usize::MAX)
        })
    })
}

/// The bundles in an order in which each comes after what it requires; by number where both would do.
pub(crate) fn topological(network: &Network, bundles: &[usize]) -> Vec<usize> {
    let mut inside = vec![false; network.bundles.len()];
    for bundle in bundles {
        if let Some(flag) = inside.get_mut(*bundle) {
            *flag = true;
        }
    }
    let is_inside = |bundle: &usize| inside.get(*bundle).copied().unwrap_or(false);
    let mut waits: std::collections::BTreeMap<usize, usize> = bundles
        .iter()
        .map(|bundle| {
            (*bundle, network.bundle(*bundle).requires.iter().filter(|need| is_inside(need)).count())
        })
        .collect();
    let mut ready: std::collections::BTreeSet<usize> =
        waits.iter().filter(|(_, count)| **count == 0).map(|(bundle, _)| *bundle).collect();
    let mut sorted = Vec::with_capacity(bundles.len());
    while let Some(bundle) = ready.pop_first() {
        sorted.push(bundle);
        for next in network.bundle(bundle).unlocks.iter().filter(|next| is_inside(next)) {
            if let Some(count) = waits.get_mut(next) {
                *count -= 1;
                if *count == 0 {
                    ready.insert(*next);
                }
            }
        }
    }
    sorted
}

/// Every down-closed set of a part, ascending, each with its sum of efforts.
#[derive(Debug)]
pub(crate) struct Ideals {
    pub(crate) sets: Vec<u64>,
    pub(crate) effort: Vec<u64>,
    places: Places,
}

impl Ideals {
    /// `None` when there are more than `max`.
    pub(crate) fn new(part: &Part, max: usize) -> Option<Self> {
        let mut sets = vec![0_u64];
        for (place, needs) in part.needs.iter().enumerate() {
            for known in 0..sets.len() {
                let set = sets.get(known).copied().unwrap_or(0);
                if needs & set == *needs {
                    sets.push(set | 1 << place);
                }
            }
            if sets.len() > max {
                return None;
            }
        }
        // Each round appends sets with a higher bit than all before, in the order of the sets they come from.
        debug_assert!(sets.is_sorted());
        let places = Places::new(&sets);
        let mut ideals = Self { effort: Vec::with_capacity(sets.len()), sets, places };
        for place in 0..ideals.sets.len() {
            let set = ideals.sets.get(place).copied().unwrap_or(0);
            let top = set.checked_ilog2().and_then(|top| usize::try_from(top).ok());
            // A set without its last bundle in topological order is down-closed, too, and comes before it.
            let effort = top.map_or(0, |top| {
                let rest = ideals.place(set & !(1 << top));
                ideals.effort.get(rest).copied().unwrap_or(0) + part.effort.get(top).copied().unwrap_or(0)
            });
            ideals.effort.push(effort);
        }
        Some(ideals)
    }

    /// Where a down-closed set is.
    pub(crate) fn place(&self, set: u64) -> usize {
        self.places.find(&self.sets, set)
    }
}

/// From a set to its place: a table with open addressing, because the crate iterates nothing that hashes and only this
/// look-up has to be quick.
#[derive(Debug)]
struct Places {
    slots: Vec<u32>,
    shift: u32,
}

impl Places {
    fn new(sets: &[u64]) -> Self {
        let size = (sets.len() * 2).next_power_of_two();
        let mut places = Self { slots: vec![u32::MAX; size], shift: 64 - size.trailing_zeros() };
        for (place, set) in sets.iter().enumerate() {
            let mut slot = places.first(*set);
            while places.slots.get(slot).is_some_and(|taken| *taken != u32::MAX) {
                slot = (slot + 1) % size;
            }
            if let (Some(free), Ok(place)) = (places.slots.get_mut(slot), u32::try_from(place)) {
                *free = place;
            }
        }
        places
    }

    /// The slot a set is looked for first: Fibonacci hashing.
    fn first(&self, set: u64) -> usize {
        let mixed = (set ^ (set >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        usize::try_from(mixed.checked_shr(self.shift).unwrap_or(0)).unwrap_or(0)
    }

    fn find(&self, sets: &[u64], set: u64) -> usize {
        let mut slot = self.first(set);
        loop {
            let place = self.slots.get(slot).copied().unwrap_or(u32::MAX);
            let Some(found) = usize::try_from(place).ok().filter(|_| place != u32::MAX) else {
                return usize::MAX;
            };
            if sets.get(found) == Some(&set) {
                return found;
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }
}
