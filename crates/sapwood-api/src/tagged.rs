//! Objects that say in one field which of several things they are, read without being copied first.
//!
//! What serde derives for them keeps a copy of the whole object until it has met that field, and forgets on the way which
//! field of which item was wrong.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, MapDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

/// Something that says in one field what it is.
pub(crate) trait Tagged: Sized {
    /// The field, alone.
    const TAG: &'static [&'static str; 1];
    /// What it may say.
    const WORDS: &'static [&'static str];

    /// The other fields of the thing that `WORDS` has at this place.
    fn rest<'de, D: Deserializer<'de>>(which: usize, rest: D) -> Result<Self, D::Error>;
}

/// Reads it.
pub(crate) fn tagged<'de, T: Tagged, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_struct("", T::TAG, Object(PhantomData))
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Tagged> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [tag] = T::TAG;
        write!(f, "an object with `{tag}`")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<T, M::Error> {
        let [tag] = T::TAG;
        let mut before: Vec<(String, Value)> = Vec::new();
        while let Some(name) = map.next_key_seed(Name(tag))? {
            if let Some(name) = name {
                before.push((name, map.next_value()?));
                continue;
            }
            let which = map.next_value_seed(Word(T::WORDS))?;
            if before.is_empty() {
                return T::rest(which, MapAccessDeserializer::new(map));
            }
            // Most writers say first what it is; of the others a copy is made.
            while let Some(field) = map.next_entry()? {
                before.push(field);
            }
            let rest = MapDeserializer::<_, serde_json::Error>::new(before.into_iter());
            return T::rest(which, rest).map_err(M::Error::custom);
        }
        Err(M::Error::missing_field(tag))
    }
}

/// The name of a field; `None` for the one to choose by.
struct Name(&'static str);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<String>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<String>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }
    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok((name != self.0).then(|| name.to_owned()))
    }
}

/// One of these words, as its place among them.
struct Word(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Word {
    type Value = usize;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Word {
    type Value = usize;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "one of {}", self.0.join(", "))
    }
    fn visit_str<E: Error>(self, word: &str) -> Result<usize, E> {
        let which = self.0.iter().position(|known| *known == word);
        which.ok_or_else(|| E::unknown_variant(word, self.0))
    }
}
