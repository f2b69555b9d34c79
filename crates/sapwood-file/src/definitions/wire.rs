//! A checked value in the server's words. Every shape has its way; a value that does not keep it was refused before.

use serde_json::{Map, Value as Json, json};

use crate::json;
use crate::quantity;
use crate::shape::{Field, Shape, fitting};
use crate::tree::{Node, Value};

/// A definition: all of its keys but the version of the format.
pub(super) fn of_fields(node: &Node, fields: &'static [Field]) -> Json {
    let mut object = Map::new();
    for (key, value) in node.entries().iter().filter(|(key, _)| key.text != "sapwood") {
        let is_it = |field: &&Field| field.key == key.text || field.also.contains(&key.text.as_str());
        let Some(field) = fields.iter().find(is_it) else { continue };
        let is_margin = matches!(field.shape, Shape::Margin);
        let said = if is_margin { margin(value, node) } else { of(value, field.shape) };
        object.insert(field.wire.to_owned(), said);
    }
    Json::Object(object)
}

/// How much worse, as a ratio: which way that is says the `harm` beside it.
fn margin(value: &Node, beside: &Node) -> Json {
    let part = quantity::margin(value.text().unwrap_or_default()).unwrap_or(0);
    let is_down = beside.get(&["harm", "worse_if"]).and_then(Node::text) == Some("down");
    json!(if is_down { 1_000 - part } else { 1_000 + part })
}

fn of(node: &Node, shape: &'static Shape) -> Json {
    match shape {
        Shape::Object(fields) | Shape::One(fields) => of_fields(node, fields),
        Shape::List(of_what) | Shape::LongList(of_what) => {
            node.items().iter().map(|item| of(item, of_what)).collect()
        }
        Shape::Named(of_what) => {
            let entries = node.entries().iter();
            Json::Object(entries.map(|(key, value)| (key.text.clone(), of(value, of_what))).collect())
        }
        Shape::Called(_, shape) => of(node, shape()),
        Shape::Either(shapes) => {
            let fits = fitting(node, shapes);
            fits.map_or(Json::Null, |shape| of(node, shape))
        }
        Shape::Any => json::of(node),
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
        | Shape::Word(_)
        | Shape::Seconds
        | Shape::Lifetime
        | Shape::Weight
        | Shape::Margin
        | Shape::NameOrNothing
        | Shape::Number
        | Shape::Scalar => scalar(node, shape),
    }
}

fn scalar(node: &Node, shape: &Shape) -> Json {
    let Value::Scalar { text, plain } = &node.value else { return Json::Null };
    match shape {
        Shape::Share => json!(quantity::share(text).unwrap_or(0)),
        Shape::Seconds => json!(quantity::seconds(text).unwrap_or(0)),
        Shape::Lifetime => json!(quantity::lifetime(text).unwrap_or(0)),
        Shape::Weight => json!(quantity::weight(text).unwrap_or(0)),
        Shape::NameOrNothing if text.is_empty() => Json::Null,
        Shape::Truth | Shape::Whole(..) | Shape::Number | Shape::Scalar => json::scalar(text, *plain),
        Shape::Text(_)
        | Shape::Name
        | Shape::NameOrNothing
        | Shape::Days
        | Shape::Date
        | Shape::Day
        | Shape::PerDay
        | Shape::Time
        | Shape::Points
        | Shape::Percent
        | Shape::Word(_)
        | Shape::Margin
        | Shape::Any
        | Shape::List(_)
        | Shape::LongList(_)
        | Shape::Named(_)
        | Shape::Object(_)
        | Shape::One(_)
        | Shape::Called(..)
        | Shape::Either(_) => json!(text),
    }
}
