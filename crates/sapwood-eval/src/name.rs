//! Attribute names as numbers: a name that conditions or units ask for has one slot per environment, so that a prepared
//! context is read by position.

use std::cell::RefCell;
use std::sync::Arc;

use crate::hash::{hash, same};
use crate::limits::NAMES_SLOTTED_MAX;
use crate::table::Index;

/// An attribute's name with its hash and its slot.
#[derive(Debug)]
pub(crate) struct Name {
    pub(crate) hash: u64,
    pub(crate) text: Box<str>,
    /// Place in the table of names; beyond every table for a name that found no room.
    pub(crate) slot: usize,
}

impl Name {
    #[inline]
    pub(crate) fn is(&self, text: &str) -> bool {
        same(&self.text, text)
    }
}

/// All names of an environment. It only grows: a flag that is not compiled again keeps the slots it was given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    list: Vec<Arc<Name>>,
    index: Index,
}

impl Names {
    pub(crate) const fn len(&self) -> usize {
        self.list.len()
    }

    #[inline]
    pub(crate) fn find(&self, hash: u64, text: &str) -> Option<&Arc<Name>> {
        self.index.positions(hash).filter_map(|at| self.list.get(at)).find(|name| name.is(text))
    }

    fn add(&mut self, hash: u64, text: &str) -> Arc<Name> {
        let slot = self.list.len();
        if slot >= NAMES_SLOTTED_MAX {
            return Arc::new(Name { hash, text: text.into(), slot: usize::MAX });
        }
        let name = Arc::new(Name { hash, text: text.into(), slot });
        self.list.push(Arc::clone(&name));
        self.index.enter(hash, slot, || self.list.iter().map(|name| name.hash));
        name
    }
}

/// Gives out names while definitions are compiled, copying the table only once something new is asked for.
#[derive(Debug, Default)]
pub(crate) struct Interner(RefCell<Arc<Names>>);

impl Interner {
    pub(crate) fn new(names: &Arc<Names>) -> Self {
        Self(RefCell::new(Arc::clone(names)))
    }

    pub(crate) fn name(&self, text: &str) -> Arc<Name> {
        let hash = hash(text);
        let mut names = self.0.borrow_mut();
        if let Some(known) = names.find(hash, text) {
            return Arc::clone(known);
        }
        Arc::make_mut(&mut names).add(hash, text)
    }

    pub(crate) fn into_names(self) -> Arc<Names> {
        self.0.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_slot_and_the_table_has_an_end() {
        let interner = Interner::default();
        let first = interner.name("country");
        for n in 0..NAMES_SLOTTED_MAX + 10 {
            let name = interner.name(&format!("attribute-{n}"));
            let expected = if n + 1 < NAMES_SLOTTED_MAX { n + 1 } else { usize::MAX };
            assert_eq!(name.slot, expected);
        }
        assert_eq!((first.slot, interner.name("country").slot), (0, 0));
        let names = interner.into_names();
        assert_eq!(names.len(), NAMES_SLOTTED_MAX);
        assert_eq!(names.find(hash("attribute-7"), "attribute-7").map(|name| name.slot), Some(8));
        assert!(names.find(hash("none"), "none").is_none());
        // Whoever took the table before is not disturbed by what is added later.
        let later = Interner::new(&names);
        later.name("country");
        assert!(Arc::ptr_eq(&names, &later.into_names()));
    }
}
