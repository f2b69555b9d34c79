//! Conditions and the tests of attributes.

use std::collections::BTreeSet;

use sapwood_eval::{AttributeTest, Comparison, Condition, Finite, Instant, Scalar, Serves, Test};
use sapwood_words::{Choice, Fault, OneOf, Spot};
use serde_json::Value;

const CONDITION: OneOf = OneOf {
    what: "a condition",
    one: "condition",
    words: &["always"],
    tags: &["all", "any", "not", "segment", "serves", "attribute", "now"],
    meant: &[
        ("and", "all"),
        ("or", "any"),
        ("everybody", "always"),
        ("everyone", "always"),
        ("flag", "serves"),
        ("prerequisite", "serves"),
        ("in_segment", "segment"),
        ("time", "now"),
    ],
    such_as: r#"{"segment": "internal"}"#,
};

const TEST: OneOf = OneOf {
    what: "a test",
    one: "test",
    words: &["present", "absent"],
    tags: &[
        "equals",
        "one_of",
        "contains",
        "starts_with",
        "ends_with",
        "number",
        "semver",
        "date_time",
        "cidr",
        "matches",
    ],
    meant: &[
        ("in", "one_of"),
        ("eq", "equals"),
        ("is", "equals"),
        ("==", "equals"),
        ("lt", "number"),
        ("lte", "number"),
        ("gt", "number"),
        ("gte", "number"),
        ("<", "number"),
        ("<=", "number"),
        (">", "number"),
        (">=", "number"),
        ("before", "date_time"),
        ("after", "date_time"),
        ("version", "semver"),
        ("ip", "cidr"),
        ("regex", "matches"),
        ("regexp", "matches"),
        ("prefix", "starts_with"),
        ("suffix", "ends_with"),
        ("exists", "present"),
        ("missing", "absent"),
    ],
    such_as: r#"{"one_of": ["DE", "FR"]}"#,
};

const COMPARISON: OneOf = OneOf {
    what: "a comparison",
    one: "comparison",
    words: &[],
    tags: &["lt", "lte", "eq", "gte", "gt"],
    meant: &[
        ("<", "lt"),
        ("<=", "lte"),
        ("le", "lte"),
        ("=", "eq"),
        ("==", "eq"),
        ("equals", "eq"),
        (">=", "gte"),
        ("ge", "gte"),
        (">", "gt"),
        ("min", "gte"),
        ("max", "lte"),
    ],
    such_as: r#"{"gte": …}"#,
};

const INSTANT: OneOf = OneOf {
    what: "a side of an instant",
    one: "side of an instant",
    words: &[],
    tags: &["before", "after"],
    meant: &[("until", "before"), ("from", "after"), ("since", "after"), ("lt", "before"), ("gte", "after")],
    such_as: r#"{"after": "2026-11-01T09:00:00+01:00"}"#,
};

/// Who a rule, a segment or a rollout is for.
pub(in crate::convert) fn condition(spot: Spot<'_>) -> Result<Condition, Fault> {
    let (tag, of) = match spot.choice(&CONDITION)? {
        Choice::Word(_) => return Ok(Condition::Always),
        Choice::Tag(tag, of) => (tag, of),
    };
    Ok(match tag {
        "all" => Condition::All(of.all("a list of conditions", condition)?),
        "any" => Condition::Any(of.all("a list of conditions", condition)?),
        "not" => Condition::Not(Box::new(condition(of)?)),
        "segment" => Condition::Segment(of.key("the name of a segment")?),
        "serves" => Condition::Serves(serves(of)?),
        "now" => Condition::Now(instant(of)?),
        _ => {
            let fields = of.fields("a test of an attribute", &["name", "test"])?;
            Condition::Attribute(AttributeTest {
                name: fields.needed("name")?.key("the name of an attribute")?,
                test: test(fields.needed("test")?)?,
            })
        }
    })
}

/// A prerequisite.
pub(in crate::convert) fn serves(spot: Spot<'_>) -> Result<Serves, Fault> {
    let fields = spot.fields("a prerequisite", &["flag", "variants"])?;
    let variants = fields.needed("variants")?;
    Ok(Serves {
        flag: fields.needed("flag")?.key("the name of a flag")?,
        variants: variants
            .all("a list of names of variants", |one| one.key("the name of a variant"))?
            .into_iter()
            .collect::<BTreeSet<_>>(),
    })
}

fn test(spot: Spot<'_>) -> Result<Test, Fault> {
    let (tag, of) = match spot.choice(&TEST)? {
        Choice::Word("present") => return Ok(Test::Present),
        Choice::Word(_) => return Ok(Test::Absent),
        Choice::Tag(tag, of) => (tag, of),
    };
    let texts = || of.all("a list of texts", |one| one.text("an entry"));
    Ok(match tag {
        "equals" => Test::Equals(scalar(of)?),
        "one_of" => Test::OneOf(of.all("a list of booleans, numbers or texts", scalar)?),
        "contains" => Test::Contains(texts()?),
        "starts_with" => Test::StartsWith(texts()?),
        "ends_with" => Test::EndsWith(texts()?),
        "number" => Test::Number(comparison(of, |operand| number(&operand))?),
        "semver" => Test::Semver(comparison(of, |operand| operand.text("a version such as \"2.0.0\""))?),
        "date_time" => Test::DateTime(instant(of)?),
        "cidr" => {
            Test::Cidr(of.all("a list of networks", |one| one.text("a network such as \"10.0.0.0/8\""))?)
        }
        _ => Test::Matches(of.text("a regular expression")?),
    })
}

fn comparison<T>(
    spot: Spot<'_>,
    read: impl Fn(Spot<'_>) -> Result<T, Fault>,
) -> Result<Comparison<T>, Fault> {
    let (tag, of) = match spot.choice(&COMPARISON)? {
        Choice::Word(_) => return Err(spot.unlike(&COMPARISON)),
        Choice::Tag(tag, of) => (tag, of),
    };
    let operand = read(of)?;
    Ok(match tag {
        "lt" => Comparison::Lt(operand),
        "lte" => Comparison::Lte(operand),
        "eq" => Comparison::Eq(operand),
        "gte" => Comparison::Gte(operand),
        _ => Comparison::Gt(operand),
    })
}

fn instant(spot: Spot<'_>) -> Result<Instant, Fault> {
    const WHEN: &str = "an instant such as \"2026-11-01T09:00:00Z\"";
    Ok(match spot.choice(&INSTANT)? {
        Choice::Tag("before", of) => Instant::Before(of.text(WHEN)?),
        Choice::Tag(_, of) => Instant::After(of.text(WHEN)?),
        Choice::Word(_) => return Err(spot.unlike(&INSTANT)),
    })
}

fn scalar(spot: Spot<'_>) -> Result<Scalar, Fault> {
    match spot.json() {
        Value::Bool(boolean) => Ok(Scalar::Boolean(*boolean)),
        Value::String(text) => Ok(Scalar::String(text.clone())),
        Value::Number(_) => number(&spot).map(Scalar::Number),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err(spot.is_not("a boolean, a number or a text to compare the attribute with"))
        }
    }
}

fn number(spot: &Spot<'_>) -> Result<Finite, Fault> {
    spot.json().as_f64().and_then(Finite::new).ok_or_else(|| spot.is_not("a finite number"))
}
