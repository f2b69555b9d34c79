//! Automatic exposures: an evaluation that reached a rollout is noted in passing and journaled within a second.
//!
//! Best effort by contract: a full queue drops and counts, and a crash loses at most the last second. What an
//! application must not lose it reports itself.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sapwood_core::record::{Arm, Record, UnitHash};
use sapwood_core::time::Timestamp;
use sapwood_eval::{Evaluation, RolloutId};
use sapwood_store::limits::BATCHES_PER_CALL_MAX;
use sapwood_store::{JournalBatch, StoreError};
use tokio::sync::mpsc;

use crate::engine::Engine;
use crate::limits::{EXPOSURES_REMEMBERED_MAX, EXPOSURES_WAITING_MAX, RECORDS_PER_BATCH_MAX};
use crate::snapshot::{Scope, Snapshot};

/// Notes journaled together; with as many flushes as the queue has room for, a flush ends.
const NOTES_PER_FLUSH_MAX: usize = RECORDS_PER_BATCH_MAX;
const FLUSHES_MAX: usize = EXPOSURES_WAITING_MAX.div_ceil(NOTES_PER_FLUSH_MAX);

/// A live rollout whose exposures come from evaluations. Shared, so that a note costs no copy of names.
#[derive(Debug)]
pub(crate) struct Exposing {
    pub(crate) scope: Scope,
    pub(crate) rollout: RolloutId,
}

/// An evaluation on its way to the journal.
#[derive(Debug)]
struct Note {
    of: Arc<Exposing>,
    epoch: u32,
    arm: Arm,
    unit: UnitHash,
    at: Timestamp,
}

/// Where evaluations leave their notes.
#[derive(Debug)]
pub(crate) struct Desk {
    inbox: mpsc::Sender<Note>,
    outbox: tokio::sync::Mutex<Outbox>,
    dropped: AtomicU64,
    taken: AtomicU64,
}

#[derive(Debug)]
struct Outbox {
    notes: mpsc::Receiver<Note>,
    seen: Seen,
    /// Made, but not known to be in the journal: appended again, under the same ids, before anything else.
    waiting: Vec<JournalBatch>,
}

impl Default for Desk {
    fn default() -> Self {
        let (inbox, notes) = mpsc::channel(EXPOSURES_WAITING_MAX);
        let outbox = Outbox { notes, seen: Seen::default(), waiting: Vec::new() };
        Self {
            inbox,
            outbox: tokio::sync::Mutex::new(outbox),
            dropped: AtomicU64::new(0),
            taken: AtomicU64::new(0),
        }
    }
}

/// Subjects already journaled in the epoch a rollout is in.
#[derive(Debug, Default)]
struct Seen {
    subjects: HashMap<RolloutId, (u32, HashSet<UnitHash>)>,
    count: usize,
}

impl Seen {
    /// Remembers a subject; answers whether it was not there yet. What is forgotten is journaled once more,
    /// which changes no count.
    fn is_new(&mut self, rollout: &RolloutId, epoch: u32, unit: UnitHash) -> bool {
        if self.count >= EXPOSURES_REMEMBERED_MAX {
            *self = Self::default();
        }
        let Some((known, units)) = self.subjects.get_mut(rollout) else {
            self.subjects.insert(rollout.clone(), (epoch, HashSet::from([unit])));
            self.count = self.count.saturating_add(1);
            return true;
        };
        if epoch < *known {
            // Evaluated just before the epoch opened; the next one is in the new epoch already.
            return true;
        }
        if epoch > *known {
            self.count = self.count.saturating_sub(units.len());
            (*known, *units) = (epoch, HashSet::new());
        }
        let new = units.insert(unit);
        self.count = self.count.saturating_add(usize::from(new));
        new
    }
}

/// Evaluations by rollout, epoch, arm and minute.
type Activity = BTreeMap<(RolloutId, u32, Arm, i64), u64>;

impl Engine {
    /// Notes that a subject met a flag, if the evaluation reached a rollout whose exposures come from
    /// evaluations. Never waits and takes no lock.
    pub fn expose(&self, snapshot: &Snapshot, evaluation: &Evaluation<'_>, unit: &str, at: Timestamp) {
        let Some(reached) = evaluation.rollout() else { return };
        let Some(of) = snapshot.exposing.get(reached.rollout) else { return };
        let note = Note {
            of: Arc::clone(of),
            epoch: reached.epoch,
            arm: arm(reached.arm),
            unit: self.0.units.hash(&of.scope.project, unit),
            at,
        };
        if self.0.exposures.inbox.try_send(note).is_err() {
            self.0.exposures.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many automatic exposures wait to be journaled.
    pub fn exposures_waiting(&self) -> usize {
        let inbox = &self.0.exposures.inbox;
        inbox.max_capacity().saturating_sub(inbox.capacity())
    }

    /// How many automatic exposures were taken from the queue so far, to be journaled.
    pub fn exposures_taken(&self) -> u64 {
        self.0.exposures.taken.load(Ordering::Relaxed)
    }

    /// How many automatic exposures were dropped because the queue was full.
    pub fn exposures_dropped(&self) -> u64 {
        self.0.exposures.dropped.load(Ordering::Relaxed)
    }

    /// Journals the exposures that wait. What cannot be journaled now goes on waiting, and the queue behind it
    /// fills up and drops: a store that fails costs no memory beyond that.
    pub(crate) async fn flush_exposures(&self) -> Result<(), StoreError> {
        let mut outbox = self.0.exposures.outbox.lock().await;
        for _ in 0..=FLUSHES_MAX {
            if outbox.waiting.is_empty() {
                outbox.waiting = self.collect(&mut outbox);
            }
            if outbox.waiting.is_empty() {
                break;
            }
            while !outbox.waiting.is_empty() {
                let some: Vec<_> = outbox.waiting.iter().take(BATCHES_PER_CALL_MAX).cloned().collect();
                let taken = some.len();
                self.0.store.journal_append(some).await?;
                outbox.waiting.drain(..taken);
            }
        }
        Ok(())
    }

    /// Takes notes from the queue and makes batches of them.
    fn collect(&self, outbox: &mut Outbox) -> Vec<JournalBatch> {
        let mut records: BTreeMap<Scope, Vec<Record>> = BTreeMap::new();
        let mut activity: BTreeMap<Scope, Activity> = BTreeMap::new();
        for _ in 0..NOTES_PER_FLUSH_MAX {
            let Ok(Note { of, epoch, arm, unit, at }) = outbox.notes.try_recv() else { break };
            let Exposing { scope, rollout } = &*of;
            self.0.exposures.taken.fetch_add(1, Ordering::Relaxed);
            if !records.contains_key(scope) {
                records.insert(scope.clone(), Vec::new());
                activity.insert(scope.clone(), Activity::new());
            }
            if let Some(counts) = activity.get_mut(scope) {
                let count = counts.entry((rollout.clone(), epoch, arm, at.minute())).or_default();
                *count = count.saturating_add(1);
            }
            if outbox.seen.is_new(rollout, epoch, unit)
                && let Some(records) = records.get_mut(scope)
            {
                records.push(Record::Exposure { rollout: rollout.clone(), epoch, arm, unit, at });
            }
        }
        for (scope, counts) in activity {
            let counted = counts.into_iter().map(|((rollout, epoch, arm, minute), evaluations)| {
                Record::Activity { rollout, epoch, arm, minute, evaluations }
            });
            records.entry(scope).or_default().extend(counted);
        }
        let now = self.now();
        let batch = |(Scope { project, environment }, records)| {
            let id = self.0.entropy.id(now);
            JournalBatch { id, project, environment, received_at: now, records }
        };
        records.into_iter().map(batch).collect()
    }
}

const fn arm(arm: sapwood_eval::Arm) -> Arm {
    match arm {
        sapwood_eval::Arm::Treated => Arm::Treated,
        sapwood_eval::Arm::Control => Arm::Control,
        sapwood_eval::Arm::Ring => Arm::Ring,
    }
}
