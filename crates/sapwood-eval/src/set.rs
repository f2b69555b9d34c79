//! The flags of one environment, immutable and shared: what one request takes a single look at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::build::Segments;
use crate::hash::{hash, same};
use crate::key::FlagKey;
use crate::memo::Tests;
use crate::name::Names;
use crate::program::CompiledFlag;
use crate::table::Index;

/// Compiled flags of one environment. Immutable; cloning it is cheap, and a changed version shares what did not change.
#[derive(Clone, Debug, Default)]
pub struct FlagSet {
    /// In order of key.
    pub(crate) flags: Vec<Arc<CompiledFlag>>,
    pub(crate) index: Arc<Index>,
    pub(crate) segments: Arc<Segments>,
    pub(crate) names: Arc<Names>,
    pub(crate) tests: Arc<Tests>,
    /// Instants at which some flag turns, in order.
    moments: Arc<[i64]>,
}

impl FlagSet {
    /// A set of flags in order of key.
    pub(crate) fn new(
        flags: Vec<Arc<CompiledFlag>>,
        segments: Segments,
        (names, tests): (Arc<Names>, Arc<Tests>),
    ) -> Self {
        let index = Arc::new(Index::new(flags.iter().map(|flag| flag.program.hash)));
        let moments = moments(&flags);
        Self { flags, index, segments: Arc::new(segments), names, tests, moments }
    }

    /// The next instant after this one at which a condition on the time turns, so that some flag may answer otherwise
    /// without anybody having changed it; nothing if none ever will. Both in milliseconds since
    /// 1970-01-01T00:00:00Z.
    ///
    /// Whoever keeps answers must ask again then.
    #[must_use]
    pub fn next_boundary(&self, now_ms: i64) -> Option<i64> {
        self.moments.get(self.moments.partition_point(|moment| *moment <= now_ms)).copied()
    }

    /// The last instant up to this one at which a condition on the time turned; nothing if none has yet. Both in
    /// milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn last_boundary(&self, now_ms: i64) -> Option<i64> {
        let past = self.moments.partition_point(|moment| *moment <= now_ms);
        self.moments.get(past.checked_sub(1)?).copied()
    }

    /// The flags that may answer otherwise because the time went from the first instant to the second, in order of key:
    /// those with a condition on the time that turned in between, and those that ask such a flag.
    #[must_use]
    pub fn turned(&self, after_ms: i64, until_ms: i64) -> Vec<&Arc<CompiledFlag>> {
        let within = |moment: &i64| *moment > after_ms && *moment <= until_ms;
        // Most spans turn nothing, which is known without a look at the flags.
        if !self.moments.iter().any(within) {
            return Vec::new();
        }
        let turns = |flag: &&Arc<CompiledFlag>| flag.program.rest.moments.iter().any(within);
        let mut turned: BTreeMap<&FlagKey, &Arc<CompiledFlag>> =
            self.flags.iter().filter(turns).map(|flag| (flag.key(), flag)).collect();
        loop {
            let before = turned.len();
            for flag in &self.flags {
                if flag.program.rest.asks.iter().any(|asked| turned.contains_key(asked)) {
                    turned.insert(flag.key(), flag);
                }
            }
            if turned.len() == before {
                return turned.into_values().collect();
            }
        }
    }

    /// The flag of this key.
    #[must_use]
    #[inline]
    pub fn get(&self, key: &str) -> Option<&Arc<CompiledFlag>> {
        self.find(hash(key), key)
    }

    #[inline]
    pub(crate) fn find(&self, hash: u64, key: &str) -> Option<&Arc<CompiledFlag>> {
        let is = |at: usize| self.flags.get(at).is_some_and(|flag| same(flag.key().as_str(), key));
        self.flags.get(self.index.find(hash, is)?)
    }

    /// Where the flag of this key is among [`FlagSet::flags`], for whoever keeps something ready per flag.
    #[must_use]
    pub fn position(&self, key: &str) -> Option<usize> {
        let is = |at: usize| self.flags.get(at).is_some_and(|flag| same(flag.key().as_str(), key));
        self.index.find(hash(key), is)
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
    pub(crate) fn with(&self, flag: CompiledFlag, (names, tests): (Arc<Names>, Arc<Tests>)) -> Self {
        let mut next = Self { names, tests, ..self.clone() };
        let mut turns = !flag.program.rest.moments.is_empty();
        match next.flags.binary_search_by(|have| have.key().cmp(flag.key())) {
            Ok(at) => {
                if let Some(have) = next.flags.get_mut(at) {
                    turns |= !have.program.rest.moments.is_empty();
                    *have = Arc::new(flag);
                }
                // Positions stay, so the index does too.
            }
            Err(at) => {
                next.flags.insert(at, Arc::new(flag));
                next.index = Arc::new(Index::new(next.flags.iter().map(|flag| flag.program.hash)));
            }
        }
        if turns {
            next.moments = moments(&next.flags);
        }
        next
    }

    /// The same set without a flag, which prerequisites on it then never find.
    #[must_use]
    pub fn without(&self, key: &FlagKey) -> Self {
        let flags: Vec<_> = self.flags.iter().filter(|flag| flag.key() != key).map(Arc::clone).collect();
        let index = Arc::new(Index::new(flags.iter().map(|flag| flag.program.hash)));
        let moments = moments(&flags);
        Self { flags, index, moments, ..self.clone() }
    }
}

fn moments(flags: &[Arc<CompiledFlag>]) -> Arc<[i64]> {
    let all: BTreeSet<i64> =
        flags.iter().flat_map(|flag| flag.program.rest.moments.iter().copied()).collect();
    all.into_iter().collect()
}
