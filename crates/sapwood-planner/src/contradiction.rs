//! What makes a plan impossible, said with every place that takes part.

use std::fmt;

use serde::Serialize;

use crate::model::SliceId;

/// A part of the plan, so that a reader of files can point at its line. Numbers count from 0.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The plan as a whole.
    Plan,
    /// The slice at this position.
    Slice(usize),
    /// The requirement at this position.
    Requires(usize),
    /// The together group at this position.
    Together(usize),
    /// The apart group at this position.
    Apart(usize),
    /// The shipped release at this position.
    Shipped(usize),
    /// The locked release at this position.
    Locked(usize),
    /// The absence at this position.
    Absence(usize),
}

/// What kind of contradiction it is; programs decide by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// There is nothing to release.
    Empty,
    /// A number is outside its range, or there is too much of something.
    OutOfRange,
    /// Two slices have one name, or one slice is named twice where once is meant.
    Duplicate,
    /// A name no slice has.
    UnknownSlice,
    /// A slice requires itself.
    RequiresItself,
    /// Slices that must not ship in one release must ship in one release.
    ApartButTogether,
    /// What is live needs something that is not.
    LiveWithoutNeed,
    /// Locked releases are in an order that cannot be.
    LockedOrder,
    /// A group is torn by what is live or locked.
    GroupTorn,
}

/// One reason why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contradiction {
    /// Its kind.
    pub code: Code,
    /// What contradicts what, in one sentence.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
    /// Every place that takes part, the one to change first.
    pub places: Vec<Place>,
}

impl Contradiction {
    pub(crate) fn new(code: Code, message: String, remedy: impl Into<String>, places: Vec<Place>) -> Self {
        Self { code, message, remedy: remedy.into(), places }
    }
}

impl fmt::Display for Contradiction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}; {}", self.message, self.remedy)
    }
}

/// Names in one line: `a, b and c`; beyond eight the rest is a number.
pub fn list<'a>(ids: impl IntoIterator<Item = &'a SliceId>) -> String {
    let names: Vec<&str> = ids.into_iter().map(SliceId::as_str).collect();
    match names.split_last() {
        None => String::new(),
        Some((only, [])) => (*only).to_owned(),
        Some((last, rest)) if rest.len() < 8 => format!("{} and {last}", rest.join(", ")),
        Some(_) => {
            let shown: Vec<&str> = names.iter().take(8).copied().collect();
            format!("{} and {} more", shown.join(", "), names.len() - shown.len())
        }
    }
}
