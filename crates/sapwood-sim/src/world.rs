//! The visits of a world, slice of time by slice of time, and what happens on them. Nothing here knows how the
//! control plane works: it is told who has which slice.

use sapwood_core::time::Timestamp;

use crate::case::{Case, Fault, Metric, Minute};
use crate::pool::Pool;
use crate::rng::{Rng, TWO_TO_32, mix};
use crate::setup::START;

/// Metrics of a case at most.
pub const METRICS_MAX: usize = 2;
/// Lanes of a case at most.
pub const LANES_MAX: usize = 2;
/// An event follows its visit within so many milliseconds.
const EVENT_LAG_MS: u32 = 3_000;

/// One subject comes.
#[derive(Debug, Clone, Copy)]
pub struct Visit {
    /// Who.
    pub subject: u32,
    /// When.
    pub at: Timestamp,
    /// Whether the subject is in the ring.
    pub in_ring: bool,
    /// Decides what happens, the same whoever is treated.
    luck: (u32, u32),
    /// Decides how reports of it travel.
    post: (u32, u32),
}

/// Something that happened to a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Happening {
    /// To whom.
    pub subject: u32,
    /// Which metric, by its place in the case.
    pub metric: usize,
    /// When.
    pub at: Timestamp,
    /// How much later it is reported, in milliseconds.
    pub delay_ms: i64,
}

/// A world that is going on.
#[derive(Debug)]
pub struct World {
    case: Case,
    pool: Pool,
    rng: Rng,
    /// Faults of the present minute.
    faults: Vec<Fault>,
    /// Visits a minute, which a script may change.
    pub visits_per_minute: f64,
}

impl World {
    /// A world at its start.
    pub fn new(case: &Case, seed: u64) -> Self {
        Self {
            pool: Pool::new(case.habits, seed),
            rng: Rng::new(mix(seed)),
            faults: Vec::new(),
            visits_per_minute: case.visits_per_minute,
            case: case.clone(),
        }
    }

    /// Something more goes wrong.
    pub fn break_with(&mut self, fault: Fault) {
        self.case.faults.push(fault);
    }

    /// The visits of slice `number` of `1 / looks_per_minute` minutes each, in the order of time, into `visits`.
    pub fn visits(&mut self, number: u32, visits: &mut Vec<Visit>) {
        let looks = self.case.looks_per_minute.max(1);
        self.enter(number.checked_div(looks).unwrap_or(0));
        let length = 60_000_i64.checked_div(i64::from(looks)).unwrap_or(60_000);
        let from = START.ms().saturating_add(i64::from(number).saturating_mul(length));
        let count = self.rng.poisson(self.visits_per_minute / f64::from(looks));
        visits.clear();
        for place in 0..count {
            let offset = i64::from(place).saturating_mul(length).checked_div(i64::from(count)).unwrap_or(0);
            let subject = self.pool.next(&mut self.rng);
            visits.push(Visit {
                subject,
                at: Timestamp::from_ms(from.saturating_add(offset)),
                in_ring: self.case.ring.is_some_and(|ring| self.pool.in_ring(subject, ring.permille)),
                luck: self.rng.pair(),
                post: self.rng.pair(),
            });
        }
    }

    fn enter(&mut self, minute: Minute) {
        self.faults.clear();
        self.faults.extend(self.case.faults.iter().filter(|fault| fault.is_on(minute)));
    }

    /// What happens on a visit of somebody who has the slices of these lanes.
    pub fn happenings(&self, visit: &Visit, has: [bool; LANES_MAX]) -> [Option<Happening>; METRICS_MAX] {
        let proneness = self.pool.proneness(visit.subject);
        let mut happened = [None, None];
        let (first, second) = visit.luck;
        let mut before = false;
        for (place, ((metric, luck), slot)) in
            self.case.metrics.iter().zip([first, second]).zip(&mut happened).enumerate()
        {
            let chance = if before && metric.follows > 0.0 {
                metric.follows
            } else {
                self.chance(place, metric, visit, has) * proneness
            };
            before = f64::from(luck) < chance * TWO_TO_32;
            if before {
                let (lag, delay) = visit.post;
                let at =
                    Timestamp::from_ms(visit.at.ms().saturating_add(upto(EVENT_LAG_MS, mix(u64::from(lag)))));
                let delay_ms = upto(self.case.mail.event_delay.saturating_mul(1000), mix(u64::from(delay)));
                *slot = Some(Happening { subject: visit.subject, metric: place, at, delay_ms });
            }
        }
        happened
    }

    fn chance(&self, place: usize, metric: &Metric, visit: &Visit, has: [bool; LANES_MAX]) -> f64 {
        let ring = self.case.ring.filter(|_| visit.in_ring).map_or(1.0, |ring| ring.factor);
        let faults = self.faults.iter().filter(|fault| {
            fault.metric == place && fault.lane.is_none_or(|lane| has.get(lane).copied().unwrap_or(false))
        });
        faults.fold(metric.rate * ring, |chance, fault| chance * fault.factor)
    }

    /// Whether the report of an exposure is lost, or how many milliseconds it takes.
    pub fn exposure_delay(&self, visit: &Visit) -> Option<i64> {
        let mail = self.case.mail;
        let (lost, delay) = visit.post;
        let arrives = f64::from(lost) >= mail.exposures_lost * TWO_TO_32;
        arrives.then(|| upto(mail.exposure_delay.saturating_mul(1000), mix(u64::from(delay).rotate_left(7))))
    }
}

/// A number from 0 to `most`, from 64 random bits.
fn upto(most: u32, bits: u64) -> i64 {
    i64::try_from(bits % u64::from(most).saturating_add(1)).unwrap_or(0)
}
