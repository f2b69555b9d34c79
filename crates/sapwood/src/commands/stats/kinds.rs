//! The kinds of question `stats eval` answers, each with its fields and its function.

use serde_json::Value;

use super::input::{Fault, Input};
use super::{comparisons, counts, means, mixtures, streams};

/// One kind of question.
pub(crate) struct Kind {
    /// The name, as in the reference file.
    pub(crate) name: &'static str,
    /// The fields its input may have.
    pub(crate) fields: &'static [&'static str],
    /// The answer.
    pub(crate) evaluate: fn(&Input<'_>) -> Result<Value, Fault>,
}

/// The kind of this name.
pub(crate) fn find(name: &str) -> Option<&'static Kind> {
    all().find(|kind| kind.name == name)
}

/// Every name, in order.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    all().map(|kind| kind.name)
}

fn all() -> impl Iterator<Item = &'static Kind> {
    [counts::KINDS, means::KINDS, mixtures::KINDS, streams::KINDS, comparisons::KINDS].into_iter().flatten()
}

/// A number as the reference file writes it: infinities and what is not a number are texts.
pub(crate) fn number(number: f64) -> Value {
    if number.is_nan() {
        Value::from("nan")
    } else if number.is_infinite() {
        Value::from(if number > 0.0 { "inf" } else { "-inf" })
    } else {
        Value::from(number)
    }
}

/// A list of numbers.
pub(crate) fn numbers(all: impl IntoIterator<Item = f64>) -> Value {
    all.into_iter().map(number).collect()
}
