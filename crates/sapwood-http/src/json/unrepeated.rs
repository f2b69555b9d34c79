//! Finds a field that an object names twice. Readers keep the last of them and say nothing.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::escaped;

/// The JSON pointer of the first field that its object has already; `None` if there is none, or the text is no JSON,
/// which its reader says better.
pub(super) fn first_repeated(body: &[u8]) -> Option<String> {
    let mut found = Found::default();
    let mut reader = serde_json::Deserializer::from_slice(body);
    let walked = Walk(&mut found).deserialize(&mut reader);
    (walked.is_err() && found.repeated).then(|| found.steps.concat())
}

/// The way to where the walk is, and whether it stopped there because of a repeated field.
#[derive(Default)]
struct Found {
    steps: Vec<String>,
    repeated: bool,
}

/// Walks a value and builds nothing.
struct Walk<'a>(&'a mut Found);

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let Self(found) = self;
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            found.steps.push(format!("/{}", escaped(&name)));
            if !names.insert(name) {
                found.repeated = true;
                return Err(M::Error::custom("repeated"));
            }
            map.next_value_seed(Walk(found))?;
            found.steps.pop();
        }
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<(), S::Error> {
        let Self(found) = self;
        for index in 0_usize.. {
            found.steps.push(format!("/{index}"));
            if seq.next_element_seed(Walk(found))?.is_none() {
                found.steps.pop();
                break;
            }
            found.steps.pop();
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_repeated_field_is_found_wherever_it_is() {
        for (body, expected) in [
            (r#"{"a": 1, "b": {"a": 1}, "c": [{"a": 1}, {"a": 2}]}"#, None),
            (r#"{"a": 1, "b": 2, "a": 1}"#, Some("/a")),
            (
                r#"[null, true, -1, 1.5, "x", {"a": {"b": [0, {"c": 1, "d": 2, "c": 3}]}}]"#,
                Some("/5/a/b/1/c"),
            ),
            (r#"{"a/b~c": 1, "a\u002fb~c": 2}"#, Some("/a~1b~0c")),
            (r#"{"": 1, "": 2}"#, Some("/")),
            // What is no JSON is the reader's business, however far it is right.
            (r#"{"a": {"b": 1"#, None),
            (r#"{"a": 1, "a": 2"#, Some("/a")),
            ("", None),
        ] {
            assert_eq!(first_repeated(body.as_bytes()).as_deref(), expected, "{body}");
        }
    }
}
