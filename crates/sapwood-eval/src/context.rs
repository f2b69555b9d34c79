//! What a caller says about a subject: attributes by name, checked against limits once and then only read.

mod read;

use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use crate::hash::{hash, same};
use crate::limits::{
    CONTEXT_ATTRIBUTES_MAX, CONTEXT_DEPTH_MAX, CONTEXT_NAME_BYTES_MAX, CONTEXT_TEXT_BYTES_MAX,
    CONTEXT_VALUES_MAX,
};
use crate::version::Release;

use crate::attributes::{Hashed, Items, Seen};

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
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Ordered by hash, then name.
    attributes: Vec<Attribute>,
    /// Names and texts in one piece of memory: a subject is read once, cold, and each piece would be a cache miss.
    arena: String,
    /// The targeting key, if it is a non-empty text: nearly every split and segment asks for it.
    targeting_key: Option<(Span, u64)>,
}

#[derive(Clone, Debug)]
struct Attribute {
    hash: u64,
    name: Span,
    value: Stored,
}

/// A part of the arena.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    end: u32,
}

#[derive(Clone, Debug)]
enum Stored {
    Boolean(bool),
    Number(f64),
    Text {
        span: Span,
        hash: u64,
        release: Option<Release>,
    },
    /// Boxed, as lists and objects are rare and would make every attribute larger.
    List(Box<List>),
    /// Carried along for whoever prints the context; no condition looks inside.
    Object(Box<serde_json::Map<String, Json>>),
}

/// A list: its texts as conditions see them, and all of it as it came.
#[derive(Clone, Debug)]
pub(crate) struct List {
    texts: Vec<(u64, Box<str>)>,
    items: Vec<Json>,
}

impl List {
    pub(crate) fn texts(&self) -> impl Iterator<Item = Hashed<'_>> {
        self.texts.iter().map(|(hash, text)| Hashed { hash: *hash, text, release: None })
    }

    pub(crate) fn to_json(&self) -> Json {
        Json::Array(self.items.clone())
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
        let stored = self.store(value.into(), &mut budget).map_err(|error| error.within(name))?;
        self.set(name, stored)?;
        Ok(self)
    }

    /// The subject's targeting key, if it is a non-empty text.
    #[must_use]
    pub fn targeting_key(&self) -> Option<&str> {
        self.targeting_key.map(|(span, _)| self.text(span))
    }

    #[inline]
    pub(crate) fn key_hashed(&self) -> Option<Hashed<'_>> {
        self.targeting_key.map(|(span, hash)| Hashed { hash, text: self.text(span), release: None })
    }

    /// The value of an attribute as a unit to bucket and count: a non-empty text, or nothing.
    #[must_use]
    pub fn unit(&self, name: &str) -> Option<&str> {
        let seen = self.look_up(name)?;
        let text = seen.text()?.text;
        Some(text).filter(|text| !text.is_empty())
    }

    /// The value of an attribute as JSON.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Json> {
        self.look_up(name).map(Seen::to_json)
    }

    /// How many attributes there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.attributes.len()
    }

    /// Whether nothing is said at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.attributes.is_empty()
    }

    fn see<'c>(&'c self, stored: &'c Stored) -> Option<Seen<'c>> {
        let mut seen = None;
        self.read_value(stored, &mut seen);
        seen
    }

    /// Puts what conditions see where it will be looked at.
    #[inline]
    fn read_value<'c>(&'c self, stored: &'c Stored, into: &mut Option<Seen<'c>>) {
        match stored {
            Stored::Boolean(boolean) => *into = Some(Seen::Boolean(*boolean)),
            Stored::Number(number) => *into = Some(Seen::Number(*number)),
            Stored::Text { span, hash, release } => {
                *into = Some(Seen::Text(Hashed { hash: *hash, text: self.text(*span), release: *release }));
            }
            Stored::List(list) => *into = Some(Seen::List(Items::Stored(list))),
            Stored::Object(object) => *into = Some(Seen::Object(Some(object))),
        }
    }

    /// Shows every attribute with the hash of its name.
    pub(crate) fn each<'c>(&'c self, mut show: impl FnMut(u64, &'c str, Option<Seen<'c>>)) {
        for attribute in &self.attributes {
            show(attribute.hash, self.text(attribute.name), self.see(&attribute.value));
        }
    }

    /// Puts the attribute of this name, given with its hash, where it will be looked at.
    #[inline]
    pub(crate) fn read_named<'c>(&'c self, hash: u64, name: &str, into: &mut Option<Seen<'c>>) {
        let from = if self.attributes.len() <= SCAN_MAX {
            0
        } else {
            self.attributes.partition_point(|attribute| attribute.hash < hash)
        };
        for attribute in self.attributes.get(from..).unwrap_or_default() {
            if attribute.hash == hash && same(self.text(attribute.name), name) {
                return self.read_value(&attribute.value, into);
            }
            if attribute.hash > hash {
                return;
            }
        }
    }

    fn look_up(&self, name: &str) -> Option<Seen<'_>> {
        let mut seen = None;
        self.read_named(hash(name), name, &mut seen);
        seen
    }

    #[inline]
    fn text(&self, span: Span) -> &str {
        let range = usize::try_from(span.start).unwrap_or(0)..usize::try_from(span.end).unwrap_or(0);
        self.arena.get(range).unwrap_or_default()
    }

    fn named(&self) -> Vec<(&str, Seen<'_>)> {
        let attributes = self.attributes.iter();
        let mut named: Vec<_> = attributes
            .filter_map(|attribute| Some((self.text(attribute.name), self.see(&attribute.value)?)))
            .collect();
        named.sort_by_key(|(name, _)| *name);
        named
    }

    /// Enters an attribute; `None` removes it.
    fn set(&mut self, name: &str, value: Option<Stored>) -> Result<(), ContextError> {
        if name.len() > CONTEXT_NAME_BYTES_MAX {
            return Err(ContextError(format!(
                "an attribute's name is {} bytes long, at most {CONTEXT_NAME_BYTES_MAX} are allowed",
                name.len()
            )));
        }
        if name == TARGETING_KEY {
            self.targeting_key = match value {
                Some(Stored::Text { span, hash, .. }) if span.start < span.end => Some((span, hash)),
                Some(_) | None => None,
            };
        }
        let hash = hash(name);
        let order = |have: &Attribute| (have.hash, self.text(have.name)).cmp(&(hash, name));
        match (self.attributes.binary_search_by(order), value) {
            (Ok(at), Some(value)) => {
                if let Some(attribute) = self.attributes.get_mut(at) {
                    attribute.value = value;
                }
            }
            (Ok(at), None) => drop(self.attributes.remove(at)),
            (Err(at), Some(value)) => {
                let name = self.push(name);
                self.attributes.insert(at, Attribute { hash, name, value });
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

    fn push(&mut self, text: &str) -> Span {
        // The limits keep the arena far below 4 GiB; beyond, a text would be empty rather than another one's.
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let start = place(self.arena.len());
        self.arena.push_str(text);
        Span { start, end: place(self.arena.len()) }
    }

    fn store_text(&mut self, text: &str) -> Result<Stored, ContextError> {
        check_text(text)?;
        Ok(Stored::Text { span: self.push(text), hash: hash(text), release: Release::read(text) })
    }

    fn store(&mut self, json: Json, budget: &mut Budget) -> Result<Option<Stored>, ContextError> {
        budget.count(&json, 0)?;
        Ok(match json {
            Json::Null => None,
            Json::Bool(boolean) => Some(Stored::Boolean(boolean)),
            Json::Number(number) => number.as_f64().map(Stored::Number),
            Json::String(text) => Some(self.store_text(&text)?),
            Json::Array(items) => {
                let texts =
                    items.iter().filter_map(Json::as_str).map(|text| (hash(text), text.into())).collect();
                Some(Stored::List(Box::new(List { texts, items })))
            }
            Json::Object(object) => Some(Stored::Object(Box::new(object))),
        })
    }
}

fn check_text(text: &str) -> Result<(), ContextError> {
    if text.len() > CONTEXT_TEXT_BYTES_MAX {
        return Err(ContextError(format!(
            "a text is {} bytes long, at most {CONTEXT_TEXT_BYTES_MAX} are allowed",
            text.len()
        )));
    }
    Ok(())
}

impl ContextError {
    fn within(self, name: &str) -> Self {
        let shown: String = name.chars().take(60).collect();
        Self(format!("attribute {shown:?}: {}", self.0))
    }
}

/// Counts what has been taken in, so that a context cannot be small in attributes and huge in lists.
struct Budget {
    values: usize,
}

impl Budget {
    fn one(&mut self) -> Result<(), ContextError> {
        self.values += 1;
        if self.values > CONTEXT_VALUES_MAX {
            return Err(ContextError(format!(
                "the context holds more than {CONTEXT_VALUES_MAX} values, which is the limit"
            )));
        }
        Ok(())
    }

    fn count(&mut self, json: &Json, depth: usize) -> Result<(), ContextError> {
        self.one()?;
        if depth > CONTEXT_DEPTH_MAX {
            return Err(ContextError(format!(
                "nested deeper than {CONTEXT_DEPTH_MAX} levels, which is the limit"
            )));
        }
        match json {
            Json::Null | Json::Bool(_) | Json::Number(_) => Ok(()),
            Json::String(text) => check_text(text),
            Json::Array(items) => items.iter().try_for_each(|item| self.count(item, depth + 1)),
            Json::Object(object) => object.iter().try_for_each(|(name, value)| {
                check_text(name)?;
                self.count(value, depth + 1)
            }),
        }
    }
}

impl PartialEq for Context {
    fn eq(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.named(), other.named());
        ours.len() == theirs.len()
            && ours
                .iter()
                .zip(theirs)
                .all(|(one, other)| one.0 == other.0 && one.1.to_json() == other.1.to_json())
    }
}

impl Serialize for Context {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let named = self.named();
        let mut map = serializer.serialize_map(Some(named.len()))?;
        for (name, seen) in named {
            map.serialize_entry(name, &seen.to_json())?;
        }
        map.end()
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
