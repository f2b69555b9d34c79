//! A file held against its shape: every difference, each at its place.

use sapwood_planner::SliceId;
use sapwood_words::nearest;

use super::{Field, Shape, either, expected, fitting};
use crate::finding::Finding;
use crate::json;
use crate::limits::{ENTRIES_MAX, FINDINGS_MAX, LONG_LIST_MAX};
use crate::quantity;
use crate::source::Span;
use crate::tree::{Key, Node, Value};

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

/// Everything in which a map differs from some keys.
pub(crate) fn check_fields(node: &Node, fields: &'static [Field]) -> Vec<Finding> {
    let mut checker = Checker { found: Vec::new() };
    checker.object(node, fields);
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
            Shape::List(of) => self.list(node, of, ENTRIES_MAX),
            Shape::LongList(of) => self.list(node, of, LONG_LIST_MAX),
            Shape::Named(of) => self.named(node, of),
            Shape::Object(fields) => self.object(node, fields),
            Shape::One(fields) => self.one(node, fields),
            Shape::Called(_, shape) => self.value(node, shape()),
            Shape::Any => self.any(node),
            Shape::Either(shapes) => {
                let fits = fitting(node, shapes).or(shapes.first().copied());
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
            | Shape::Seconds
            | Shape::Lifetime
            | Shape::Weight
            | Shape::Margin
            | Shape::NameOrNothing
            | Shape::Number
            | Shape::Scalar
            | Shape::Word(_) => self.scalar(node, shape),
        }
    }

    /// Values that are passed on as they are must mean the same to every reader.
    fn any(&mut self, node: &Node) {
        for item in node.items() {
            self.any(item);
        }
        for (_, value) in node.entries() {
            self.any(value);
        }
        if let Value::Scalar { text, plain: true } = &node.value
            && json::is_ambiguous(text)
        {
            self.found.push(ambiguous(text, node));
        }
    }

    fn one(&mut self, node: &Node, fields: &'static [Field]) {
        self.object(node, fields);
        if let Value::Map(entries) = &node.value
            && entries.len() != 1
        {
            let at = entries.get(1).map_or(node.span.clone(), |(key, _)| key.span.clone());
            let names: Vec<&str> = fields.iter().map(|field| field.key).collect();
            let message = format!("exactly one key belongs here, and there are {}", entries.len());
            let remedy = format!("write one of {}; several are put into a list under `all`", either(&names));
            let remedy = if names.contains(&"all") { remedy } else { format!("write {}", either(&names)) };
            self.found.push(Finding::error("one_key", at, message, remedy));
        }
    }

    fn wrong(&mut self, node: &Node, expected: &str) {
        let message = format!("here is {}, where {expected} belongs", node.kind());
        self.found.push(Finding::error("wrong_kind", node.span.clone(), message, ""));
    }

    fn list(&mut self, node: &Node, of: &'static Shape, max: usize) {
        let Value::List(items) = &node.value else {
            self.wrong(node, "a list");
            return;
        };
        if items.len() > max {
            let message = format!("the list has {} entries; {max} is the limit", items.len());
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
        if matches!(shape, Shape::NameOrNothing) && node.value == Value::Null {
            return;
        }
        let Value::Scalar { text, plain } = &node.value else {
            self.wrong(node, expected(shape));
            return;
        };
        if *plain && matches!(shape, Shape::Scalar) && json::is_ambiguous(text) {
            self.found.push(ambiguous(text, node));
            return;
        }
        let at = || node.span.clone();
        if let Shape::Text(max) = shape
            && text.chars().count() > *max
        {
            let message = format!("the text has {} characters; {max} is the limit", text.chars().count());
            self.found.push(Finding::error("too_large", at(), message, "say it shorter"));
            return;
        }
        let is_name =
            matches!(shape, Shape::Name) || matches!(shape, Shape::NameOrNothing) && !text.is_empty();
        if is_name && SliceId::new(text).is_err() {
            self.found.push(bad_name(text, at()));
            return;
        }
        let remedy = instead(text, *plain, shape);
        if let Some(remedy) = remedy {
            let shown: String = text.chars().take(60).collect();
            let message = format!("`{shown}` is not {}", expected(shape));
            self.found.push(Finding::error("bad_value", at(), message, remedy));
        }
    }
}

/// What to write instead of a value that is not what it should be.
fn instead(text: &str, plain: bool, shape: &Shape) -> Option<String> {
    match shape {
        Shape::Days => quantity::days(text).err().map(str::to_owned),
        Shape::Date => quantity::date(text).err().map(str::to_owned),
        Shape::Day => {
            let fits = quantity::date(text).is_ok() || quantity::days(text).is_ok();
            (!fits).then(|| "write a date, like `2027-01-11`, or days from the start, like `6d`".to_owned())
        }
        Shape::PerDay => quantity::per_day(text).err().map(str::to_owned),
        Shape::Time => quantity::minutes(text).err().map(str::to_owned),
        Shape::Seconds => quantity::seconds(text).err().map(str::to_owned),
        Shape::Lifetime => quantity::lifetime(text).err().map(str::to_owned),
        Shape::Weight => quantity::weight(text).err().map(str::to_owned),
        Shape::Margin => quantity::margin(text).err().map(str::to_owned),
        Shape::Share => quantity::share(text).err().map(str::to_owned),
        Shape::Points => quantity::points(text).err().map(str::to_owned),
        Shape::Percent => quantity::percent(text).err().map(str::to_owned),
        Shape::Truth => {
            let fits = plain && matches!(text, "true" | "false");
            (!fits).then(|| "write `true` or `false`".to_owned())
        }
        Shape::Number => {
            (!plain || json::number(text).is_none()).then(|| "write a number, like `18` or `2.5`".to_owned())
        }
        Shape::Whole(min, max) => {
            let fits = plain && quantity::whole(text).is_some_and(|number| (*min..=*max).contains(&number));
            (!fits).then(|| format!("write a whole number from {min} to {max}"))
        }
        Shape::Word(words) => (!words.contains(&text)).then(|| {
            let near = nearest(text, words.iter().copied());
            near.map_or_else(|| format!("write {}", either(words)), |near| format!("did you mean `{near}`?"))
        }),
        Shape::Text(_)
        | Shape::Name
        | Shape::NameOrNothing
        | Shape::Scalar
        | Shape::Any
        | Shape::List(_)
        | Shape::LongList(_)
        | Shape::Named(_)
        | Shape::Object(_)
        | Shape::One(_)
        | Shape::Called(..)
        | Shape::Either(_) => None,
    }
}

fn ambiguous(text: &str, node: &Node) -> Finding {
    let shown: String = text.chars().take(60).collect();
    let message = format!("`{shown}` is a number to some readers and a text to others");
    let remedy = "put it into quotation marks if it is a text, or write it as JSON does: `7`, `0.5`, `1000`";
    Finding::error("ambiguous", node.span.clone(), message, remedy)
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

fn bad_name(text: &str, at: Span) -> Finding {
    let shown: String = text.chars().take(60).collect();
    let remedy = "use a letter or digit, then up to 99 of letters, digits, `.`, `_` and `-`";
    Finding::error("bad_name", at, format!("`{shown}` is not a name"), remedy)
}
