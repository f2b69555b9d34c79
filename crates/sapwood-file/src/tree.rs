//! A file as values with their places, whatever it is written in.

mod toml;
mod yaml;

use crate::finding::Finding;
use crate::source::{Dialect, Source, Span};

/// A value and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nothing.
    Null,
    /// A text, number or truth value as it is spelt; `plain` if it was not quoted.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key of a map and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) span: Span,
    pub(crate) text: String,
}

impl Node {
    /// What it is, in a word for people.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Scalar { text, plain: true } if matches!(text.as_str(), "true" | "false") => {
                "a truth value"
            }
            Value::Scalar { text, plain: true } if text.parse::<f64>().is_ok() => "a number",
            Value::Scalar { .. } => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The entry of a map under one of some names.
    pub(crate) fn get(&self, names: &[&str]) -> Option<&Self> {
        self.entries().iter().find(|(key, _)| names.contains(&key.text.as_str())).map(|(_, node)| node)
    }

    pub(crate) fn entries(&self) -> &[(Key, Self)] {
        match &self.value {
            Value::Map(entries) => entries,
            Value::Null | Value::Scalar { .. } | Value::List(_) => &[],
        }
    }

    pub(crate) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            Value::Null | Value::Scalar { .. } | Value::Map(_) => &[],
        }
    }
}

/// Reads a text.
pub(crate) fn read(source: &Source) -> Result<Node, Finding> {
    match source.dialect {
        Dialect::Yaml => yaml::read(&source.text),
        Dialect::Toml => toml::read(&source.text),
    }
}
