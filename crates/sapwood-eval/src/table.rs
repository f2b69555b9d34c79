//! Hash tables of the compiled form: built once on publish, probed without allocation, the same for the same input.
//!
//! (`HashMap` is banned here for its random seed; these tables are only probed, never iterated.)

use crate::attributes::Hashed;
use crate::hash::{confirm, hash};

/// Slots for so many entries: a power of two, so that a mask replaces a division, and never full, so that a probe ends.
fn capacity(entries: usize) -> usize {
    (entries + entries / 2 + 1).next_power_of_two()
}

fn home(hash: u64, capacity: usize) -> usize {
    // On a 32-bit machine the high half is dropped, which is what a mask does anyway.
    let low = usize::try_from(hash & u64::from(u32::MAX)).unwrap_or(0);
    low & (capacity - 1)
}

/// A set of texts in one piece of memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TextSet {
    /// Bytes, since a part of a text would be checked for whole characters at each probe.
    arena: Box<[u8]>,
    slots: Box<[Slot]>,
    len: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Slot {
    hash: u64,
    start: u32,
    /// Zero marks a free slot; otherwise one more than where the text ends.
    end_plus_one: u32,
}

impl TextSet {
    pub(crate) fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let texts: Vec<&str> = texts.into_iter().collect();
        let mut set = Self {
            arena: Box::default(),
            slots: vec![Slot::default(); capacity(texts.len())].into_boxed_slice(),
            len: 0,
        };
        let mut arena = Vec::with_capacity(texts.iter().map(|text| text.len()).sum());
        for text in texts {
            set.insert(text, &mut arena);
        }
        set.arena = arena.into_boxed_slice();
        set
    }

    fn insert(&mut self, text: &str, arena: &mut Vec<u8>) {
        let hash = hash(text);
        let capacity = self.slots.len();
        let mut at = home(hash, capacity);
        while let Some(slot) = self.slots.get_mut(at) {
            if slot.end_plus_one == 0 {
                let start = arena.len();
                arena.extend_from_slice(text.as_bytes());
                // Limits keep every list far below 4 GiB; a text beyond would simply not be found.
                if let (Ok(start), Ok(end_plus_one)) = (u32::try_from(start), u32::try_from(arena.len() + 1))
                {
                    *slot = Slot { hash, start, end_plus_one };
                    self.len += 1;
                }
                return;
            }
            if slot.hash == hash && slot.text(arena) == Some(text.as_bytes()) {
                return;
            }
            at = (at + 1) & (capacity - 1);
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The texts in the order in which they were given.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        let mut slots: Vec<&Slot> = self.slots.iter().filter(|slot| slot.end_plus_one > 0).collect();
        slots.sort_unstable_by_key(|slot| (slot.start, slot.end_plus_one));
        let texts = slots.into_iter().filter_map(|slot| slot.text(&self.arena));
        texts.filter_map(|text| std::str::from_utf8(text).ok())
    }

    /// The hash of every text, in no order.
    pub(crate) fn hashes(&self) -> impl Iterator<Item = u64> {
        self.slots.iter().filter(|slot| slot.end_plus_one > 0).map(|slot| slot.hash)
    }

    /// One number for the whole set: equal sets have the same.
    pub(crate) fn digest(&self) -> u64 {
        self.hashes().fold(0, |digest, hash| digest ^ hash)
    }

    #[inline]
    pub(crate) fn contains(&self, wanted: &Hashed<'_>) -> bool {
        let mut at = home(wanted.hash, self.slots.len().max(1));
        while let Some(slot) = self.slots.get(at) {
            if slot.end_plus_one == 0 {
                return false;
            }
            if slot.hash == wanted.hash {
                let text = slot.text(&self.arena);
                if text.is_some_and(|text| confirm(text, wanted.text.as_bytes())) {
                    return true;
                }
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        false
    }
}

impl Slot {
    #[inline]
    fn text<'a>(&self, arena: &'a [u8]) -> Option<&'a [u8]> {
        let start = usize::try_from(self.start).ok()?;
        let end = usize::try_from(self.end_plus_one).ok()?.checked_sub(1)?;
        arena.get(start..end)
    }
}

/// From a hash to positions in a list kept elsewhere. Eight entries share a cache line, so that one look mostly suffices.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    slots: Box<[Entry]>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    /// The half of the hash that does not say where to begin.
    tag: u32,
    /// Zero marks a free entry.
    position_plus_one: u32,
}

impl Index {
    pub(crate) fn new(hashes: impl ExactSizeIterator<Item = u64>) -> Self {
        let mut index = Self { slots: vec![Entry::default(); capacity(hashes.len())].into_boxed_slice() };
        for (position, hash) in hashes.enumerate() {
            index.put(hash, position);
        }
        index
    }

    /// Enters one more position, making the table anew from all hashes (this one's included) when it gets crowded.
    pub(crate) fn enter<H: ExactSizeIterator<Item = u64>>(
        &mut self,
        hash: u64,
        position: usize,
        all: impl FnOnce() -> H,
    ) {
        if capacity(position + 1) > self.slots.len() {
            *self = Self::new(all());
        } else {
            self.put(hash, position);
        }
    }

    fn put(&mut self, hash: u64, position: usize) {
        let mut at = home(hash, self.slots.len());
        let mask = self.slots.len() - 1;
        while let Some(entry) = self.slots.get_mut(at) {
            if entry.position_plus_one == 0 {
                // Limits keep every list far below 2^32; what is beyond would simply not be found.
                let position_plus_one = u32::try_from(position + 1).unwrap_or(0);
                *entry = Entry { tag: tag(hash), position_plus_one };
                return;
            }
            at = (at + 1) & mask;
        }
    }

    /// The first position entered under this hash, or one that agrees with it in half, that is the right one.
    #[inline]
    pub(crate) fn find(&self, hash: u64, mut is: impl FnMut(usize) -> bool) -> Option<usize> {
        let mut at = home(hash, self.slots.len().max(1));
        loop {
            let entry = self.slots.get(at)?;
            let position = usize::try_from(entry.position_plus_one).ok()?.checked_sub(1)?;
            if entry.tag == tag(hash) && is(position) {
                return Some(position);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }
}

#[inline]
fn tag(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(set: &TextSet, text: &str) -> bool {
        set.contains(&Hashed { hash: hash(text), text, release: None })
    }

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        for count in [0, 1, 2, 7, 100, 10_000] {
            let texts: Vec<String> = (0..count).map(|n| format!("user-{n}")).collect();
            let set = TextSet::new(texts.iter().map(String::as_str).chain(texts.iter().map(String::as_str)));
            assert_eq!(set.len, count);
            assert!(texts.iter().all(|text| has(&set, text)));
            assert!(!has(&set, "") && !has(&set, &format!("user-{count}")));
        }
        assert!(!has(&TextSet::default(), "a"));
        assert!(has(&TextSet::new([""]), ""));
    }

    #[test]
    fn texts_that_count_up_spread_over_a_table() {
        for (before, after) in [("user-", ""), ("", "@example.org"), ("0192f0c1-2345-7abc-8def-0123456", "")]
        {
            let set = TextSet::new(
                (0..10_000)
                    .map(|n| format!("{before}{n}{after}"))
                    .collect::<Vec<_>>()
                    .iter()
                    .map(String::as_str),
            );
            let mask = set.slots.len() - 1;
            let steps = |(at, slot): (usize, &Slot)| at.wrapping_sub(home(slot.hash, set.slots.len())) & mask;
            let taken = set.slots.iter().enumerate().filter(|(_, slot)| slot.end_plus_one > 0);
            let steps: usize = taken.map(steps).sum();
            // Of a random hash at this load (0.61) one expects 0.78 steps a text.
            assert!(steps < 10_000, "{before} {after}: {steps}");
        }
    }

    #[test]
    fn an_index_yields_all_positions_of_a_hash() {
        let index = Index::new([5, 5, 6, 5 + 8].into_iter());
        let all = |hash| {
            let mut found = Vec::new();
            assert_eq!(
                index.find(hash, |at| {
                    found.push(at);
                    false
                }),
                None
            );
            found
        };
        // Half of the hash is compared; who asks compares the rest.
        assert_eq!(all(5).into_iter().filter(|at| *at < 2).collect::<Vec<_>>(), [0, 1]);
        assert!(all(13).contains(&3));
        assert_eq!(index.find(5, |at| at == 1), Some(1));
        assert!(all(7 << 32 | 7).is_empty());
        assert_eq!(Index::default().find(7, |_| true), None);
    }
}
