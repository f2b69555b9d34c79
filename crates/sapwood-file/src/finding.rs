//! What is wrong with a file: where, what, and what to do about it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::source::{Source, Span};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used, and will disappoint.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What kind it is; programs decide by it.
    pub code: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do.
    pub remedy: String,
    /// Where, the place to change first; each with a word on its part, or none.
    pub places: Vec<(Span, String)>,
}

impl Finding {
    /// An error at one place.
    pub fn error(code: &str, at: Span, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code: code.to_owned(),
            message: message.into(),
            remedy: remedy.into(),
            places: vec![(at, String::new())],
        }
    }

    /// The finding for people, with the lines it is about; in colour if they are looking at a terminal.
    pub fn render(&self, source: &Source, colour: bool) -> String {
        let paint = |code: &str, text: &str| {
            if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
        };
        let tint = if self.severity == Severity::Error { "1;31" } else { "1;33" };
        let mut out = format!("{}: {}\n", paint(tint, self.severity.word()), paint("1", &self.message));
        let lines: Vec<(usize, usize)> =
            self.places.iter().map(|(span, _)| source.position(span.start)).collect();
        let width = lines.iter().map(|(line, _)| line.to_string().len()).max().unwrap_or(1);
        for (place, (span, label)) in self.places.iter().enumerate() {
            let Some((line, column)) = lines.get(place).copied() else { continue };
            let (text, caret, length) = excerpt(source, line, column, span);
            let mark = "^".repeat(length);
            let mark = if label.is_empty() { mark } else { format!("{mark} {label}") };
            let arrow = if place == 0 { "-->" } else { ":::" };
            let _ = writeln!(out, "{:width$}{} {}:{line}:{column}", "", paint("34", arrow), source.name);
            let bar = paint("34", "|");
            let _ = writeln!(out, "{} {bar} {text}", paint("34", &format!("{line:>width$}")));
            let _ = writeln!(out, "{:width$} {bar} {:caret$}{}", "", "", paint(tint, &mark));
        }
        if !self.remedy.is_empty() {
            let _ = writeln!(out, "{:width$} {} {}", "", paint("34", "="), self.remedy);
        }
        out
    }

    /// The finding for programs.
    pub fn json(&self, source: &Source) -> Value {
        let places = self.places.iter().map(|(span, label)| {
            let (line, column) = source.position(span.start);
            let mut place = json!({ "file": source.name, "line": line, "column": column });
            if !label.is_empty()
                && let Some(place) = place.as_object_mut()
            {
                place.insert("label".to_owned(), json!(label));
            }
            place
        });
        json!({
            "severity": self.severity.word(),
            "code": self.code,
            "message": self.message,
            "remedy": self.remedy,
            "places": places.collect::<Vec<Value>>(),
        })
    }
}

/// Characters of a line that are shown.
const SHOWN_MAX: usize = 100;

/// The part of a line around a place, how far in it is, and how long.
fn excerpt(source: &Source, line: usize, column: usize, span: &Span) -> (String, usize, usize) {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let all: Vec<char> = source.line(line).chars().map(clean).collect();
    let from = column.saturating_sub(1).min(all.len());
    let skipped = if from + 20 > SHOWN_MAX { from.saturating_sub(SHOWN_MAX / 2) } else { 0 };
    let mut text: String = all.iter().skip(skipped).take(SHOWN_MAX).collect();
    let mut caret = from - skipped;
    if skipped > 0 {
        text.insert(0, '…');
        caret += 1;
    }
    if all.len() > skipped + SHOWN_MAX {
        text.push('…');
    }
    let marked = source.text.get(span.clone()).unwrap_or_default().lines().next().unwrap_or_default();
    let length =
        marked.trim_end().chars().count().clamp(1, (SHOWN_MAX + skipped).saturating_sub(from).max(1));
    (text, caret, length)
}
