//! Automatic exposures: an evaluation that reached a rollout is noted in passing and journaled within a second.
//!
//! Best effort by contract: a full queue drops and counts, and a crash loses at most the last second. What an
//! application must not lose it reports itself.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};

use hmac::{Hmac, KeyInit, Mac};
use sapwood_core::id::ProjectKey;
use sapwood_core::record::{Arm, Record, UnitHash};
use sapwood_core::rollout::ExposureSource;
use sapwood_core::time::Timestamp;
use sapwood_eval::{Evaluation, RolloutId};
use sapwood_store::{JournalBatch, StoreError};
use sha2::Sha256;
use tokio::sync::mpsc;

use crate::engine::Engine;
use crate::limits::{EXPOSURES_REMEMBERED_MAX, EXPOSURES_WAITING_MAX, RECORDS_PER_BATCH_MAX};
use crate::snapshot::{Scope, Snapshot};

/// An evaluation on its way to the journal.
#[derive(Debug)]
struct Note {
    scope: Scope,
    rollout: RolloutId,
    epoch: u32,
    arm: Arm,
    unit: String,
    at: Timestamp,
}

/// Where evaluations leave their notes.
#[derive(Debug)]
pub(crate) struct Desk {
    inbox: mpsc::Sender<Note>,
    outbox: tokio::sync::Mutex<Outbox>,
    dropped: AtomicU64,
}

#[derive(Debug)]
struct Outbox {
    notes: mpsc::Receiver<Note>,
    /// Subjects already journaled, by rollout and epoch.
    seen: HashSet<(RolloutId, u32, UnitHash)>,
}

impl Default for Desk {
    fn default() -> Self {
        let (inbox, notes) = mpsc::channel(EXPOSURES_WAITING_MAX);
        let outbox = tokio::sync::Mutex::new(Outbox { notes, seen: HashSet::new() });
        Self { inbox, outbox, dropped: AtomicU64::new(0) }
    }
}

type Activity = BTreeMap<(RolloutId, u32, Arm, i64), u64>;

impl Engine {
    /// Notes that a subject met a flag, if the evaluation reached a rollout whose exposures come from
    /// evaluations. Never waits and takes no lock.
    pub fn expose(&self, scope: &Scope, snapshot: &Snapshot, evaluation: &Evaluation<'_>, unit: &str) {
        let Some(reached) = evaluation.rollout else { return };
        if snapshot.exposure_sources.get(reached.rollout) != Some(&ExposureSource::ServerEval) {
            return;
        }
        let note = Note {
            scope: scope.clone(),
            rollout: reached.rollout.clone(),
            epoch: reached.epoch,
            arm: arm(reached.arm),
            unit: unit.to_owned(),
            at: self.now(),
        };
        if self.0.exposures.inbox.try_send(note).is_err() {
            self.0.exposures.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many automatic exposures were dropped because the queue was full.
    pub fn exposures_dropped(&self) -> u64 {
        self.0.exposures.dropped.load(Ordering::Relaxed)
    }

    /// The name a unit has in the journal: HMAC under the server's own key, because raw keys never reach the
    /// disk.
    pub(crate) fn unit_hash(&self, project: &ProjectKey, unit: &str) -> UnitHash {
        let mut mac = hmac_of(&self.0.unit_key);
        mac.update(project.as_str().as_bytes());
        mac.update(&[0]);
        mac.update(unit.as_bytes());
        let bytes: [u8; 32] = mac.finalize().into_bytes().into();
        let mut cut = [0; 16];
        cut.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        UnitHash::from_bytes(cut)
    }

    /// Journals the exposures that wait.
    pub(crate) async fn flush_exposures(&self) -> Result<(), StoreError> {
        let mut outbox = self.0.exposures.outbox.lock().await;
        let mut records: BTreeMap<Scope, Vec<Record>> = BTreeMap::new();
        let mut activity: BTreeMap<Scope, Activity> = BTreeMap::new();
        let mut fresh = Vec::new();
        while let Ok(note) = outbox.notes.try_recv() {
            let minute = (note.rollout.clone(), note.epoch, note.arm, note.at.minute());
            let count = activity.entry(note.scope.clone()).or_default().entry(minute).or_default();
            *count = count.saturating_add(1);
            let unit = self.unit_hash(&note.scope.project, &note.unit);
            let subject = (note.rollout.clone(), note.epoch, unit);
            if !outbox.seen.contains(&subject) {
                if outbox.seen.len() >= EXPOSURES_REMEMBERED_MAX {
                    outbox.seen.clear();
                }
                outbox.seen.insert(subject.clone());
                fresh.push(subject);
                let Note { rollout, epoch, arm, at, .. } = note;
                let exposure = Record::Exposure { rollout, epoch, arm, unit, at };
                records.entry(note.scope).or_default().push(exposure);
            }
        }
        for (scope, counts) in activity {
            let counted = counts.into_iter().map(|((rollout, epoch, arm, minute), evaluations)| {
                Record::Activity { rollout, epoch, arm, minute, evaluations }
            });
            records.entry(scope).or_default().extend(counted);
        }
        let journaled = self.0.store.journal_append(self.batches(&records)).await;
        if journaled.is_err() {
            // They were not kept, so they must not be remembered as kept.
            for subject in &fresh {
                outbox.seen.remove(subject);
            }
        }
        journaled.map(|_| ())
    }

    fn batches(&self, records: &BTreeMap<Scope, Vec<Record>>) -> Vec<JournalBatch> {
        let now = self.now();
        let batch = |scope: &Scope, records: &[Record]| {
            let Scope { project, environment } = scope.clone();
            let id = self.0.entropy.id(now);
            JournalBatch { id, project, environment, received_at: now, records: records.to_vec() }
        };
        records
            .iter()
            .flat_map(|(scope, records)| {
                records.chunks(RECORDS_PER_BATCH_MAX).map(|chunk| batch(scope, chunk))
            })
            .collect()
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length; the constructor cannot fail")]
fn hmac_of(key: &[u8]) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length")
}

const fn arm(arm: sapwood_eval::Arm) -> Arm {
    match arm {
        sapwood_eval::Arm::Treated => Arm::Treated,
        sapwood_eval::Arm::Control => Arm::Control,
        sapwood_eval::Arm::Ring => Arm::Ring,
    }
}
