//! The fast driver: the real rules of `sapwood_core` over a world, without storage, tasks or hashing of units.
//!
//! It hands the ledger what intake would: the first exposure of each subject and epoch, evaluations counted per
//! minute, and every event with the epoch and arm in force at its time. The engine driver does the same through the
//! whole of the engine; a test holds the two together.

use std::collections::BTreeMap;

use sapwood_core::command::{Command, Step};
use sapwood_core::entry::Actor;
use sapwood_core::id::{EnvironmentKey, MetricKey};
use sapwood_core::ledger::RolloutLedger;
use sapwood_core::record::{Arm, Record};
use sapwood_core::rollout::{HoldCause, Phase, Rollout};
use sapwood_core::tick::{self, Observed, SourceSeen};
use sapwood_core::time::Timestamp;
use sapwood_eval::RolloutId;
use serde_json::json;

use crate::case::Case;
use crate::plane::{Plane, PlaneError};
use crate::setup::{START, definitions, names, shape, start};
use crate::track::{Track, unit_of};
use crate::world::{Happening, LANES_MAX, Visit, World};

/// How a rollout ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Taken back on its own evidence.
    RolledBack,
    /// Taken back because what it needs was.
    WithBase,
    /// The audience has it.
    Completed,
    /// Neither by the last minute looked at.
    Open,
}

/// What became of one lane.
#[derive(Debug, Clone, PartialEq)]
pub struct Fate {
    /// How it ended.
    pub end: End,
    /// Minutes from its start to its end, or to the last look.
    pub minutes: f64,
    /// Subjects who had the candidate while it was live.
    pub exposed: u32,
    /// Holds for weak evidence of harm.
    pub holds: u32,
    /// Holds for missing or mismatched data, and all others.
    pub other_holds: u32,
    /// The last sentence about it.
    pub sentence: String,
}

/// A world under the control of the core.
#[derive(Debug)]
pub struct Oracle {
    case: Case,
    seed: u64,
    world: World,
    plane: Plane,
    tracks: Vec<Track>,
    metrics: Vec<MetricKey>,
    ledgers: BTreeMap<RolloutId, RolloutLedger>,
    sources: BTreeMap<(EnvironmentKey, MetricKey), SourceSeen>,
    /// Reports on their way, by the slice in which they arrive.
    mail: BTreeMap<u32, Vec<Letter>>,
    fates: Vec<Fate>,
    slice: u32,
    visits: Vec<Visit>,
}

#[derive(Debug)]
enum Letter {
    Exposure(usize, Record),
    Event(Happening),
}

impl Oracle {
    /// A world at its start, everything defined and nothing rolled out.
    pub fn new(case: &Case, seed: u64) -> Result<Self, PlaneError> {
        let mut plane = Plane::new()?;
        let person = Actor::User("operator".to_owned());
        for command in definitions(case)? {
            plane.submit(&person, command, START)?;
        }
        let mut tracks = Vec::with_capacity(case.lanes.len());
        for lane in 0..case.lanes.len() {
            let (id, salt) = names(seed, lane)?;
            tracks.push(Track::new(id, salt));
        }
        let metrics = case.metrics.iter().map(|metric| shape(json!(metric.key))).collect::<Result<_, _>>()?;
        let fate = Fate {
            end: End::Open,
            minutes: 0.0,
            exposed: 0,
            holds: 0,
            other_holds: 0,
            sentence: String::new(),
        };
        Ok(Self {
            world: World::new(case, seed),
            fates: vec![fate; case.lanes.len()],
            case: case.clone(),
            seed,
            plane,
            tracks,
            metrics,
            ledgers: BTreeMap::new(),
            sources: BTreeMap::new(),
            mail: BTreeMap::new(),
            slice: 0,
            visits: Vec::new(),
        })
    }

    /// Runs until every rollout has ended or the case's time is over.
    pub fn run(mut self) -> Result<Vec<Fate>, PlaneError> {
        let slices = self.case.minutes_max.saturating_mul(self.case.looks_per_minute);
        while self.slice < slices && !self.is_over() {
            self.step()?;
        }
        Ok(self.finish())
    }

    /// One slice of time: people come, reports arrive, the controller looks.
    pub fn step(&mut self) -> Result<(), PlaneError> {
        self.start_what_is_due()?;
        self.receive();
        self.slice = self.slice.saturating_add(1);
        let now = self.now();
        self.deliver(now);
        self.look(now)
    }

    /// The moment of the last look.
    pub fn now(&self) -> Timestamp {
        let looks = i64::from(self.case.looks_per_minute.max(1));
        let ms = i64::from(self.slice).saturating_mul(60_000).checked_div(looks).unwrap_or(0);
        Timestamp::from_ms(START.ms().saturating_add(ms))
    }

    /// The ledger of a lane.
    pub fn ledger(&mut self, lane: usize) -> Option<&mut RolloutLedger> {
        let id = self.tracks.get(lane)?.id.clone();
        self.ledgers.get_mut(&id)
    }

    /// A lane's rollout as it stands; `None` before it starts.
    pub fn rollout(&self, lane: usize) -> Option<&Rollout> {
        self.plane.rollout(&self.tracks.get(lane)?.id)
    }

    fn is_over(&self) -> bool {
        self.tracks
            .iter()
            .all(|track| self.plane.rollout(&track.id).is_some_and(|rollout| !rollout.is_live()))
            || self.tracks.first().and_then(|base| self.plane.rollout(&base.id)).is_some_and(|base| {
                // What needs a base that was taken back will never start.
                matches!(base.phase, Phase::RolledBack { .. })
            })
    }

    fn start_what_is_due(&mut self) -> Result<(), PlaneError> {
        let now = self.now();
        for lane in 0..self.tracks.len() {
            let Some(track) = self.tracks.get(lane) else { continue };
            if self.plane.rollout(&track.id).is_some() || !self.is_due(lane) {
                continue;
            }
            let command = start(&self.case, self.seed, lane, now)?;
            match self.plane.submit(&Actor::User("operator".to_owned()), command, now) {
                // What stands in its way now may be gone by the next slice.
                Ok(_) | Err(PlaneError::Rejected(_)) => {}
                Err(error) => return Err(error),
            }
        }
        self.follow();
        Ok(())
    }

    fn is_due(&self, lane: usize) -> bool {
        let Some((base, stage)) = self.case.lanes.get(lane).and_then(|lane| lane.needs) else { return true };
        let base = self.tracks.get(base).and_then(|track| self.plane.rollout(&track.id));
        base.is_some_and(|base| base.phase == Phase::Running && base.epoch().stage >= stage)
    }

    fn follow(&mut self) {
        for track in &mut self.tracks {
            if let Some(rollout) = self.plane.rollout(&track.id) {
                track.follow(rollout);
            }
        }
    }

    fn receive(&mut self) {
        let mut visits = std::mem::take(&mut self.visits);
        self.world.visits(self.slice, &mut visits);
        for visit in &visits {
            let has = self.meet(visit);
            for happening in self.world.happenings(visit, has).into_iter().flatten() {
                self.post(happening.delay_ms, Letter::Event(happening));
            }
        }
        self.visits = visits;
    }

    fn meet(&mut self, visit: &Visit) -> [bool; LANES_MAX] {
        let mut has = [false; LANES_MAX];
        for lane in 0..self.tracks.len() {
            let needs = self.case.lanes.get(lane).and_then(|lane| lane.needs);
            let eligible = needs.is_none_or(|(base, _)| has.get(base).copied().unwrap_or(false));
            let Some(track) = self.tracks.get_mut(lane) else { continue };
            let met = track.meet(visit.subject, visit.in_ring, visit.at, eligible);
            if let Some(slot) = has.get_mut(lane) {
                *slot = met.has;
            }
            if let Some((epoch, arm)) = met.exposure
                && let Some(delay) = self.world.exposure_delay(visit)
            {
                track.reported(visit.subject, epoch);
                let (rollout, unit) = (track.id.clone(), unit_of(visit.subject));
                let record = Record::Exposure { rollout, epoch, arm, unit, at: visit.at };
                self.post(delay, Letter::Exposure(lane, record));
            }
        }
        has
    }

    fn post(&mut self, delay_ms: i64, letter: Letter) {
        let looks = i64::from(self.case.looks_per_minute.max(1));
        let later = delay_ms.saturating_mul(looks).checked_div(60_000).unwrap_or(0);
        let slice = self.slice.saturating_add(u32::try_from(later).unwrap_or(u32::MAX));
        self.mail.entry(slice).or_default().push(letter);
    }

    fn deliver(&mut self, now: Timestamp) {
        let later = self.mail.split_off(&self.slice);
        let mut reports = BTreeMap::new();
        for letter in std::mem::replace(&mut self.mail, later).into_values().flatten() {
            match letter {
                Letter::Exposure(lane, record) => self.fold(lane, &record),
                Letter::Event(event) => {
                    let (last, count) = reports.entry(event.metric).or_insert((event.at, 0_u64));
                    *last = event.at.max(*last);
                    *count = count.saturating_add(1);
                    self.fold_event(event);
                }
            }
        }
        for (metric, (at, count)) in reports {
            self.heard(metric, at, count);
        }
        for lane in 0..self.tracks.len() {
            let activity = self.tracks.get_mut(lane).map(Track::take_activity).unwrap_or_default();
            for record in &activity {
                self.fold(lane, record);
            }
        }
        for (id, ledger) in &mut self.ledgers {
            if self.plane.rollout(id).is_some_and(Rollout::is_live) {
                ledger.settle(now);
            }
            // Nothing is stored here; what would be is let go, so that the list of it stays short.
            ledger.take_changes();
        }
    }

    fn heard(&mut self, metric: usize, at: Timestamp, events: u64) {
        let Some(metric) = self.metrics.get(metric) else { return };
        let key = (self.plane.environment().clone(), metric.clone());
        let seen = self.sources.entry(key).or_insert(SourceSeen { first: at, last: at, events: 0 });
        seen.first = seen.first.min(at);
        seen.last = seen.last.max(at);
        seen.events = seen.events.saturating_add(events);
    }

    fn fold(&mut self, lane: usize, record: &Record) {
        let Some(track) = self.tracks.get(lane) else { return };
        if let Some(rollout) = self.plane.rollout(&track.id) {
            self.ledgers.entry(track.id.clone()).or_default().fold(&rollout.spec, record);
        }
    }

    /// As intake does it: one record for each live rollout, in the epoch and arm in force at the event's time,
    /// unless the unit was in a dependent's treated slots.
    fn fold_event(&mut self, event: Happening) {
        let Some(metric) = self.metrics.get(event.metric).cloned() else { return };
        for lane in 0..self.tracks.len() {
            let Some((epoch, arm)) = self.standing(lane, event, true) else { continue };
            if self.treated_by_dependent(lane, event) {
                continue;
            }
            let Some(track) = self.tracks.get(lane) else { continue };
            let record = Record::Event {
                rollout: track.id.clone(),
                epoch,
                arm,
                unit: unit_of(event.subject),
                at: event.at,
                metric: metric.clone(),
            };
            self.fold(lane, &record);
        }
    }

    /// Epoch and arm of an event in a lane; `None` if there was none, or it has ended and `live` was asked for.
    fn standing(&mut self, lane: usize, event: Happening, live: bool) -> Option<(u32, Arm)> {
        let track = self.tracks.get_mut(lane)?;
        let rollout = self.plane.rollout(&track.id)?;
        if live && !rollout.is_live() {
            return None;
        }
        if let Phase::RolledBack { at, .. } = rollout.phase
            && at <= event.at
        {
            return None;
        }
        let epoch = rollout.epoch_at(event.at)?;
        Some((epoch.number, track.arm(event.subject, epoch)))
    }

    fn treated_by_dependent(&mut self, base: usize, event: Happening) -> bool {
        let dependents: Vec<usize> = self
            .case
            .lanes
            .iter()
            .enumerate()
            .filter(|(_, lane)| lane.needs.is_some_and(|(needed, _)| needed == base))
            .map(|(place, _)| place)
            .collect();
        dependents
            .into_iter()
            .any(|lane| self.standing(lane, event, false).is_some_and(|(_, arm)| arm == Arm::Treated))
    }

    fn look(&mut self, now: Timestamp) -> Result<(), PlaneError> {
        let observed =
            Observed { ledgers: &self.ledgers, sources: &self.sources, ledger_offset: u64::from(self.slice) };
        for report in tick::tick(&self.plane.state, &observed, now) {
            let Some(lane) = self.tracks.iter().position(|track| track.id == report.rollout) else {
                continue;
            };
            if let Some(fate) = self.fates.get_mut(lane) {
                fate.sentence.clone_from(&report.sentence);
            }
            let Some(command) = report.command else { continue };
            let cause = hold_cause(&command);
            match self.plane.submit(&Actor::System, command, now) {
                Ok(events) if events.is_empty() => {}
                Ok(_) => self.note(lane, cause),
                // Something moved in the same look: the next one decides anew.
                Err(PlaneError::Rejected(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn note(&mut self, lane: usize, cause: Option<HoldCause>) {
        let Some(fate) = self.fates.get_mut(lane) else { return };
        match cause {
            Some(HoldCause::Guardrail) => fate.holds = fate.holds.saturating_add(1),
            Some(_) => fate.other_holds = fate.other_holds.saturating_add(1),
            None => {}
        }
    }

    /// What became of every lane by now.
    pub fn finish(mut self) -> Vec<Fate> {
        let now = self.now();
        for (fate, track) in self.fates.iter_mut().zip(&self.tracks) {
            fate.exposed = track.exposed;
            let Some(rollout) = self.plane.rollout(&track.id) else { continue };
            let (end, at) = match &rollout.phase {
                Phase::Running | Phase::Held { .. } => (End::Open, now),
                Phase::Completed { at } => (End::Completed, *at),
                Phase::RolledBack { at, reason } if reason.starts_with("It needs ") => (End::WithBase, *at),
                Phase::RolledBack { at, .. } => (End::RolledBack, *at),
            };
            fate.end = end;
            let seconds = at.seconds_since(rollout.started_at);
            fate.minutes = f64::from(u32::try_from(seconds).unwrap_or(u32::MAX)) / 60.0;
        }
        self.fates
    }
}

fn hold_cause(command: &Command) -> Option<HoldCause> {
    if let Command::Step { step: Step::Hold { cause }, .. } = command { Some(*cause) } else { None }
}
