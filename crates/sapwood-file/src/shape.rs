//! What a file may say: one table that is checked against, published as JSON Schema, and printed as documentation.
//!
//! A checker of its own, because a reader that stops at the first mistake makes people run it ten times, and one that
//! forgets places cannot point at them.

mod check;

use crate::tree::{Node, Value};

pub(crate) use check::{check, check_fields};

/// The shape of a value.
#[derive(Debug)]
pub(crate) enum Shape {
    /// A text for people, at most this many characters, on any number of lines.
    Text(usize),
    /// A name: of a slice, ladder, guardrail, surface, metric.
    Name,
    /// Whole days: `6d`.
    Days,
    /// A date: `2027-01-11`.
    Date,
    /// A date, or whole days from the start of the plan.
    Day,
    /// Worth of a day: `30/day`.
    PerDay,
    /// A time: `2d`, `4h`, `30m`.
    Time,
    /// A share: `5%`.
    Share,
    /// Percentage points: `30pp`.
    Points,
    /// A percentage that may be above 100: `150%`.
    Percent,
    /// `true` or `false`.
    Truth,
    /// A whole number in a range.
    Whole(u64, u64),
    /// One of some words.
    Word(&'static [&'static str]),
    /// A time, kept in seconds: `2d`, `4h`, `30m`, `90s`.
    Seconds,
    /// Days, kept as a number: `30d`.
    Lifetime,
    /// A part of a whole, kept in thousandths: `12.5%`.
    Weight,
    /// How much worse is tolerated, kept as a ratio in thousandths that the `harm` beside it gives its direction.
    Margin,
    /// A name, or nothing: `null`, or where there is no such thing an empty text.
    NameOrNothing,
    /// A finite number.
    Number,
    /// A truth value, a number or a text.
    Scalar,
    /// Anything at all.
    Any,
    /// A list.
    List(&'static Shape),
    /// A list that may be long.
    LongList(&'static Shape),
    /// A map from names of one's own.
    Named(&'static Shape),
    /// A map with these keys and no others.
    Object(&'static [Field]),
    /// A map with exactly one of these keys.
    One(&'static [Field]),
    /// A shape with a name, which may hold itself.
    Called(&'static str, fn() -> &'static Shape),
    /// Any of these; the first that is of the same kind of value is checked against.
    Either(&'static [&'static Shape]),
}

/// A key of an object.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) key: &'static str,
    /// Other spellings that are accepted.
    pub(crate) also: &'static [&'static str],
    pub(crate) shape: &'static Shape,
    pub(crate) required: bool,
    pub(crate) doc: &'static str,
    /// What the server calls it, where that is another name.
    pub(crate) wire: &'static str,
    /// What it is if it is not said, as JSON; it is left out when it is that.
    pub(crate) usual: &'static str,
}

impl Field {
    pub(crate) const fn optional(key: &'static str, shape: &'static Shape, doc: &'static str) -> Self {
        Self { key, also: &[], shape, required: false, doc, wire: key, usual: "" }
    }

    pub(crate) const fn required(key: &'static str, shape: &'static Shape, doc: &'static str) -> Self {
        Self { key, also: &[], shape, required: true, doc, wire: key, usual: "" }
    }

    pub(crate) const fn or(mut self, also: &'static [&'static str]) -> Self {
        self.also = also;
        self
    }

    pub(crate) const fn wire(mut self, name: &'static str) -> Self {
        self.wire = name;
        self
    }

    pub(crate) const fn usual(mut self, json: &'static str) -> Self {
        self.usual = json;
        self
    }
}

/// Whether a value is of the kind a shape wants, right or not.
fn is_alike(node: &Node, shape: &Shape) -> bool {
    match shape {
        Shape::List(_) | Shape::LongList(_) => matches!(node.value, Value::List(_)),
        Shape::Named(_) | Shape::Object(_) | Shape::One(_) => matches!(node.value, Value::Map(_)),
        Shape::Either(shapes) => shapes.iter().any(|shape| is_alike(node, shape)),
        Shape::Called(_, shape) => is_alike(node, shape()),
        Shape::Any => true,
        Shape::NameOrNothing => node.text().is_some() || node.value == Value::Null,
        Shape::Text(_)
        | Shape::Name
        | Shape::Days
        | Shape::Date
        | Shape::Day
        | Shape::PerDay
        | Shape::Time
        | Shape::Share
        | Shape::Points
        | Shape::Percent
        | Shape::Truth
        | Shape::Whole(..)
        | Shape::Seconds
        | Shape::Lifetime
        | Shape::Weight
        | Shape::Margin
        | Shape::Number
        | Shape::Scalar
        | Shape::Word(_) => node.text().is_some(),
    }
}

/// What a shape is, for people.
pub(crate) fn expected(shape: &Shape) -> &'static str {
    match shape {
        Shape::Text(_) => "a text",
        Shape::Name => "a name",
        Shape::Days | Shape::Lifetime => "a number of days",
        Shape::Date => "a date",
        Shape::Day => "a day",
        Shape::PerDay => "a value per day",
        Shape::Time | Shape::Seconds => "a time",
        Shape::NameOrNothing => "a name, or `null`",
        Shape::Number => "a number",
        Shape::Scalar => "a truth value, a number or a text",
        Shape::Any => "a value",
        Shape::Share => "a share",
        Shape::Points => "a number of percentage points",
        Shape::Percent | Shape::Weight | Shape::Margin => "a percentage",
        Shape::Truth => "`true` or `false`",
        Shape::Whole(..) => "a whole number in range",
        Shape::Word(_) => "one of the words that belong here",
        Shape::List(_) | Shape::LongList(_) => "a list",
        Shape::Named(_) => "a map of names",
        Shape::Object(_) => "a map",
        Shape::One(_) => "a map with one key",
        Shape::Called(_, shape) => expected(shape()),
        Shape::Either(_) => "one of several things",
    }
}

/// The one of several shapes that is meant: the object one of whose required keys is there, or else the first that is of
/// the same kind of value.
pub(crate) fn fitting(node: &Node, shapes: &'static [&'static Shape]) -> Option<&'static Shape> {
    let is_meant = |shape: &&&Shape| {
        let Shape::Object(fields) = shape else { return false };
        fields.iter().any(|field| field.required && node.get(&[field.key]).is_some())
    };
    let meant = shapes.iter().find(is_meant);
    meant.or_else(|| shapes.iter().find(|shape| is_alike(node, shape))).copied()
}

/// `a`, `b` or `c`.
pub(crate) fn either(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}
