//! One name for each kind of metric, its test, and the confidence sequence shown beside it.
//!
//! Nothing here computes: each arm of the match names the module that does, so that this file is also the table of
//! which test serves which kind. Everything is a pure function of sums, and sums merge by adding.

use crate::counter;
use crate::cuped;
use crate::latency;
use crate::mean;
use crate::prior::Prior;
use crate::proportion;
use crate::quotient;
use crate::ratio;
use crate::srm;
use crate::strata::{Harm, Stratum};
use crate::tally::{Cap, Pair};
use crate::volume;

/// The sums of a guardrail, and how they are judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Metric<'a> {
    /// Something happens to few subjects (an error, a ticket), or to many ([`crate::conversion`] says which side to
    /// count), or happens several times and the first time counts.
    Rate {
        /// Affected subjects.
        affected: &'a [Stratum],
        /// Direction of harm.
        harm: Harm,
        /// Tolerated ratio of the rates.
        margin_ratio: f64,
    },
    /// A value or a count per subject.
    Mean {
        /// Exact sums per epoch.
        sums: &'a [Pair],
        /// The cap they were made with.
        cap: Cap,
        /// How the difference is judged.
        judged: Judged,
    },
    /// A quotient of two sums per subject.
    Quotient {
        /// Exact sums per epoch.
        sums: &'a [Pair],
        /// The caps they were made with.
        caps: quotient::Caps,
        /// How the difference is judged.
        judged: Judged,
    },
    /// A value per subject, with the same subject's value from before the rollout.
    Cuped {
        /// Exact sums per epoch.
        sums: &'a [Pair],
        /// The caps they were made with.
        caps: cuped::Caps,
        /// How the difference is judged.
        judged: Judged,
    },
    /// How long the first request takes.
    Latency {
        /// Subjects beyond each limit.
        limits: &'a [latency::Limit<'a>],
        /// Tolerated ratio of the parts beyond a limit.
        margin_ratio: f64,
    },
    /// Something that should keep coming.
    Volume {
        /// Subjects from whom it came.
        affected: &'a [Stratum],
        /// Tolerated ratio of the rates.
        margin_ratio: f64,
    },
    /// One arm against a level that needs no control.
    Ceiling {
        /// Affected subjects of the treated arm.
        affected: u64,
        /// The others of that arm.
        unaffected: u64,
        /// The level, a probability.
        ceiling: f64,
        /// Where the confidence sequence is tightest.
        tuning: proportion::Tuning,
    },
    /// Pulled counters without subject ids.
    Counter {
        /// Intervals of scraping, by time.
        intervals: &'a [counter::Interval],
        /// Direction of harm.
        harm: Harm,
        /// Tolerated ratio of events per exposure.
        margin_ratio: f64,
    },
    /// First exposures against the shares.
    SampleRatio {
        /// First exposures.
        exposed: &'a [Stratum],
    },
}

/// How a difference of means is judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// Direction of harm.
    pub harm: Harm,
    /// Tolerated harm, in the metric's own unit, at least 0.
    pub margin: f64,
    /// Where the test is tightest, see [`mean::tuning`].
    pub rho: f64,
}

/// What a metric's sums say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Logarithm of the evidence of harm beyond the margin; 0 for none. Never NaN.
    pub log_e: f64,
    /// What people see beside it.
    pub shown: Shown,
}

/// A confidence sequence for display, in the terms of its metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shown {
    /// Ratio of the treated to the control rate.
    Ratio(ratio::Interval),
    /// Harm as a difference of means, in the metric's own unit; above 0 is harm.
    Difference(mean::Interval),
    /// A probability.
    Probability(proportion::Interval),
    /// No single number tells it.
    Nothing,
}

impl Metric<'_> {
    /// The evidence, and a confidence sequence at level `1 - alpha`, valid however often it is looked at.
    ///
    /// With `alpha` twice a guardrail's own budget, the sequence leaves the margin at the look at which the guardrail
    /// acts.
    #[must_use]
    pub fn read(&self, alpha: f64) -> Reading {
        let prior = Prior::guardrail();
        let ratio_of = |strata: &[Stratum]| Shown::Ratio(ratio::interval(strata, alpha, &prior));
        match *self {
            Self::Rate { affected, harm, margin_ratio } => Reading {
                log_e: ratio::log_e(affected, harm, margin_ratio, &prior),
                shown: ratio_of(affected),
            },
            Self::Mean { sums, cap, judged } => {
                judged.read(alpha, |margin| mean::score_of_tallies(sums, cap, judged.harm, margin))
            }
            Self::Quotient { sums, caps, judged } => {
                judged.read(alpha, |margin| quotient::score(sums, caps, judged.harm, margin))
            }
            Self::Cuped { sums, caps, judged } => {
                judged.read(alpha, |margin| cuped::score(sums, caps, judged.harm, margin))
            }
            Self::Latency { limits, margin_ratio } => {
                Reading { log_e: latency::log_e(limits, margin_ratio), shown: Shown::Nothing }
            }
            Self::Volume { affected, margin_ratio } => {
                Reading { log_e: volume::log_e(affected, margin_ratio), shown: ratio_of(affected) }
            }
            Self::Ceiling { affected, unaffected, ceiling, tuning } => Reading {
                log_e: proportion::log_e_above(affected, unaffected, ceiling),
                shown: Shown::Probability(proportion::interval(affected, unaffected, alpha, tuning)),
            },
            Self::Counter { intervals, harm, margin_ratio } => {
                let reading = counter::read(intervals, harm, margin_ratio);
                let strata: Vec<Stratum> = intervals.iter().map(counter::Interval::stratum).collect();
                let shown = match reading {
                    counter::Reading::Independent { .. } => ratio_of(&strata),
                    counter::Reading::TooFew | counter::Reading::Bursts { .. } => Shown::Nothing,
                };
                Reading { log_e: reading.log_e(), shown }
            }
            Self::SampleRatio { exposed } => Reading { log_e: srm::log_e(exposed), shown: ratio_of(exposed) },
        }
    }
}

impl Judged {
    fn read(&self, alpha: f64, score: impl Fn(f64) -> mean::Score) -> Reading {
        Reading {
            log_e: score(self.margin).log_e(self.rho),
            shown: Shown::Difference(score(0.0).interval(alpha, self.rho)),
        }
    }
}

#[cfg(test)]
mod tests;
