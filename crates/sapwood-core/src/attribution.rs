//! Folds resolved records into a rollout's ledger: each subject counts once per guardrail, at its first
//! affecting event after its first exposure, in the epoch and arm in force at that event.
//!
//! The result depends on the set of records only, not on their order or repetition: a late record moves a count,
//! it never adds one. That holds as long as nothing arrives later than [`LATENESS_SECONDS`] after its time, and
//! [`PENDING_PER_SUBJECT_MAX`] events are enough to wait with.

use crate::ledger::{ACTIVITY, Cell, EXPOSURE, HAD, Hit, REACH, RolloutLedger, SubjectRow, SumKey, Sums};
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
        let before = Standing::of(row);
        let had_before = row.had_candidate();
        let (seen_before, seen) = row.see(hit.epoch, hit.arm);
        let had = row.had_candidate();
        if before.first.is_none_or(|first| hit < first) {
            row.counted = Some(hit);
        }
        let now = Standing::of(row);
        if seen_before != Some(seen) {
            if let Some(arm) = seen_before {
                self.add(reach_key(hit.epoch, arm), MINUS_ONE);
            }
            self.add(reach_key(hit.epoch, seen), ONE);
            self.touch_row(EXPOSURE, unit);
        }
        if had != had_before {
            self.add(had_key(), if had { ONE } else { MINUS_ONE });
        }
        if before.first != now.first {
            if let Some(first) = before.first {
                self.add(sum_key(EXPOSURE, 0, first, first.arm.into()), MINUS_ONE);
            }
            self.add(sum_key(EXPOSURE, 0, hit, hit.arm.into()), ONE);
            self.touch_row(EXPOSURE, unit);
        }
        if before != now {
            for guardrail in &spec.guardrails {
                self.reconsider(guardrail, unit, before, now);
            }
        }
        let activity = sum_key(ACTIVITY, 0, hit, hit.arm.into());
        self.add(activity, Sums { subjects: 0, records: 1 });
    }

    fn fold_event(&mut self, guardrail: &Guardrail, unit: UnitHash, hit: Hit) {
        let standing = self.standing(unit);
        let name = guardrail.key.as_str();
        let row = row_of(&mut self.rows, unit, guardrail);
        if standing.first.is_none_or(|first| hit.at < first.at) {
            let Err(place) = row.pending.binary_search(&hit) else { return };
            row.pending.insert(place, hit);
            // Dropping the latest, not the newest arrival, keeps the result independent of the order.
            let dropped = if row.pending.len() > PENDING_PER_SUBJECT_MAX { row.pending.pop() } else { None };
            let waits_for = |at: Timestamp| row.pending.iter().any(|hit| hit.at == at);
            if waits_for(hit.at) {
                self.due.insert((hit.at, unit, name.to_owned()));
            }
            if let Some(dropped) = dropped.filter(|dropped| !waits_for(dropped.at)) {
                self.due.remove(&(dropped.at, unit, name.to_owned()));
            }
        } else if row.counted.is_none_or(|counted| hit < counted) {
            let before = row.counted.replace(hit);
            let before = before.map(|before| (before, standing.cell(before)));
            self.move_count(name, guardrail.revision, before, Some((hit, standing.cell(hit))));
        } else {
            return;
        }
        self.touch_row(name, unit);
    }

    /// What is known of a subject's exposures changed: an event that was waiting may now be the one that counts,
    /// one that was taken for unexposed no longer is, and one that counted may turn out to be a ring member's.
    fn reconsider(&mut self, guardrail: &Guardrail, unit: UnitHash, before: Standing, now: Standing) {
        let name = guardrail.key.as_str();
        let Some(row) = self.rows.get_mut(&unit).and_then(|rows| rows.get_mut(name)) else { return };
        let Some(exposure) = now.first.filter(|_| row.revision == guardrail.revision) else { return };
        let unexposed = row.unexposed.take();
        if let Some(hit) = unexposed
            && let Err(place) = row.pending.binary_search(&hit)
        {
            row.pending.insert(place, hit);
            self.due.insert((hit.at, unit, name.to_owned()));
        }
        let place = row.pending.partition_point(|hit| hit.at < exposure.at);
        let after = row.pending.split_off(place);
        for hit in &after {
            self.due.remove(&(hit.at, unit, name.to_owned()));
        }
        let counted = row.counted;
        row.counted = counted.into_iter().chain(after.first().copied()).min();
        let counts = row.counted.map(|hit| (hit, now.cell(hit)));
        let counted = counted.map(|hit| (hit, before.cell(hit)));
        self.move_count(name, guardrail.revision, unexposed.map(|hit| (hit, unexposed_cell(hit))), None);
        if counted != counts {
            self.move_count(name, guardrail.revision, counted, counts);
        }
        self.touch_row(name, unit);
    }

    fn move_count(
        &mut self,
        name: &str,
        revision: u32,
        before: Option<(Hit, Cell)>,
        now: Option<(Hit, Cell)>,
    ) {
        for ((hit, cell), delta) in
            before.map(|place| (place, MINUS_ONE)).into_iter().chain(now.map(|place| (place, ONE)))
        {
            self.add(sum_key(name, revision, hit, cell), delta);
        }
    }

    /// Gives up waiting for exposures of events older than the lateness allowed before `watermark`: a subject
    /// that is still unknown goes to the `unexposed` cell of its recomputed arm, once per guardrail, until an
    /// exposure of it arrives after all.
    pub fn settle(&mut self, watermark: Timestamp) {
        let horizon = watermark.plus_seconds(-LATENESS_SECONDS);
        while let Some(due) = self.due.first().cloned().filter(|(at, ..)| *at < horizon) {
            self.due.remove(&due);
            let (at, unit, name) = due;
            let exposed = self.standing(unit).first.is_some();
            let Some(row) = self.rows.get_mut(&unit).and_then(|rows| rows.get_mut(&name)) else { continue };
            let expired = row.pending.iter().copied().find(|hit| hit.at == at);
            row.pending.retain(|hit| hit.at != at);
            let (revision, before) = (row.revision, row.unexposed);
            let counts = expired.filter(|hit| !exposed && before.is_none_or(|before| *hit < before));
            if let Some(hit) = counts {
                row.unexposed = Some(hit);
                let place = |hit| (hit, unexposed_cell(hit));
                self.move_count(&name, revision, before.map(place), Some(place(hit)));
            }
            self.touch_row(&name, unit);
        }
    }

    fn standing(&self, unit: UnitHash) -> Standing {
        let row = self.rows.get(&unit).and_then(|rows| rows.get(EXPOSURE));
        row.map(Standing::of).unwrap_or_default()
    }
}

/// What a subject's exposures say of its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Standing {
    /// Its first exposure; no earlier event counts.
    first: Option<Hit>,
    /// The first epoch in which it was in a ring: from then on it had the candidate whatever its bucket says.
    ring_since: Option<u32>,
    /// The first epoch in which it was treated: once the rollout shrank it may be in control, but nobody's baseline.
    treated_since: Option<u32>,
}

impl Standing {
    fn of(exposures: &SubjectRow) -> Self {
        Self {
            first: exposures.counted,
            ring_since: exposures.ring_since(),
            treated_since: exposures.treated_since(),
        }
    }

    /// Where an event counts: in the arm in force for it then, unless it is a ring member's, or of somebody who had
    /// the candidate and lost it when the rollout shrank. Those two are on neither side of the comparison.
    fn cell(&self, hit: Hit) -> Cell {
        let in_ring = self.ring_since.is_some_and(|epoch| epoch <= hit.epoch);
        let lost_it = hit.arm == Arm::Control && self.treated_since.is_some_and(|epoch| epoch < hit.epoch);
        if in_ring || lost_it { Cell::Ring } else { hit.arm.into() }
    }
}

const fn unexposed_cell(hit: Hit) -> Cell {
    match hit.arm {
        Arm::Treated => Cell::UnexposedTreated,
        Arm::Control => Cell::UnexposedControl,
        Arm::Ring => Cell::Ring,
    }
}

/// The minute of an epoch's first sighting must not depend on which sighting arrived first, so there is none.
fn reach_key(epoch: u32, arm: Arm) -> SumKey {
    SumKey { epoch, guardrail: REACH.to_owned(), revision: 0, arm: arm.into(), minute: 0 }
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

/// Once per subject and rollout, whenever that was.
fn had_key() -> SumKey {
    SumKey { epoch: 0, guardrail: HAD.to_owned(), revision: 0, arm: Cell::Treated, minute: 0 }
}

fn sum_key(guardrail: &str, revision: u32, hit: Hit, cell: Cell) -> SumKey {
    SumKey { epoch: hit.epoch, guardrail: guardrail.to_owned(), revision, arm: cell, minute: hit.at.minute() }
}

#[cfg(test)]
mod tests;
