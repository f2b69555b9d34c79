//! From a value to whatever serde can derive, refused in our words.
//!
//! Derived readers say what they would have liked in the words of their language, and not where. This one looks at the value
//! before it hands it over, so that it can say both itself; what only the reader can know (which fields there are, which
//! words), it hears from the reader's error.

use std::fmt::Display;

use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

use crate::echo::cut;
use crate::fault::Fault;
use crate::said::{did_you_mean, listed};
use crate::spot::Spot;

/// The value at a place as something else.
///
/// An object is read from an object and never from a list of its fields in order. The fields that a reader names are shown
/// to it first and in its order, so that one which asks for a single field to choose by meets that one at once.
///
/// # Errors
/// What stands somewhere and should not, a field that is missing or that nobody knows, and whatever else the reader refuses.
pub fn shape<T: for<'de> Deserialize<'de>>(spot: Spot<'_>) -> Result<T, Fault> {
    T::deserialize(Here(spot)).map_err(|lost| lost.fault(&spot))
}

/// A refusal on its way out, which learns its place from the innermost value it leaves.
#[derive(Debug)]
enum Lost {
    /// It has it.
    Placed(Fault),
    /// All there is to say.
    Said(String),
    /// What should stand there.
    Wanted(String),
    /// A field that is not there.
    Missing(&'static str),
    /// A field that nobody knows.
    Unknown(String, &'static [&'static str]),
}

impl Lost {
    fn fault(self, spot: &Spot<'_>) -> Fault {
        match self {
            Self::Placed(fault) => fault,
            Self::Said(message) => spot.refuse(message),
            Self::Wanted(what) => spot.is_not(&what),
            Self::Missing(name) => {
                spot.refuse(format!("{} needs `{name}`, which is missing; add it", spot.name()))
            }
            Self::Unknown(name, known) => spot.refuse(no_field(spot, &name, known)),
        }
    }

    fn at(self, spot: &Spot<'_>) -> Self {
        Self::Placed(self.fault(spot))
    }
}

fn no_field(around: &Spot<'_>, name: &str, known: &[&'static str]) -> String {
    let takes =
        if known.is_empty() { "it takes none".to_owned() } else { format!("it takes {}", listed(known)) };
    format!("{} has no field `{}`; {}{takes}", around.name(), cut(name), did_you_mean(name, known, &[]))
}

impl Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Placed(fault) => fault.fmt(f),
            Self::Said(said) | Self::Wanted(said) | Self::Unknown(said, _) => f.write_str(said),
            Self::Missing(name) => f.write_str(name),
        }
    }
}

impl std::error::Error for Lost {}

impl Error for Lost {
    fn custom<T: Display>(message: T) -> Self {
        Self::Said(message.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::Wanted(wanted.to_string())
    }

    fn invalid_value(_: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::Wanted(wanted.to_string())
    }

    fn invalid_length(_: usize, wanted: &dyn Expected) -> Self {
        Self::Wanted(wanted.to_string())
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        let hint = did_you_mean(word, known, &[]);
        Self::Said(format!("`{}` is not one of the words; {hint}write one of {}", cut(word), listed(known)))
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        Self::Unknown(name.to_owned(), known)
    }

    fn missing_field(name: &'static str) -> Self {
        Self::Missing(name)
    }
}

/// Whole numbers of a width: what does not fit is refused with the range.
macro_rules! whole_numbers {
    ($($method:ident $visit:ident $as:ident $number:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Lost> {
            let number = self.0.json().$as().and_then(|number| $number::try_from(number).ok());
            match number {
                Some(number) => visitor.$visit(number).map_err(|lost: Lost| lost.at(&self.0)),
                None => Err(Lost::wanted(&self.0, &range($number::MIN.into(), $number::MAX.into()))),
            }
        }
    )*};
}

/// `a whole number from 0 to 4294967295`; of the widest only the end that people meet.
fn range(least: i128, most: i128) -> String {
    match (least, most) {
        (0, most) if most >= i64::MAX.into() => "a whole number, 0 or more".to_owned(),
        (_, most) if most >= i64::MAX.into() => "a whole number".to_owned(),
        (least, most) => format!("a whole number from {least} to {most}"),
    }
}

impl Lost {
    fn wanted(spot: &Spot<'_>, what: &str) -> Self {
        Self::Placed(spot.is_not(what))
    }
}

/// The reader of what stands at a place.
struct Here<'a>(Spot<'a>);

impl Here<'_> {
    fn only_if<'de, V: Visitor<'de>>(self, is_so: bool, wanted: &str, visitor: V) -> Result<V::Value, Lost> {
        if is_so { self.deserialize_any(visitor) } else { Err(Lost::wanted(&self.0, wanted)) }
    }
}

impl<'de> Deserializer<'de> for Here<'_> {
    type Error = Lost;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Lost> {
        let read = match self.0.json() {
            Value::Null => visitor.visit_unit(),
            Value::Bool(boolean) => visitor.visit_bool(*boolean),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), _, _) => visitor.visit_u64(number),
                (None, Some(number), _) => visitor.visit_i64(number),
                (None, None, number) => visitor.visit_f64(number.unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_str(text),
            Value::Array(list) => {
                visitor.visit_seq(Elements { around: &self.0, list: list.iter().enumerate() })
            }
            Value::Object(map) => visitor.visit_map(Entries::new(&self.0, map, &[])),
        };
        read.map_err(|lost| lost.at(&self.0))
    }

    whole_numbers! {
        deserialize_u8 visit_u8 as_u64 u8;
        deserialize_u16 visit_u16 as_u64 u16;
        deserialize_u32 visit_u32 as_u64 u32;
        deserialize_u64 visit_u64 as_u64 u64;
        deserialize_i8 visit_i8 as_i64 i8;
        deserialize_i16 visit_i16 as_i64 i16;
        deserialize_i32 visit_i32 as_i64 i32;
        deserialize_i64 visit_i64 as_i64 i64;
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Lost> {
        let is_so = self.0.json().is_boolean();
        self.only_if(is_so, "`true` or `false`", visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Lost> {
        let is_so = self.0.json().is_number();
        self.only_if(is_so, "a number", visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Lost> {
        let is_so = self.0.json().is_string();
        self.only_if(is_so, "a text", visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Lost> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Lost> {
        if self.0.json().is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Lost> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Lost> {
        let is_so = self.0.json().is_array();
        self.only_if(is_so, "a list", visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Lost> {
        let is_so = self.0.json().is_object();
        self.only_if(is_so, "an object", visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Lost> {
        let Value::Object(map) = self.0.json() else {
            return Err(Lost::wanted(&self.0, &format!("an object with {}", listed(fields))));
        };
        visitor.visit_map(Entries::new(&self.0, map, fields)).map_err(|lost| lost.at(&self.0))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Lost> {
        let read = match self.0.json() {
            Value::String(word) => visitor.visit_enum(word.as_str().into_deserializer()),
            Value::Object(map) if map.len() == 1 => match map.iter().next() {
                Some((tag, json)) => visitor.visit_enum(Tagged { tag, content: self.0.field(tag, json) }),
                None => Err(Lost::Wanted(format!("one of {}", listed(words)))),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                Err(Lost::Wanted(format!("one of {}", listed(words))))
            }
        };
        read.map_err(|lost: Lost| lost.at(&self.0))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Lost> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        f32 i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct identifier
    }
}

/// The elements of a list.
struct Elements<'a> {
    around: &'a Spot<'a>,
    list: std::iter::Enumerate<std::slice::Iter<'a, Value>>,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Lost;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Lost> {
        let Some((index, json)) = self.list.next() else { return Ok(None) };
        let spot = self.around.at(index, json);
        seed.deserialize(Here(spot)).map(Some).map_err(|lost| lost.at(&spot))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.list.len())
    }
}

/// The fields of an object: those asked for by name, then the others.
struct Entries<'a> {
    around: &'a Spot<'a>,
    asked: Vec<(&'a str, &'a Value)>,
    value: Option<(&'a str, &'a Value)>,
}

impl<'a> Entries<'a> {
    fn new(around: &'a Spot<'a>, map: &'a Map<String, Value>, first: &[&str]) -> Self {
        // Taken from the end.
        let others = map.iter().rev().filter(|(name, _)| !first.contains(&name.as_str()));
        let mut asked: Vec<_> = others.map(|(name, json)| (name.as_str(), json)).collect();
        asked.extend(
            first
                .iter()
                .rev()
                .filter_map(|name| map.get_key_value(*name))
                .map(|(name, json)| (name.as_str(), json)),
        );
        Self { around, asked, value: None }
    }
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Lost;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Lost> {
        let Some((name, json)) = self.asked.pop() else { return Ok(None) };
        self.value = Some((name, json));
        let key: StrDeserializer<'_, Lost> = name.into_deserializer();
        seed.deserialize(key).map(Some).map_err(|lost| {
            let spot = self.around.field(name, json);
            match lost {
                Lost::Unknown(name, known) => Lost::Placed(spot.refuse(no_field(self.around, &name, known))),
                other @ (Lost::Placed(_) | Lost::Said(_) | Lost::Wanted(_) | Lost::Missing(_)) => {
                    other.at(&spot)
                }
            }
        })
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Lost> {
        let Some((name, json)) = self.value.take() else {
            return Err(Lost::Said("a value was asked for before its name".to_owned()));
        };
        let spot = self.around.field(name, json);
        seed.deserialize(Here(spot)).map_err(|lost| lost.at(&spot))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.asked.len())
    }
}

/// One of several things, written as an object whose only field says which.
struct Tagged<'a> {
    tag: &'a str,
    content: Spot<'a>,
}

impl<'de, 'a> EnumAccess<'de> for Tagged<'a> {
    type Error = Lost;
    type Variant = Content<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Content<'a>), Lost> {
        let tag: StrDeserializer<'_, Lost> = self.tag.into_deserializer();
        let which = seed.deserialize(tag).map_err(|lost| lost.at(&self.content))?;
        Ok((which, Content(self.content)))
    }
}

/// What stands beside the tag.
struct Content<'a>(Spot<'a>);

impl<'de> VariantAccess<'de> for Content<'_> {
    type Error = Lost;

    fn unit_variant(self) -> Result<(), Lost> {
        if self.0.json().is_null() { Ok(()) } else { Err(Lost::wanted(&self.0, "its name alone, as a text")) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Lost> {
        seed.deserialize(Here(self.0)).map_err(|lost| lost.at(&self.0))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Lost> {
        Here(self.0).deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Lost> {
        Here(self.0).deserialize_struct("", fields, visitor)
    }
}

#[cfg(test)]
mod tests;
