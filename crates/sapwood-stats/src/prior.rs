//! What a ratio test bets on: a fixed grid of harmful rate ratios with half-normal weights.

use crate::logs::log_sum_exp;
use crate::strata::Harm;

/// Points of the grid; enough that detection times change by less than the looks between them.
const POINTS: usize = 32;
/// Distances between neighbouring points.
const STEPS: f64 = 31.0;
/// The first point lies this fraction of the way from no change to the largest ratio, on the log scale.
const FIRST_POINT: f64 = 1.0 / 150.0;
/// Ratios beyond this are not told apart from it.
const HI_MAX: f64 = 1e6;

/// Half-normal weights on 32 points of `|ln(r / r0)|`, from `ln(hi) / 150` to `ln(hi)`.
///
/// The choice affects how soon harm is seen, never the validity of the test. Source: the simulation study behind
/// the guardrail engine (kernel B2); the tests reproduce its numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    sigma: f64,
    hi: f64,
    points: [Point; POINTS],
}

/// One bet of the mixture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    /// `|ln(r / r0)|`.
    pub(crate) distance: f64,
    /// `exp(distance) - 1` and `exp(-distance) - 1`, computed once because every stratum needs them.
    growth: f64,
    shrinkage: f64,
    /// Logarithm of the weight; the weights sum to one.
    pub(crate) log_weight: f64,
}

impl Point {
    /// `r / r0 - 1` for a bet on this direction of harm.
    pub(crate) const fn relative(&self, harm: Harm) -> f64 {
        match harm {
            Harm::Up => self.growth,
            Harm::Down => self.shrinkage,
        }
    }

    /// `ln(r / r0)` for a bet on this direction of harm.
    pub(crate) const fn log_ratio(&self, harm: Harm) -> f64 {
        match harm {
            Harm::Up => self.distance,
            Harm::Down => -self.distance,
        }
    }
}

impl Prior {
    /// A prior with scale `sigma` (of the log ratio, above 0) and largest ratio `hi` (above 1, at most 10^6).
    ///
    /// `None` if either is outside its range.
    #[must_use]
    pub fn new(sigma: f64, hi: f64) -> Option<Self> {
        let valid = sigma.is_finite() && sigma > 0.0 && hi > 1.0 && hi <= HI_MAX;
        valid.then(|| Self::build(sigma, hi))
    }

    /// The prior of guardrails that roll back: scale 0.7, ratios up to 20.
    #[must_use]
    pub fn guardrail() -> Self {
        Self::build(0.7, 20.0)
    }

    /// The prior of the proof that a rate is not worse than a margin: scale 0.4, ratios up to 20.
    #[must_use]
    pub fn non_inferiority() -> Self {
        Self::build(0.4, 20.0)
    }

    /// The prior of the sample-ratio check, where small imbalances matter: scale 0.05, ratios up to 2.
    #[must_use]
    pub fn srm() -> Self {
        Self::build(0.05, 2.0)
    }

    /// Scale of the half-normal weights on the log ratio.
    #[must_use]
    pub const fn sigma(&self) -> f64 {
        self.sigma
    }

    /// Largest ratio bet on, relative to the margin.
    #[must_use]
    pub const fn hi(&self) -> f64 {
        self.hi
    }

    pub(crate) const fn points(&self) -> &[Point; POINTS] {
        &self.points
    }

    fn build(sigma: f64, hi: f64) -> Self {
        let (first, last) = (hi.ln() * FIRST_POINT, hi.ln());
        let step = (last - first) / STEPS;
        let mut position = 0.0;
        let mut points = [Point { distance: 0.0, growth: 0.0, shrinkage: 0.0, log_weight: 0.0 }; POINTS];
        for point in &mut points {
            let distance = first + step * position;
            let scaled = distance / sigma;
            *point = Point {
                distance,
                growth: distance.exp_m1(),
                shrinkage: (-distance).exp_m1(),
                // A tiny scale may overflow the square; a finite floor keeps the normalised weights numbers.
                log_weight: (-0.5 * scaled * scaled).max(-1e300),
            };
            position += 1.0;
        }
        let total = log_sum_exp(points.iter().map(|point| point.log_weight));
        for point in &mut points {
            point.log_weight -= total;
        }
        Self { sigma, hi, points }
    }
}
