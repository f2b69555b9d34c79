//! Pulled counters without subject ids, such as a Prometheus scrape: events and exposures per interval and arm.
//!
//! Nobody can tell five errors of one subject from one error of five, so the ratio test is trusted only while events
//! scatter like independent ones. `score::dispersion` measures that: up to [`DISPERSION_MAX`] the ratio test speaks, with
//! the treated part of the exposures of each interval as its coin; above, the self-normalised score, which is three
//! times slower and right. Below [`INTERVALS_MIN`] intervals nothing is said.
//! The choice is made from the data, so the promise is asymptotic, and it rests on the application's own arm label: what
//! a counter calls treated nobody has verified. Hence such guardrails hold by default and do not roll back.
//! Sums are kept per interval, in whole numbers: merging is adding intervals of the same time, in any order.

use std::ops::Add;

use crate::logs::count;
use crate::prior::Prior;
use crate::ratio;
use crate::score::{self, DISPERSION_MAX, INTERVALS_MIN};
use crate::strata::{Harm, Stratum};

/// One interval of scraping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interval {
    /// Exposures (requests, sessions) of the treated arm.
    pub exposed_treated: u64,
    /// Exposures of control.
    pub exposed_control: u64,
    /// Events of the treated arm.
    pub treated: u64,
    /// Events of control.
    pub control: u64,
}

impl Interval {
    /// The interval as a coin: the treated part of its exposures, and how its events fell.
    #[must_use]
    pub fn stratum(&self) -> Stratum {
        let (treated, control) = (count(self.exposed_treated), count(self.exposed_control));
        Stratum { treated_share: treated / (treated + control), treated: self.treated, control: self.control }
    }
}

impl Add for Interval {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            exposed_treated: self.exposed_treated.saturating_add(other.exposed_treated),
            exposed_control: self.exposed_control.saturating_add(other.exposed_control),
            treated: self.treated.saturating_add(other.treated),
            control: self.control.saturating_add(other.control),
        }
    }
}

/// Which test spoke.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reading {
    /// Fewer than [`INTERVALS_MIN`] informative intervals, or no events: nothing is said.
    TooFew,
    /// Events scatter like independent ones: the ratio test.
    Independent {
        /// Logarithm of the evidence.
        log_e: f64,
        /// How bursty the events are; about 1 here.
        dispersion: f64,
    },
    /// Events come in bursts: the self-normalised score.
    Bursts {
        /// Logarithm of the evidence.
        log_e: f64,
        /// How bursty the events are.
        dispersion: f64,
    },
}

impl Reading {
    /// Logarithm of the evidence, 0 when nothing is said.
    #[must_use]
    pub const fn log_e(&self) -> f64 {
        match self {
            Self::TooFew => 0.0,
            Self::Independent { log_e, .. } | Self::Bursts { log_e, .. } => *log_e,
        }
    }
}

/// What the intervals say about events per exposure of the treated arm against control's.
///
/// `margin_ratio` is the tolerated ratio, 1 for "no change". The score knows no margin, so with another one bursts leave
/// nothing to say.
#[must_use]
pub fn read(intervals: &[Interval], harm: Harm, margin_ratio: f64) -> Reading {
    let strata: Vec<Stratum> = intervals.iter().map(Interval::stratum).collect();
    let Some(dispersion) = score::dispersion(&strata) else { return Reading::TooFew };
    if dispersion <= DISPERSION_MAX {
        let log_e = ratio::log_e(&strata, harm, margin_ratio, &Prior::guardrail());
        return Reading::Independent { log_e, dispersion };
    }
    let log_e = if (margin_ratio - 1.0).abs() < 1e-12 { score::log_e(&strata, harm) } else { 0.0 };
    Reading::Bursts { log_e, dispersion }
}

/// Intervals below which nothing is said, for the messages of callers.
pub const LEAST: usize = INTERVALS_MIN;

#[cfg(test)]
mod tests;
