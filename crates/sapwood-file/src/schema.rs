//! The shape of a file as JSON Schema (draft 2020-12), and as a table for people.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::limits::{ENTRIES_MAX, LONG_LIST_MAX};
use crate::shape::{Field, Shape, expected};

/// The schema of a shape.
pub(crate) fn json_schema(shape: &Shape) -> Value {
    let pattern = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    match shape {
        Shape::Text(max) => json!({ "type": "string", "maxLength": max }),
        Shape::Name => pattern("^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"),
        Shape::Days => pattern("^[0-9]{1,6}d$"),
        Shape::Date => json!({ "type": "string", "format": "date" }),
        Shape::Day => json!({ "anyOf": [json_schema(&Shape::Date), json_schema(&Shape::Days)] }),
        Shape::PerDay => pattern("^[0-9]{1,10} ?/day$"),
        Shape::Time => pattern("^[0-9]{1,6}[dhm]$"),
        Shape::Share | Shape::Percent => pattern("^[0-9]{1,6}(\\.[0-9]{1,3})? ?%$"),
        Shape::Seconds => pattern("^[0-9]{1,10}[dhms]$"),
        Shape::Lifetime => pattern("^[0-9]{1,10}d$"),
        Shape::Weight => pattern("^[0-9]{1,3}(\\.[0-9])? ?%$"),
        Shape::Margin => pattern("^-?[0-9]{1,3}(\\.[0-9])? ?%$"),
        Shape::NameOrNothing => {
            json!({ "type": ["string", "null"], "pattern": "^([A-Za-z0-9][A-Za-z0-9._-]{0,99})?$" })
        }
        Shape::Number => json!({ "type": "number" }),
        Shape::Scalar => json!({ "type": ["boolean", "number", "string"] }),
        Shape::Any => json!({}),
        Shape::Points => pattern("^[0-9]{1,3}(\\.[0-9]{1,3})? ?pp$"),
        Shape::Truth => json!({ "type": "boolean" }),
        Shape::Whole(min, max) => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Shape::Word(words) => json!({ "enum": words }),
        Shape::List(of) => {
            json!({ "type": "array", "items": json_schema(of), "maxItems": ENTRIES_MAX })
        }
        Shape::LongList(of) => {
            json!({ "type": "array", "items": json_schema(of), "maxItems": LONG_LIST_MAX })
        }
        Shape::Named(of) => json!({
            "type": "object",
            "propertyNames": json_schema(&Shape::Name),
            "additionalProperties": json_schema(of),
        }),
        Shape::Object(fields) => object(fields),
        Shape::One(fields) => one(fields),
        Shape::Called(name, _) => json!({ "$ref": format!("#/$defs/{name}") }),
        Shape::Either(shapes) => {
            json!({ "anyOf": shapes.iter().map(|shape| json_schema(shape)).collect::<Vec<Value>>() })
        }
    }
}

/// A map with exactly one of some keys.
fn one(fields: &[Field]) -> Value {
    let mut schema = object(fields);
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("minProperties".to_owned(), json!(1));
        schema.insert("maxProperties".to_owned(), json!(1));
    }
    schema
}

pub(crate) fn object(fields: &[Field]) -> Value {
    let mut properties = Map::new();
    for field in fields {
        for key in std::iter::once(&field.key).chain(field.also) {
            let mut schema = json_schema(field.shape);
            if let Some(schema) = schema.as_object_mut() {
                schema.insert("description".to_owned(), json!(field.doc));
            }
            properties.insert((*key).to_owned(), schema);
        }
    }
    // A key with a second spelling cannot be demanded by one of the two names.
    let (plain, spelt): (Vec<&Field>, Vec<&Field>) =
        fields.iter().filter(|field| field.required).partition(|field| field.also.is_empty());
    let required: Vec<&str> = plain.iter().map(|field| field.key).collect();
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if let Some(schema) = schema.as_object_mut() {
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        if !spelt.is_empty() {
            let choices = spelt.iter().map(|field| {
                let keys = std::iter::once(&field.key).chain(field.also);
                json!({ "anyOf": keys.map(|key| json!({ "required": [key] })).collect::<Vec<Value>>() })
            });
            schema.insert("allOf".to_owned(), choices.collect());
        }
    }
    schema
}

/// The keys of an object as a Markdown table, and the objects below it after it.
pub(crate) fn table(title: &str, fields: &[Field], out: &mut String) {
    let _ = writeln!(out, "### {title}\n\n| key | what it is | |\n|---|---|---|");
    for field in fields {
        let also = field.also.iter().fold(String::new(), |all, other| all + " or `" + other + "`");
        let must = if field.required { " (required)" } else { "" };
        let _ = writeln!(out, "| `{}`{also} | {}{must} | {} |", field.key, of(field.shape), field.doc);
    }
    out.push('\n');
    for field in fields {
        below(field.key, field.shape, out);
    }
}

fn below(title: &str, shape: &Shape, out: &mut String) {
    match shape {
        Shape::Object(fields) | Shape::One(fields) => table(&format!("`{title}`"), fields, out),
        Shape::List(of) | Shape::LongList(of) | Shape::Named(of) => below(title, of, out),
        Shape::Either(shapes) => shapes.iter().for_each(|shape| below(title, shape, out)),
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
        | Shape::Any
        // It has a table of its own.
        | Shape::Called(..)
        | Shape::Word(_) => {}
    }
}

fn of(shape: &Shape) -> String {
    match shape {
        Shape::Whole(min, max) => format!("a whole number from {min} to {max}"),
        Shape::Word(words) => {
            words.iter().map(|word| format!("`{word}`")).collect::<Vec<String>>().join(", ")
        }
        Shape::Days => "days, like `6d`".to_owned(),
        Shape::Date => "a date, like `2027-01-11`".to_owned(),
        Shape::Day => "a date, or days from the start, like `6d`".to_owned(),
        Shape::PerDay => "a value per day, like `30/day`".to_owned(),
        Shape::Time => "a time, like `2d`, `4h`, `30m`".to_owned(),
        Shape::Seconds => "a time, like `2d`, `4h`, `30m`, `90s`".to_owned(),
        Shape::Lifetime => "days, like `30d`".to_owned(),
        Shape::Weight => "a part of the whole, like `12.5%`".to_owned(),
        Shape::Margin => "a percentage, like `10%` or `-5%`".to_owned(),
        Shape::Share => "a share, like `5%`".to_owned(),
        Shape::Points => "percentage points, like `30pp`".to_owned(),
        Shape::Percent => "a percentage, like `10%`".to_owned(),
        Shape::List(of_what) | Shape::LongList(of_what) => format!("a list; each entry: {}", of(of_what)),
        Shape::Named(of_what) => format!("names, each with: {}", of(of_what)),
        Shape::Object(_) => "a map, see below".to_owned(),
        Shape::One(_) => "a map with one key, see below".to_owned(),
        Shape::Called(name, _) => format!("a {name}, see [there](#{name})"),
        Shape::Either(shapes) => shapes.iter().map(|shape| of(shape)).collect::<Vec<String>>().join("; or "),
        Shape::Text(_)
        | Shape::Name
        | Shape::NameOrNothing
        | Shape::Number
        | Shape::Scalar
        | Shape::Any
        | Shape::Truth => expected(shape).to_owned(),
    }
}
