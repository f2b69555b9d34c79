//! What a ladder could see before it is climbed: the smallest harm per stage, who would have met it by then, and which
//! ladder suits the traffic.
//!
//! The test needs affected subjects, and a stage brings so many in its time: traffic times rate times minutes. The rest
//! is [`crate::power`], asked beforehand. Counts are expected ones, each subject counted once; that traffic itself varies
//! by chance is left out, which matters only where a stage brings a handful of affected subjects.

use crate::power::{self, Watch};
use crate::strata::{Harm, Stratum};

/// The chance of having seen a harm that counts as "would see it".
pub const SEEN: f64 = 0.8;

/// One stage as planned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stage {
    /// Part of eligible subjects who are treated, in (0, 1).
    pub treated_share: f64,
    /// Its bake, in minutes, above 0.
    pub minutes: f64,
}

/// What comes by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flow {
    /// Eligible subjects per minute, each counted the first time only; above 0.
    pub subjects_per_minute: f64,
    /// Part of them who are affected without the slice, in (0, 1].
    pub base_rate: f64,
}

/// What a ladder could have seen by the end of a stage, everything before it included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sight {
    /// Expected subjects who had the slice by then.
    pub treated: f64,
    /// Expected affected subjects of both arms by then, if the slice does nothing.
    pub affected: f64,
    /// The smallest harm [`SEEN`] of runs would have seen by then, as a ratio of rates; `None` if not even a hundredfold
    /// one, or everybody being affected, so that the stage is uninformative.
    pub smallest: Option<f64>,
    /// How many would have met that harm by then.
    pub harmed: Option<Harmed>,
    /// Chance of having seen the harm that was asked about.
    pub chance: f64,
}

/// How many people a harm meets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Harmed {
    /// Expected treated subjects who are affected; for harm downwards, who miss what they would have had.
    pub people: f64,
    /// Those among them who would not have been affected without the slice.
    pub extra: f64,
}

/// When a harm has been seen by a given part of runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// In which stage, from 0.
    pub stage: usize,
    /// Minutes since the start.
    pub minutes: f64,
    /// Expected subjects who had the slice by then.
    pub treated: f64,
    /// How many of them met the harm.
    pub harmed: Harmed,
}

/// What each stage of the ladder could see, and the chance that a harm of `ratio` was seen by its end.
#[must_use]
pub fn sights(watch: &Watch, flow: Flow, ladder: &[Stage], ratio: f64) -> Vec<Sight> {
    let prefix = |stages: usize| ladder.get(..stages).unwrap_or(ladder);
    (1..=ladder.len())
        .map(|stages| {
            let climbed = prefix(stages);
            let smallest = smallest(watch, flow, climbed);
            Sight {
                treated: treated(flow, climbed),
                affected: climbed.iter().map(|stage| affected(flow, stage, 1.0)).sum(),
                smallest,
                harmed: smallest.map(|ratio| harmed(watch.harm, flow, climbed, ratio)),
                chance: power::probability_seen(watch, &strata(flow, climbed, ratio), ratio),
            }
        })
        .collect()
}

/// When a harm of `ratio` has been seen by a part `probability` of runs; `None` if not by the end of the ladder.
#[must_use]
pub fn detection(
    watch: &Watch,
    flow: Flow,
    ladder: &[Stage],
    ratio: f64,
    probability: f64,
) -> Option<Detection> {
    let seen = |climbed: &[Stage]| {
        power::probability_seen(watch, &strata(flow, climbed, ratio), ratio) >= probability
    };
    let stage = (0..ladder.len()).find(|stage| ladder.get(..=*stage).is_some_and(seen))?;
    let mut climbed: Vec<Stage> = ladder.get(..=stage)?.to_vec();
    let mut part_of = |minutes: f64| {
        if let Some(last) = climbed.last_mut() {
            last.minutes = minutes;
        }
        climbed.clone()
    };
    let (mut early, mut late) = (0.0, ladder.get(stage)?.minutes);
    for _ in 0..12 {
        let middle = f64::midpoint(early, late);
        if seen(&part_of(middle)) {
            late = middle;
        } else {
            early = middle;
        }
    }
    let climbed = part_of(late);
    Some(Detection {
        stage,
        minutes: climbed.iter().map(|stage| stage.minutes).sum(),
        treated: treated(flow, &climbed),
        harmed: harmed(watch.harm, flow, &climbed, ratio),
    })
}

/// What a ladder should achieve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wish {
    /// The harm its first stage should see, as a ratio of rates on the harmful side of the margin.
    pub ratio: f64,
    /// Shortest bake of a stage, in minutes.
    pub minutes_min: f64,
    /// Longest bake of a stage, in minutes.
    pub minutes_max: f64,
    /// Share of the last stage; below 1, so that something is left to compare with.
    pub last_share: f64,
}

/// A ladder for this traffic.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// Its stages.
    pub ladder: Vec<Stage>,
    /// Whether its first stage would see the wished-for harm in [`SEEN`] of runs.
    pub sees_it: bool,
}

/// First shares that are tried, from the most careful on.
const FIRST_SHARES: [f64; 8] = [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5];
/// What is tried in turn: a first share of at most the first, informative within the second part of the longest bake.
/// Quick is better as long as it is careful; with less traffic one has to be slower, or bolder.
const QUICK: [(f64, f64); 3] = [(0.05, 1.0 / 24.0), (0.1, 0.25), (1.0, 1.0)];
/// From this first share on, traffic is so thin that few large steps are better than many small ones.
const FEW_STEPS_FROM: f64 = 0.1;
/// Later shares with much traffic, and with little.
const MANY_STEPS: [f64; 3] = [0.05, 0.25, 0.5];
const FEW_STEPS: [f64; 1] = [0.5];

/// The most careful ladder whose first stage sees the wished-for harm within the longest bake for every guardrail.
///
/// A small first share harms fewer people by a *large* harm, which is seen at once; what a doubling costs is about the
/// same at any share, some fifty affected subjects, but at a small share it takes long. So the first share is the smallest
/// that is informative in time, where a twenty-fourth of the longest bake is preferred to a quarter, and that to all of it.
/// Later stages, which inherit its evidence, need the shortest bake only. If no first
/// share is informative in time, the ladder is half and then the rest, with the longest bakes.
#[must_use]
pub fn propose(guardrails: &[(Watch, Flow)], wish: &Wish) -> Proposal {
    let minutes_of = |share: f64| {
        guardrails.iter().try_fold(wish.minutes_min, |longest, (watch, flow)| {
            let ratio = towards_harm(watch.harm, wish.ratio);
            let units = power::units_needed(watch, share, ratio, SEEN)?;
            let stage = Stage { treated_share: share, minutes: 1.0 };
            let minutes = crate::logs::count(units) / affected(*flow, &stage, ratio);
            (minutes <= wish.minutes_max).then(|| longest.max(minutes))
        })
    };
    let below_last = |share: &f64| *share < wish.last_share;
    let within = |careful: f64, part: f64| {
        let shares = FIRST_SHARES.into_iter().filter(below_last).filter(|share| *share <= careful);
        let in_time = |share: f64| minutes_of(share).filter(|minutes| *minutes <= part * wish.minutes_max);
        shares.into_iter().find_map(|share| Some((share, in_time(share)?)))
    };
    let first = QUICK.into_iter().find_map(|(careful, part)| within(careful, part));
    let (first, minutes, later_minutes) = match first {
        Some((share, minutes)) => (share, round_up(minutes), wish.minutes_min),
        None => (0.5_f64.min(wish.last_share), wish.minutes_max, wish.minutes_max),
    };
    let later: &[f64] = if first < FEW_STEPS_FROM { &MANY_STEPS } else { &FEW_STEPS };
    let shares = later.iter().copied().chain([wish.last_share]).filter(|share| *share > first);
    let mut ladder = vec![Stage { treated_share: first, minutes }];
    ladder.extend(shares.map(|treated_share| Stage { treated_share, minutes: later_minutes }));
    ladder.dedup_by(|after, before| after.treated_share <= before.treated_share);
    Proposal { ladder, sees_it: minutes_of(first).is_some() }
}

/// A ratio on the harmful side: a wish for "twofold" is a halving where harm is downwards.
#[must_use]
pub fn towards_harm(harm: Harm, ratio: f64) -> f64 {
    match harm {
        Harm::Up => ratio.max(ratio.recip()),
        Harm::Down => ratio.min(ratio.recip()),
    }
}

/// Minutes a person would write down: whole fives up to two hours, whole hours beyond.
fn round_up(minutes: f64) -> f64 {
    let step = if minutes <= 120.0 { 5.0 } else { 60.0 };
    (minutes / step).ceil() * step
}

/// Expected affected subjects of both arms in a stage.
fn affected(flow: Flow, stage: &Stage, ratio: f64) -> f64 {
    let subjects = flow.subjects_per_minute * stage.minutes;
    subjects * flow.base_rate * (1.0 - stage.treated_share + stage.treated_share * ratio)
}

fn treated(flow: Flow, climbed: &[Stage]) -> f64 {
    climbed.iter().map(|stage| flow.subjects_per_minute * stage.minutes * stage.treated_share).sum()
}

fn harmed(harm: Harm, flow: Flow, climbed: &[Stage], ratio: f64) -> Harmed {
    let usual = treated(flow, climbed) * flow.base_rate;
    let changed = usual * ratio;
    match harm {
        Harm::Up => Harmed { people: changed, extra: changed - usual },
        Harm::Down => Harmed { people: usual - changed, extra: usual - changed },
    }
}

/// The affected subjects a ladder brings, as the power calculation wants them.
fn strata(flow: Flow, climbed: &[Stage], ratio: f64) -> Vec<Stratum> {
    let stratum = |stage: &Stage| Stratum {
        treated_share: stage.treated_share,
        treated: whole(affected(flow, stage, ratio)),
        control: 0,
    };
    climbed.iter().map(stratum).collect()
}

/// Affected subjects up to which every harm is tried with the affected subjects it brings itself.
const FEW: f64 = 5_000.0;
/// Harms are looked for up to this one, or up to where everybody is affected.
const RATIO_MAX: f64 = 100.0;

/// The smallest visible harm.
///
/// A harm brings (or takes) affected subjects itself, which matters much where they are few: then each harm is tried
/// with its own. Where they are many the visible harm is small, and trying twice is enough.
fn smallest(watch: &Watch, flow: Flow, climbed: &[Stage]) -> Option<f64> {
    let all: f64 = climbed.iter().map(|stage| affected(flow, stage, 1.0)).sum();
    let largest = match watch.harm {
        Harm::Up => RATIO_MAX.min(flow.base_rate.recip()),
        Harm::Down => RATIO_MAX,
    };
    if all > FEW {
        let first = power::smallest_detectable_ratio(watch, &strata(flow, climbed, 1.0), SEEN)?;
        return power::smallest_detectable_ratio(watch, &strata(flow, climbed, first), SEEN);
    }
    let missed = |ratio: f64| power::probability_seen(watch, &strata(flow, climbed, ratio), ratio) < SEEN;
    let (mut small, mut large) = (0.0, largest.ln());
    if missed(towards_harm(watch.harm, largest)) {
        return None;
    }
    for _ in 0..10 {
        let middle = f64::midpoint(small, large);
        if missed(towards_harm(watch.harm, middle.exp())) {
            small = middle;
        } else {
            large = middle;
        }
    }
    Some(towards_harm(watch.harm, large.exp()))
}

/// The whole number below; expected counts are far within the range, and what is beyond counts as its end.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast from a float stops at the ends and turns what is not a number into zero, which is what is wanted"
)]
const fn whole(expected: f64) -> u64 {
    expected as u64
}

#[cfg(test)]
mod tests;
