//! The flags of one environment, immutable and shared: what one request takes a single look at.

use std::sync::Arc;

use crate::build::Segments;
use crate::hash::{hash, same};
use crate::key::FlagKey;
use crate::program::CompiledFlag;
use crate::table::Index;

/// Compiled flags of one environment. Immutable; cloning it is cheap, and a changed version shares what did not change.
#[derive(Clone, Debug, Default)]
pub struct FlagSet {
    /// In order of key.
    pub(crate) flags: Vec<Arc<CompiledFlag>>,
    pub(crate) index: Arc<Index>,
    pub(crate) segments: Arc<Segments>,
}

impl FlagSet {
    /// A set of flags in order of key.
    pub(crate) fn new(flags: Vec<Arc<CompiledFlag>>, segments: Segments) -> Self {
        let index = Arc::new(Index::new(flags.iter().map(|flag| flag.program.hash)));
        Self { flags, index, segments: Arc::new(segments) }
    }

    /// The flag of this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Arc<CompiledFlag>> {
        self.find(hash(key), key)
    }

    #[inline]
    pub(crate) fn find(&self, hash: u64, key: &str) -> Option<&Arc<CompiledFlag>> {
        let found = self.index.positions(hash).filter_map(|position| self.flags.get(position));
        found.into_iter().find(|flag| same(flag.key().as_str(), key))
    }

    /// Every flag, in order of key.
    pub fn flags(&self) -> impl ExactSizeIterator<Item = &Arc<CompiledFlag>> {
        self.flags.iter()
    }

    /// Every flag's key, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &FlagKey> {
        self.flags.iter().map(|flag| flag.key())
    }

    /// How many flags there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.flags.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.flags.is_empty()
    }

    /// The same set with one flag replaced or added.
    pub(crate) fn with(&self, flag: CompiledFlag) -> Self {
        let mut flags = self.flags.clone();
        match flags.binary_search_by(|have| have.key().cmp(flag.key())) {
            Ok(at) => {
                if let Some(have) = flags.get_mut(at) {
                    *have = Arc::new(flag);
                }
                // Positions stay, so the index does too.
                Self { flags, index: Arc::clone(&self.index), segments: Arc::clone(&self.segments) }
            }
            Err(at) => {
                flags.insert(at, Arc::new(flag));
                let index = Arc::new(Index::new(flags.iter().map(|flag| flag.program.hash)));
                Self { flags, index, segments: Arc::clone(&self.segments) }
            }
        }
    }

    /// The same set without a flag, which prerequisites on it then never find.
    #[must_use]
    pub fn without(&self, key: &FlagKey) -> Self {
        let flags: Vec<_> = self.flags.iter().filter(|flag| flag.key() != key).map(Arc::clone).collect();
        let index = Arc::new(Index::new(flags.iter().map(|flag| flag.program.hash)));
        Self { flags, index, segments: Arc::clone(&self.segments) }
    }
}
