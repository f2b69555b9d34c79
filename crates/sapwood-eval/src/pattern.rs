//! Regular expressions that match in time linear in the text, with limits that keep each one small.

use regex::{Regex, RegexBuilder};

use crate::limits::Limits;
use crate::problem::ProblemKind;

/// Nested parentheses and brackets.
const NESTING_MAX: u32 = 32;
/// So many times the limit it is tried to find out how much an expression takes.
const TIMES_MAX: usize = 16;

/// A compiled regular expression.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(Regex);

/// Two that are written alike match alike.
impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Pattern {
    /// Compiles an expression, or says what is wrong with it and what to do.
    pub(crate) fn compile(text: &str, limits: &Limits) -> Result<Self, (ProblemKind, String, &'static str)> {
        let size = limits.pattern_compiled_bytes;
        build(text, size).map(Self).map_err(|error| {
            if matches!(error, regex::Error::CompiledTooBig(_)) {
                return (
                    ProblemKind::OverLimit,
                    format!(
                        "the expression takes {} compiled, at most {size} are allowed",
                        bytes_of(text, size)
                    ),
                    "repeat less, and write [A-Za-z0-9_] for \\w, which stands for every letter of Unicode",
                );
            }
            // The message of a syntax error draws the expression with a marker; its last line says what is wrong.
            let said = error.to_string();
            let reason = said.lines().last().unwrap_or("it cannot be read");
            let reason = reason.trim_start_matches("error: ");
            if reason.starts_with("exceed the maximum number of nested") {
                let levels = nesting(text).max(NESTING_MAX.saturating_add(1));
                return (
                    ProblemKind::OverLimit,
                    format!(
                        "the expression is nested {levels} levels deep, at most {NESTING_MAX} are allowed"
                    ),
                    "take out parentheses and brackets, or split it into several conditions",
                );
            }
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

fn build(text: &str, size: usize) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).size_limit(size).dfa_size_limit(size).nest_limit(NESTING_MAX).build()
}

/// How much an expression takes that takes more than the limit, between two powers of two: nothing says it more exactly.
fn bytes_of(text: &str, limit: usize) -> String {
    let mut least = limit;
    while least < limit.saturating_mul(TIMES_MAX) {
        let most = least.saturating_mul(2);
        if build(text, most).is_ok() {
            return format!("{least} to {most} bytes");
        }
        least = most;
    }
    format!("more than {least} bytes")
}

/// How deep parentheses and brackets are nested, those that are escaped left out.
fn nesting(text: &str) -> u32 {
    let (mut deep, mut deepest, mut escaped) = (0_u32, 0_u32, false);
    for character in text.chars() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '(' | '[' => {
                deep = deep.saturating_add(1);
                deepest = deepest.max(deep);
            }
            ')' | ']' => deep = deep.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_a_limit_says_how_much_it_is() {
        let check = |text: &str, kind: ProblemKind, expected: &str| {
            let (found, said, _) = Pattern::compile(text, &Limits::PUBLISH).unwrap_err();
            assert_eq!((found, said.as_str()), (kind, expected), "{text}");
        };
        for (text, figures) in [
            ("[a-z]{3000}", "131072 to 262144 bytes"),
            ("[a-z]{1200}", "65536 to 131072 bytes"),
            (r"\w{1000}", "more than 1048576 bytes"),
        ] {
            let expected = format!("the expression takes {figures} compiled, at most 65536 are allowed");
            check(text, ProblemKind::OverLimit, &expected);
        }
        for levels in [33, 40] {
            let deep = format!("{}a{}", "(".repeat(levels), ")".repeat(levels));
            let expected = format!("the expression is nested {levels} levels deep, at most 32 are allowed");
            check(&deep, ProblemKind::OverLimit, &expected);
        }
        check("(a", ProblemKind::Invalid, "not a regular expression: unclosed group");
    }
}
