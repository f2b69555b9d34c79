//! What a flag can serve: five types, told apart by the flag's declaration and never by how a number was spelled.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value as Json;

/// Largest integer that every JSON reader keeps exactly: 2^53 − 1.
pub const INTEGER_MAX: i64 = 9_007_199_254_740_991;

/// The declared type of a flag's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueType {
    /// `true` or `false`.
    Boolean,
    /// Text.
    String,
    /// A whole number within ±(2^53 − 1), written without a fraction.
    Integer,
    /// A finite number, always written with a fraction.
    Number,
    /// A JSON object.
    Object,
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Boolean => "boolean",
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Object => "object",
        })
    }
}

/// A number that is neither infinite nor NaN, so that it can be compared, ordered and written as JSON.
///
/// Written as an integer where it is whole: `5`, not `5.0`. (A [`Value::Number`] is written with its fraction.)
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Finite(f64);

impl Finite {
    /// The number, unless it is infinite or NaN. Negative zero becomes zero.
    #[must_use]
    pub fn new(number: f64) -> Option<Self> {
        // Adding zero turns -0.0 into 0.0, so that equal numbers are also printed alike.
        number.is_finite().then_some(Self(number + 0.0))
    }

    /// The number itself.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }

    /// The integer this number is exactly, if it is whole and no larger than [`INTEGER_MAX`].
    fn whole(self) -> Option<i64> {
        // Display of a whole f64 below 2^53 is its decimal integer; parsing it back avoids a lossy cast.
        let small = self.0.abs() <= 9_007_199_254_740_991.0;
        if small && self.0.fract() == 0.0 { format!("{:.0}", self.0).parse().ok() } else { None }
    }
}

// Sound because a `Finite` is never NaN.
impl Eq for Finite {}

impl fmt::Display for Finite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for Finite {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.whole() {
            Some(integer) => serializer.serialize_i64(integer),
            None => serializer.serialize_f64(self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Finite {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        Self::new(number).ok_or_else(|| serde::de::Error::custom("the number is not finite"))
    }
}

/// A value that a flag serves.
///
/// ```
/// use sapwood_eval::{Value, ValueType};
/// let one = serde_json::json!(1);
/// assert_eq!(serde_json::to_string(&Value::parse(ValueType::Integer, &one)?).unwrap(), "1");
/// assert_eq!(serde_json::to_string(&Value::parse(ValueType::Number, &one)?).unwrap(), "1.0");
/// assert!(Value::parse(ValueType::String, &one).is_err());
/// # Ok::<(), sapwood_eval::ValueError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Json", into = "Json")]
pub enum Value {
    /// `true` or `false`.
    Boolean(bool),
    /// Text.
    String(String),
    /// A whole number within ±[`INTEGER_MAX`].
    Integer(i64),
    /// A finite number.
    Number(Finite),
    /// A JSON object.
    Object(serde_json::Map<String, Json>),
}

/// Why a JSON value cannot be served under the declared type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError {
    declared: Option<ValueType>,
    given: String,
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given = &self.given;
        let allowed = match self.declared {
            None => "a boolean, string, finite number or object",
            Some(ValueType::Boolean) => "true or false",
            Some(ValueType::String) => "a string",
            Some(ValueType::Integer) => {
                "a whole number without fraction from -9007199254740991 to 9007199254740991"
            }
            Some(ValueType::Number) => "a finite number",
            Some(ValueType::Object) => "an object",
        };
        match self.declared {
            Some(declared) => write!(f, "{given} is not of the declared type {declared}; use {allowed}"),
            None => write!(f, "{given} cannot be served; use {allowed}"),
        }
    }
}

impl std::error::Error for ValueError {}

impl Value {
    /// Reads a JSON value under a declared type; `null`, arrays and any other type are refused.
    pub fn parse(declared: ValueType, json: &Json) -> Result<Self, ValueError> {
        let parsed = match declared {
            ValueType::Boolean => json.as_bool().map(Self::Boolean),
            ValueType::String => json.as_str().map(|text| Self::String(text.to_owned())),
            ValueType::Integer => json.as_i64().filter(|integer| in_range(*integer)).map(Self::Integer),
            ValueType::Number => json.as_f64().and_then(Finite::new).map(Self::Number),
            ValueType::Object => json.as_object().map(|object| Self::Object(object.clone())),
        };
        parsed.ok_or_else(|| ValueError { declared: Some(declared), given: abridged(json) })
    }

    /// The type this value is of.
    #[must_use]
    pub const fn value_type(&self) -> ValueType {
        match self {
            Self::Boolean(_) => ValueType::Boolean,
            Self::String(_) => ValueType::String,
            Self::Integer(_) => ValueType::Integer,
            Self::Number(_) => ValueType::Number,
            Self::Object(_) => ValueType::Object,
        }
    }

    /// The value as JSON; a number keeps its fraction (`1.0`), an integer has none.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Self::Boolean(boolean) => Json::Bool(*boolean),
            Self::String(text) => Json::String(text.clone()),
            Self::Integer(integer) => Json::from(*integer),
            Self::Number(number) => Json::from(number.get()),
            Self::Object(object) => Json::Object(object.clone()),
        }
    }
}

fn in_range(integer: i64) -> bool {
    (-INTEGER_MAX..=INTEGER_MAX).contains(&integer)
}

/// A short rendering of a refused value, so that an error never repeats a 64 KiB object.
fn abridged(json: &Json) -> String {
    const SHOWN_CHARACTERS_MAX: usize = 60;
    let text = json.to_string();
    match text.char_indices().nth(SHOWN_CHARACTERS_MAX) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        match value {
            Value::String(text) => Self::String(text),
            Value::Object(object) => Self::Object(object),
            Value::Boolean(_) | Value::Integer(_) | Value::Number(_) => value.to_json(),
        }
    }
}

/// Reads a value whose type is not declared: a number written with a fraction or exponent is a number, any other an
/// integer.
impl TryFrom<Json> for Value {
    type Error = ValueError;
    fn try_from(json: Json) -> Result<Self, ValueError> {
        let declared = match &json {
            Json::Bool(_) => ValueType::Boolean,
            Json::String(_) => ValueType::String,
            Json::Number(number) if number.is_f64() => ValueType::Number,
            Json::Number(_) => ValueType::Integer,
            Json::Object(_) => ValueType::Object,
            Json::Null | Json::Array(_) => return Err(ValueError { declared: None, given: abridged(&json) }),
        };
        match json {
            Json::String(text) => Ok(Self::String(text)),
            Json::Object(object) => Ok(Self::Object(object)),
            Json::Null | Json::Array(_) | Json::Bool(_) | Json::Number(_) => Self::parse(declared, &json),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_declared_type_decides() {
        let reads = |declared, given: Json, written: &str| {
            let value = Value::parse(declared, &given).unwrap();
            assert_eq!(value.value_type(), declared);
            assert_eq!(serde_json::to_string(&value).unwrap(), written);
        };
        reads(ValueType::Boolean, json!(true), "true");
        reads(ValueType::String, json!("a"), "\"a\"");
        reads(ValueType::Integer, json!(-7), "-7");
        reads(ValueType::Number, json!(1), "1.0");
        reads(ValueType::Number, json!(-0.0), "0.0");
        reads(ValueType::Number, json!(0.25), "0.25");
        reads(ValueType::Object, json!({"b": 1, "a": null}), "{\"a\":null,\"b\":1}");
    }

    #[test]
    fn the_rest_is_refused() {
        let refuses = |declared, given: Json, said: &str| {
            let error = Value::parse(declared, &given).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        };
        refuses(
            ValueType::Boolean,
            json!(null),
            "null is not of the declared type boolean; use true or false",
        );
        refuses(ValueType::Boolean, json!("true"), "boolean");
        refuses(ValueType::Integer, json!(1.0), "1.0 is not");
        refuses(ValueType::Integer, json!(9_007_199_254_740_992_i64), "9007199254740991");
        refuses(ValueType::Integer, json!(-9_007_199_254_740_992_i64), "9007199254740991");
        refuses(ValueType::Object, json!([1]), "use an object");
        refuses(ValueType::String, Json::from("x".repeat(100)).as_array().cloned().into(), "null");
        assert!(Value::try_from(json!(null)).unwrap_err().to_string().contains("cannot be served"));
    }

    #[test]
    fn undeclared_values_keep_their_spelling() {
        for text in ["1", "1.0", "true", "\"x\"", "{\"a\":[1]}"] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&value).unwrap(), text);
        }
    }

    #[test]
    fn finite_numbers_print_the_shortest_way() {
        for (number, text) in [(5.0, "5"), (-3.0, "-3"), (0.5, "0.5"), (1e300, "1e+300")] {
            assert_eq!(serde_json::to_string(&Finite::new(number).unwrap()).unwrap(), text);
        }
        assert!(Finite::new(f64::NAN).is_none() && Finite::new(f64::INFINITY).is_none());
    }
}
