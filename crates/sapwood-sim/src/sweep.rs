//! Many runs of many scenarios, spread over threads, in an order that does not depend on them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::cases::Scenario;
use crate::figures::{Figures, figures};
use crate::oracle::{Fate, Oracle};
use crate::plane::PlaneError;

/// Runs worlds `seed`, `seed + 1`, … of a scenario and sums them up. `progress` hears how many are done.
///
/// # Errors
/// The first world in which the control plane contradicted itself, with its seed.
pub fn sweep(
    scenario: &Scenario,
    runs: u32,
    seed: u64,
    threads: usize,
    progress: &(dyn Fn(u32) + Sync),
) -> Result<Vec<Figures>, SweepError> {
    let next = AtomicU32::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let run = next.fetch_add(1, Ordering::SeqCst);
                    if run >= runs {
                        break;
                    }
                    let world = seed.wrapping_add(u64::from(run));
                    let fates = Oracle::new(&scenario.case, world).and_then(Oracle::run);
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    done.push((world, fates));
                    progress(u32::try_from(done.len()).unwrap_or(u32::MAX));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(world, _)| *world);
    let fates: Result<Vec<Vec<Fate>>, SweepError> = done
        .into_iter()
        .map(|(world, fates)| fates.map_err(|source| SweepError { scenario: scenario.name, world, source }))
        .collect();
    Ok(figures(scenario, &fates?))
}

/// A world in which the control plane contradicted itself.
#[derive(Debug, thiserror::Error)]
#[error("scenario {scenario}, world {world}")]
pub struct SweepError {
    scenario: &'static str,
    world: u64,
    source: PlaneError,
}
