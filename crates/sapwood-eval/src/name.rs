//! Attribute names as numbers: a name that conditions or units ask for has one slot per environment, so that a prepared
//! context is read by position.

use std::cell::RefCell;
use std::sync::Arc;

use crate::hash::{hash, same};
use crate::limits::NAMES_SLOTTED_MAX;
use crate::memo::{Numbered, TestId, Tests};
use crate::program::CompiledTest;
use crate::table::Index;

/// Where a name is in the table of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NameAt(u32);

impl NameAt {
    #[cfg(test)]
    pub(crate) const fn of(at: u32) -> Self {
        Self(at)
    }

    #[inline]
    pub(crate) const fn get(self) -> u32 {
        self.0
    }

    #[inline]
    pub(crate) fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// An attribute's name with its hash.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub(crate) hash: u64,
    pub(crate) text: Box<str>,
}

impl Name {
    #[inline]
    pub(crate) fn is(&self, text: &str) -> bool {
        same(&self.text, text)
    }
}

/// All names of an environment. It only grows: a flag that is not compiled again keeps the places it was given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    list: Vec<Name>,
    index: Index,
}

impl Names {
    /// How many names a prepared subject has room for; those beyond are looked up by name.
    pub(crate) fn slots(&self) -> usize {
        self.list.len().min(NAMES_SLOTTED_MAX)
    }

    #[inline]
    pub(crate) fn get(&self, at: NameAt) -> Option<&Name> {
        self.list.get(at.index())
    }

    #[inline]
    pub(crate) fn find(&self, hash: u64, text: &str) -> Option<NameAt> {
        let is = |at: usize| self.list.get(at).is_some_and(|name| name.is(text));
        self.index.find(hash, is).and_then(|at| u32::try_from(at).ok()).map(NameAt)
    }

    fn add(&mut self, hash: u64, text: &str) -> NameAt {
        let at = self.list.len();
        self.list.push(Name { hash, text: text.into() });
        self.index.enter(hash, at, || self.list.iter().map(|name| name.hash));
        // Beyond 2^32 names the last would be taken for another; memory ends long before.
        NameAt(u32::try_from(at).unwrap_or(u32::MAX))
    }
}

/// Gives out names and tests while definitions are compiled, copying what is known only once something new is asked for.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    names: RefCell<Arc<Names>>,
    tests: RefCell<Arc<Tests>>,
}

impl Interner {
    pub(crate) fn new(names: &Arc<Names>, tests: &Arc<Tests>) -> Self {
        Self { names: RefCell::new(Arc::clone(names)), tests: RefCell::new(Arc::clone(tests)) }
    }

    pub(crate) fn name(&self, text: &str) -> NameAt {
        let hash = hash(text);
        let mut names = self.names.borrow_mut();
        if let Some(known) = names.find(hash, text) {
            return known;
        }
        Arc::make_mut(&mut names).add(hash, text)
    }

    /// The same test, in one piece of memory for all who ask it.
    pub(crate) fn test(&self, test: CompiledTest) -> Arc<Numbered> {
        let digest = test.digest();
        let mut tests = self.tests.borrow_mut();
        if let Some(known) = tests.find(digest, &test) {
            return known;
        }
        Arc::make_mut(&mut tests).add(digest, test)
    }

    /// A number for something else that is answered once.
    pub(crate) fn number(&self) -> TestId {
        Arc::make_mut(&mut self.tests.borrow_mut()).number()
    }

    pub(crate) fn into_known(self) -> (Arc<Names>, Arc<Tests>) {
        (self.names.into_inner(), self.tests.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{Bloom, OneOf};
    use crate::table::TextSet;

    #[test]
    fn a_name_keeps_its_place_and_slots_have_an_end() {
        let interner = Interner::default();
        let first = interner.name("country");
        for n in 0..NAMES_SLOTTED_MAX + 10 {
            assert_eq!(interner.name(&format!("attribute-{n}")).index(), n + 1);
        }
        assert_eq!((first.index(), interner.name("country")), (0, first));
        let (names, tests) = interner.into_known();
        assert_eq!(names.slots(), NAMES_SLOTTED_MAX);
        let place = |text| names.find(hash(text), text).map(NameAt::index);
        assert_eq!(place("attribute-7"), Some(8));
        assert_eq!(place("none"), None);
        // Whoever took the table before is not disturbed by what is added later.
        let later = Interner::new(&names, &tests);
        later.name("country");
        assert!(Arc::ptr_eq(&names, &later.into_known().0));
    }

    #[test]
    fn equal_tests_are_one() {
        let interner = Interner::default();
        let test = |name, texts: &[&str], yes| {
            let list = OneOf { texts: TextSet::new(texts.iter().copied()), yes, ..OneOf::default() };
            interner.test(CompiledTest::OneOf(NameAt::of(name), Bloom::default(), Box::new(list)))
        };
        let first = test(0, &["a", "b"], false);
        assert!(Arc::ptr_eq(&first, &test(0, &["a", "b"], false)));
        assert!(!Arc::ptr_eq(&first, &test(0, &["a", "b"], true)));
        assert!(!Arc::ptr_eq(&first, &test(0, &["a"], false)));
        assert!(!Arc::ptr_eq(&first, &test(1, &["a", "b"], false)));
        // A later version of the environment knows them too, flag by flag as they are published.
        let (names, tests) = interner.into_known();
        let later = Interner::new(&names, &tests);
        let list = OneOf { texts: TextSet::new(["a", "b"]), ..OneOf::default() };
        let again = later.test(CompiledTest::OneOf(NameAt::of(0), Bloom::default(), Box::new(list)));
        assert!(Arc::ptr_eq(&first, &again) && Arc::ptr_eq(&tests, &later.into_known().1));
    }
}
