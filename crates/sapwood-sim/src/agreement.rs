//! The fast driver and the engine over one world: the fast one's figures are only worth something if the engine
//! would have decided the same.

use sapwood_core::ledger::{Cell, EXPOSURE, REACH, RolloutLedger};

use crate::case::Case;
use crate::live::{Live, LiveError};
use crate::oracle::Oracle;
use crate::plane::PlaneError;

/// Where the two told different stories, or one of them none.
#[derive(Debug, thiserror::Error)]
pub enum Disagreement {
    /// The fast driver failed.
    #[error(transparent)]
    Fast(#[from] PlaneError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] LiveError),
    /// No task could be run.
    #[error("the engine could not be run")]
    Runtime(#[from] std::io::Error),
    /// A rollout stands elsewhere.
    #[error("world {world}, slice {slice}: `{flag}` stands elsewhere; fast {fast}; engine {engine}")]
    Rollout {
        /// The seed.
        world: u64,
        /// The slice of time.
        slice: u32,
        /// Whose rollout.
        flag: &'static str,
        /// What the fast driver folded.
        fast: String,
        /// What the engine folded.
        engine: String,
    },
    /// A cell of the ledger counts other subjects.
    #[error("world {world}: {cell} of `{flag}` counts {fast} subjects, in the engine {engine}")]
    Ledger {
        /// The seed.
        world: u64,
        /// Whose rollout.
        flag: &'static str,
        /// Which cell.
        cell: String,
        /// What the fast driver counted.
        fast: u64,
        /// What the engine stored.
        engine: u64,
    },
}

/// Runs both drivers side by side and compares the folded rollouts after every look and every cell of the stored
/// ledgers at the end. Answers how many comparisons were made.
pub fn agree(case: &Case, world: u64) -> Result<u32, Disagreement> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(side_by_side(case, world))
}

async fn side_by_side(case: &Case, world: u64) -> Result<u32, Disagreement> {
    let mut fast = Oracle::new(case, world)?;
    let mut live = Live::open(case, world).await?;
    let mut checks = 0_u32;
    for slice in 0..case.minutes_max.saturating_mul(case.looks_per_minute) {
        fast.step()?;
        live.step().await?;
        for (lane, walk) in case.lanes.iter().enumerate() {
            let (one, other) = (fast.rollout(lane), live.folded(lane));
            if one != other.as_ref() {
                let (fast, engine) = (format!("{one:?}"), format!("{other:?}"));
                return Err(Disagreement::Rollout { world, slice, flag: walk.flag, fast, engine });
            }
            checks = checks.saturating_add(1);
        }
    }
    for (lane, walk) in case.lanes.iter().enumerate() {
        let stored = live.ledger(lane).await?;
        let stored = RolloutLedger::restore(stored.sums, stored.rows);
        let empty = RolloutLedger::default();
        let counted = fast.ledger(lane).map_or(&empty, |ledger| &*ledger);
        for (cell, count) in cells(case, &stored, counted) {
            let (engine, fast) = count;
            if engine != fast {
                return Err(Disagreement::Ledger { world, flag: walk.flag, cell, fast, engine });
            }
            checks = checks.saturating_add(1);
        }
    }
    Ok(checks)
}

const CELLS: [Cell; 5] =
    [Cell::Treated, Cell::Control, Cell::Ring, Cell::UnexposedTreated, Cell::UnexposedControl];

/// Every cell that counts anybody in either ledger, with both counts.
fn cells(case: &Case, one: &RolloutLedger, other: &RolloutLedger) -> Vec<(String, (u64, u64))> {
    let guardrails = case.metrics.iter().map(|metric| (metric.key, 1));
    let names: Vec<(&str, u32)> = [(EXPOSURE, 0), (REACH, 0)].into_iter().chain(guardrails).collect();
    // Each stage opens an epoch, and so do edits; beyond that many there are none.
    let mut found = Vec::new();
    for epoch in 1..64 {
        for (name, revision) in &names {
            for cell in CELLS {
                let count = |ledger: &RolloutLedger| ledger.subjects(epoch, name, *revision, cell);
                let counts = (count(one), count(other));
                if counts != (0, 0) {
                    found.push((format!("{name} {} in epoch {epoch}", cell.as_str()), counts));
                }
            }
        }
    }
    found
}
