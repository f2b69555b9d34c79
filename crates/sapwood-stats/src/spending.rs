//! Planned looks, for comparison only: what a test with a fixed number of looks promises, and what peeking costs.
//!
//! A rollout has no fixed horizon, so nothing here decides anything. It answers "why not an ordinary test": the error
//! of a test that is looked at more often than planned, and the boundaries a planned one would have needed (Lan and
//! `DeMets` 1983). All by recursive integration of the density of the running sum over the paths that go on.

mod stepwise;

pub use stepwise::stepwise_boundaries;

use crate::logs::{bisect, budget, positive};
use crate::special::normal::{normal_cdf, normal_density, normal_quantile};

/// Points per look of the density's grid, an odd number as Simpson's rule asks.
const GRID: u32 = 401;
/// A path that falls this many standard deviations below zero is not followed.
const TRUNCATION: f64 = 8.0;

/// Whether a boundary is drawn above only, or above and below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sides {
    /// Above only.
    One,
    /// Above and, mirrored, below.
    Two,
}

/// Boundaries, as z values, at which a test spends exactly the given cumulative errors at the given looks.
///
/// `times` are parts of the planned information, above 0 and growing; `spent` is the error spent up to each look
/// *on the upper side*, growing, in (0, 1). Extra entries of the longer list are ignored. A look that is not later
/// than the one before, or spends nothing, has its boundary at infinity.
#[must_use]
pub fn boundaries(times: &[f64], spent: &[f64], sides: Sides) -> Vec<f64> {
    let mut path = Path::start();
    let mut spent_before = 0.0;
    let mut boundaries = Vec::new();
    for (&time, &spent) in times.iter().zip(spent) {
        let spend = spent - spent_before;
        if !path.can_reach(time) || !positive(spend) {
            boundaries.push(f64::INFINITY);
            continue;
        }
        spent_before = spent;
        let root = time.sqrt();
        let boundary = bisect(0.0, TRUNCATION, |z| path.mass_above(time, z * root) > spend);
        path.go_on(time, boundary * root, sides);
        boundaries.push(boundary);
    }
    boundaries
}

/// Probability that the z value of a test without effect passes a boundary at some look: above, or on either side.
///
/// Boundaries are above 0. A look that is not later than the one before, or has no finite boundary, does not count.
#[must_use]
pub fn crossing_probability(times: &[f64], boundaries: &[f64], sides: Sides) -> f64 {
    let mut path = Path::start();
    let mut crossed = 0.0;
    for (&time, &boundary) in times.iter().zip(boundaries) {
        if !path.can_reach(time) || !positive(boundary) {
            continue;
        }
        crossed += path.mass_above(time, boundary * time.sqrt());
        path.go_on(time, boundary * time.sqrt(), sides);
    }
    match sides {
        Sides::One => crossed,
        Sides::Two => 2.0 * crossed,
    }
}

/// Error spent by information time `t` in (0, 1] in the power family, `alpha t^power`; 0 for anything else.
#[must_use]
pub fn power_spending(alpha: f64, power: f64, time: f64) -> f64 {
    if !budget(alpha) || !positive(power) || !positive(time) || time > 1.0 {
        return 0.0;
    }
    alpha * time.powf(power)
}

/// Error spent by information time `t` in the manner of O'Brien and Fleming: `2 - 2 Phi(z_(alpha/2) / sqrt(t))`.
///
/// 0 unless `t` is above 0 and `alpha` in (0, 1).
#[must_use]
pub fn obrien_fleming_spending(alpha: f64, time: f64) -> f64 {
    if !budget(alpha) || !positive(time) {
        return 0.0;
    }
    let z = -normal_quantile(0.5 * alpha);
    2.0 * normal_cdf(-z / time.sqrt())
}

/// The one-sided level a z value has when it is the only look: its upper tail.
#[must_use]
pub fn nominal_level(z: f64) -> f64 {
    normal_cdf(-z)
}

/// The running sum of the test, a Brownian motion without drift, on the paths that have not crossed.
struct Path {
    time: f64,
    /// Places and their masses; a single certain place at the start.
    density: Vec<(f64, f64)>,
}

impl Path {
    fn start() -> Self {
        Self { time: 0.0, density: vec![(0.0, 1.0)] }
    }

    /// Whether a look at `time` lies ahead, far enough for a density to have a width.
    fn can_reach(&self, time: f64) -> bool {
        time.is_finite() && time - self.time > 1e-9 * time
    }

    /// Probability of still being on the path and above `level` at `time`.
    fn mass_above(&self, time: f64, level: f64) -> f64 {
        let spread = (time - self.time).sqrt();
        self.density.iter().map(|(place, mass)| mass * normal_cdf((place - level) / spread)).sum()
    }

    /// Moves to `time`, keeping what is below `upper` (and, two-sided, above its mirror image).
    fn go_on(&mut self, time: f64, upper: f64, sides: Sides) {
        let spread = (time - self.time).sqrt();
        let lower = match sides {
            Sides::One => -TRUNCATION * time.sqrt(),
            Sides::Two => -upper,
        };
        let step = (upper - lower) / f64::from(GRID - 1);
        let density = (0..GRID).map(|index| {
            let place = lower + step * f64::from(index);
            let arriving: f64 = self
                .density
                .iter()
                .map(|(from, mass)| mass * normal_density((place - from) / spread) / spread)
                .sum();
            let weight = match index {
                0 => 1.0,
                last if last == GRID - 1 => 1.0,
                odd if odd % 2 == 1 => 4.0,
                _ => 2.0,
            };
            (place, arriving * weight * step / 3.0)
        });
        self.density = density.collect();
        self.time = time;
    }
}

#[cfg(test)]
mod tests;
