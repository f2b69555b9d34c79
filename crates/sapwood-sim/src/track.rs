//! One slice as its subjects meet it: buckets worked out once, the share in force, and who has met it.

use sapwood_core::record::{Arm, Record, UnitHash};
use sapwood_core::rollout::{Epoch, Phase, Rollout};
use sapwood_core::time::Timestamp;
use sapwood_eval::{RolloutId, Salt, bucket};

use crate::pool::index;

const UNKNOWN: u32 = u32::MAX;

/// What a track knows of one subject.
#[derive(Debug, Clone, Copy)]
struct Known {
    bucket: u32,
    /// The last epoch an exposure was reported of.
    reported: u32,
    /// Whether it ever had the candidate while the rollout was live.
    had: bool,
}

/// A rollout on its way, as evaluation would serve it.
#[derive(Debug)]
pub struct Track {
    /// The rollout.
    pub id: RolloutId,
    salt: Salt,
    known: Vec<Known>,
    serving: Serving,
    /// Evaluations since they were last taken away, by arm and minute.
    evaluations: Vec<(Arm, i64, u64)>,
    /// Subjects who ever had the candidate while it was live.
    pub exposed: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Serving {
    /// Everybody has the baseline, and nobody is compared.
    Baseline,
    /// Everybody has the candidate, and nobody is compared.
    Candidate,
    Live {
        epoch: u32,
        share: u32,
        ring: bool,
    },
}

/// How a subject is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Met {
    /// Whether it has the candidate.
    pub has: bool,
    /// Epoch and arm, if the rollout was reached and this is the first time in the epoch.
    pub exposure: Option<(u32, Arm)>,
}

/// Name of a subject: what evaluation buckets.
pub fn key_of(subject: u32) -> String {
    format!("subject-{subject}")
}

/// The fast driver's name of a unit in the ledger. Any name will do as long as it is its own.
pub fn unit_of(subject: u32) -> UnitHash {
    UnitHash::from_bytes(u128::from(subject).to_be_bytes())
}

impl Track {
    /// A rollout that has not started.
    pub const fn new(id: RolloutId, salt: Salt) -> Self {
        Self { id, salt, known: Vec::new(), serving: Serving::Baseline, evaluations: Vec::new(), exposed: 0 }
    }

    /// Takes over what is in force now.
    pub fn follow(&mut self, rollout: &Rollout) {
        self.serving = match rollout.phase {
            Phase::Running | Phase::Held { .. } => {
                let epoch = rollout.epoch();
                let ring = !rollout.rings_entered().is_empty();
                Serving::Live { epoch: epoch.number, share: epoch.share.parts(), ring }
            }
            Phase::RolledBack { .. } => Serving::Baseline,
            Phase::Completed { .. } => Serving::Candidate,
        };
    }

    /// A subject comes; `eligible` says whether it has what this slice needs.
    #[inline]
    pub fn meet(&mut self, subject: u32, in_ring: bool, at: Timestamp, eligible: bool) -> Met {
        let Serving::Live { epoch, share, ring } = self.serving else {
            return Met { has: eligible && self.serving == Serving::Candidate, exposure: None };
        };
        if !eligible {
            return Met { has: false, exposure: None };
        }
        let Some(known) = known(&mut self.known, &self.salt, subject) else {
            return Met { has: false, exposure: None };
        };
        let arm = if ring && in_ring {
            Arm::Ring
        } else if known.bucket < share {
            Arm::Treated
        } else {
            Arm::Control
        };
        let has = arm != Arm::Control;
        if has && !known.had {
            known.had = true;
            self.exposed = self.exposed.saturating_add(1);
        }
        let first = known.reported != epoch;
        count(&mut self.evaluations, arm, at.minute());
        Met { has, exposure: first.then_some((epoch, arm)) }
    }

    /// The exposure of this epoch is on its way, so that it is not sent again.
    pub fn reported(&mut self, subject: u32, epoch: u32) {
        if let Some(known) = self.known.get_mut(index(subject)) {
            known.reported = epoch;
        }
    }

    /// The arm a unit falls into by its bucket, as intake works it out from an event's time.
    pub fn arm(&mut self, subject: u32, epoch: &Epoch) -> Arm {
        let bucket = known(&mut self.known, &self.salt, subject).map_or(UNKNOWN, |known| known.bucket);
        if bucket < epoch.share.parts() { Arm::Treated } else { Arm::Control }
    }

    /// Takes the evaluations counted so far as records.
    pub fn take_activity(&mut self) -> Vec<Record> {
        let Serving::Live { epoch, .. } = self.serving else { return Vec::new() };
        let record = |(arm, minute, evaluations)| {
            let rollout = self.id.clone();
            Record::Activity { rollout, epoch, arm, minute, evaluations }
        };
        self.evaluations.drain(..).map(record).collect()
    }
}

fn count(evaluations: &mut Vec<(Arm, i64, u64)>, arm: Arm, minute: i64) {
    match evaluations.iter_mut().find(|(a, m, _)| *a == arm && *m == minute) {
        Some((.., count)) => *count = count.saturating_add(1),
        None => evaluations.push((arm, minute, 1)),
    }
}

#[inline]
fn known<'a>(known: &'a mut Vec<Known>, salt: &Salt, subject: u32) -> Option<&'a mut Known> {
    let place = index(subject);
    if place >= known.len() {
        let size = place.saturating_add(1).next_power_of_two();
        known.resize(size, Known { bucket: UNKNOWN, reported: 0, had: false });
    }
    let found = known.get_mut(place)?;
    if found.bucket == UNKNOWN {
        found.bucket = bucket(salt.as_str(), &key_of(subject));
    }
    Some(found)
}
