//! Regular expressions that match in time linear in the text, with limits that keep each one small.

use regex::{Regex, RegexBuilder};

use crate::limits::Limits;
use crate::problem::ProblemKind;

/// A compiled regular expression.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(Regex);

impl Pattern {
    /// Compiles an expression, or says what is wrong with it and what to do.
    pub(crate) fn compile(text: &str, limits: &Limits) -> Result<Self, (ProblemKind, String, &'static str)> {
        const NESTING_MAX: u32 = 32;
        let size = limits.pattern_compiled_bytes;
        let built =
            RegexBuilder::new(text).size_limit(size).dfa_size_limit(size).nest_limit(NESTING_MAX).build();
        built.map(Self).map_err(|error| {
            if matches!(error, regex::Error::CompiledTooBig(_)) {
                return (
                    ProblemKind::OverLimit,
                    format!(
                        "the expression takes more than {size} bytes compiled, at most {size} are allowed"
                    ),
                    "repeat less, and write [A-Za-z0-9_] for \\w, which stands for every letter of Unicode",
                );
            }
            // The message of a syntax error draws the expression with a marker; its last line says what is wrong.
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or("it cannot be read");
            let reason = reason.trim_start_matches("error: ");
            (
                ProblemKind::Invalid,
                format!("not a regular expression: {reason}"),
                "use the syntax of Rust's regex crate, which has neither look-around nor backreferences",
            )
        })
    }

    /// Whether it matches anywhere in a text.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}
