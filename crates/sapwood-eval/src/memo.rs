//! Tests that many rules have in common: one piece of memory and one number for all of them, and, for a subject that is
//! asked about many flags, one answer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use crate::limits::ANSWERS_REMEMBERED_MAX;
use crate::program::CompiledTest;

/// What an answer is remembered by. Within one environment a number is given once and never again, so that no answer is
/// ever taken for another's, whatever was published in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TestId(u32);

impl TestId {
    /// For what is never remembered.
    pub(crate) const NONE: Self = Self(0);
    /// One bit of what is remembered is the answer.
    const MAX: u32 = u32::MAX >> 1;

    #[inline]
    fn place(self, places: usize) -> usize {
        usize::try_from(self.0).unwrap_or(0) & places.wrapping_sub(1)
    }
}

/// A test with its number.
#[derive(Debug)]
pub(crate) struct Numbered {
    pub(crate) id: TestId,
    pub(crate) test: CompiledTest,
}

/// All tests of an environment, each once. A changed set shares what it does not add to.
#[derive(Clone, Debug)]
pub(crate) struct Tests {
    /// By a few bits of the digest, so that adding one copies a part only.
    shards: Vec<Arc<Shard>>,
    given: u32,
}

/// Tests by digest. Who uses a test keeps it; those that nobody uses any more are dropped when others come.
type Shard = BTreeMap<u64, Vec<Weak<Numbered>>>;

const SHARDS: usize = 64;

impl Default for Tests {
    fn default() -> Self {
        Self { shards: vec![Arc::default(); SHARDS], given: 0 }
    }
}

impl Tests {
    /// The next number; once they have run out, one for what is not remembered.
    pub(crate) fn number(&mut self) -> TestId {
        if self.given == TestId::MAX {
            return TestId::NONE;
        }
        self.given += 1;
        TestId(self.given)
    }

    /// Whoever has this test already shares it.
    pub(crate) fn find(&self, digest: u64, test: &CompiledTest) -> Option<Arc<Numbered>> {
        let alike = self.shards.get(shard(digest))?.get(&digest)?;
        alike.iter().filter_map(Weak::upgrade).find(|known| known.test == *test)
    }

    pub(crate) fn add(&mut self, digest: u64, test: CompiledTest) -> Arc<Numbered> {
        let numbered = Arc::new(Numbered { id: self.number(), test });
        if let Some(shard) = self.shards.get_mut(shard(digest)) {
            if Arc::get_mut(shard).is_none() {
                // Copied anyway, so this is when to look for those that are gone.
                *shard = Arc::new(in_use(shard));
            }
            let shard = Arc::make_mut(shard);
            shard.entry(digest).or_default().push(Arc::downgrade(&numbered));
        }
        numbered
    }

    /// Room for the answers of one subject.
    pub(crate) fn room(&self) -> Memo {
        let given = usize::try_from(self.given).unwrap_or(usize::MAX);
        // Numbers follow one another, so with room for all of them each has a place of its own.
        let places = given.saturating_add(1).min(ANSWERS_REMEMBERED_MAX).next_power_of_two();
        Memo((0..places).map(|_| AtomicU32::new(0)).collect())
    }
}

fn shard(digest: u64) -> usize {
    usize::try_from(digest >> 58).unwrap_or(0)
}

fn in_use(shard: &Shard) -> Shard {
    let used = shard.iter().map(|(digest, alike)| {
        let alike: Vec<_> = alike.iter().filter(|test| test.strong_count() > 0).map(Weak::clone).collect();
        (*digest, alike)
    });
    used.filter(|(_, alike)| !alike.is_empty()).collect()
}

/// What one subject has answered so far. A place holds the last answer that fell on it; it is written whole and says whose
/// it is, so threads that share a subject at worst ask twice.
#[derive(Debug)]
pub(crate) struct Memo(Box<[AtomicU32]>);

impl Memo {
    #[inline]
    pub(crate) fn recall(&self, id: TestId) -> Option<bool> {
        let known = self.0.get(id.place(self.0.len()))?.load(Ordering::Relaxed);
        (known >> 1 == id.0 && id != TestId::NONE).then_some(known & 1 == 1)
    }

    #[inline]
    pub(crate) fn remember(&self, id: TestId, held: bool) {
        if let Some(place) = self.0.get(id.place(self.0.len())) {
            place.store(id.0 << 1 | u32::from(held), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::NameAt;

    fn test(wanted: bool) -> CompiledTest {
        CompiledTest::Boolean(NameAt::of(1), wanted)
    }

    #[test]
    fn a_test_is_shared_while_somebody_has_it() {
        let mut tests = Tests::default();
        assert!(tests.find(7, &test(true)).is_none());
        let first = tests.add(7, test(true));
        let second = tests.add(7, test(false));
        assert_ne!(first.id, second.id);
        assert!(tests.find(7, &test(true)).is_some_and(|found| Arc::ptr_eq(&found, &first)));
        assert!(tests.find(8, &test(true)).is_none());
        drop(first);
        assert!(tests.find(7, &test(true)).is_none());
        // Whoever took the table before is not disturbed, and what is gone is not carried along.
        let before = tests.clone();
        let third = tests.add(7, test(true));
        assert!(before.find(7, &test(true)).is_none());
        assert_eq!(tests.shards[0][&7].len(), 2);
        assert!(third.id != second.id && tests.find(7, &test(false)).is_some());
    }

    #[test]
    fn an_answer_is_never_taken_for_anothers() {
        let mut tests = Tests { given: 5, ..Tests::default() };
        let memo = tests.room();
        let ids: Vec<TestId> = (0..100).map(|_| tests.number()).collect();
        for (at, id) in ids.iter().enumerate() {
            assert_eq!(memo.recall(*id), None);
            memo.remember(*id, at % 3 == 0);
            assert_eq!(memo.recall(*id), Some(at % 3 == 0));
        }
        assert_eq!(ids.iter().filter(|id| memo.recall(**id).is_some()).count(), memo.0.len());
    }

    #[test]
    fn room_and_numbers_have_an_end() {
        let mut tests = Tests { given: TestId::MAX - 1, ..Tests::default() };
        assert_eq!(tests.room().0.len(), ANSWERS_REMEMBERED_MAX);
        assert_eq!(Tests::default().room().0.len(), 1);
        let last = tests.number();
        let memo = tests.room();
        memo.remember(last, true);
        assert_eq!((last.0, memo.recall(last)), (TestId::MAX, Some(true)));
        assert_eq!(tests.number(), TestId::NONE);
        memo.remember(TestId::NONE, true);
        assert_eq!(memo.recall(TestId::NONE), None);
    }
}
