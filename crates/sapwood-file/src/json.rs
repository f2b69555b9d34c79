//! Scalars of a file as JSON values: what is a number, and what only looks like one.

use serde_json::{Number, Value};

use crate::tree;

/// A number as JSON writes it, and nothing else.
pub(crate) fn number(text: &str) -> Option<Number> {
    serde_json::from_str(text).ok().filter(|_| !text.starts_with(char::is_whitespace))
}

/// Whether an unquoted text is a number to some reader of YAML or TOML, but not to JSON: `007`, `.5`, `1_000`, `0x1F`.
pub(crate) fn is_ambiguous(text: &str) -> bool {
    if number(text).is_some() {
        return false;
    }
    let bare = text.trim_start_matches(['+', '-']).replace('_', "").to_ascii_lowercase();
    let is_based = ["0x", "0o", "0b"].iter().any(|base| {
        bare.strip_prefix(base)
            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|digit| digit.is_ascii_hexdigit()))
    });
    let is_special = matches!(bare.as_str(), ".inf" | ".nan");
    let is_float = bare.contains(|c: char| c.is_ascii_digit()) && bare.parse::<f64>().is_ok();
    is_based || is_special || is_float
}

/// A value that is passed on as it is.
pub(crate) fn of(node: &tree::Node) -> Value {
    match &node.value {
        tree::Value::Null => Value::Null,
        tree::Value::Scalar { text, plain } => scalar(text, *plain),
        tree::Value::List(items) => items.iter().map(of).collect(),
        tree::Value::Map(entries) => {
            Value::Object(entries.iter().map(|(key, node)| (key.text.clone(), of(node))).collect())
        }
    }
}

/// A truth value, a number or a text.
pub(crate) fn scalar(text: &str, plain: bool) -> Value {
    match (plain, text) {
        (true, "true") => Value::Bool(true),
        (true, "false") => Value::Bool(false),
        (true, _) => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
        (false, _) => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_json() {
        for text in ["0", "-1", "2.50", "1e3", "9007199254740991", "-0"] {
            assert!(number(text).is_some() && !is_ambiguous(text), "{text}");
        }
        for text in ["007", ".5", "1.", "+1", "1_000", "0x1F", "0o17", ".inf", "-.NaN", "1e999"] {
            assert!(number(text).is_none() && is_ambiguous(text), "{text}");
        }
        for text in ["2.0.0", "10.0.0.0/8", "2026-11-01", "yes", "inf", "nan", "e5", "0xyz", "", "-", "5%"] {
            assert!(number(text).is_none() && !is_ambiguous(text), "{text}");
        }
    }
}
