//! TOML as values with places.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Key, Node, Value};
use crate::finding::Finding;
use crate::limits::{DEPTH_MAX, NODES_MAX};

pub(super) fn read(text: &str) -> Result<Node, Finding> {
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().unwrap_or(text.len()..text.len());
        Finding::error(
            "syntax",
            at,
            format!("this is not TOML: {}", error.message()),
            "check quotes, brackets and keys",
        )
    })?;
    if table.get_ref().is_empty() {
        return Err(Finding::error(
            "empty",
            0..0,
            "the file is empty",
            "`sapwood plan init` writes an example",
        ));
    }
    let mut nodes = 0;
    let span = table.span();
    let value = of_table(table.into_inner(), 0, &mut nodes)?;
    Ok(Node { span, value })
}

fn of_table(table: DeTable<'_>, depth: usize, nodes: &mut usize) -> Result<Value, Finding> {
    let mut entries = Vec::new();
    for (key, value) in table {
        let key = Key { span: key.span(), text: key.into_inner().into_owned() };
        entries.push((key, of_value(value, depth + 1, nodes)?));
    }
    // The parser sorts keys by name; people read files from top to bottom.
    entries.sort_by_key(|(key, _)| key.span.start);
    Ok(Value::Map(entries))
}

fn of_value(value: Spanned<DeValue<'_>>, depth: usize, nodes: &mut usize) -> Result<Node, Finding> {
    let span = value.span();
    *nodes += 1;
    if depth > DEPTH_MAX {
        let message = format!("values are nested more than {DEPTH_MAX} deep");
        return Err(Finding::error("too_deep", span, message, "flatten them"));
    }
    if *nodes > NODES_MAX {
        let message = format!("the file holds more than {NODES_MAX} values");
        return Err(Finding::error("too_large", span, message, "split it"));
    }
    let plain = |text: String| Value::Scalar { text, plain: true };
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Scalar { text: text.into_owned(), plain: false },
        DeValue::Integer(number) => plain(number.to_string()),
        DeValue::Float(number) => plain(number.to_string()),
        DeValue::Boolean(truth) => plain(truth.to_string()),
        DeValue::Datetime(date) => plain(date.to_string()),
        DeValue::Array(items) => {
            let items = items.into_iter().map(|item| of_value(item, depth + 1, nodes));
            Value::List(items.collect::<Result<Vec<Node>, Finding>>()?)
        }
        DeValue::Table(table) => of_table(table, depth, nodes)?,
    };
    Ok(Node { span, value })
}
