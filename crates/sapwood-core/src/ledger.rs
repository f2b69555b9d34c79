//! The ledger of one rollout: what is counted, under which keys, and the rows that make each subject count once.
//!
//! Merging two ledgers is addition of sums and earliest-first of rows, so neither order nor repetition of
//! records changes who counts where (only [`ACTIVITY`] counts repetitions, and nothing is decided on how many).
//! [`crate::attribution`] folds records in; the store keeps what changed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::record::{Arm, UnitHash};
use crate::time::Timestamp;

/// First exposures: each subject once per rollout. What sample-ratio mismatch is judged on.
pub const EXPOSURE: &str = "$exposure";
/// Subjects seen in an epoch: each once per epoch, all in minute 0. What the data gate counts.
pub const REACH: &str = "$reach";
/// Subjects who had the candidate at any time, by share or ring: each once per rollout, under epoch 0.
pub const HAD: &str = "$had";
/// Evaluations per minute. What freshness is judged on.
pub const ACTIVITY: &str = "$activity";

/// Which cell of the comparison a count belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// Exposed, has the candidate.
    Treated,
    /// Exposed, has the baseline.
    Control,
    /// In an entered ring; never evidence.
    Ring,
    /// Affected without an exposure; would be treated by its bucket.
    UnexposedTreated,
    /// Affected without an exposure; would be control by its bucket.
    UnexposedControl,
}

impl From<Arm> for Cell {
    fn from(arm: Arm) -> Self {
        match arm {
            Arm::Treated => Self::Treated,
            Arm::Control => Self::Control,
            Arm::Ring => Self::Ring,
        }
    }
}

impl Cell {
    /// The word the store keeps.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Treated => "treated",
            Self::Control => "control",
            Self::Ring => "ring",
            Self::UnexposedTreated => "unexposed_treated",
            Self::UnexposedControl => "unexposed_control",
        }
    }

    /// The cell of a stored word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Treated, Self::Control, Self::Ring, Self::UnexposedTreated, Self::UnexposedControl]
            .into_iter()
            .find(|cell| cell.as_str() == word)
    }
}

/// Key of a sum inside one rollout. With project, environment and rollout before it, the key of the table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SumKey {
    /// Epoch in force at the event's time.
    pub epoch: u32,
    /// A guardrail's key, or [`EXPOSURE`], [`REACH`], [`ACTIVITY`].
    pub guardrail: String,
    /// The guardrail's revision; 0 for the three above.
    pub revision: u32,
    /// Which cell.
    pub arm: Cell,
    /// Minutes since the Unix epoch, of the event's time.
    pub minute: i64,
}

/// What is summed. Columns for means and ratios are added when those metric kinds are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sums {
    /// Distinct subjects.
    pub subjects: i64,
    /// Records, repetitions included.
    pub records: i64,
}

/// One moment at which something happened to a subject, and what was in force then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hit {
    /// When.
    pub at: Timestamp,
    /// The epoch in force then.
    pub epoch: u32,
    /// The arm in force then.
    pub arm: Arm,
}

/// What is known of one subject under one guardrail (or [`EXPOSURE`]).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SubjectRow {
    /// Revision of the guardrail this row belongs to.
    #[serde(skip_serializing_if = "is_zero")]
    pub revision: u32,
    /// The one event that counts, if one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted: Option<Hit>,
    /// Events before any known exposure, oldest first; they count if an earlier exposure still arrives.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<Hit>,
    /// Epochs the subject was seen in, ascending, and the arm it counts in there; only in [`EXPOSURE`] rows.
    /// Of several arms in one epoch the last in the order treated, control, ring counts, whichever came first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reached: Vec<(u32, Arm)>,
    /// The event that was counted as unexposed, if one was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unexposed: Option<Hit>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl SubjectRow {
    /// Notes an epoch and arm; answers the arm it counted in there before, and the arm it counts in now.
    pub(crate) fn see(&mut self, epoch: u32, arm: Arm) -> (Option<Arm>, Arm) {
        match self.reached.binary_search_by_key(&epoch, |(seen, _)| *seen) {
            Err(place) => {
                self.reached.insert(place, (epoch, arm));
                (None, arm)
            }
            Ok(place) => match self.reached.get_mut(place) {
                Some((_, seen)) => {
                    let before = std::mem::replace(seen, arm.max(*seen));
                    (Some(before), *seen)
                }
                None => (None, arm),
            },
        }
    }

    /// Whether the subject had the candidate in any epoch.
    pub(crate) fn had_candidate(&self) -> bool {
        self.reached.iter().any(|(_, arm)| *arm != Arm::Control)
    }

    /// The first epoch in which the subject was treated by its share, if it ever was.
    pub(crate) fn treated_since(&self) -> Option<u32> {
        self.reached.iter().find(|(_, arm)| *arm == Arm::Treated).map(|(epoch, _)| *epoch)
    }

    /// The first epoch in which the subject was in a ring, if it ever was.
    pub(crate) fn ring_since(&self) -> Option<u32> {
        self.reached.iter().find(|(_, arm)| *arm == Arm::Ring).map(|(epoch, _)| *epoch)
    }
}

/// Key of a subject row inside one rollout.
pub type RowKey = (String, UnitHash);

/// What changed since the last call of [`RolloutLedger::take_changes`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Whole new values of sums; zero where nothing is left of one.
    pub sums: Vec<(SumKey, Sums)>,
    /// Whole new values of rows.
    pub rows: Vec<(RowKey, SubjectRow)>,
}

/// All that is counted for one rollout.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RolloutLedger {
    sums: BTreeMap<SumKey, Sums>,
    totals: BTreeMap<(u32, String, u32, Cell), i64>,
    pub(crate) rows: BTreeMap<UnitHash, BTreeMap<String, SubjectRow>>,
    /// Pending events by time, so that settling touches only what is due.
    pub(crate) due: BTreeSet<(Timestamp, UnitHash, String)>,
    dirty_sums: BTreeSet<SumKey>,
    dirty_rows: BTreeSet<RowKey>,
}

impl RolloutLedger {
    /// A ledger as the store kept it.
    pub fn restore(
        sums: impl IntoIterator<Item = (SumKey, Sums)>,
        rows: impl IntoIterator<Item = (RowKey, SubjectRow)>,
    ) -> Self {
        let mut ledger = Self::default();
        for (key, sum) in sums {
            ledger.add(key, sum);
        }
        for ((guardrail, unit), row) in rows {
            for hit in &row.pending {
                ledger.due.insert((hit.at, unit, guardrail.clone()));
            }
            ledger.rows.entry(unit).or_default().insert(guardrail, row);
        }
        ledger.take_changes();
        ledger
    }

    /// Adds to one sum.
    pub(crate) fn add(&mut self, key: SumKey, delta: Sums) {
        if delta == Sums::default() {
            return;
        }
        if delta.subjects != 0 {
            let cell = (key.epoch, key.guardrail.clone(), key.revision, key.arm);
            let total = self.totals.entry(cell.clone()).or_default();
            *total = total.saturating_add(delta.subjects);
            if *total == 0 {
                self.totals.remove(&cell);
            }
        }
        let sum = self.sums.entry(key.clone()).or_default();
        sum.subjects = sum.subjects.saturating_add(delta.subjects);
        sum.records = sum.records.saturating_add(delta.records);
        // A count that moved away leaves nothing behind, so that the way here cannot be seen from the result.
        if *sum == Sums::default() {
            self.sums.remove(&key);
        }
        self.dirty_sums.insert(key);
    }

    pub(crate) fn touch_row(&mut self, guardrail: &str, unit: UnitHash) {
        self.dirty_rows.insert((guardrail.to_owned(), unit));
    }

    /// Distinct subjects who had the candidate at any time.
    pub fn had_candidate(&self) -> u64 {
        self.subjects(0, HAD, 0, Cell::Treated)
    }

    /// Distinct subjects in one cell of one epoch.
    pub fn subjects(&self, epoch: u32, guardrail: &str, revision: u32, cell: Cell) -> u64 {
        let total = self.totals.get(&(epoch, guardrail.to_owned(), revision, cell)).copied().unwrap_or(0);
        u64::try_from(total).unwrap_or(0)
    }

    /// Minutes of an epoch with activity in `cell`, ascending.
    pub fn active_minutes(&self, epoch: u32, cell: Cell) -> impl Iterator<Item = i64> {
        let key = |minute| SumKey { epoch, guardrail: ACTIVITY.to_owned(), revision: 0, arm: cell, minute };
        self.sums.range(key(i64::MIN)..=key(i64::MAX)).map(|(key, _)| key.minute)
    }

    /// All sums, in key order.
    pub fn sums(&self) -> &BTreeMap<SumKey, Sums> {
        &self.sums
    }

    /// All subject rows, in key order of the unit.
    pub fn rows(&self) -> impl Iterator<Item = (&str, UnitHash, &SubjectRow)> {
        self.rows
            .iter()
            .flat_map(|(unit, rows)| rows.iter().map(|(guardrail, row)| (guardrail.as_str(), *unit, row)))
    }

    /// What changed since the last call, for the store.
    pub fn take_changes(&mut self) -> Changes {
        let sums = std::mem::take(&mut self.dirty_sums)
            .into_iter()
            .map(|key| {
                let sum = self.sums.get(&key).copied().unwrap_or_default();
                (key, sum)
            })
            .collect();
        let rows = std::mem::take(&mut self.dirty_rows)
            .into_iter()
            .filter_map(|(guardrail, unit)| {
                let row = self.rows.get(&unit)?.get(&guardrail)?.clone();
                Some(((guardrail, unit), row))
            })
            .collect();
        Changes { sums, rows }
    }
}

#[cfg(test)]
mod tests;
