//! The controller: a pure function of state, ledgers and now. For each live rollout it proposes one step or
//! says why it waits. Waking it early, late or twice never yields another decision from the same ledger.

mod watch;

use std::collections::BTreeMap;

use sapwood_eval::{RolloutId, Share};

use crate::command::Command;
use crate::evidence::{self, Evidence};
use crate::id::{EnvironmentKey, MetricKey};
use crate::ledger::{Cell, RolloutLedger};
use crate::limits::{COMPLETES_ITSELF_FROM, STALE_MINUTES_MIN};
use crate::rollout::{Rollout, Stage};
use crate::state::{Environment, State};
use crate::time::Timestamp;

/// How long a metric's source has been speaking, and when it last did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceSeen {
    /// First report.
    pub first: Timestamp,
    /// Last report.
    pub last: Timestamp,
    /// Events reported, by whomever.
    pub events: u64,
}

/// What the controller can see besides the state.
#[derive(Debug, Clone, Copy)]
pub struct Observed<'a> {
    /// Ledgers of live rollouts; one that is missing is empty.
    pub ledgers: &'a BTreeMap<RolloutId, RolloutLedger>,
    /// Metric sources by environment and metric.
    pub sources: &'a BTreeMap<(EnvironmentKey, MetricKey), SourceSeen>,
    /// Journal batches folded into the ledgers.
    pub ledger_offset: u64,
}

/// How much of a stage's gate is fulfilled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    /// Minutes with fresh data in this epoch.
    pub bake_minutes: i64,
    /// How many are needed.
    pub bake_minutes_needed: i64,
    /// Treated (or ring) subjects seen in this epoch.
    pub treated: u64,
    /// Control subjects seen in this epoch.
    pub control: u64,
    /// How many of each arm are needed.
    pub subjects_needed: u64,
    /// Whether there is no control to wait for: the stage is a ring, or treats everybody.
    pub ring: bool,
    /// Whether a person must agree and has not.
    pub approval_missing: bool,
}

impl Gate {
    /// Whether time and data are there; approval apart.
    pub const fn is_filled(&self) -> bool {
        self.bake_minutes >= self.bake_minutes_needed
            && self.treated >= self.subjects_needed
            && (self.ring || self.control >= self.subjects_needed)
    }
}

/// What one tick found for one rollout.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Where.
    pub environment: EnvironmentKey,
    /// Which rollout.
    pub rollout: RolloutId,
    /// The step it proposes, if any.
    pub command: Option<Command>,
    /// What it does, or why it waits.
    pub sentence: String,
    /// The stage's gate.
    pub gate: Gate,
    /// The numbers it saw.
    pub evidence: Evidence,
}

/// Looks at every live rollout, the most dependent first.
pub fn tick(state: &State, observed: &Observed<'_>, now: Timestamp) -> Vec<Report> {
    let mut reports = Vec::new();
    for (key, environment) in &state.environments {
        for rollout in most_dependent_first(environment) {
            let empty = RolloutLedger::default();
            let ledger = observed.ledgers.get(&rollout.spec.id).unwrap_or(&empty);
            let scene = watch::Scene { environment_key: key, environment, rollout, ledger, observed, now };
            reports.push(scene.report(&reports));
        }
    }
    reports
}

/// Live rollouts, each before what it needs.
fn most_dependent_first(environment: &Environment) -> Vec<&Rollout> {
    let live: Vec<_> = environment.rollouts.values().filter(|rollout| rollout.is_live()).collect();
    let depth = |rollout: &Rollout| {
        // The longest chain of needs below it; bounded by the number of rollouts, so that a cycle ends.
        let mut reached = vec![&rollout.spec.flag];
        let mut steps = 0_usize;
        while steps < live.len() {
            let next: Vec<_> = live
                .iter()
                .filter(|other| reached.contains(&&other.spec.flag))
                .flat_map(|other| other.spec.prerequisites.iter().map(|needs| &needs.flag))
                .collect();
            if next.is_empty() {
                break;
            }
            reached = next;
            steps = steps.saturating_add(1);
        }
        steps
    };
    let mut order = live.clone();
    order.sort_by_key(|rollout| (std::cmp::Reverse(depth(rollout)), rollout.spec.id.clone()));
    order
}

/// Minutes without any evaluation after which data is stale.
pub fn stale_minutes(stage: &Stage) -> i64 {
    (i64::from(stage.bake_seconds) / 600).max(STALE_MINUTES_MIN)
}

/// Reads the gate of the stage a rollout stands on.
pub fn gate(rollout: &Rollout, ledger: &RolloutLedger, now: Timestamp) -> Gate {
    let epoch = rollout.epoch();
    let Some(stage) = rollout.stage() else {
        return Gate {
            bake_minutes: 0,
            bake_minutes_needed: i64::MAX,
            treated: 0,
            control: 0,
            subjects_needed: u64::MAX,
            ring: false,
            approval_missing: true,
        };
    };
    let ring = stage.who.ring().is_some();
    let minutes = active_minutes(rollout, ledger, now);
    let ends_low = rollout.next_stage().is_none() && epoch.share.parts() < COMPLETES_ITSELF_FROM;
    let reached = |cell| evidence::reached_now(rollout, ledger, cell);
    Gate {
        bake_minutes: fresh_minutes(&minutes, stale_minutes(stage), whole_minute(epoch.from), now.minute()),
        bake_minutes_needed: i64::from(stage.bake_seconds.div_ceil(60)),
        treated: reached(if ring { Cell::Ring } else { Cell::Treated }),
        control: reached(Cell::Control),
        // A ring is a handful of named people; that one of them came is all that can be asked.
        subjects_needed: if ring { stage.subjects_min.min(1) } else { stage.subjects_min },
        ring: ring || epoch.share == Share::WHOLE,
        approval_missing: (stage.approval || ends_low) && rollout.approved_stage != Some(epoch.stage),
    }
}

/// The first minute that lies in the epoch as a whole: a bake of one minute must not end after its last second.
const fn whole_minute(from: Timestamp) -> i64 {
    Timestamp::from_ms(from.ms().saturating_add(59_999)).minute()
}

/// Minutes of this epoch in which the stage's people were evaluated, ascending. A minute that is still to come
/// was reported by a clock that is ahead, and says nothing of whether people come now.
fn active_minutes(rollout: &Rollout, ledger: &RolloutLedger, now: Timestamp) -> Vec<i64> {
    let epoch = rollout.epoch().number;
    let cells: &[Cell] = match rollout.stage().map(|stage| stage.who.ring().is_some()) {
        Some(true) => &[Cell::Ring],
        Some(false) | None => &[Cell::Treated, Cell::Control],
    };
    let mut minutes: Vec<_> = cells.iter().flat_map(|cell| ledger.active_minutes(epoch, *cell)).collect();
    minutes.sort_unstable();
    minutes.dedup();
    minutes.retain(|minute| *minute <= now.minute());
    minutes
}

/// Complete minutes in `[from, now)` that are at most `stale` minutes after activity.
fn fresh_minutes(active: &[i64], stale: i64, from: i64, now: i64) -> i64 {
    let mut fresh = 0_i64;
    let mut covered_to = from;
    for minute in active {
        let start = (*minute).max(covered_to);
        let end = minute.saturating_add(stale).min(now);
        if end > start {
            fresh = fresh.saturating_add(end.saturating_sub(start));
            covered_to = end;
        }
    }
    fresh
}

#[cfg(test)]
mod tests;
