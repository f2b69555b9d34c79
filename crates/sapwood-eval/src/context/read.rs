//! Reads a context from JSON straight into its place, without a tree in between: it happens on every request.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

use super::{Budget, Context, Stored};

impl<'de> Deserialize<'de> for Context {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Attributes)
    }
}

struct Attributes;

impl<'de> Visitor<'de> for Attributes {
    type Value = Context;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of attributes")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Context, A::Error> {
        let mut context = Context::default();
        let mut budget = Budget { values: 0 };
        while let Some(Name(name)) = map.next_key()? {
            let seed = Attribute { context: &mut context, budget: &mut budget, name: &name };
            let stored = map.next_value_seed(seed)?;
            context.set(&name, stored).map_err(A::Error::custom)?;
        }
        Ok(context)
    }
}

/// A name, borrowed where the JSON spells it without escapes.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an attribute's name")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// Where an attribute's value goes.
struct Attribute<'c> {
    context: &'c mut Context,
    budget: &'c mut Budget,
    name: &'c str,
}

impl Attribute<'_> {
    fn json<E: Error>(self, json: Json) -> Result<Option<Stored>, E> {
        self.context.store(json, self.budget).map_err(|error| E::custom(error.within(self.name)))
    }

    fn one<E: Error>(&mut self) -> Result<(), E> {
        self.budget.one().map_err(|error| E::custom(error.within(self.name)))
    }
}

impl<'de> DeserializeSeed<'de> for Attribute<'_> {
    type Value = Option<Stored>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Attribute<'_> {
    type Value = Option<Stored>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(mut self, boolean: bool) -> Result<Self::Value, E> {
        self.one()?;
        Ok(Some(Stored::Boolean(boolean)))
    }

    fn visit_i64<E: Error>(self, integer: i64) -> Result<Self::Value, E> {
        self.json(Json::from(integer))
    }

    fn visit_u64<E: Error>(self, integer: u64) -> Result<Self::Value, E> {
        self.json(Json::from(integer))
    }

    fn visit_f64<E: Error>(mut self, number: f64) -> Result<Self::Value, E> {
        self.one()?;
        Ok(Some(Stored::Number(number)).filter(|_| number.is_finite()))
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<Self::Value, E> {
        self.one()?;
        let Self { context, name, .. } = self;
        context.store_text(text).map(Some).map_err(|error| E::custom(error.within(name)))
    }

    fn visit_unit<E: Error>(mut self) -> Result<Self::Value, E> {
        self.one()?;
        Ok(None)
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        self.visit_unit()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        let json = Json::deserialize(SeqAccessDeserializer::new(seq))?;
        self.json(json)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let json = Json::deserialize(MapAccessDeserializer::new(map))?;
        self.json(json)
    }
}
