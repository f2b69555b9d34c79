//! YAML as it is written: the same text for the same value, and the same value to every reader, old ones included.

/// What is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tree {
    /// Exactly this: a quantity, a number, or a value spelt as JSON.
    Plain(String),
    /// A text, quoted if it has to be.
    Text(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

/// Columns up to which a list of words stays on one line.
const LINE_MAX: usize = 100;
/// Words that older readers take for truth values or for nothing.
const WORDS: &[&str] = &["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nil", "none"];

/// The whole file.
pub(crate) fn print(tree: &Tree) -> String {
    let mut out = String::new();
    block(tree, 0, &mut out);
    out
}

/// Below a key or a dash, from a line of its own on.
fn block(tree: &Tree, indent: usize, out: &mut String) {
    match tree {
        Tree::Map(entries) => {
            for (key, value) in entries {
                out.push_str(&" ".repeat(indent));
                entry(key, value, indent, out);
            }
        }
        Tree::List(items) => {
            for item in items {
                out.push_str(&" ".repeat(indent));
                out.push_str("- ");
                match item {
                    // The first key stands beside the dash, the others below it.
                    Tree::Map(entries) if !entries.is_empty() => {
                        for (place, (key, value)) in entries.iter().enumerate() {
                            if place > 0 {
                                out.push_str(&" ".repeat(indent + 2));
                            }
                            entry(key, value, indent + 2, out);
                        }
                    }
                    Tree::List(_) | Tree::Map(_) | Tree::Plain(_) | Tree::Text(_) => {
                        out.push_str(&inline(item));
                        out.push('\n');
                    }
                }
            }
        }
        Tree::Plain(_) | Tree::Text(_) => {
            out.push_str(&inline(tree));
            out.push('\n');
        }
    }
}

/// `key: value`, or the key and everything below it.
fn entry(key: &str, value: &Tree, indent: usize, out: &mut String) {
    out.push_str(&spell(key));
    out.push(':');
    let is_flat = match value {
        Tree::Map(entries) => entries.is_empty(),
        Tree::List(items) => {
            let is_words = items.iter().all(|item| matches!(item, Tree::Plain(_) | Tree::Text(_)));
            is_words && indent + key.len() + inline(value).chars().count() <= LINE_MAX
        }
        Tree::Text(text) if reads_as_lines(text) => {
            lines(text, indent + 2, out);
            return;
        }
        Tree::Plain(_) | Tree::Text(_) => true,
    };
    if is_flat {
        out.push(' ');
        out.push_str(&inline(value));
        out.push('\n');
    } else {
        out.push('\n');
        block(value, indent + 2, out);
    }
}

/// On one line.
fn inline(tree: &Tree) -> String {
    match tree {
        Tree::Plain(text) => text.clone(),
        Tree::Text(text) => spell(text),
        Tree::List(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<String>>().join(", ")),
        Tree::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{}: {}", spell(key), inline(value)));
            format!("{{{}}}", entries.collect::<Vec<String>>().join(", "))
        }
    }
}

/// A text as it is where nobody can mistake it, otherwise quoted.
fn spell(text: &str) -> String {
    let is_inner = |c: char| c.is_alphanumeric() || " _./@%+-()".contains(c);
    let is_safe = text.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '/')
        && !text.ends_with(' ')
        && text.chars().all(is_inner)
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if is_safe { text.to_owned() } else { quote(text) }
}

/// In double quotes, which YAML reads as JSON does.
fn quote(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            // Not printable, or a line break to some readers.
            c if c.is_control()
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') =>
            {
                // Writing to a String cannot fail; all of these fit into four digits.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Whether a text can be shown as the lines it has, without an editor changing it by accident.
fn reads_as_lines(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let is_plain = |c: char| {
        c == '\n'
            || !(c.is_control()
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'))
    };
    body.contains('\n')
        && !body.ends_with('\n')
        && !body.starts_with(['\n', ' '])
        && body.chars().all(is_plain)
        && !body.lines().any(|line| line.ends_with(' '))
}

fn lines(text: &str, indent: usize, out: &mut String) {
    out.push_str(if text.ends_with('\n') { " |\n" } else { " |-\n" });
    for line in text.lines() {
        if !line.is_empty() {
            out.push_str(&" ".repeat(indent));
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// Any value on one line, as JSON.
pub(crate) fn flow(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => quote(text),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<String>>().join(", ")),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| format!("{}: {}", quote(key), flow(value)));
            format!("{{{}}}", fields.collect::<Vec<String>>().join(", "))
        }
    }
}
