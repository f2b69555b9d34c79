//! YAML and JSON as values with places. Aliases are followed within a budget; tags are refused.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle};

use super::{Key, Node, Value};
use crate::finding::Finding;
use crate::limits::{DEPTH_MAX, KEYS_MAX, NODES_MAX};
use crate::source::Span;

pub(super) fn read(text: &str) -> Result<Node, Finding> {
    let mut reader = Reader { text, open: Vec::new(), anchors: BTreeMap::new(), nodes: 0, root: None };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
            Finding::error(
                "syntax",
                at..at,
                format!("this is not YAML: {}", error.info()),
                "check indentation, quotes and brackets",
            )
        })?;
        let span = span.byte_range().unwrap_or(0..0);
        if matches!(event, Event::DocumentStart(..)) && reader.root.is_some() {
            return Err(Finding::error(
                "documents",
                span,
                "the file holds a second document",
                "put it into a file of its own",
            ));
        }
        reader.take(event, span)?;
    }
    reader.root.ok_or_else(|| {
        Finding::error("empty", 0..0, "the file is empty", "`sapwood plan init` writes an example")
    })
}

/// A list or map that is being read.
struct Open {
    span: Span,
    anchor: usize,
    value: Value,
    key: Option<Key>,
    seen: BTreeMap<String, Span>,
}

struct Reader<'a> {
    text: &'a str,
    open: Vec<Open>,
    anchors: BTreeMap<usize, (Node, usize)>,
    nodes: usize,
    root: Option<Node>,
}

impl Reader<'_> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the parser also reports where streams and documents begin and end, and may report more; none of it is a value"
    )]
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Finding> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                Self::refuse_tag(tag.is_some(), &span)?;
                let plain = matches!(style, ScalarStyle::Plain);
                let is_null = plain && matches!(text.as_ref(), "" | "~" | "null");
                let value =
                    if is_null { Value::Null } else { Value::Scalar { text: text.into_owned(), plain } };
                self.close(Node { span, value }, anchor, 1)
            }
            Event::SequenceStart(_, anchor, tag) => {
                Self::refuse_tag(tag.is_some(), &span)?;
                self.begin(span, anchor, Value::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, tag) => {
                Self::refuse_tag(tag.is_some(), &span)?;
                self.begin(span, anchor, Value::Map(Vec::new()))
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return Ok(()) };
                let end = span.end.max(open.span.end).min(self.text.len());
                let node = Node { span: open.span.start..end, value: open.value };
                let size = size(&node);
                self.close(node, open.anchor, size)
            }
            Event::Alias(anchor) => {
                let Some((node, size)) = self.anchors.get(&anchor) else {
                    return Err(Finding::error(
                        "alias",
                        span,
                        "an alias refers to what holds it",
                        "write the value out",
                    ));
                };
                let (node, size) = (Node { span, value: node.value.clone() }, *size);
                self.nodes += size;
                self.close(node, 0, size)
            }
            _ => Ok(()),
        }
    }

    fn refuse_tag(tagged: bool, span: &Span) -> Result<(), Finding> {
        if tagged {
            return Err(Finding::error(
                "tag",
                span.clone(),
                "a value carries a YAML tag",
                "remove the tag; values say what they are",
            ));
        }
        Ok(())
    }

    fn begin(&mut self, span: Span, anchor: usize, value: Value) -> Result<(), Finding> {
        if self.open.len() >= DEPTH_MAX {
            let message = format!("values are nested more than {DEPTH_MAX} deep");
            return Err(Finding::error("too_deep", span, message, "flatten them"));
        }
        if let Some(Open { value: Value::Map(_), key: None, .. }) = self.open.last() {
            return Err(Finding::error("key", span, "a key is a list or a map", "use a name as key"));
        }
        self.open.push(Open { span, anchor, value, key: None, seen: BTreeMap::new() });
        Ok(())
    }

    /// A value is complete: it goes into what is open, or is the file.
    fn close(&mut self, node: Node, anchor: usize, size: usize) -> Result<(), Finding> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            let message = format!("the file holds more than {NODES_MAX} values, aliases written out");
            return Err(Finding::error("too_large", node.span, message, "split it, or use fewer aliases"));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match (&mut open.value, open.key.take()) {
            (Value::List(items), _) => items.push(node),
            (Value::Map(entries), Some(key)) => {
                if let Some(before) = open.seen.insert(key.text.clone(), key.span.clone()) {
                    return Err(twice(&key, before));
                }
                if entries.len() >= KEYS_MAX {
                    let message = format!("a map has more than {KEYS_MAX} keys");
                    return Err(Finding::error("too_large", key.span, message, "split it"));
                }
                entries.push((key, node));
            }
            (Value::Map(_), None) => match node.value {
                Value::Scalar { text, .. } => open.key = Some(Key { span: node.span, text }),
                Value::Null | Value::List(_) | Value::Map(_) => {
                    return Err(Finding::error("key", node.span, "a key is not a name", "use a name as key"));
                }
            },
            (Value::Null | Value::Scalar { .. }, _) => {}
        }
        Ok(())
    }
}

fn twice(key: &Key, before: Span) -> Finding {
    let message = format!("`{}` is given twice", key.text);
    let mut finding = Finding::error("duplicate_key", key.span.clone(), message, "remove one of them");
    finding.places.push((before, "first given here".to_owned()));
    finding
}

fn size(node: &Node) -> usize {
    1 + node.items().iter().map(size).sum::<usize>()
        + node.entries().iter().map(|(_, node)| size(node)).sum::<usize>()
}
