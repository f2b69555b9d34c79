//! What a plan is made of: slices, what ties them, and what it costs to release.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::DAYS_MAX;

/// A slice's name, which is also its flag's key: a letter or digit, then up to 99 of letters, digits, `.`, `_`, `-`.
///
/// Names are sorted as people do it: `s2` comes before `s10`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct SliceId(String);

impl Ord for SliceId {
    fn cmp(&self, other: &Self) -> Ordering {
        natural(&self.0, &other.0).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for SliceId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Compares two texts, with each run of digits as the number it is.
fn natural(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.as_bytes(), right.as_bytes());
    loop {
        let (Some(one), Some(other)) = (left.first(), right.first()) else {
            return left.len().cmp(&right.len());
        };
        if one.is_ascii_digit() && other.is_ascii_digit() {
            let (first, after) = number(left);
            let (second, rest) = number(right);
            // Without leading zeros the longer number is the larger.
            match first.len().cmp(&second.len()).then_with(|| first.cmp(second)) {
                Ordering::Equal => (left, right) = (after, rest),
                unequal @ (Ordering::Less | Ordering::Greater) => return unequal,
            }
        } else if one == other {
            (left, right) = (left.get(1..).unwrap_or_default(), right.get(1..).unwrap_or_default());
        } else {
            return one.cmp(other);
        }
    }
}

/// The digits at the beginning without leading zeros, and what follows.
fn number(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, after) = text.split_at(end);
    let zeros = digits.iter().position(|byte| *byte != b'0').unwrap_or(digits.len());
    (digits.get(zeros..).unwrap_or_default(), after)
}

/// A text that is not a slice's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a slice id; use a letter or digit, then up to 99 of letters, digits, `.`, `_` and `-`")]
pub struct BadSliceId(String);

impl SliceId {
    /// Reads a name.
    ///
    /// # Errors
    /// When the text is not of the shape above.
    pub fn new(text: &str) -> Result<Self, BadSliceId> {
        let bytes = text.as_bytes();
        let starts = bytes.first().is_some_and(u8::is_ascii_alphanumeric);
        let goes_on = bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte));
        if starts && goes_on && bytes.len() <= 100 {
            return Ok(Self(text.to_owned()));
        }
        Err(BadSliceId(text.chars().take(120).collect()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SliceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SliceId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

/// A named place where users meet a change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Surface(pub String);

/// One slice as the planner sees it. Days are whole team-days from the start of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// Its name.
    pub id: SliceId,
    /// Days one team needs to build it, 0 to [`DAYS_MAX`].
    pub effort: u64,
    /// What one day without it costs, in the plan's unit of value; 0 for an enabler.
    pub value: u64,
    /// Delay costs only from this day on; 0 when every day counts.
    pub due: u64,
    /// Last day on which it may go live; later is not a plan.
    pub not_after: Option<u64>,
    /// Where users meet it.
    pub surfaces: BTreeSet<Surface>,
    /// Days from its first exposure to the last stage of its ladder, if the settle window counts from there; else 0.
    pub climb: u64,
}

impl Slice {
    /// A slice that costs `value` for every day it is not live.
    pub fn new(id: SliceId, effort: u64, value: u64) -> Self {
        Self { id, effort, value, due: 0, not_after: None, surfaces: BTreeSet::new(), climb: 0 }
    }
}

/// `slice` is of use only once `needs` is live; both may be in one release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Requirement {
    /// What must be live first.
    pub needs: SliceId,
    /// What waits for it.
    pub slice: SliceId,
}

/// Days on which a team does not build: from `from`, up to and without `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Absence {
    /// The team, from 0.
    pub team: u32,
    /// First day away.
    pub from: u64,
    /// First day back.
    pub until: u64,
}

/// Slices that went live together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipped {
    /// What went live.
    pub slices: Vec<SliceId>,
    /// When.
    pub live: u64,
}

/// A set of slices with capacity and rules: the question the planner answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What is to be released; the order does not matter.
    pub slices: Vec<Slice>,
    /// Who needs whom.
    pub requires: Vec<Requirement>,
    /// Groups that ship in one release.
    pub together: Vec<Vec<SliceId>>,
    /// Groups of which no two ship in one release.
    pub apart: Vec<Vec<SliceId>>,
    /// Teams; each builds one release at a time, without interruption but for absences.
    pub teams: u32,
    /// Team-days that each release costs beside its efforts.
    pub overhead: u64,
    /// Least days between two releases on one surface; 0 for no rule.
    pub settle: u64,
    /// When teams are away.
    pub absences: Vec<Absence>,
    /// The day from which on building is planned; 0 for a plan that has not begun.
    pub today: u64,
    /// What is live already; it stays as it is.
    pub shipped: Vec<Shipped>,
    /// Releases that are decided: they come first, in this order, with these slices.
    pub locked: Vec<Vec<SliceId>>,
}

impl Plan {
    /// A plan of these slices for one team, where releasing costs nothing and nothing is tied.
    pub fn new(slices: Vec<Slice>) -> Self {
        Self {
            slices,
            requires: Vec::new(),
            together: Vec::new(),
            apart: Vec::new(),
            teams: 1,
            overhead: 0,
            settle: 0,
            absences: Vec::new(),
            today: 0,
            shipped: Vec::new(),
            locked: Vec::new(),
        }
    }
}

/// Whether a number of days is within bounds.
pub(crate) const fn in_days(days: u64) -> bool {
    days <= DAYS_MAX
}

/// An order of releases: what a solver proposes, or a person.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Order(pub Vec<Vec<SliceId>>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_as_people_do_it() {
        let mut ids: Vec<SliceId> = ["s10", "s2", "a", "s02", "s2-b", "B", "s2.a", "10", "9", "s0", "s00"]
            .into_iter()
            .map(|text| SliceId::new(text).unwrap())
            .collect();
        ids.sort();
        let sorted: Vec<&str> = ids.iter().map(SliceId::as_str).collect();
        assert_eq!(sorted, ["9", "10", "B", "a", "s0", "s00", "s02", "s2", "s2-b", "s2.a", "s10"]);
    }

    #[test]
    fn names_are_flag_keys() {
        for good in ["a", "9", "guest-checkout", "A.b_c-1", &"x".repeat(100)] {
            assert!(SliceId::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", ".a", "a b", "ä", "a/b", "a\n", &"x".repeat(101)] {
            assert!(SliceId::new(bad).is_err(), "{bad}");
        }
    }
}
