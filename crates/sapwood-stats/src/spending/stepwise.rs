//! The search for boundaries as the package `ldbounds` and its descendants do it, kept to reproduce their numbers.
//!
//! They integrate with steps of a twentieth of a standard deviation and move a boundary in decimal steps until its
//! error is within 1e-7. Where a look may spend only some 1e-5, that shows in the fourth digit; [`super::boundaries`]
//! is exact there. A two-sided test is searched as a one-sided one of half the error, as they do.

use crate::special::normal::{normal_cdf, normal_density, normal_quantile};

/// Integration steps per standard deviation of an increment.
const STEPS_PER_DEVIATION: f64 = 20.0;
/// Integration points of one look are bounded, and with them the least distance between looks.
const POINTS_MAX: f64 = 100_000.0;
/// Error of the probability at which the search is content.
const CONTENT: f64 = 1e-7;
/// Looks closer than this in information are one look.
const LOOKS_APART_MIN: f64 = 1e-5;
/// Steps per digit of the search.
const STEPS_MAX: u32 = 50;
/// Digits of the search; an error of [`CONTENT`] is met long before.
const DIGITS_MAX: u32 = 15;

/// Boundaries, as z values, of a one-sided test that spends the given cumulative errors at the given looks.
///
/// `times` are above 0 and never fall; `spent` is cumulative, in (0, 1). Boundaries above `truncation` become that.
/// `None` if an argument is out of range.
#[must_use]
pub fn stepwise_boundaries(times: &[f64], spent: &[f64], truncation: f64) -> Option<Vec<f64>> {
    let usable = truncation.is_finite()
        && truncation > 0.0
        && times.len() == spent.len()
        && times.iter().all(|time| time.is_finite() && *time > 0.0)
        && times.iter().zip(times.iter().skip(1)).all(|(before, after)| before <= after)
        && spent.iter().all(|spent| *spent > 0.0 && *spent < 1.0);
    if !usable {
        return None;
    }
    let mut boundaries = Vec::new();
    let mut looks = times.iter().zip(spent);
    let Some((&time, &first)) = looks.next() else { return Some(boundaries) };
    let mut z = (-normal_quantile(first)).min(truncation);
    // What a truncated boundary leaves unspent is left for the next look.
    let mut spent_before = if z < truncation { first } else { normal_cdf(-z) };
    let mut grid = Grid::first(time, z, truncation);
    boundaries.push(z);
    for (&time, &spent) in looks {
        if time - grid.time > LOOKS_APART_MIN {
            let spread = (time - grid.time).sqrt();
            let spend = (spent - spent_before).clamp(0.0, 1.0);
            spent_before = spent;
            let level = if spend < CONTENT { truncation * time.sqrt() } else { grid.search(spend, spread) };
            z = level / time.sqrt();
            if z > truncation {
                z = truncation;
                spent_before = spent - spend + grid.mass_above(z * time.sqrt(), spread);
            }
            grid = grid.next(time, z, truncation)?;
        }
        boundaries.push(z);
    }
    Some(boundaries)
}

/// The density of the running sum over the paths that go on, at equally spaced places.
struct Grid {
    time: f64,
    from: f64,
    to: f64,
    step: f64,
    density: Vec<f64>,
}

impl Grid {
    fn first(time: f64, z: f64, truncation: f64) -> Self {
        let spread = time.sqrt();
        let mut grid = Self::empty(time, z, truncation, spread);
        grid.density = grid.places().map(|place| normal_density(place / spread) / spread).collect();
        grid
    }

    fn next(&self, time: f64, z: f64, truncation: f64) -> Option<Self> {
        let spread = (time - self.time).sqrt();
        let mut grid = Self::empty(time, z, truncation, spread);
        if grid.intervals() > POINTS_MAX {
            return None;
        }
        let arriving = |place: f64| {
            self.trapezoid(|from, density| density * normal_density((place - from) / spread) / spread)
        };
        grid.density = grid.places().map(arriving).collect();
        Some(grid)
    }

    fn empty(time: f64, z: f64, truncation: f64, spread: f64) -> Self {
        let (from, to) = (-truncation * time.sqrt(), z * time.sqrt());
        let intervals = ((to - from) * STEPS_PER_DEVIATION / spread).ceil().max(1.0);
        Self { time, from, to, step: (to - from) / intervals, density: Vec::new() }
    }

    fn intervals(&self) -> f64 {
        ((self.to - self.from) / self.step).round()
    }

    fn places(&self) -> impl Iterator<Item = f64> + '_ {
        let intervals = self.intervals();
        std::iter::successors(Some(0.0), move |index| (*index < intervals).then_some(index + 1.0))
            .map(|index| self.from + self.step * index)
    }

    fn trapezoid(&self, value: impl Fn(f64, f64) -> f64) -> f64 {
        let mut ends = 0.0;
        let mut sum = 0.0;
        let last = self.intervals();
        let mut index = 0.0;
        for (place, &density) in self.places().zip(&self.density) {
            let value = value(place, density);
            sum += value;
            if index < 0.5 || index > last - 0.5 {
                ends += value;
            }
            index += 1.0;
        }
        self.step * (sum - 0.5 * ends)
    }

    /// Probability of being above `level` after an increment of this spread.
    fn mass_above(&self, level: f64, spread: f64) -> f64 {
        self.trapezoid(|place, density| density * normal_cdf((place - level) / spread))
    }

    /// The level that is passed with this probability, from the last boundary on in ever smaller decimal steps.
    fn search(&self, spend: f64, spread: f64) -> f64 {
        let mut level = self.to;
        let mut mass = self.mass_above(level, spread);
        let mut step = 10.0;
        for _ in 0..DIGITS_MAX {
            if (mass - spend).abs() <= CONTENT {
                break;
            }
            step /= 10.0;
            let outwards = mass > spend + CONTENT;
            for _ in 0..STEPS_MAX {
                level += if outwards { step } else { -step };
                mass = self.mass_above(level, spread);
                let passed = if outwards { mass <= spend + CONTENT } else { mass >= spend - CONTENT };
                if passed {
                    break;
                }
            }
        }
        level
    }
}
