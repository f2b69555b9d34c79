//! Hash tables of the compiled form: built once on publish, probed without allocation, the same for the same input.
//!
//! (`HashMap` is banned here for its random seed; these tables are only probed, never iterated.)

use crate::attributes::Hashed;
use crate::hash::{hash, same};

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
#[derive(Clone, Debug, Default)]
pub(crate) struct TextSet {
    arena: Box<str>,
    slots: Box<[Slot]>,
    len: usize,
}

#[derive(Clone, Copy, Debug, Default)]
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
        let mut arena = String::with_capacity(texts.iter().map(|text| text.len()).sum());
        for text in texts {
            set.insert(text, &mut arena);
        }
        set.arena = arena.into_boxed_str();
        set
    }

    fn insert(&mut self, text: &str, arena: &mut String) {
        let hash = hash(text);
        let capacity = self.slots.len();
        let mut at = home(hash, capacity);
        while let Some(slot) = self.slots.get_mut(at) {
            if slot.end_plus_one == 0 {
                let start = arena.len();
                arena.push_str(text);
                // Limits keep every list far below 4 GiB; a text beyond would simply not be found.
                if let (Ok(start), Ok(end_plus_one)) = (u32::try_from(start), u32::try_from(arena.len() + 1))
                {
                    *slot = Slot { hash, start, end_plus_one };
                    self.len += 1;
                }
                return;
            }
            if slot.hash == hash && slot.text(arena) == Some(text) {
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
        slots.into_iter().filter_map(|slot| slot.text(&self.arena))
    }

    #[inline]
    pub(crate) fn contains(&self, wanted: &Hashed<'_>) -> bool {
        let mut at = home(wanted.hash, self.slots.len().max(1));
        while let Some(slot) = self.slots.get(at) {
            if slot.end_plus_one == 0 {
                return false;
            }
            if slot.hash == wanted.hash && slot.text(&self.arena).is_some_and(|text| same(text, wanted.text))
            {
                return true;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        false
    }
}

impl Slot {
    #[inline]
    fn text<'a>(&self, arena: &'a str) -> Option<&'a str> {
        let start = usize::try_from(self.start).ok()?;
        let end = usize::try_from(self.end_plus_one).ok()?.checked_sub(1)?;
        arena.get(start..end)
    }
}

/// From a hash to positions in a list kept elsewhere.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    slots: Box<[Option<(u64, u32)>]>,
}

impl Index {
    pub(crate) fn new(hashes: impl ExactSizeIterator<Item = u64>) -> Self {
        let capacity = capacity(hashes.len());
        let mut slots = vec![None; capacity].into_boxed_slice();
        for (position, hash) in hashes.enumerate() {
            let mut at = home(hash, capacity);
            while let Some(slot) = slots.get_mut(at) {
                if slot.is_none() {
                    *slot = u32::try_from(position).ok().map(|position| (hash, position));
                    break;
                }
                at = (at + 1) & (capacity - 1);
            }
        }
        Self { slots }
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
            return;
        }
        let mut at = home(hash, self.slots.len());
        while let Some(slot) = self.slots.get_mut(at) {
            if slot.is_none() {
                *slot = u32::try_from(position).ok().map(|position| (hash, position));
                return;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// Every position entered under this hash.
    #[inline]
    pub(crate) fn positions(&self, wanted: u64) -> impl Iterator<Item = usize> + '_ {
        let mut at = home(wanted, self.slots.len().max(1));
        std::iter::from_fn(move || {
            loop {
                let (hash, position) = (*self.slots.get(at)?)?;
                at = (at + 1) & (self.slots.len() - 1);
                if hash == wanted {
                    return usize::try_from(position).ok();
                }
            }
        })
    }
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
    fn an_index_yields_all_positions_of_a_hash() {
        let index = Index::new([5, 5, 6, 5 + 8].into_iter());
        assert_eq!(index.positions(5).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(index.positions(13).collect::<Vec<_>>(), [3]);
        assert_eq!(index.positions(7).count(), 0);
        assert_eq!(Index::default().positions(7).count(), 0);
    }
}
