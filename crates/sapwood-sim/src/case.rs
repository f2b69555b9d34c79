//! What is simulated: people, what is measured, the slices rolled out, and what goes wrong when.

use sapwood_stats::Harm;

use crate::pool::Habits;

/// Minutes of a world, counted from its start.
pub type Minute = u32;

/// One world to be simulated, up to its seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Who comes.
    pub habits: Habits,
    /// How many visits a minute.
    pub visits_per_minute: f64,
    /// What is measured; at most two, and what the second does may follow from the first.
    pub metrics: Vec<Metric>,
    /// What is rolled out, each after what it needs.
    pub lanes: Vec<Lane>,
    /// Who tries every slice first, if anybody does.
    pub ring: Option<Ring>,
    /// What goes wrong, and when.
    pub faults: Vec<Fault>,
    /// How reports travel.
    pub mail: Mail,
    /// When to stop looking although not everything has ended.
    pub minutes_max: Minute,
    /// How many times a minute the controller looks.
    pub looks_per_minute: u32,
}

/// Something measured, and the guardrail on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// Its key, also the guardrail's.
    pub key: &'static str,
    /// Chance per visit.
    pub rate: f64,
    /// Which way is worse.
    pub harm: Harm,
    /// Chance that it happens whenever the metric before it does, which is what correlates them.
    pub follows: f64,
}

/// One slice and its walk up the ladder.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    /// The flag.
    pub flag: &'static str,
    /// The lane it needs, and the stage of that lane from which it starts.
    pub needs: Option<(usize, usize)>,
    /// Shares in parts per 100 000, from the first to the last.
    pub shares: Vec<u32>,
    /// Stages before which the ring is entered; 0 is before the first share.
    pub ring_before: Option<usize>,
    /// Minutes of a stage.
    pub bake_minutes: u32,
    /// Subjects needed of each arm.
    pub subjects_min: u64,
    /// The stage (from 0) that a person must approve, if one must.
    pub approval: Option<usize>,
}

/// People who have a slice before the shares grow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ring {
    /// How many in a thousand.
    pub permille: u32,
    /// How much more often they are affected, whatever they have.
    pub factor: f64,
}

/// Something that changes how often a metric happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fault {
    /// Which metric, by its place in the case.
    pub metric: usize,
    /// Whose fault: whoever has the candidate of this lane; everybody if `None`.
    pub lane: Option<usize>,
    /// By how much the chance per visit is multiplied.
    pub factor: f64,
    /// From when.
    pub from: Minute,
    /// Until when; for good if `None`.
    pub until: Option<Minute>,
}

/// How reports travel from the application to Sapwood.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Mail {
    /// Chance that an exposure is lost; the next visit of the subject reports it again.
    pub exposures_lost: f64,
    /// Longest delay of an exposure, in seconds.
    pub exposure_delay: u32,
    /// Longest delay of a metric's event, in seconds.
    pub event_delay: u32,
}

impl Fault {
    /// Whether it is there in this minute.
    pub fn is_on(&self, minute: Minute) -> bool {
        minute >= self.from && self.until.is_none_or(|until| minute < until)
    }
}

impl Case {
    /// The reference's high traffic: 10 000 visits a minute, 1/5/25/50/95 % at ten minutes each, errors in one
    /// visit of a hundred, subjects who come back.
    pub fn high_traffic() -> Self {
        Self {
            habits: Habits::Recurring { subjects: 50_000, shape: 1.4, sigma: 0.7 },
            visits_per_minute: 10_000.0,
            metrics: vec![Metric { key: "errors", rate: 0.01, harm: Harm::Up, follows: 0.0 }],
            lanes: vec![Lane::named("checkout")],
            ring: None,
            faults: Vec::new(),
            mail: Mail::default(),
            minutes_max: 180,
            looks_per_minute: 6,
        }
    }

    /// With a fault in the slice of `lane` from the start.
    #[must_use]
    pub fn with_fault(mut self, lane: usize, factor: f64) -> Self {
        self.faults.push(Fault { metric: 0, lane: Some(lane), factor, from: 0, until: None });
        self
    }

    /// With a second slice that needs the first and starts when that reaches its third stage.
    #[must_use]
    pub fn nested(mut self) -> Self {
        self.lanes.push(Lane { needs: Some((0, 2)), ..Lane::named("receipt") });
        self
    }
}

impl Lane {
    /// The reference's ladder for this flag.
    pub fn named(flag: &'static str) -> Self {
        Self {
            flag,
            needs: None,
            shares: vec![1_000, 5_000, 25_000, 50_000, 95_000],
            ring_before: None,
            bake_minutes: 10,
            subjects_min: 100,
            approval: None,
        }
    }
}
