//! Where evaluation reads a subject's attributes from: a context, or the pairs an application holds.

use crate::context::{Context, List, TARGETING_KEY};
use crate::hash::{hash, same};
use crate::limits::{CONTEXT_TEXT_BYTES_MAX, CONTEXT_VALUES_MAX};
use crate::memo::TestId;
use crate::name::{NameAt, Names};
use crate::program::Operand;
use crate::value::Finite;
use crate::version::Release;

use serde_json::Value as Json;

/// A text with its hash, computed once so that each table costs a probe.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hashed<'c> {
    pub(crate) hash: u64,
    pub(crate) text: &'c str,
    /// If it is a plain version; found out once, since many rules may ask.
    pub(crate) release: Option<Release>,
}

impl<'c> Hashed<'c> {
    #[inline]
    pub(crate) fn new(text: &'c str) -> Self {
        Self { hash: hash(text), text, release: Release::read(text) }
    }
}

/// An attribute's value, as conditions see it. Each asks for the one type it understands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Seen<'c> {
    Boolean(bool),
    Number(f64),
    Text(Hashed<'c>),
    List(Items<'c>),
    /// There, and nothing that a condition could look into.
    Object(Option<&'c serde_json::Map<String, Json>>),
}

/// A list, from wherever it comes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Items<'c> {
    Stored(&'c List),
    Raw(&'c [Attribute<'c>]),
}

impl Items<'_> {
    /// Whether a text is one of the elements.
    pub(crate) fn has(self, wanted: &Operand) -> bool {
        match self {
            Self::Stored(list) => list.texts().any(|item| wanted.is(&item)),
            Self::Raw(items) => items.iter().any(|item| match item {
                Attribute::Text(text) => same(text, &wanted.text),
                Attribute::Boolean(_) | Attribute::Number(_) | Attribute::List(_) | Attribute::Object => {
                    false
                }
            }),
        }
    }
}

impl<'c> Seen<'c> {
    #[inline]
    pub(crate) const fn text(&self) -> Option<&Hashed<'c>> {
        match self {
            Self::Text(text) => Some(text),
            Self::Boolean(_) | Self::Number(_) | Self::List(_) | Self::Object(_) => None,
        }
    }

    #[inline]
    pub(crate) const fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Boolean(_) | Self::Text(_) | Self::List(_) | Self::Object(_) => None,
        }
    }

    #[inline]
    pub(crate) const fn boolean(&self) -> Option<bool> {
        match self {
            Self::Boolean(boolean) => Some(*boolean),
            Self::Number(_) | Self::Text(_) | Self::List(_) | Self::Object(_) => None,
        }
    }

    #[inline]
    pub(crate) const fn list(&self) -> Option<Items<'c>> {
        match self {
            Self::List(items) => Some(*items),
            Self::Boolean(_) | Self::Number(_) | Self::Text(_) | Self::Object(_) => None,
        }
    }

    pub(crate) fn to_json(self) -> Json {
        match self {
            Self::Boolean(boolean) => Json::Bool(boolean),
            // Written back the way it is usually sent: whole numbers without a fraction.
            Self::Number(number) => {
                Finite::new(number).and_then(|number| serde_json::to_value(number).ok()).unwrap_or(Json::Null)
            }
            Self::Text(text) => Json::String(text.text.to_owned()),
            Self::List(Items::Stored(list)) => list.to_json(),
            Self::List(Items::Raw(items)) => {
                items.iter().map(|item| item.seen().map_or(Json::Null, Seen::to_json)).collect()
            }
            Self::Object(object) => Json::Object(object.cloned().unwrap_or_default()),
        }
    }
}

/// An attribute as an application holds it; see [`Pairs`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Attribute<'c> {
    /// `true` or `false`.
    Boolean(bool),
    /// A number; one that is infinite or NaN counts as absent.
    Number(f64),
    /// Text; more than 4 096 bytes of it count as absent, as a [`Context`] would refuse them.
    Text(&'c str),
    /// A list, which can be searched for texts; more than 2 000 elements count as absent.
    List(&'c [Attribute<'c>]),
    /// Something that is there and that no condition looks into.
    Object,
}

impl<'c> Attribute<'c> {
    pub(crate) fn seen(&self) -> Option<Seen<'c>> {
        let mut seen = None;
        self.read(&mut seen);
        seen
    }

    /// Puts what conditions see where it will be looked at, if there is anything. (Handing it back would copy it in pieces
    /// that are read as a whole, for which the processor waits.)
    #[inline]
    fn read(&self, into: &mut Option<Seen<'c>>) {
        match *self {
            Self::Boolean(boolean) => *into = Some(Seen::Boolean(boolean)),
            Self::Number(number) if number.is_finite() => *into = Some(Seen::Number(number)),
            Self::Text(text) if text.len() <= CONTEXT_TEXT_BYTES_MAX => {
                *into = Some(Seen::Text(Hashed::new(text)));
            }
            Self::List(items) if items.len() < CONTEXT_VALUES_MAX => {
                *into = Some(Seen::List(Items::Raw(items)));
            }
            Self::Number(_) | Self::Text(_) | Self::List(_) => {}
            Self::Object => *into = Some(Seen::Object(None)),
        }
    }
}

impl<'c> From<&'c str> for Attribute<'c> {
    fn from(text: &'c str) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Attribute<'_> {
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}

impl From<f64> for Attribute<'_> {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<i32> for Attribute<'_> {
    fn from(integer: i32) -> Self {
        Self::Number(f64::from(integer))
    }
}

/// A subject as an application already holds it: a targeting key and pairs of names and values, borrowed. Nothing is
/// hashed, checked or copied before a flag asks for it, so that one evaluation costs no preparation.
///
/// It means what a [`Context`] of the same attributes means: of two values for one name the last counts, and what a
/// context would refuse (see [`Attribute`]) is absent. A targeting key given apart counts before one among the pairs.
///
/// ```
/// # use sapwood_eval::{FlagSet, SetConfig};
/// use sapwood_eval::Pairs;
/// # let config: SetConfig = serde_json::from_str(r#"{"flags": {"a": {
/// #     "flag": {"key": "a", "type": "boolean", "variants": {"off": false, "on": true}, "salt": "s"},
/// #     "targeting": {"on": true, "off_variant": "off", "rules": [{"id": "german", "serve": {"variant": "on"},
/// #         "when": {"attribute": {"name": "country", "test": {"equals": "DE"}}}}], "default": {"variant": "off"}},
/// #     "revision": 1}}, "segments": {}}"#)?;
/// # let (flags, _) = FlagSet::compile(config, None);
/// let held = [("country", "DE".into()), ("age", 37.into())];
/// let outcome = flags.evaluate("a", Pairs::new(Some("user-1"), &held), 0);
/// assert_eq!(outcome.found().expect("the flag exists").variant().as_str(), "on");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Pairs<'c> {
    key: Option<&'c str>,
    pairs: &'c [(&'c str, Attribute<'c>)],
}

impl<'c> Pairs<'c> {
    /// These pairs, and the targeting key if it is held apart.
    #[must_use]
    pub const fn new(targeting_key: Option<&'c str>, pairs: &'c [(&'c str, Attribute<'c>)]) -> Self {
        Self { key: targeting_key, pairs }
    }

    #[inline]
    fn find_named(&self, name: &str) -> Option<&'c Attribute<'c>> {
        self.pairs.iter().rev().find(|(found, _)| same(found, name)).map(|(_, value)| value)
    }

    pub(crate) fn named(&self) -> impl Iterator<Item = (&'c str, Attribute<'c>)> + use<'c> {
        self.pairs.iter().copied()
    }

    pub(crate) const fn key_given(&self) -> Option<&'c str> {
        self.key
    }
}

/// The attributes of a subject, in whichever form they are at hand.
#[derive(Clone, Copy, Debug)]
pub enum Attributes<'c> {
    /// Checked and hashed, as read from a request.
    Context(&'c Context),
    /// As an application holds them.
    Pairs(Pairs<'c>),
}

impl<'c> From<&'c Context> for Attributes<'c> {
    fn from(context: &'c Context) -> Self {
        Self::Context(context)
    }
}

impl<'c> From<Pairs<'c>> for Attributes<'c> {
    fn from(pairs: Pairs<'c>) -> Self {
        Self::Pairs(pairs)
    }
}

/// What one walk reads attributes from.
pub(crate) trait Source<'c>: Copy {
    /// Whether looking an attribute up costs enough to keep what was found for the next condition.
    const KEEPS: bool;
    /// The targeting key, if it is a non-empty text.
    fn key(self) -> Option<Hashed<'c>>;
    /// The same as text, for whoever needs no hash.
    fn key_text(self) -> Option<&'c str>;
    /// What this subject answered to the test or segment of this number, if that is remembered.
    #[inline]
    fn recall(self, _: TestId) -> Option<bool> {
        None
    }
    /// Remembers it, if it is a subject that many flags are asked about.
    #[inline]
    fn remember(self, _: TestId, _held: bool) {}
    /// Puts the attribute of this name, from the environment's table of names, into a place that is empty.
    fn read(self, names: &Names, at: NameAt, into: &mut Option<Seen<'c>>);
    /// The same handed back.
    #[inline]
    fn find(self, names: &Names, at: NameAt) -> Option<Seen<'c>> {
        let mut found = None;
        self.read(names, at, &mut found);
        found
    }
    /// The same looked at where it is kept, or in the empty room given.
    #[inline]
    fn look<'s>(&'s self, names: &Names, at: NameAt, room: &'s mut Option<Seen<'c>>) -> Option<&'s Seen<'c>> {
        self.read(names, at, room);
        room.as_ref()
    }
}

impl<'c> Source<'c> for &'c Context {
    const KEEPS: bool = true;

    #[inline]
    fn key(self) -> Option<Hashed<'c>> {
        self.key_hashed()
    }

    #[inline]
    fn key_text(self) -> Option<&'c str> {
        self.targeting_key()
    }

    #[inline]
    fn read(self, names: &Names, at: NameAt, into: &mut Option<Seen<'c>>) {
        if let Some(name) = names.get(at) {
            self.read_named(name.hash, &name.text, into);
        }
    }
}

impl<'c> Source<'c> for Pairs<'c> {
    const KEEPS: bool = true;

    #[inline]
    fn key(self) -> Option<Hashed<'c>> {
        self.key_text().map(Hashed::new)
    }

    #[inline]
    fn key_text(self) -> Option<&'c str> {
        let text = match self.key {
            Some(key) if key.len() <= CONTEXT_TEXT_BYTES_MAX => key,
            Some(_) => return None,
            None => match self.find_named(TARGETING_KEY)? {
                Attribute::Text(text) if text.len() <= CONTEXT_TEXT_BYTES_MAX => text,
                Attribute::Text(_)
                | Attribute::Boolean(_)
                | Attribute::Number(_)
                | Attribute::List(_)
                | Attribute::Object => return None,
            },
        };
        Some(text).filter(|text| !text.is_empty())
    }

    #[inline]
    fn read(self, names: &Names, at: NameAt, into: &mut Option<Seen<'c>>) {
        let Some(name) = names.get(at) else { return };
        match self.key {
            Some(key) if name.is(TARGETING_KEY) => Attribute::Text(key).read(into),
            Some(_) | None => {
                if let Some(value) = self.find_named(&name.text) {
                    value.read(into);
                }
            }
        }
    }
}

impl<'c> Source<'c> for Attributes<'c> {
    const KEEPS: bool = true;

    fn key(self) -> Option<Hashed<'c>> {
        match self {
            Self::Context(context) => context.key(),
            Self::Pairs(pairs) => pairs.key(),
        }
    }

    fn key_text(self) -> Option<&'c str> {
        match self {
            Self::Context(context) => context.key_text(),
            Self::Pairs(pairs) => pairs.key_text(),
        }
    }

    fn read(self, names: &Names, at: NameAt, into: &mut Option<Seen<'c>>) {
        match self {
            Self::Context(context) => context.read(names, at, into),
            Self::Pairs(pairs) => pairs.read(names, at, into),
        }
    }
}
