//! The worlds the oracle runs by name, and what must be true of each.

use sapwood_stats::Harm;

use crate::case::{Case, Fault, Lane, Mail, Metric, Ring};
use crate::pool::Habits;

/// A named world and its bars.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// The world.
    pub case: Case,
    /// What must be true of each lane.
    pub bars: Vec<Bar>,
    /// Runs of the small share that every change is tested with.
    pub runs_small: u32,
}

/// What must be true of a lane over many runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bar {
    /// Rolled back in at most this part of the runs.
    AtMost(f64),
    /// Rolled back in at least this part of the runs.
    AtLeast(f64),
    /// Shown, not judged.
    Shown,
}

/// All of them, harmless ones first.
pub fn all() -> Vec<Scenario> {
    let mut all = harmless();
    all.extend(harmful());
    all
}

/// A small world with everything in it that two drivers could see differently: a ring, a dependent, two metrics, lost
/// exposures and late events.
pub fn small() -> Case {
    let lane = |flag| Lane {
        shares: vec![10_000, 50_000, 95_000],
        bake_minutes: 4,
        subjects_min: 10,
        ring_before: Some(1),
        ..Lane::named(flag)
    };
    Case {
        habits: Habits::Recurring { subjects: 600, shape: 1.4, sigma: 0.7 },
        visits_per_minute: 200.0,
        metrics: vec![
            Metric { key: "errors", rate: 0.03, harm: Harm::Up, follows: 0.0 },
            Metric { key: "orders", rate: 0.05, harm: Harm::Down, follows: 0.3 },
        ],
        lanes: vec![lane("checkout"), Lane { needs: Some((0, 1)), ..lane("receipt") }],
        ring: Some(Ring { permille: 50, factor: 3.0 }),
        faults: Vec::new(),
        mail: Mail { exposures_lost: 0.1, exposure_delay: 0, event_delay: 60 },
        minutes_max: 30,
        looks_per_minute: 6,
    }
}

/// How often a harmless slice may be rolled back.
pub const FALSE_ROLLBACKS_MAX: f64 = 0.01;
const HARMLESS: Bar = Bar::AtMost(FALSE_ROLLBACKS_MAX);

fn scenario(name: &'static str, about: &'static str, case: Case, bars: &[Bar], runs_small: u32) -> Scenario {
    Scenario { name, about, case, bars: bars.to_vec(), runs_small }
}

fn harmless() -> Vec<Scenario> {
    let orders = Metric { key: "orders", rate: 0.03, harm: Harm::Down, follows: 0.0 };
    let crashes = Metric { key: "crashes", rate: 0.005, harm: Harm::Up, follows: 0.6 };
    let ring = Ring { permille: 20, factor: 5.0 };
    let heavy = Habits::Recurring { subjects: 20_000, shape: 1.1, sigma: 1.2 };
    let late = Mail { exposures_lost: 0.05, exposure_delay: 120, event_delay: 240 };
    let high = Case::high_traffic;
    let mut correlated = high();
    correlated.metrics.push(crashes);
    let ringed = |before: usize| Case {
        ring: Some(ring),
        lanes: vec![Lane { ring_before: Some(before), ..Lane::named("checkout") }],
        ..high()
    };
    let incident = Fault { metric: 0, lane: None, factor: 3.0, from: 22, until: Some(32) };
    let one = &[HARMLESS];
    vec![
        scenario("aa-errors", "harmless; more errors would be worse", high(), one, 6),
        scenario(
            "aa-orders",
            "harmless; fewer orders would be worse",
            Case { metrics: vec![orders], ..high() },
            one,
            2,
        ),
        scenario("aa-ring", "harmless; a ring first, with five times the errors", ringed(0), one, 2),
        scenario("aa-ring-late", "harmless; the ring joins after the 5 % stage", ringed(2), one, 2),
        scenario("aa-correlated", "harmless; two guardrails that move together", correlated, one, 2),
        scenario(
            "aa-heavy",
            "harmless; few subjects who come very often",
            Case { habits: heavy, ..high() },
            one,
            2,
        ),
        scenario(
            "aa-late",
            "harmless; exposures lost or late, events late",
            Case { mail: late, ..high() },
            one,
            2,
        ),
        scenario(
            "aa-incident",
            "harmless; errors x3 in both arms, minutes 22 to 32",
            Case { faults: vec![incident], ..high() },
            one,
            2,
        ),
        scenario(
            "aa-nested",
            "harmless; the second slice needs the first",
            high().nested(),
            &[HARMLESS, HARMLESS],
            2,
        ),
    ]
}

fn harmful() -> Vec<Scenario> {
    let high = Case::high_traffic;
    let fresh = || Case { habits: Habits::Fresh, ..high() };
    let orders = Metric { key: "orders", rate: 0.03, harm: Harm::Down, follows: 0.0 };
    let fewer = Case { metrics: vec![orders], ..high() }.with_fault(0, 0.7);
    let broken_base = Fault { metric: 0, lane: Some(0), factor: 2.0, from: 22, until: None };
    let (found, shown) = (Bar::AtLeast(0.9), Bar::Shown);
    vec![
        scenario("x1.5", "errors x1.5 for whoever has the slice", high().with_fault(0, 1.5), &[shown], 2),
        scenario("x2", "errors x2", high().with_fault(0, 2.0), &[found], 8),
        scenario("x5", "errors x5", high().with_fault(0, 5.0), &[found], 8),
        scenario(
            "x2-fresh",
            "errors x2, nobody comes twice: the reference's world",
            fresh().with_fault(0, 2.0),
            &[found],
            2,
        ),
        scenario(
            "x5-fresh",
            "errors x5, nobody comes twice: the reference's world",
            fresh().with_fault(0, 5.0),
            &[found],
            2,
        ),
        scenario("orders-30%", "orders fall by 30 %", fewer, &[shown], 2),
        scenario(
            "nested-dependent",
            "errors x3 in the slice that needs the other",
            high().nested().with_fault(1, 3.0),
            &[HARMLESS, found],
            4,
        ),
        scenario(
            "nested-base",
            "errors x2 in the slice the other needs, from minute 22",
            Case { faults: vec![broken_base], ..high().nested() },
            &[found, shown],
            2,
        ),
    ]
}
