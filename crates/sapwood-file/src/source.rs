//! A text with a name, and positions in it as people count them.

use std::ops::Range;

use crate::limits::FILE_BYTES_MAX;

/// What a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// YAML, and JSON, which is a part of it.
    Yaml,
    /// TOML.
    Toml,
}

/// A text to read.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name, as findings show it.
    pub name: String,
    /// What it says.
    pub text: String,
    /// What it is written in.
    pub dialect: Dialect,
    /// Byte offset of the beginning of each line.
    lines: Vec<usize>,
}

/// Bytes of the text.
pub type Span = Range<usize>;

impl Source {
    /// Takes a text; the end of the name says what it is written in: `.toml`, or anything else for YAML and JSON.
    ///
    /// # Errors
    /// A sentence, when the file is too large.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Result<Self, String> {
        let (name, text) = (name.into(), text.into());
        if text.len() > FILE_BYTES_MAX {
            return Err(format!(
                "{name} has {} bytes; {FILE_BYTES_MAX} is the limit, so split it",
                text.len()
            ));
        }
        let is_toml =
            std::path::Path::new(&name).extension().is_some_and(|end| end.eq_ignore_ascii_case("toml"));
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Ok(Self { dialect: if is_toml { Dialect::Toml } else { Dialect::Yaml }, name, text, lines })
    }

    /// Line and column of a byte, from 1; columns count characters.
    pub fn position(&self, byte: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|begin| *begin <= byte);
        let begin = line.checked_sub(1).and_then(|line| self.lines.get(line)).copied().unwrap_or(0);
        let before = self.text.get(begin..byte.min(self.text.len())).unwrap_or_default();
        (line.max(1), before.chars().count() + 1)
    }

    /// The text of a line, from 1, without its end.
    pub fn line(&self, number: usize) -> &str {
        let begin =
            number.checked_sub(1).and_then(|line| self.lines.get(line)).copied().unwrap_or(self.text.len());
        let end = self.lines.get(number).copied().unwrap_or(self.text.len());
        self.text.get(begin..end).unwrap_or_default().trim_end_matches(['\n', '\r'])
    }
}
