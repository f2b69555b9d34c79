//! One subject against many flags: attributes are put into their slots once, and every condition then reads by position.

use crate::attributes::{Attributes, Hashed, Seen, Source};
use crate::context::TARGETING_KEY;
use crate::evaluate::Walk;
use crate::hash::hash;
use crate::memo::{Memo, TestId};
use crate::name::{NameAt, Names};
use crate::outcome::Outcome;
use crate::set::FlagSet;
use crate::trace::NoTrace;

/// A subject prepared for one set of flags; made by [`FlagSet::prepare`].
#[derive(Debug)]
pub struct Prepared<'a, 'c> {
    set: &'a FlagSet,
    key: Option<Hashed<'c>>,
    /// By place in the table of names.
    slots: Box<[Option<Seen<'c>>]>,
    /// For names that found no slot.
    rest: Attributes<'c>,
    /// What was answered already: many flags ask the same.
    memo: Memo,
}

/// Which flags are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    All,
    /// Those that tokens handed to browsers and apps may see.
    ClientVisible,
}

impl FlagSet {
    /// Looks a subject's attributes up once, for many evaluations: only those that some flag asks for are read.
    ///
    /// ```
    /// # use sapwood_eval::{Context, FlagSet, SetConfig, Which};
    /// # let config: SetConfig = serde_json::from_str(r#"{"flags": {"a": {
    /// #     "flag": {"key": "a", "type": "boolean", "variants": {"off": false, "on": true}, "salt": "s"},
    /// #     "targeting": {"on": true, "off_variant": "off", "rules": [{"id": "german", "serve": {"variant": "on"},
    /// #         "when": {"attribute": {"name": "country", "test": {"equals": "DE"}}}}], "default": {"variant": "off"}},
    /// #     "revision": 1}}, "segments": {}}"#)?;
    /// # let (flags, _) = FlagSet::compile(config, None);
    /// // Once per version: something ready for every answer that every flag can give.
    /// let ready: Vec<Vec<String>> = flags
    ///     .flags()
    ///     .map(|flag| flag.answers().iter().map(|answer| format!("{answer:?}")).collect())
    ///     .collect();
    /// // Per request: which of them.
    /// let context = Context::new("user-1").with("country", "DE")?;
    /// let body: String = flags.prepare(&context).answers(Which::All, 0).map(|(at, answer)| &*ready[at][answer]).collect();
    /// assert!(body.contains("TargetingMatch"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn prepare<'a, 'c>(&'a self, attributes: impl Into<Attributes<'c>>) -> Prepared<'a, 'c> {
        let rest = attributes.into();
        let mut slots = vec![None; self.names.slots()].into_boxed_slice();
        let mut put = |hash: u64, name: &str, seen: &dyn Fn() -> Option<Seen<'c>>| {
            let slot = self.names.find(hash, name).and_then(|at| slots.get_mut(at.index()));
            if let Some(slot) = slot {
                *slot = seen();
            }
        };
        match rest {
            Attributes::Context(context) => {
                context.each(|hash, name, seen| put(hash, name, &|| seen));
            }
            Attributes::Pairs(pairs) => {
                for (name, value) in pairs.named() {
                    put(hash(name), name, &|| value.seen());
                }
                if let Some(key) = pairs.key_given() {
                    let value = crate::Attribute::Text(key);
                    put(hash(TARGETING_KEY), TARGETING_KEY, &|| value.seen());
                }
            }
        }
        Prepared { set: self, key: rest.key(), slots, rest, memo: self.tests.room() }
    }
}

impl<'a, 'c> Prepared<'a, 'c> {
    /// What [`FlagSet::evaluate`] answers.
    #[must_use]
    pub fn evaluate(&self, key: &str, now_ms: i64) -> Outcome<'a> {
        match self.set.get(key) {
            Some(flag) => Walk::new(self.set, self, now_ms, NoTrace).flag(flag),
            None => Outcome::NotFound,
        }
    }

    /// The same for the flag at this place of [`FlagSet::flags`].
    #[must_use]
    pub fn evaluate_at(&self, place: usize, now_ms: i64) -> Outcome<'a> {
        match self.set.flags.get(place) {
            Some(flag) => Walk::new(self.set, self, now_ms, NoTrace).flag(flag),
            None => Outcome::NotFound,
        }
    }

    /// Every flag asked for, in order of key: its place in [`FlagSet::flags`], and the place of what it answers in
    /// [`crate::CompiledFlag::answers`].
    pub fn answers(
        &self,
        which: Which,
        now_ms: i64,
    ) -> impl Iterator<Item = (usize, usize)> + use<'_, 'a, 'c> {
        let set = self.set;
        let flags = set.flags.iter().enumerate();
        let asked = flags.filter(move |(_, flag)| which == Which::All || flag.program.client_visible);
        asked.map(move |(place, flag)| (place, Walk::new(set, self, now_ms, NoTrace).answer(flag)))
    }
}

impl<'c> Source<'c> for &Prepared<'_, 'c> {
    const KEEPS: bool = false;

    #[inline]
    fn key(self) -> Option<Hashed<'c>> {
        self.key
    }

    #[inline]
    fn key_text(self) -> Option<&'c str> {
        self.key.map(|key| key.text)
    }

    #[inline]
    fn recall(self, id: TestId) -> Option<bool> {
        self.memo.recall(id)
    }

    #[inline]
    fn remember(self, id: TestId, held: bool) {
        self.memo.remember(id, held);
    }

    #[inline]
    fn read(self, names: &Names, at: NameAt, into: &mut Option<Seen<'c>>) {
        match self.slots.get(at.index()) {
            Some(seen) => *into = *seen,
            None => self.rest.read(names, at, into),
        }
    }

    #[inline]
    fn look<'s>(&'s self, names: &Names, at: NameAt, room: &'s mut Option<Seen<'c>>) -> Option<&'s Seen<'c>> {
        if let Some(seen) = self.slots.get(at.index()) {
            return seen.as_ref();
        }
        self.rest.read(names, at, room);
        room.as_ref()
    }
}
