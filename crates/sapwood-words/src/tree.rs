//! From bytes to a value, refused with the place at which reading stops.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::echo::{cut, step};
use crate::fault::Fault;
use crate::limits::JSON_DEPTH_MAX;

/// One JSON value, in which no object has two fields of one name: whichever of them counted, the other was meant.
///
/// # Errors
/// What is no JSON, is nested deeper than [`JSON_DEPTH_MAX`], has a number or a text that has no value, or a name twice.
pub fn tree(body: &[u8]) -> Result<Value, Fault> {
    if is_deep(body) {
        let message = format!(
            "the JSON is nested deeper than {JSON_DEPTH_MAX} levels, which is the limit; send it flatter"
        );
        return Err(Fault::new("", message));
    }
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Fault::new("", "there is nothing here; write JSON"));
    }
    let mut way = Way::default();
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = Grow(&mut way).deserialize(&mut reader).map_err(|error| way.fault(&error))?;
    reader.end().map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Fault::new(
            "",
            format!("there is more than one JSON value, from line {line} column {column} on; keep one"),
        )
    })?;
    Ok(value)
}

/// Why something cannot be used though the grammar of JSON allows it: such numbers and texts have no value here. `None`
/// for every other error.
fn unusable(error: &serde_json::Error) -> Option<String> {
    let said = error.to_string();
    let (line, column) = (error.line(), error.column());
    if said.starts_with("number out of range") {
        return Some(format!(
            "a number is beyond the range of 64-bit floats, ±1.8e308 (line {line} column {column}); send a smaller one, \
             or a text"
        ));
    }
    let half = ["lone leading surrogate", "unexpected end of hex escape"];
    half.iter().any(|half| said.starts_with(half)).then(|| {
        format!(
            "a text has half a surrogate pair, such as \\ud83d without what follows it (line {line} column {column}); \
             that is no character, so send both halves or leave it out"
        )
    })
}

/// Whether arrays and objects are nested deeper than the limit. Only counts brackets; whether they match is the
/// parser's business.
pub fn is_deep(body: &[u8]) -> bool {
    // Nearly every body has fewer brackets than the limit, which is counted many bytes at a time.
    if body.iter().filter(|byte| matches!(byte, b'[' | b'{')).count() <= JSON_DEPTH_MAX {
        return false;
    }
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in body {
        match (in_text, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_text = !in_text,
            (false, b'[' | b'{') => depth = depth.saturating_add(1),
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            (true | false, _) => {}
        }
        if depth > JSON_DEPTH_MAX {
            return true;
        }
    }
    false
}

/// The way to where reading is, and the name because of which it stopped there, if that is why.
#[derive(Default)]
struct Way {
    steps: Vec<String>,
    repeated: Option<String>,
}

impl Way {
    fn fault(self, error: &serde_json::Error) -> Fault {
        let path = self.steps.concat();
        if let Some(name) = self.repeated {
            let message = format!(
                "`{}` is written twice in one object, and only one of them can count; keep one",
                cut(&name)
            );
            return Fault::new(path, message);
        }
        if let Some(message) = unusable(error) {
            return Fault { is_of_the_value: true, ..Fault::new(path, message) };
        }
        let (line, column) = (error.line(), error.column());
        let said = error.to_string();
        let said = said.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&said);
        Fault::new(
            path,
            format!("this is no JSON: {}, line {line} column {column}; write it right there", grammar(said)),
        )
    }
}

/// What the parser says of the grammar, as people would say it.
fn grammar(said: &str) -> String {
    match (said.strip_prefix("EOF while parsing "), said.strip_prefix("expected ")) {
        (Some(what), _) => format!("it ends within {what}"),
        (None, Some("ident")) => "there is a word that is neither `true`, `false` nor `null`".to_owned(),
        (None, Some("value")) => "a value is missing".to_owned(),
        (None, Some(what)) => format!("{what} is missing"),
        (None, None) => said.to_owned(),
    }
}

/// Reads a value, and knows where it is.
struct Grow<'a>(&'a mut Way);

impl<'de> DeserializeSeed<'de> for Grow<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Grow<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Value, M::Error> {
        let Self(way) = self;
        let (mut fields, mut names) = (Map::new(), BTreeSet::new());
        while let Some(name) = map.next_key::<String>()? {
            way.steps.push(format!("/{}", step(&name)));
            if !names.insert(name.clone()) {
                way.repeated = Some(name);
                return Err(M::Error::custom("repeated"));
            }
            let value = map.next_value_seed(Grow(way))?;
            fields.insert(name, value);
            way.steps.pop();
        }
        Ok(Value::Object(fields))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Value, S::Error> {
        let Self(way) = self;
        let mut list = Vec::new();
        loop {
            way.steps.push(format!("/{}", list.len()));
            let next = seq.next_element_seed(Grow(way))?;
            way.steps.pop();
            match next {
                Some(value) => list.push(value),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_bool<E>(self, boolean: bool) -> Result<Value, E> {
        Ok(Value::Bool(boolean))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        // Numbers that are not finite are no JSON.
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: Option<(&str, &str)>) {
        match (tree(body.as_bytes()), expected) {
            (Ok(value), None) => {
                assert_eq!(value, serde_json::from_str::<Value>(body).unwrap(), "{body}");
            }
            (Err(fault), Some((path, said))) => {
                assert!(fault.path == path && fault.message.contains(said), "{body}: {fault:?}");
            }
            (found, expected) => panic!("{body}: {found:?}, {expected:?}"),
        }
    }

    #[test]
    fn what_can_be_read_is_the_same_value_and_what_cannot_is_refused_at_its_place() {
        check(
            r#"[null, true, -1, 1.5, 18446744073709551615, "x\u00e9\ud83d\ude00", {"a": {}, "b": []}, 1e308]"#,
            None,
        );
        check(" {} ", None);
        check(r#"{"a": 1, "b": {"a": 1}, "c": [{"a": 1}, {"a": 2}]}"#, None);
        check(r#"{"a": 1, "b": 2, "a": 1}"#, Some(("/a", "`a` is written twice")));
        check(
            r#"[0, {"a": {"b": [0, {"c": 1, "d": 2, "c": 3}]}}]"#,
            Some(("/1/a/b/1/c", "`c` is written twice")),
        );
        check(r#"{"a/b~c": 1, "a\u002fb~c": 2}"#, Some(("/a~1b~0c", "`a/b~c` is written twice")));
        check(r#"{"": 1, "": 2}"#, Some(("/", "`` is written twice")));
        check(r#"{"a": 1, "a": 2"#, Some(("/a", "`a` is written twice")));
        check(
            r#"{"a": {"b": 1"#,
            Some(("/a", "this is no JSON: it ends within an object, line 1 column 13; write it right there")),
        );
        check(r#"{"a": 1 "b": 2}"#, Some(("", "this is no JSON: `,` or `}` is missing, line 1 column 9")));
        check(r#"{"a": tru}"#, Some(("/a", "there is a word that is neither `true`, `false` nor `null`")));
        check("{\"a\": }", Some(("/a", "a value is missing, line 1 column 7")));
        check("", Some(("", "there is nothing here")));
        check(" \n", Some(("", "there is nothing here")));
        check("{} {}", Some(("", "more than one JSON value, from line 1 column 4 on")));
        check("[1e]", Some(("/0", "this is no JSON: invalid number, line 1 column 4")));
        for (value, said) in [
            ("1e400", "a number is beyond the range"),
            ("-1e400", "a number is beyond the range"),
            (r#""\ud800""#, "half a surrogate pair"),
            (r#""\udc00x""#, "half a surrogate pair"),
            (r#""\ud800\ud800""#, "half a surrogate pair"),
        ] {
            check(&format!(r#"{{"a":{{"b":[1,{value}]}}}}"#), Some(("/a/b/1", said)));
        }
    }

    #[test]
    fn depth_is_counted_outside_of_texts() {
        let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        check(&nested(JSON_DEPTH_MAX), None);
        check(&nested(JSON_DEPTH_MAX + 1), Some(("", "nested deeper than 64 levels")));
        assert!(!is_deep(format!("{:?}", "[".repeat(200)).as_bytes()));
        assert!(!is_deep(br#"{"a":"\"[[["}"#));
        assert!(is_deep("[".repeat(1 << 20).as_bytes()));
    }
}
