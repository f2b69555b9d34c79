//! What a file may say: one table that is checked against, published as JSON Schema, and printed as documentation.
//!
//! A checker of its own, because a reader that stops at the first mistake makes people run it ten times, and one that
//! forgets places cannot point at them.

use sapwood_planner::{SliceId, nearest};

use crate::finding::Finding;
use crate::limits::{ENTRIES_MAX, FINDINGS_MAX};
use crate::quantity;
use crate::tree::{Key, Node, Value};

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
    /// A list.
    List(&'static Shape),
    /// A map from names of one's own.
    Named(&'static Shape),
    /// A map with these keys and no others.
    Object(&'static [Field]),
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
}

impl Field {
    pub(crate) const fn optional(key: &'static str, shape: &'static Shape, doc: &'static str) -> Self {
        Self { key, also: &[], shape, required: false, doc }
    }

    pub(crate) const fn required(key: &'static str, shape: &'static Shape, doc: &'static str) -> Self {
        Self { key, also: &[], shape, required: true, doc }
    }

    pub(crate) const fn or(mut self, also: &'static [&'static str]) -> Self {
        self.also = also;
        self
    }
}

/// Words of other tools, and ours for the same thing.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("product", "project"),
    ("percent", "share"),
    ("percentage", "share"),
    ("watch", "bake"),
    ("on_breach", "action"),
    ("depends_on", "requires"),
    ("blocked_by", "requires"),
    ("needs", "requires"),
    ("estimate", "effort"),
    ("size", "effort"),
    ("deadline", "not_after"),
    ("overhead", "release_overhead"),
    ("name", "id"),
    ("title", "id"),
];

/// Everything in which a value differs from its shape.
pub(crate) fn check(node: &Node, shape: &'static Shape) -> Vec<Finding> {
    let mut checker = Checker { found: Vec::new() };
    checker.value(node, shape);
    checker.found.truncate(FINDINGS_MAX);
    checker.found
}

struct Checker {
    found: Vec<Finding>,
}

impl Checker {
    fn value(&mut self, node: &Node, shape: &'static Shape) {
        if self.found.len() >= FINDINGS_MAX {
            return;
        }
        match shape {
            Shape::List(of) => self.list(node, of),
            Shape::Named(of) => self.named(node, of),
            Shape::Object(fields) => self.object(node, fields),
            Shape::Either(shapes) => {
                let fits = shapes.iter().find(|shape| is_alike(node, shape)).or(shapes.first());
                if let Some(shape) = fits {
                    self.value(node, shape);
                }
            }
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
            | Shape::Word(_) => self.scalar(node, shape),
        }
    }

    fn wrong(&mut self, node: &Node, expected: &str) {
        let message = format!("here is {}, where {expected} belongs", node.kind());
        self.found.push(Finding::error("wrong_kind", node.span.clone(), message, ""));
    }

    fn list(&mut self, node: &Node, of: &'static Shape) {
        let Value::List(items) = &node.value else {
            self.wrong(node, "a list");
            return;
        };
        if items.len() > ENTRIES_MAX {
            let message = format!("the list has {} entries; {ENTRIES_MAX} is the limit", items.len());
            self.found.push(Finding::error("too_large", node.span.clone(), message, "split it"));
            return;
        }
        for item in items {
            self.value(item, of);
        }
    }

    fn named(&mut self, node: &Node, of: &'static Shape) {
        let Value::Map(entries) = &node.value else {
            self.wrong(node, "a map of names");
            return;
        };
        for (key, value) in entries {
            if SliceId::new(&key.text).is_err() {
                self.found.push(bad_name(&key.text, key.span.clone()));
            }
            self.value(value, of);
        }
    }

    fn object(&mut self, node: &Node, fields: &'static [Field]) {
        let Value::Map(entries) = &node.value else {
            self.wrong(node, "a map");
            return;
        };
        let mut seen: Vec<(&str, &Key)> = Vec::new();
        for (key, value) in entries {
            let is_it = |field: &&Field| field.key == key.text || field.also.contains(&key.text.as_str());
            let Some(field) = fields.iter().find(is_it) else {
                self.found.push(unknown_key(key, fields));
                continue;
            };
            if let Some((_, before)) = seen.iter().find(|(name, _)| *name == field.key) {
                let message = format!("`{}` and `{}` mean the same", before.text, key.text);
                self.found.push(Finding::error(
                    "duplicate_key",
                    key.span.clone(),
                    message,
                    "remove one of them",
                ));
            }
            seen.push((field.key, key));
            self.value(value, field.shape);
        }
        for field in fields.iter().filter(|field| field.required) {
            if !seen.iter().any(|(name, _)| *name == field.key) {
                let first = entries.first().map_or(node.span.clone(), |(key, _)| key.span.clone());
                let message = format!("`{}` is missing here", field.key);
                let remedy = format!("add `{}`: {}", field.key, field.doc);
                self.found.push(Finding::error("missing_key", first, message, remedy));
            }
        }
    }

    fn scalar(&mut self, node: &Node, shape: &Shape) {
        let Value::Scalar { text, plain } = &node.value else {
            self.wrong(node, expected(shape));
            return;
        };
        let at = || node.span.clone();
        let remedy = match shape {
            Shape::Text(max) if text.chars().count() > *max => {
                let message = format!("the text has {} characters; {max} is the limit", text.chars().count());
                self.found.push(Finding::error("too_large", at(), message, "say it shorter"));
                return;
            }
            Shape::Name if SliceId::new(text).is_err() => {
                self.found.push(bad_name(text, at()));
                return;
            }
            Shape::Text(_) | Shape::Name => return,
            Shape::Days => quantity::days(text).err().map(str::to_owned),
            Shape::Date => quantity::date(text).err().map(str::to_owned),
            Shape::Day => {
                let fits = quantity::date(text).is_ok() || quantity::days(text).is_ok();
                (!fits)
                    .then(|| "write a date, like `2027-01-11`, or days from the start, like `6d`".to_owned())
            }
            Shape::PerDay => quantity::per_day(text).err().map(str::to_owned),
            Shape::Time => quantity::minutes(text).err().map(str::to_owned),
            Shape::Share => quantity::share(text).err().map(str::to_owned),
            Shape::Points => quantity::points(text).err().map(str::to_owned),
            Shape::Percent => quantity::percent(text).err().map(str::to_owned),
            Shape::Truth => {
                let fits = *plain && matches!(text.as_str(), "true" | "false");
                (!fits).then(|| "write `true` or `false`".to_owned())
            }
            Shape::Whole(min, max) => {
                let fits =
                    *plain && quantity::whole(text).is_some_and(|number| (*min..=*max).contains(&number));
                (!fits).then(|| format!("write a whole number from {min} to {max}"))
            }
            Shape::Word(words) => (!words.contains(&text.as_str())).then(|| {
                let near = nearest(text, words.iter().copied());
                near.map_or_else(
                    || format!("write {}", either(words)),
                    |near| format!("did you mean `{near}`?"),
                )
            }),
            Shape::List(_) | Shape::Named(_) | Shape::Object(_) | Shape::Either(_) => None,
        };
        if let Some(remedy) = remedy {
            let shown: String = text.chars().take(60).collect();
            let message = format!("`{shown}` is not {}", expected(shape));
            self.found.push(Finding::error("bad_value", at(), message, remedy));
        }
    }
}

fn unknown_key(key: &Key, fields: &[Field]) -> Finding {
    let ours = OTHER_WORDS
        .iter()
        .find(|(other, ours)| *other == key.text && fields.iter().any(|field| field.key == *ours));
    let names = fields.iter().map(|field| field.key);
    let remedy = match (ours, nearest(&key.text, names.clone())) {
        (Some((_, ours)), _) => format!("Sapwood calls it `{ours}`"),
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) => format!("what can be said here is {}", either(&names.collect::<Vec<&str>>())),
    };
    let shown: String = key.text.chars().take(60).collect();
    Finding::error("unknown_key", key.span.clone(), format!("`{shown}` means nothing here"), remedy)
}

fn bad_name(text: &str, at: crate::source::Span) -> Finding {
    let shown: String = text.chars().take(60).collect();
    let remedy = "use a letter or digit, then up to 99 of letters, digits, `.`, `_` and `-`";
    Finding::error("bad_name", at, format!("`{shown}` is not a name"), remedy)
}

/// Whether a value is of the kind a shape wants, right or not.
fn is_alike(node: &Node, shape: &Shape) -> bool {
    match shape {
        Shape::List(_) => matches!(node.value, Value::List(_)),
        Shape::Named(_) | Shape::Object(_) => matches!(node.value, Value::Map(_)),
        Shape::Either(shapes) => shapes.iter().any(|shape| is_alike(node, shape)),
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
        | Shape::Word(_) => node.text().is_some(),
    }
}

/// What a shape is, for people.
pub(crate) fn expected(shape: &Shape) -> &'static str {
    match shape {
        Shape::Text(_) => "a text",
        Shape::Name => "a name",
        Shape::Days => "a number of days",
        Shape::Date => "a date",
        Shape::Day => "a day",
        Shape::PerDay => "a value per day",
        Shape::Time => "a time",
        Shape::Share => "a share",
        Shape::Points => "a number of percentage points",
        Shape::Percent => "a percentage",
        Shape::Truth => "`true` or `false`",
        Shape::Whole(..) => "a whole number in range",
        Shape::Word(_) => "one of the words that belong here",
        Shape::List(_) => "a list",
        Shape::Named(_) => "a map of names",
        Shape::Object(_) => "a map",
        Shape::Either(_) => "one of several things",
    }
}

/// `a`, `b` or `c`.
fn either(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}
