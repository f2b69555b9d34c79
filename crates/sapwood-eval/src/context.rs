//! What a caller says about a subject: attributes by name, checked against limits once and then only read.

use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

use crate::hash::hash;
use crate::limits::{
    CONTEXT_ATTRIBUTES_MAX, CONTEXT_DEPTH_MAX, CONTEXT_NAME_BYTES_MAX, CONTEXT_TEXT_BYTES_MAX,
    CONTEXT_VALUES_MAX,
};

/// The attribute that names the subject.
pub const TARGETING_KEY: &str = "targetingKey";

/// Up to so many attributes a scan is quicker than a search.
const SCAN_MAX: usize = 16;

/// The attributes of one subject, `targetingKey` among them.
///
/// Read from the `context` object of an OFREP request, or built in code. `null` is the same as absent; of two values
/// for one name the last counts.
///
/// ```
/// use sapwood_eval::Context;
/// let context: Context = serde_json::from_str(r#"{"targetingKey":"user-1","country":"DE","age":37}"#)?;
/// assert_eq!(context.targeting_key(), Some("user-1"));
/// assert_eq!(context, Context::new("user-1").with("country", "DE")?.with("age", 37)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context {
    /// Ordered by hash, then name.
    attributes: Vec<Attribute>,
}

#[derive(Clone, Debug, PartialEq)]
struct Attribute {
    hash: u64,
    name: Box<str>,
    value: Datum,
}

/// An attribute's value, as conditions see it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Datum {
    Boolean(bool),
    Number(f64),
    Text(Text),
    List(Vec<Datum>),
    /// Carried along for whoever prints the context; no condition looks inside.
    Object(serde_json::Map<String, Json>),
}

/// A text with its hash, computed once so that each table costs a probe.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Text {
    pub(crate) hash: u64,
    pub(crate) text: Box<str>,
}

impl Text {
    pub(crate) fn new(text: &str) -> Self {
        Self { hash: hash(text), text: text.into() }
    }
}

/// Why a context is refused; the message names the limit and its figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextError(String);

impl fmt::Display for ContextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ContextError {}

impl Context {
    /// A context with a targeting key and nothing else.
    ///
    /// A key beyond the limit on texts is left out: the subject is then one without a targeting key.
    #[must_use]
    pub fn new(targeting_key: &str) -> Self {
        Self::default().with(TARGETING_KEY, targeting_key).unwrap_or_default()
    }

    /// Adds or replaces an attribute; `null` removes it.
    pub fn with(mut self, name: &str, value: impl Into<Json>) -> Result<Self, ContextError> {
        let mut budget = Budget { values: self.attributes.len() };
        self.set(name, value.into(), &mut budget)?;
        Ok(self)
    }

    fn set(&mut self, name: &str, value: Json, budget: &mut Budget) -> Result<(), ContextError> {
        if name.len() > CONTEXT_NAME_BYTES_MAX {
            return Err(ContextError(format!(
                "an attribute's name is {} bytes long, at most {CONTEXT_NAME_BYTES_MAX} are allowed",
                name.len()
            )));
        }
        let hash = hash(name);
        let found = self.attributes.binary_search_by(|have| (have.hash, &*have.name).cmp(&(hash, name)));
        let datum =
            budget.datum(value, 0).map_err(|error| ContextError(format!("attribute {name:?}: {error}")))?;
        match (found, datum) {
            (Ok(at), Some(value)) => {
                if let Some(attribute) = self.attributes.get_mut(at) {
                    attribute.value = value;
                }
            }
            (Ok(at), None) => drop(self.attributes.remove(at)),
            (Err(at), Some(value)) => {
                self.attributes.insert(at, Attribute { hash, name: name.into(), value });
            }
            (Err(_), None) => {}
        }
        if self.attributes.len() > CONTEXT_ATTRIBUTES_MAX {
            return Err(ContextError(format!(
                "the context has more than {CONTEXT_ATTRIBUTES_MAX} attributes, which is the limit"
            )));
        }
        Ok(())
    }

    /// The subject's targeting key, if it is a non-empty text.
    #[must_use]
    pub fn targeting_key(&self) -> Option<&str> {
        self.unit(TARGETING_KEY)
    }

    /// The value of an attribute as a unit to bucket and count: a non-empty text, or nothing.
    #[must_use]
    pub fn unit(&self, name: &str) -> Option<&str> {
        self.unit_hashed(hash(name), name).map(|text| &*text.text)
    }

    /// The value of an attribute as JSON.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Json> {
        self.find(hash(name), name).map(Datum::to_json)
    }

    /// How many attributes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.attributes.len()
    }

    /// Whether nothing is said at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty()
    }

    #[inline]
    pub(crate) fn unit_hashed(&self, hash: u64, name: &str) -> Option<&Text> {
        match self.find(hash, name)? {
            Datum::Text(text) if !text.text.is_empty() => Some(text),
            Datum::Text(_) | Datum::Boolean(_) | Datum::Number(_) | Datum::List(_) | Datum::Object(_) => None,
        }
    }

    #[inline]
    pub(crate) fn find(&self, hash: u64, name: &str) -> Option<&Datum> {
        let from = if self.attributes.len() <= SCAN_MAX {
            0
        } else {
            self.attributes.partition_point(|attribute| attribute.hash < hash)
        };
        let found = self
            .attributes
            .iter()
            .skip(from)
            .take_while(|attribute| attribute.hash <= hash)
            .find(|attribute| attribute.hash == hash && &*attribute.name == name)?;
        Some(&found.value)
    }
}

/// Counts what has been taken in, so that a context cannot be small in attributes and huge in lists.
struct Budget {
    values: usize,
}

impl Budget {
    fn datum(&mut self, json: Json, depth: usize) -> Result<Option<Datum>, ContextError> {
        self.values += 1;
        if self.values > CONTEXT_VALUES_MAX {
            return Err(ContextError(format!(
                "the context holds more than {CONTEXT_VALUES_MAX} values, which is the limit"
            )));
        }
        if depth > CONTEXT_DEPTH_MAX {
            return Err(ContextError(format!(
                "nested deeper than {CONTEXT_DEPTH_MAX} levels, which is the limit"
            )));
        }
        Ok(Some(match json {
            Json::Null => return Ok(None),
            Json::Bool(boolean) => Datum::Boolean(boolean),
            Json::Number(number) => match number.as_f64() {
                Some(number) => Datum::Number(number),
                None => return Ok(None),
            },
            Json::String(text) => Datum::Text(Self::text(&text)?),
            Json::Array(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    list.extend(self.datum(item, depth + 1)?);
                }
                Datum::List(list)
            }
            Json::Object(object) => {
                for (name, value) in &object {
                    Self::text(name)?;
                    self.datum(value.clone(), depth + 1)?;
                }
                Datum::Object(object)
            }
        }))
    }

    fn text(text: &str) -> Result<Text, ContextError> {
        if text.len() > CONTEXT_TEXT_BYTES_MAX {
            return Err(ContextError(format!(
                "a text is {} bytes long, at most {CONTEXT_TEXT_BYTES_MAX} are allowed",
                text.len()
            )));
        }
        Ok(Text::new(text))
    }
}

impl Datum {
    pub(crate) fn to_json(&self) -> Json {
        match self {
            Self::Boolean(boolean) => Json::Bool(*boolean),
            Self::Number(number) => {
                // Written back the way it is usually sent: whole numbers without a fraction.
                let shortest =
                    crate::value::Finite::new(*number).and_then(|number| serde_json::to_value(number).ok());
                shortest.unwrap_or(Json::Null)
            }
            Self::Text(text) => Json::String(text.text.clone().into_string()),
            Self::List(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Self::Object(object) => Json::Object(object.clone()),
        }
    }
}

impl Serialize for Context {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut named: Vec<_> = self.attributes.iter().collect();
        named.sort_by(|one, other| one.name.cmp(&other.name));
        let mut map = serializer.serialize_map(Some(named.len()))?;
        for attribute in named {
            map.serialize_entry(&attribute.name, &attribute.value.to_json())?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Context {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Attributes;
        impl<'de> Visitor<'de> for Attributes {
            type Value = Context;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of attributes")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Context, A::Error> {
                let mut context = Context::default();
                let mut budget = Budget { values: 0 };
                while let Some((name, value)) = map.next_entry::<String, Json>()? {
                    context.set(&name, value, &mut budget).map_err(A::Error::custom)?;
                }
                Ok(context)
            }
        }
        deserializer.deserialize_map(Attributes)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(json: Json) -> Result<Context, String> {
        serde_json::from_value(json).map_err(|error| error.to_string())
    }

    #[test]
    fn the_targeting_key_is_an_attribute_and_a_non_empty_text() {
        for (json, key) in [
            (json!({"targetingKey": "u"}), Some("u")),
            (json!({"targetingKey": ""}), None),
            (json!({"targetingKey": 7}), None),
            (json!({"targetingKey": null}), None),
            (json!({}), None),
        ] {
            assert_eq!(read(json).unwrap().targeting_key(), key);
        }
    }

    #[test]
    fn a_context_round_trips_in_order_of_name() {
        let text = r#"{"a":1,"b":"x","c":[1.5,"y",[true]],"d":{"e":{"f":null}},"targetingKey":"u"}"#;
        let context: Context = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&context).unwrap(), text);
        assert_eq!(context.get("a"), Some(json!(1)));
        assert_eq!(context.get("z"), None);
    }

    #[test]
    fn the_last_of_two_values_counts_and_null_removes() {
        let context: Context = serde_json::from_str(r#"{"a":1,"a":"x","b":1,"b":null}"#).unwrap();
        assert_eq!(serde_json::to_string(&context).unwrap(), r#"{"a":"x"}"#);
    }

    #[test]
    fn many_attributes_are_found_like_few() {
        let mut object = serde_json::Map::new();
        for n in 0..200 {
            object.insert(format!("attribute-{n}"), json!(n));
        }
        let context = read(Json::Object(object.clone())).unwrap();
        assert!((0..200).all(|n| context.get(&format!("attribute-{n}")) == Some(json!(n))));
        assert_eq!(context.get("attribute-200"), None);
        object.insert("one more".to_owned(), json!(1));
        assert!(read(Json::Object(object)).unwrap_err().contains("more than 200 attributes"));
    }

    #[test]
    fn limits_name_their_figure() {
        let refuses = |json: Json, said: &str| {
            let error = read(json).unwrap_err();
            assert!(error.contains(said), "{error}");
        };
        refuses(json!({"a": "x".repeat(4097)}), "attribute \"a\": a text is 4097 bytes long, at most 4096");
        refuses(json!({"a": {"b": ["x".repeat(4097)]}}), "at most 4096");
        refuses(json!({"x".repeat(257): 1}), "at most 256");
        refuses(json!({"a": vec![1; 2000]}), "more than 2000 values");
        refuses(json!({"a": [[[[[[[[[1]]]]]]]]]}), "deeper than 8 levels");
        assert!(read(json!({"a": [[[[[[[[1]]]]]]]]})).is_ok());
        assert!(read(json!([1])).unwrap_err().contains("an object of attributes"));
    }
}
