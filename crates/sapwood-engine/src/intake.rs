//! What applications report: resolved to rollout, epoch, arm and hashed unit, then journaled, then answered.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use sapwood_api::events::{BatchResponse, EventBatch, EventItem, ITEMS_MAX, ItemProblem, UNIT_BYTES_MAX};
use sapwood_core::id::MetricKey;
use sapwood_core::record::{Arm, Record};
use sapwood_core::rollout::{Epoch, ExposureSource, Phase, Rollout};
use sapwood_core::state::{Environment, State};
use sapwood_core::time::Timestamp;
use sapwood_eval::bucket;
use sapwood_store::limits::BATCH_RECORDS_MAX;
use sapwood_store::{JournalBatch, StoreError};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::engine::Engine;
use crate::error::ReportError;
use crate::limits::{
    EVENT_AGE_SECONDS_MAX, EVENT_AHEAD_SECONDS_MAX, SKEW_SECONDS_MAX, SKEW_SECONDS_TOLERATED,
};
use crate::snapshot::Scope;

impl Engine {
    /// How many reported events were refused because storage did not take them. Their senders were told.
    pub fn events_shed(&self) -> u64 {
        self.0.events_shed.load(Ordering::Relaxed)
    }

    fn shed(&self, events: usize) {
        self.0.events_shed.fetch_add(u64::try_from(events).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Takes a batch: when this returns, every accepted item is on disk.
    pub async fn report(&self, scope: &Scope, batch: EventBatch) -> Result<BatchResponse, ReportError> {
        let found = batch.items.len();
        if found > ITEMS_MAX {
            return Err(ReportError::TooMany { found, limit: ITEMS_MAX });
        }
        if let Some(dead) = &self.0.dead {
            // What the items are about cannot be said either.
            self.shed(found);
            return Err(StoreError::Unavailable(dead.why.as_str().into()).into());
        }
        let now = self.now();
        let shift = skew(batch.sent_at.as_deref(), now)?;
        let resolved = self
            .read(&scope.project, |state| {
                let environment = state.environments.get(&scope.environment)?;
                let (watching, seen) = (BTreeMap::new(), BTreeMap::new());
                let mut desk =
                    Resolver { engine: self, scope, state, environment, now, shift, watching, seen };
                Some(desk.resolve_all(&batch.items))
            })
            .flatten();
        let (records, rejected) = resolved.ok_or(ReportError::UnknownScope)?;
        let accepted = found.saturating_sub(rejected.len());
        if accepted == 0 {
            // Nothing was taken, so the id is not used up: the same batch may be sent again once it can be.
            return Ok(BatchResponse { batch: batch.batch, accepted, duplicate: false, rejected });
        }
        let waiting = Waiting::new(&self.0.batches_waiting);
        let stored = self.0.store.journal_append(journal_batches(scope, batch.batch, now, records)).await;
        drop(waiting);
        let journaled = stored.inspect_err(|_| self.shed(accepted))?;
        if journaled.first().is_some_and(|journaled| journaled.duplicate) {
            // Taken before, with what could be taken then; whatever it says now, nothing of it was stored.
            return Ok(BatchResponse {
                batch: batch.batch,
                accepted: 0,
                duplicate: true,
                rejected: Vec::new(),
            });
        }
        Ok(BatchResponse { batch: batch.batch, accepted, duplicate: false, rejected })
    }
}

/// Counts a batch for as long as it waits, also if its sender gives up.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The batch as the journal takes it, in several parts where many rollouts watch what it reports. Parts are named
/// by the batch and the environment: the same id sent to another environment is another batch.
fn journal_batches(
    scope: &Scope,
    batch: Uuid,
    now: Timestamp,
    mut records: Vec<Record>,
) -> Vec<JournalBatch> {
    let mut parts = Vec::new();
    loop {
        let rest = records.split_off(records.len().min(BATCH_RECORDS_MAX));
        let Scope { project, environment } = scope.clone();
        let id = part_id(scope, batch, parts.len());
        parts.push(JournalBatch { id, project, environment, received_at: now, records });
        if rest.is_empty() {
            return parts;
        }
        records = rest;
    }
}

fn part_id(scope: &Scope, batch: Uuid, part: usize) -> Uuid {
    let mut sha = Sha256::new();
    sha.update(format!("sapwood-batch {scope} {batch} {part}"));
    let hash: [u8; 32] = sha.finalize().into();
    let mut cut = [0; 16];
    cut.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    Builder::from_custom_bytes(cut).into_uuid()
}

/// How much to add to the batch's times, in milliseconds: the difference of the clocks, if it matters.
fn skew(sent_at: Option<&str>, now: Timestamp) -> Result<i64, ReportError> {
    let Some(text) = sent_at else { return Ok(0) };
    let sent: Timestamp = text.parse().map_err(|error| ReportError::SentAt(format!("{error}")))?;
    let difference = now.ms().saturating_sub(sent.ms());
    if difference.abs() > SKEW_SECONDS_MAX.saturating_mul(1000) {
        let detail =
            format!("{sent} is more than a day off this server's clock; set the clock, or leave it out");
        return Err(ReportError::SentAt(detail));
    }
    let tolerated = SKEW_SECONDS_TOLERATED.saturating_mul(1000);
    Ok(if difference.abs() > tolerated { difference } else { 0 })
}

/// One batch being resolved.
struct Resolver<'a> {
    engine: &'a Engine,
    scope: &'a Scope,
    state: &'a State,
    environment: &'a Environment,
    now: Timestamp,
    shift: i64,
    /// Live rollouts by the metric they watch, found when a metric is first met.
    watching: BTreeMap<MetricKey, Vec<Watching<'a>>>,
    /// Latest event and number of events by metric.
    seen: BTreeMap<MetricKey, (Timestamp, u64)>,
}

/// A live rollout that watches a metric, and the rollouts whose treated units say nothing of it.
struct Watching<'a> {
    rollout: &'a Rollout,
    /// What needs its candidate: what happens to those units may be the dependent's doing.
    dependents: Vec<&'a Rollout>,
    /// Attempts at the same candidate that were rolled back, with the most they treated: those units know it.
    earlier: Vec<(&'a Rollout, &'a Epoch)>,
}

/// Why an item is refused: a stable word, and what to do.
struct Refusal(&'static str, String);

impl Resolver<'_> {
    fn resolve_all(&mut self, items: &[EventItem]) -> (Vec<Record>, Vec<ItemProblem>) {
        let mut records = Vec::with_capacity(items.len());
        let mut rejected = Vec::new();
        for (index, item) in items.iter().enumerate() {
            if let Err(Refusal(code, detail)) = self.resolve(item, &mut records) {
                rejected.push(ItemProblem { index, code: code.to_owned(), detail });
            }
        }
        let seen = std::mem::take(&mut self.seen).into_iter();
        records.extend(seen.map(|(metric, (at, events))| Record::Seen { metric, at, events }));
        (records, rejected)
    }

    fn resolve(&mut self, item: &EventItem, records: &mut Vec<Record>) -> Result<(), Refusal> {
        match item {
            EventItem::Metric { metric, unit, at, value: _ } => {
                let (metric, at) = (self.metric(metric)?, self.time(at)?);
                check_unit(unit)?;
                self.event(&metric, unit, at, records);
                self.alive(metric, at, 1);
            }
            EventItem::Alive { metric, at } => {
                let (metric, at) = (self.metric(metric)?, self.time(at)?);
                self.alive(metric, at, 0);
            }
            EventItem::Exposure { flag, rollout, version, unit, variant, at } => {
                let at = self.time(at)?;
                check_unit(unit)?;
                records.push(self.exposure(flag, rollout, *version, unit, variant, at)?);
            }
        }
        Ok(())
    }

    fn alive(&mut self, metric: MetricKey, at: Timestamp, events: u64) {
        let (last, count) = self.seen.entry(metric).or_insert((at, 0));
        *last = (*last).max(at);
        *count = count.saturating_add(events);
    }

    /// One record for each rollout that watches the metric: which epoch and arm, is a matter of the event's time.
    fn event(&mut self, metric: &MetricKey, unit: &str, at: Timestamp, records: &mut Vec<Record>) {
        if !self.watching.contains_key(metric) {
            let watching = watching(self.environment, metric);
            self.watching.insert(metric.clone(), watching);
        }
        let mut hash_once = None;
        for watching in self.watching.get(metric).into_iter().flatten() {
            let rollout = watching.rollout;
            let Some(epoch) = rollout.epoch_at(at) else { continue };
            if watching.leaves_out(unit, at) {
                continue;
            }
            let hash = || self.engine.0.units.hash(&self.scope.project, unit);
            records.push(Record::Event {
                rollout: rollout.spec.id.clone(),
                epoch: epoch.number,
                arm: arm_of(rollout, epoch, unit),
                unit: *hash_once.get_or_insert_with(hash),
                at,
                metric: metric.clone(),
            });
        }
    }

    fn exposure(
        &self,
        flag: &str,
        rollout: &str,
        version: u64,
        unit: &str,
        variant: &str,
        at: Timestamp,
    ) -> Result<Record, Refusal> {
        let known = self.environment.rollouts.get(rollout);
        let known =
            known.filter(|known| known.spec.flag.as_str() == flag && known.is_live()).ok_or_else(|| {
                let (flag, rollout) = (cut(flag), cut(rollout));
                Refusal("unknown_rollout", format!("flag `{flag}` has no live rollout `{rollout}` here"))
            })?;
        if known.spec.exposure_source == ExposureSource::ServerEval {
            let detail = "this rollout takes its exposures from evaluations; do not report them as well";
            return Err(Refusal("wrong_exposure_source", detail.to_owned()));
        }
        if version > self.state.version {
            let detail = format!("there is no version {version} yet; report the one that was evaluated");
            return Err(Refusal("unknown_version", detail));
        }
        if known.epoch_at(at).is_none() {
            let detail = format!("{at} is before the rollout started, at {}", known.started_at);
            return Err(Refusal("before_start", detail));
        }
        let epoch = known.epoch_under(version).ok_or_else(|| {
            Refusal("unknown_version", format!("the rollout did not exist under version {version}"))
        })?;
        let mut arm = arm_of(known, epoch, unit);
        if arm == Arm::Control && known.spec.candidate.as_str() == variant && ring_entered(known, epoch) {
            arm = Arm::Ring;
        }
        let expected = match arm {
            Arm::Treated | Arm::Ring => &known.spec.candidate,
            Arm::Control => &known.spec.baseline,
        };
        if expected.as_str() != variant {
            let detail =
                format!("under version {version} this unit is {}, so it has `{expected}`", word(arm));
            return Err(Refusal("arm_disagrees", detail));
        }
        let unit = self.engine.0.units.hash(&self.scope.project, unit);
        Ok(Record::Exposure { rollout: known.spec.id.clone(), epoch: epoch.number, arm, unit, at })
    }

    fn metric(&self, key: &str) -> Result<MetricKey, Refusal> {
        match self.state.metrics.get_key_value(key) {
            Some((known, _)) => Ok(known.clone()),
            None => {
                Err(Refusal("unknown_metric", format!("there is no metric `{}`; define it first", cut(key))))
            }
        }
    }

    fn time(&self, text: &str) -> Result<Timestamp, Refusal> {
        let at: Timestamp = text.parse().map_err(|error| Refusal("invalid_time", format!("{error}")))?;
        let at = Timestamp::from_ms(at.ms().saturating_add(self.shift));
        let age = self.now.seconds_since(at);
        if age > EVENT_AGE_SECONDS_MAX {
            return Err(Refusal("too_old", format!("{at} is more than seven days ago")));
        }
        if age < -EVENT_AHEAD_SECONDS_MAX {
            let detail = format!("{at} is more than five minutes ahead; check the clock or send `sent_at`");
            return Err(Refusal("in_the_future", detail));
        }
        Ok(at)
    }
}

fn watching<'a>(environment: &'a Environment, metric: &MetricKey) -> Vec<Watching<'a>> {
    let live = environment.rollouts.values().filter(|rollout| {
        rollout.is_live() && rollout.spec.guardrails.iter().any(|guardrail| guardrail.metric == *metric)
    });
    live.map(|rollout| {
        let (mut dependents, mut earlier) = (Vec::new(), Vec::new());
        for other in environment.rollouts.values() {
            let mut needs = other.spec.prerequisites.iter();
            if needs.any(|needs| {
                needs.flag == rollout.spec.flag && needs.variants.contains(&rollout.spec.candidate)
            }) {
                dependents.push(other);
            }
            let same = other.spec.flag == rollout.spec.flag && other.spec.candidate == rollout.spec.candidate;
            if same && matches!(other.phase, Phase::RolledBack { .. }) {
                earlier.extend(other.epochs.iter().max_by_key(|epoch| epoch.share).map(|most| (other, most)));
            }
        }
        Watching { rollout, dependents, earlier }
    })
    .collect()
}

impl Watching<'_> {
    /// Whether the unit is left out of the rollout's evidence, in either arm.
    fn leaves_out(&self, unit: &str, at: Timestamp) -> bool {
        self.earlier.iter().any(|(other, most)| arm_of(other, most, unit) == Arm::Treated)
            || self.dependents.iter().any(|other| {
                let gone = matches!(other.phase, Phase::RolledBack { at: gone, .. } if gone <= at);
                !gone && other.epoch_at(at).is_some_and(|epoch| arm_of(other, epoch, unit) == Arm::Treated)
            })
    }
}

/// Whether members of a ring had the candidate by then. Who they are only the application knows, and its word is
/// good enough: a ring is never evidence.
fn ring_entered(rollout: &Rollout, epoch: &Epoch) -> bool {
    let entered = epoch.stage.saturating_add(1);
    rollout.spec.ladder.stages.iter().take(entered).any(|stage| stage.who.ring().is_some())
}

fn check_unit(unit: &str) -> Result<(), Refusal> {
    if unit.is_empty() || unit.len() > UNIT_BYTES_MAX {
        let detail = format!("a unit has 1 to {UNIT_BYTES_MAX} bytes, this one has {}", unit.len());
        return Err(Refusal("invalid_unit", detail));
    }
    Ok(())
}

fn arm_of(rollout: &Rollout, epoch: &Epoch, unit: &str) -> Arm {
    if bucket(rollout.spec.salt.as_str(), unit) < epoch.share.parts() { Arm::Treated } else { Arm::Control }
}

const fn word(arm: Arm) -> &'static str {
    match arm {
        Arm::Treated => "treated",
        Arm::Control => "control",
        Arm::Ring => "in a ring",
    }
}

/// Foreign text in messages is cut short.
fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}
