//! What applications report: resolved to rollout, epoch, arm and hashed unit, then journaled, then answered.

use std::collections::BTreeMap;

use sapwood_api::events::{BatchResponse, EventBatch, EventItem, ITEMS_MAX, ItemProblem, UNIT_BYTES_MAX};
use sapwood_core::id::MetricKey;
use sapwood_core::record::{Arm, Record};
use sapwood_core::rollout::{Epoch, ExposureSource, Phase, Rollout};
use sapwood_core::state::{Environment, State};
use sapwood_core::time::Timestamp;
use sapwood_eval::bucket;
use sapwood_store::JournalBatch;

use crate::engine::Engine;
use crate::error::ReportError;
use crate::limits::{EVENT_AGE_SECONDS_MAX, EVENT_AHEAD_SECONDS_MAX, SKEW_SECONDS_TOLERATED};
use crate::snapshot::Scope;

impl Engine {
    /// Takes a batch: when this returns, every accepted item is on disk.
    pub async fn report(&self, scope: &Scope, batch: EventBatch) -> Result<BatchResponse, ReportError> {
        let found = batch.items.len();
        if found > ITEMS_MAX {
            return Err(ReportError::TooMany { found, limit: ITEMS_MAX });
        }
        let now = self.now();
        let shift = skew(batch.sent_at.as_deref(), now)?;
        let resolved = self
            .read(&scope.project, |state| {
                let environment = state.environments.get(&scope.environment)?;
                let mut desk =
                    Resolver { engine: self, scope, state, environment, now, shift, seen: BTreeMap::new() };
                Some(desk.resolve_all(&batch.items))
            })
            .flatten();
        let (records, rejected) = resolved.ok_or(ReportError::UnknownScope)?;
        let Scope { project, environment } = scope.clone();
        let entry = JournalBatch { id: batch.batch, project, environment, received_at: now, records };
        let journaled = self.0.store.journal_append(vec![entry]).await?;
        Ok(BatchResponse {
            batch: batch.batch,
            accepted: found.saturating_sub(rejected.len()),
            duplicate: journaled.first().is_some_and(|journaled| journaled.duplicate),
            rejected,
        })
    }
}

/// How much to add to the batch's times, in milliseconds: the difference of the clocks, if it matters.
fn skew(sent_at: Option<&str>, now: Timestamp) -> Result<i64, ReportError> {
    let Some(text) = sent_at else { return Ok(0) };
    let sent: Timestamp = text.parse().map_err(|error| ReportError::SentAt(format!("{error}")))?;
    let difference = now.ms().saturating_sub(sent.ms());
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
    /// Latest event and number of events by metric.
    seen: BTreeMap<MetricKey, (Timestamp, u64)>,
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
    fn event(&self, metric: &MetricKey, unit: &str, at: Timestamp, records: &mut Vec<Record>) {
        let watching = self.environment.rollouts.values().filter(|rollout| {
            rollout.is_live() && rollout.spec.guardrails.iter().any(|g| g.metric == *metric)
        });
        for rollout in watching {
            let Some(epoch) = rollout.epoch_at(at) else { continue };
            if self.treated_by_dependent(rollout, unit, at) {
                continue;
            }
            records.push(Record::Event {
                rollout: rollout.spec.id.clone(),
                epoch: epoch.number,
                arm: arm_of(rollout, epoch, unit),
                unit: self.engine.unit_hash(&self.scope.project, unit),
                at,
                metric: metric.clone(),
            });
        }
    }

    /// Whether the unit falls into the treated slots a dependent had at that time. Such units say nothing of
    /// the base, in either arm: what happens to them may be the dependent's doing.
    fn treated_by_dependent(&self, base: &Rollout, unit: &str, at: Timestamp) -> bool {
        self.environment.rollouts.values().any(|other| {
            let needs_base =
                other.spec.prerequisites.iter().any(|needs| {
                    needs.flag == base.spec.flag && needs.variants.contains(&base.spec.candidate)
                });
            let gone = matches!(other.phase, Phase::RolledBack { at: gone, .. } if gone <= at);
            needs_base
                && !gone
                && other.epoch_at(at).is_some_and(|epoch| arm_of(other, epoch, unit) == Arm::Treated)
        })
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
        let known = self.environment.rollouts.values().find(|known| known.spec.id.as_str() == rollout);
        let known =
            known.filter(|known| known.spec.flag.as_str() == flag && known.is_live()).ok_or_else(|| {
                Refusal("unknown_rollout", format!("flag `{flag}` has no live rollout `{rollout}` here"))
            })?;
        if known.spec.exposure_source == ExposureSource::ServerEval {
            let detail = "this rollout takes its exposures from evaluations; do not report them as well";
            return Err(Refusal("wrong_exposure_source", detail.to_owned()));
        }
        let epoch = known.epoch_under(version).ok_or_else(|| {
            Refusal("unknown_version", format!("the rollout did not exist under version {version}"))
        })?;
        let arm = arm_of(known, epoch, unit);
        let expected = match arm {
            Arm::Treated => &known.spec.candidate,
            Arm::Control | Arm::Ring => &known.spec.baseline,
        };
        if expected.as_str() != variant {
            let detail =
                format!("under version {version} this unit is {}, so it has `{expected}`", word(arm));
            return Err(Refusal("arm_disagrees", detail));
        }
        let unit = self.engine.unit_hash(&self.scope.project, unit);
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
