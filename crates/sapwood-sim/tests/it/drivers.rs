//! The fast driver and the engine tell the same story of the same small world.

use sapwood_core::ledger::{Cell, EXPOSURE, REACH, RolloutLedger};
use sapwood_sim::case::{Case, Fault, Lane, Mail, Metric, Ring};
use sapwood_sim::live::Live;
use sapwood_sim::oracle::Oracle;
use sapwood_sim::pool::Habits;
use sapwood_stats::Harm;

/// Small, and with everything in it that the drivers could see differently.
fn small() -> Case {
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

async fn agree(case: &Case, seed: u64) {
    let mut fast = Oracle::new(case, seed).unwrap();
    let mut live = Live::open(case, seed).await.unwrap();
    for slice in 0..case.minutes_max * case.looks_per_minute {
        fast.step().unwrap();
        live.step().await.unwrap();
        for lane in 0..case.lanes.len() {
            assert_eq!(fast.rollout(lane).cloned(), live.folded(lane), "world {seed}, slice {slice}");
        }
    }
    for lane in 0..case.lanes.len() {
        let stored = live.ledger(lane).await.unwrap();
        let stored = RolloutLedger::restore(stored.sums, stored.rows);
        assert_eq!(counts(fast.ledger(lane).unwrap()), counts(&stored), "world {seed}, lane {lane}");
    }
}

fn counts(ledger: &RolloutLedger) -> Vec<(u32, &'static str, Cell, u64)> {
    let cells = [Cell::Treated, Cell::Control, Cell::Ring, Cell::UnexposedTreated, Cell::UnexposedControl];
    let mut counts = Vec::new();
    for epoch in 1..12 {
        for (name, revision) in [(EXPOSURE, 0), (REACH, 0), ("errors", 1), ("orders", 1)] {
            for cell in cells {
                counts.push((epoch, name, cell, ledger.subjects(epoch, name, revision, cell)));
            }
        }
    }
    assert!(counts.iter().any(|(.., count)| *count > 100), "{counts:?}");
    counts
}

#[tokio::test]
async fn of_a_harmless_world() {
    agree(&small(), 1).await;
}

#[tokio::test]
async fn of_a_world_with_a_fault_in_the_dependent() {
    let fault = Fault { metric: 0, lane: Some(1), factor: 6.0, from: 0, until: None };
    agree(&Case { faults: vec![fault], ..small() }, 2).await;
}

#[tokio::test]
async fn of_a_world_with_a_fault_in_the_base() {
    let fault = Fault { metric: 0, lane: Some(0), factor: 4.0, from: 9, until: None };
    agree(&Case { faults: vec![fault], ..small() }, 3).await;
}
