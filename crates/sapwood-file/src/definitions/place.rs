//! A path of the server, such as `/environments/production/rules/0/serve`, as a place in the file.

use super::Definition;
use crate::source::Span;
use crate::tree::{Node, Value};

/// What the server calls otherwise than the file.
const OTHER_NAMES: &[(&str, &[&str])] = &[
    ("bake_seconds", &["bake"]),
    ("margin_permille", &["margin", "by"]),
    ("expected_lifetime_days", &["expected_lifetime"]),
    ("harm", &["worse_if"]),
    ("approval", &["needs_review"]),
];

/// The place that a path of the server means: as deep as the file goes along with it.
pub fn place(definition: &Definition, path: &str) -> Span {
    let mut at = definition.at.clone();
    let mut node = &definition.node;
    for step in path.split('/').filter(|step| !step.is_empty()) {
        let step = step.replace("~1", "/").replace("~0", "~");
        let Some((span, next)) = below(node, &step) else { break };
        (at, node) = (span, next);
    }
    at
}

/// What a step leads to, and where: a value itself, or the key of what has more in it.
fn below<'a>(node: &'a Node, step: &str) -> Option<(Span, &'a Node)> {
    if let Value::List(items) = &node.value {
        let item = items.get(step.parse::<usize>().ok()?)?;
        return Some((item.span.clone(), item));
    }
    let others = OTHER_NAMES.iter().find(|(name, _)| *name == step).map_or(&[][..], |(_, names)| *names);
    let is_it = |text: &str| text == step || others.contains(&text);
    let (key, value) = node.entries().iter().find(|(key, _)| is_it(&key.text))?;
    let is_scalar = matches!(value.value, Value::Scalar { .. });
    Some((if is_scalar { value.span.clone() } else { key.span.clone() }, value))
}

/// Where a definition names something else, for a refusal that says the name and no place.
pub fn mention(definition: &Definition, name: &str) -> Option<Span> {
    fn find(node: &Node, name: &str) -> Option<Span> {
        if node.text() == Some(name) {
            return Some(node.span.clone());
        }
        let mut below = node.items().iter().chain(node.entries().iter().map(|(_, value)| value));
        below.find_map(|node| find(node, name))
    }
    let mut beside =
        definition.node.entries().iter().filter(|(key, _)| !matches!(key.text.as_str(), "kind" | "key"));
    beside.find_map(|(_, value)| find(value, name))
}
