#![doc = include_str!("../README.md")]
//!
//! This file is for the crate's vocabulary: a source, what is wrong with it, and what it says.

mod calendar;
pub mod definitions;
mod finding;
pub mod instances;
mod json;
pub mod limits;
pub mod plan;
mod quantity;
mod schema;
mod shape;
mod source;
mod tree;
mod yaml;

use sapwood_planner::Contradiction;
use sapwood_planner::contradiction::Place;

pub use calendar::Calendar;
pub use finding::{Finding, Severity};
pub use source::{Dialect, Source, Span};

/// A contradiction of the planner, at its places in the file.
fn finding_of(contradiction: &Contradiction, place: impl Fn(&Place) -> Span) -> Finding {
    let code = serde_json::to_value(contradiction.code).ok();
    let code = code.as_ref().and_then(serde_json::Value::as_str).unwrap_or("contradiction");
    let places: Vec<(Span, String)> =
        contradiction.places.iter().map(|one| (place(one), String::new())).collect();
    Finding {
        severity: Severity::Error,
        code: code.to_owned(),
        message: contradiction.message.clone(),
        remedy: contradiction.remedy.clone(),
        places,
    }
}
