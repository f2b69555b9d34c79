//! From a text to definitions, or to everything that is wrong with it.

use sapwood_words::nearest;

use super::{Contents, Definition, Kind, keys, wire};
use crate::finding::Finding;
use crate::limits::{FINDINGS_MAX, LONG_LIST_MAX};
use crate::shape::{check_fields, either};
use crate::source::Source;
use crate::tree::{self, Node, Value};

/// Reads a definition file: one definition, or `items:` with several.
///
/// # Errors
/// Everything that is wrong with the file, by place.
pub fn read(source: &Source) -> Result<Contents, Vec<Finding>> {
    let root = tree::read(source).map_err(|finding| vec![finding])?;
    if is_plan(&root) {
        return Ok(Contents::Plan);
    }
    let mut found = Vec::new();
    if !matches!(root.value, Value::Map(_)) {
        let message = format!("here is {}, where a definition belongs", root.kind());
        return Err(vec![Finding::error(
            "wrong_kind",
            root.span,
            message,
            "begin with `sapwood: 1` and `kind:`",
        )]);
    }
    if root.get(&["sapwood"]).is_none() {
        let first = root.entries().first().map_or(root.span.clone(), |(key, _)| key.span.clone());
        let remedy = "add `sapwood: 1`: the version of the file format";
        found.push(Finding::error("missing_key", first, "`sapwood` is missing here", remedy));
    }
    let mut definitions = Vec::new();
    match root.get(&["items"]) {
        Some(items) => several(&root, items, &mut definitions, &mut found),
        None => definitions.extend(one(root, &mut found)),
    }
    found.truncate(FINDINGS_MAX);
    if found.is_empty() { Ok(Contents::Definitions(definitions)) } else { Err(found) }
}

fn is_plan(root: &Node) -> bool {
    match root.get(&["kind"]).and_then(Node::text) {
        Some(kind) => kind == "plan",
        None => root.get(&["plan"]).is_some() || root.get(&["slices"]).is_some(),
    }
}

/// A file with a list of definitions.
fn several(root: &Node, items: &Node, definitions: &mut Vec<Definition>, found: &mut Vec<Finding>) {
    for (key, _) in root.entries().iter().filter(|(key, _)| !matches!(key.text.as_str(), "sapwood" | "items"))
    {
        let shown: String = key.text.chars().take(60).collect();
        let remedy = "a file with `items` has nothing beside it but `sapwood`";
        found.push(Finding::error(
            "unknown_key",
            key.span.clone(),
            format!("`{shown}` means nothing here"),
            remedy,
        ));
    }
    let Value::List(all) = &items.value else {
        let message = format!("here is {}, where a list of definitions belongs", items.kind());
        found.push(Finding::error("wrong_kind", items.span.clone(), message, "write a list"));
        return;
    };
    if all.is_empty() || all.len() > LONG_LIST_MAX {
        let message = format!("a file has 1 to {LONG_LIST_MAX} definitions, and this one has {}", all.len());
        found.push(Finding::error("too_large", items.span.clone(), message, "split it, or leave it out"));
        return;
    }
    for item in all {
        if found.len() >= FINDINGS_MAX {
            return;
        }
        definitions.extend(one(item.clone(), found));
    }
}

/// One definition; what is wrong with it goes to `found`.
fn one(node: Node, found: &mut Vec<Finding>) -> Option<Definition> {
    if !matches!(node.value, Value::Map(_)) {
        let message = format!("here is {}, where a definition belongs", node.kind());
        found.push(Finding::error("wrong_kind", node.span, message, "begin it with `kind:` and `key:`"));
        return None;
    }
    let kind = kind_of(&node).map_err(|finding| found.push(finding)).ok()?;
    let fields = keys::of(kind);
    let wrong = check_fields(&node, fields);
    if !wrong.is_empty() {
        found.extend(wrong);
        return None;
    }
    let key = node.get(&["key"])?;
    let (at, key) = (key.span.clone(), key.text()?.to_owned());
    let wire = wire::of_fields(&node, fields);
    Some(Definition { kind, key, at, wire, node })
}

fn kind_of(node: &Node) -> Result<Kind, Finding> {
    let words: Vec<&str> = Kind::ALL.iter().map(|kind| kind.word()).collect();
    let Some(kind) = node.get(&["kind"]) else {
        let first = node.entries().first().map_or(node.span.clone(), |(key, _)| key.span.clone());
        let remedy = format!("add `kind`: {}", either(&words));
        return Err(Finding::error("missing_key", first, "`kind` is missing here", remedy));
    };
    let text = kind.text().unwrap_or_default();
    Kind::of(text).ok_or_else(|| {
        let shown: String = text.chars().take(60).collect();
        let remedy = nearest(text, words.iter().copied())
            .map_or_else(|| format!("write {}", either(&words)), |near| format!("did you mean `{near}`?"));
        Finding::error("unknown_kind", kind.span.clone(), format!("nothing is of kind `{shown}`"), remedy)
    })
}
