//! Who a rule is for, as written down: a tree of typed tests that is total, so that no context can make it fail.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::key::{AttributeName, FlagKey, SegmentKey, VariantKey};
use crate::value::Finite;

/// A condition on a context and the time.
///
/// Total: a missing attribute or one of another type than the test expects is simply no match, and `not` negates that
/// result like any other. Every operator's inverse is `not` around it.
///
/// ```
/// use sapwood_eval::Condition;
/// let json = r#"{"all":[{"attribute":{"name":"country","test":{"one_of":["DE","FR"]}}},{"not":{"segment":"internal"}}]}"#;
/// let condition: Condition = serde_json::from_str(json)?;
/// assert_eq!(serde_json::to_string(&condition)?, json);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Everybody.
    Always,
    /// Every one of these; of none, everybody.
    All(Vec<Condition>),
    /// At least one of these; of none, nobody.
    Any(Vec<Condition>),
    /// Whoever this does not match.
    Not(Box<Condition>),
    /// Members of a segment.
    Segment(SegmentKey),
    /// Whoever is served one of these variants by another flag: a prerequisite.
    Serves(Serves),
    /// Whoever has an attribute that passes a test.
    Attribute(AttributeTest),
    /// Everybody, before or after an instant.
    Now(Instant),
}

/// A prerequisite: another flag serves one of these variants to the same context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serves {
    /// The flag asked.
    pub flag: FlagKey,
    /// Any of its variants that will do.
    pub variants: BTreeSet<VariantKey>,
}

/// A test of one attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeTest {
    /// The attribute; `targetingKey` is one too.
    pub name: AttributeName,
    /// What it must pass.
    pub test: Test,
}

/// What can be asked of an attribute. Where a list is given, any one of its entries will do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// Is there, whatever it is.
    Present,
    /// Is not there (or is `null`).
    Absent,
    /// Is this boolean, number or text; `5` and `5.0` are one number.
    Equals(Scalar),
    /// Is one of these.
    OneOf(Vec<Scalar>),
    /// A text in which one of these occurs, or a list with one of these as an element.
    Contains(Vec<String>),
    /// A text that starts with one of these.
    StartsWith(Vec<String>),
    /// A text that ends with one of these.
    EndsWith(Vec<String>),
    /// A number that compares like this.
    Number(Comparison<Finite>),
    /// A text that is a version, ordered as in Semantic Versioning 2.0.0.
    Semver(Comparison<String>),
    /// A text that is an RFC 3339 instant.
    DateTime(Instant),
    /// A text that is an IP address in one of these networks.
    Cidr(Vec<String>),
    /// A text in which this regular expression matches somewhere.
    Matches(String),
}

/// A boolean, number or text to compare an attribute with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Scalar {
    /// `true` or `false`.
    Boolean(bool),
    /// A number.
    Number(Finite),
    /// Text, compared byte by byte.
    String(String),
}

/// Written out, because a derived reader of an untagged value tries and fails its way through the types, and lists of
/// scalars are what large configurations are made of.
impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyScalar;
        impl Visitor<'_> for AnyScalar {
            type Value = Scalar;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a boolean, number or string")
            }
            fn visit_bool<E: Error>(self, boolean: bool) -> Result<Scalar, E> {
                Ok(Scalar::Boolean(boolean))
            }
            fn visit_i64<E: Error>(self, integer: i64) -> Result<Scalar, E> {
                number(serde_json::Number::from(integer).as_f64())
            }
            fn visit_u64<E: Error>(self, integer: u64) -> Result<Scalar, E> {
                number(serde_json::Number::from(integer).as_f64())
            }
            fn visit_f64<E: Error>(self, float: f64) -> Result<Scalar, E> {
                number(Some(float))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar::String(text.to_owned()))
            }
            fn visit_string<E: Error>(self, text: String) -> Result<Scalar, E> {
                Ok(Scalar::String(text))
            }
        }
        fn number<E: Error>(float: Option<f64>) -> Result<Scalar, E> {
            let finite = float.and_then(Finite::new);
            finite.map(Scalar::Number).ok_or_else(|| E::custom("the number is not finite"))
        }
        deserializer.deserialize_any(AnyScalar)
    }
}

impl From<&str> for Scalar {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<bool> for Scalar {
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}

/// How an ordered attribute stands to the operand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison<T> {
    /// Less than.
    Lt(T),
    /// Less than or equal to.
    Lte(T),
    /// Equal to.
    Eq(T),
    /// Greater than or equal to.
    Gte(T),
    /// Greater than.
    Gt(T),
}

impl<T> Comparison<T> {
    /// What the attribute is compared with.
    pub const fn operand(&self) -> &T {
        match self {
            Self::Lt(operand)
            | Self::Lte(operand)
            | Self::Eq(operand)
            | Self::Gte(operand)
            | Self::Gt(operand) => operand,
        }
    }

    /// Whether an attribute that stands in this order to the operand passes.
    #[must_use]
    pub const fn accepts(&self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Lt(_) => order.is_lt(),
            Self::Lte(_) => order.is_le(),
            Self::Eq(_) => order.is_eq(),
            Self::Gte(_) => order.is_ge(),
            Self::Gt(_) => order.is_gt(),
        }
    }

    /// The same comparison with another operand, or the error of converting it.
    pub fn try_map<U, E>(&self, convert: impl FnOnce(&T) -> Result<U, E>) -> Result<Comparison<U>, E> {
        Ok(match self {
            Self::Lt(operand) => Comparison::Lt(convert(operand)?),
            Self::Lte(operand) => Comparison::Lte(convert(operand)?),
            Self::Eq(operand) => Comparison::Eq(convert(operand)?),
            Self::Gte(operand) => Comparison::Gte(convert(operand)?),
            Self::Gt(operand) => Comparison::Gt(convert(operand)?),
        })
    }
}

/// A side of an instant, which is written in RFC 3339 with its offset: `2026-11-01T09:00:00+01:00`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Instant {
    /// Strictly earlier.
    Before(String),
    /// At the instant or later, so that `before` and `after` the same instant leave no gap.
    After(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_round_trips() {
        let of = |test: &str| format!("{{\"attribute\":{{\"name\":\"a b\",\"test\":{test}}}}}");
        let texts = [
            "\"always\"".to_owned(),
            "{\"all\":[]}".to_owned(),
            "{\"any\":[\"always\",{\"not\":\"always\"}]}".to_owned(),
            "{\"segment\":\"internal\"}".to_owned(),
            "{\"serves\":{\"flag\":\"a\",\"variants\":[\"off\",\"on\"]}}".to_owned(),
            "{\"now\":{\"after\":\"2026-11-01T09:00:00+01:00\"}}".to_owned(),
            of("\"present\""),
            of("\"absent\""),
            of("{\"equals\":true}"),
            of("{\"equals\":5}"),
            of("{\"one_of\":[\"DE\",1,2.5,false]}"),
            of("{\"contains\":[\"x\"]}"),
            of("{\"starts_with\":[\"x\"]}"),
            of("{\"ends_with\":[\"@corp.com\"]}"),
            of("{\"number\":{\"gte\":18}}"),
            of("{\"semver\":{\"lt\":\"2.0.0\"}}"),
            of("{\"date_time\":{\"before\":\"2026-11-01T09:00:00Z\"}}"),
            of("{\"cidr\":[\"10.0.0.0/8\"]}"),
            of("{\"matches\":\"^a+$\"}"),
        ];
        for text in texts {
            let condition: Condition = serde_json::from_str(&text).expect(&text);
            assert_eq!(serde_json::to_string(&condition).unwrap(), text);
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            "\"never\"",
            "{\"attribute\":{\"name\":\"a\",\"test\":{\"sounds_like\":\"x\"}}}",
            "{\"attribute\":{\"name\":\"a\",\"test\":\"present\",\"negate\":true}}",
            "{\"attribute\":{\"name\":\"\",\"test\":\"present\"}}",
            "{\"attribute\":{\"name\":\"a\",\"test\":{\"equals\":null}}}",
            "{\"all\":[],\"any\":[]}",
        ] {
            assert!(serde_json::from_str::<Condition>(text).is_err(), "{text}");
        }
    }
}
