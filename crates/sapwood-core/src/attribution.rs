//! Folds resolved records into a rollout's ledger: each subject counts once per guardrail, at its first
//! affecting event after its first exposure, in the epoch and arm in force at that event.
//!
//! The result depends on the set of records only, not on their order: a late record moves a count, it never
//! adds one.

use crate::ledger::{ACTIVITY, Cell, EXPOSURE, Hit, REACH, RolloutLedger, SubjectRow, SumKey, Sums};
use crate::limits::{LATENESS_SECONDS, PENDING_PER_SUBJECT_MAX};
use crate::record::{Arm, Record, UnitHash};
use crate::rollout::{Guardrail, RolloutSpec};
use crate::time::Timestamp;

const ONE: Sums = Sums { subjects: 1, records: 0 };
const MINUS_ONE: Sums = Sums { subjects: -1, records: 0 };

impl RolloutLedger {
    /// Folds one record of this rollout. Records of other rollouts must be kept away by the caller.
    pub fn fold(&mut self, spec: &RolloutSpec, record: &Record) {
        match record {
            Record::Exposure { epoch, arm, unit, at, .. } => {
                self.fold_exposure(spec, *unit, Hit { at: *at, epoch: *epoch, arm: *arm });
            }
            Record::Event { epoch, arm, unit, at, metric, .. } => {
                let hit = Hit { at: *at, epoch: *epoch, arm: *arm };
                for guardrail in &spec.guardrails {
                    if guardrail.metric == *metric && guardrail.since <= hit.at {
                        self.fold_event(guardrail, *unit, hit);
                    }
                }
            }
            Record::Activity { epoch, arm, minute, evaluations, .. } => {
                let records = i64::try_from(*evaluations).unwrap_or(i64::MAX);
                let key = SumKey {
                    epoch: *epoch,
                    guardrail: ACTIVITY.to_owned(),
                    revision: 0,
                    arm: (*arm).into(),
                    minute: *minute,
                };
                self.add(key, Sums { subjects: 0, records });
            }
            // Says that a source is alive; the engine keeps that, no rollout counts it.
            Record::Seen { .. } => {}
        }
    }

    fn fold_exposure(&mut self, spec: &RolloutSpec, unit: UnitHash, hit: Hit) {
        let row = self.rows.entry(unit).or_default().entry(EXPOSURE.to_owned()).or_default();
        let new_epoch = !row.reached.contains(&hit.epoch);
        if new_epoch {
            row.reached.push(hit.epoch);
            row.reached.sort_unstable();
        }
        let before = row.counted;
        if before.is_none_or(|first| hit < first) {
            row.counted = Some(hit);
            if let Some(first) = before {
                self.add(sum_key(EXPOSURE, 0, first, first.arm.into()), MINUS_ONE);
            }
            self.add(sum_key(EXPOSURE, 0, hit, hit.arm.into()), ONE);
            self.touch_row(EXPOSURE, unit);
            for guardrail in &spec.guardrails {
                self.reconsider(guardrail, unit, hit);
            }
        }
        if new_epoch {
            // The minute of an epoch's first sighting must not depend on which sighting arrived first.
            let key = SumKey {
                epoch: hit.epoch,
                guardrail: REACH.to_owned(),
                revision: 0,
                arm: hit.arm.into(),
                minute: 0,
            };
            self.add(key, ONE);
            self.touch_row(EXPOSURE, unit);
        }
        let activity = sum_key(ACTIVITY, 0, hit, hit.arm.into());
        self.add(activity, Sums { subjects: 0, records: 1 });
    }

    fn fold_event(&mut self, guardrail: &Guardrail, unit: UnitHash, hit: Hit) {
        let exposed = self.first_exposure(unit);
        if exposed.is_some_and(|first| first.arm == Arm::Ring) {
            return;
        }
        let name = guardrail.key.as_str();
        let row = row_of(&mut self.rows, unit, guardrail);
        if exposed.is_none_or(|first| hit.at < first.at) {
            let Err(place) = row.pending.binary_search(&hit) else { return };
            row.pending.insert(place, hit);
            // Dropping the latest, not the newest arrival, keeps the result independent of the order.
            let dropped = if row.pending.len() > PENDING_PER_SUBJECT_MAX { row.pending.pop() } else { None };
            self.due.insert((hit.at, unit, name.to_owned()));
            if let Some(dropped) = dropped {
                self.due.remove(&(dropped.at, unit, name.to_owned()));
            }
        } else if row.counted.is_none_or(|counted| hit < counted) {
            let before = row.counted.replace(hit);
            self.move_count(guardrail, before, hit);
        } else {
            return;
        }
        self.touch_row(name, unit);
    }

    /// An exposure earlier than any known arrived: an event that was waiting may now be the one that counts.
    fn reconsider(&mut self, guardrail: &Guardrail, unit: UnitHash, exposure: Hit) {
        let name = guardrail.key.as_str();
        let Some(row) = self.rows.get_mut(&unit).and_then(|rows| rows.get_mut(name)) else { return };
        if row.revision != guardrail.revision || exposure.arm == Arm::Ring {
            return;
        }
        let place = row.pending.partition_point(|hit| hit.at < exposure.at);
        let after = row.pending.split_off(place);
        for hit in &after {
            self.due.remove(&(hit.at, unit, name.to_owned()));
        }
        let Some(first) = after.into_iter().next() else { return };
        if row.counted.is_none_or(|counted| first < counted) {
            let before = row.counted.replace(first);
            self.move_count(guardrail, before, first);
        }
        self.touch_row(name, unit);
    }

    fn move_count(&mut self, guardrail: &Guardrail, before: Option<Hit>, now: Hit) {
        let name = guardrail.key.as_str();
        if let Some(before) = before {
            self.add(sum_key(name, guardrail.revision, before, before.arm.into()), MINUS_ONE);
        }
        self.add(sum_key(name, guardrail.revision, now, now.arm.into()), ONE);
    }

    /// Gives up waiting for exposures of events older than the lateness allowed before `watermark`: a subject
    /// that is still unknown goes to the `unexposed` cell of its recomputed arm, once per guardrail.
    pub fn settle(&mut self, watermark: Timestamp) {
        let horizon = watermark.plus_seconds(-LATENESS_SECONDS);
        while let Some(due) = self.due.first().cloned().filter(|(at, ..)| *at < horizon) {
            self.due.remove(&due);
            let (at, unit, name) = due;
            let exposed = self.first_exposure(unit).is_some();
            let Some(row) = self.rows.get_mut(&unit).and_then(|rows| rows.get_mut(&name)) else { continue };
            let expired = row.pending.iter().copied().find(|hit| hit.at == at);
            row.pending.retain(|hit| hit.at != at);
            let revision = row.revision;
            let counts = !exposed && row.unexposed.is_none();
            if let Some(hit) = expired.filter(|_| counts) {
                row.unexposed = Some(hit);
                let cell = match hit.arm {
                    Arm::Treated => Cell::UnexposedTreated,
                    Arm::Control => Cell::UnexposedControl,
                    Arm::Ring => Cell::Ring,
                };
                self.add(sum_key(&name, revision, hit, cell), ONE);
            }
            self.touch_row(&name, unit);
        }
    }

    fn first_exposure(&self, unit: UnitHash) -> Option<Hit> {
        self.rows.get(&unit)?.get(EXPOSURE)?.counted
    }
}

/// The row of a subject under a guardrail; one left by an earlier revision is begun anew.
fn row_of<'a>(
    rows: &'a mut std::collections::BTreeMap<UnitHash, std::collections::BTreeMap<String, SubjectRow>>,
    unit: UnitHash,
    guardrail: &Guardrail,
) -> &'a mut SubjectRow {
    let row = rows.entry(unit).or_default().entry(guardrail.key.as_str().to_owned()).or_default();
    if row.revision != guardrail.revision {
        *row = SubjectRow { revision: guardrail.revision, ..SubjectRow::default() };
    }
    row
}

fn sum_key(guardrail: &str, revision: u32, hit: Hit, cell: Cell) -> SumKey {
    SumKey { epoch: hit.epoch, guardrail: guardrail.to_owned(), revision, arm: cell, minute: hit.at.minute() }
}
