//! `sapwood rollout design`: what a ladder could see at this traffic, whom a harm would meet by then, and a better
//! ladder. Needs no server.

mod picture;
mod quantities;

use std::process::ExitCode;

use sapwood_stats::advisor::{self, Detection, Flow, Proposal, SEEN, Sight, Stage, Wish};
use sapwood_stats::combine::rollback_line;
use sapwood_stats::power::Watch;
use sapwood_stats::{Harm, Prior};
use serde_json::{Value, json};

use crate::cli::DesignArgs;
use crate::exit;
use crate::failure::Failure;
use crate::limits::{DESIGN_METRICS_MAX, DESIGN_STAGES_MAX};
use crate::out::Out;
pub(crate) use quantities::{Metric, Minutes, Part, PerMinute, Times};

/// Part of the budget that is spent; the rest is kept for guardrails added later.
const SPENT: f64 = 0.8;

/// Everything that is said, in words and in JSON.
struct Design {
    ladder: Vec<Stage>,
    /// Whether the ladder is ours rather than the asker's.
    proposed: bool,
    line: f64,
    ratio: f64,
    budget: Option<f64>,
    metrics: Vec<Seen>,
    warnings: Vec<String>,
    /// Another ladder that would do, if this one does not.
    instead: Option<Vec<Stage>>,
}

/// One metric on the ladder.
struct Seen {
    metric: Metric,
    /// The harm that was asked about, as a ratio on this metric's harmful side.
    ratio: f64,
    sights: Vec<Sight>,
    detection: Option<Detection>,
}

/// Prints the design. Exits with 12 when a harm budget was given and is not kept.
pub(crate) fn run(args: &DesignArgs) -> Result<ExitCode, Failure> {
    check(args).map_err(Failure::Invalid)?;
    let design = design(args);
    Out::new(args.json).say(&picture::text(&design, args), &design.json())?;
    let kept = design.metrics.iter().all(|seen| design.keeps_budget(seen));
    Ok(if kept { ExitCode::SUCCESS } else { exit::FALLS_SHORT.into() })
}

/// What the single quantities could not know.
fn check(args: &DesignArgs) -> Result<(), String> {
    if args.metrics.len() > DESIGN_METRICS_MAX {
        return Err(format!(
            "{} metrics are too many; {DESIGN_METRICS_MAX} is the limit",
            args.metrics.len()
        ));
    }
    if args.ladder.len() > DESIGN_STAGES_MAX {
        return Err(format!("{} stages are too many; {DESIGN_STAGES_MAX} is the limit", args.ladder.len()));
    }
    if args.false_rollbacks.0 <= 0.0 || args.false_rollbacks.0 > 0.5 {
        return Err(
            "--false-rollbacks must be above 0 and at most 50%: no evidence is free of chance".to_owned()
        );
    }
    if args.holdback.0 > 0.5 {
        return Err("--holdback must be at most 50%: it is the part that goes without the slice".to_owned());
    }
    let mut before = 0.0;
    for share in &args.ladder {
        if share.0 <= before {
            return Err(format!(
                "--ladder must grow from stage to stage; {} does not follow {}",
                picture::percent(share.0),
                picture::percent(before)
            ));
        }
        before = share.0;
    }
    Ok(())
}

fn design(args: &DesignArgs) -> Design {
    let guardrails = guardrails(args);
    let wish = Wish {
        ratio: args.harm.0,
        minutes_min: args.bake.0,
        minutes_max: args.longest_bake.0.max(args.bake.0),
        last_share: 1.0 - args.holdback.0,
    };
    let proposal = advisor::propose(&guardrails, &wish);
    let proposed = args.ladder.is_empty();
    let ladder = if proposed { proposal.ladder.clone() } else { asked_for(args) };
    let metrics = args
        .metrics
        .iter()
        .zip(&guardrails)
        .map(|(metric, (watch, flow))| {
            let ratio = advisor::towards_harm(watch.harm, args.harm.0);
            Seen {
                metric: metric.clone(),
                ratio,
                sights: advisor::sights(watch, *flow, &ladder, ratio),
                detection: advisor::detection(watch, *flow, &ladder, ratio, SEEN),
            }
        })
        .collect();
    let line = guardrails.first().map_or(f64::INFINITY, |(watch, _)| watch.line);
    let mut design = Design {
        ladder,
        proposed,
        line,
        ratio: args.harm.0,
        budget: args.harm_budget.map(f64::from),
        metrics,
        warnings: Vec::new(),
        instead: None,
    };
    design.warn(&proposal, args);
    design
}

fn guardrails(args: &DesignArgs) -> Vec<(Watch, Flow)> {
    let each = args.metrics.iter().fold(0.0, |n, _| n + 1.0);
    let line = rollback_line(args.false_rollbacks.0, SPENT / each);
    let guardrail = |metric: &Metric| {
        let watch = Watch { harm: metric.harm, margin_ratio: 1.0, prior: Prior::guardrail(), line };
        (watch, Flow { subjects_per_minute: args.traffic.0, base_rate: metric.rate })
    };
    args.metrics.iter().map(guardrail).collect()
}

/// The asker's shares, the last one cut to leave the holdback.
fn asked_for(args: &DesignArgs) -> Vec<Stage> {
    let largest = 1.0 - args.holdback.0;
    let stage = |share: &Part| Stage { treated_share: share.0.min(largest), minutes: args.bake.0 };
    args.ladder.iter().map(stage).collect()
}

impl Design {
    fn warn(&mut self, proposal: &Proposal, args: &DesignArgs) {
        for seen in &self.metrics {
            let blind = seen.sights.iter().zip(&self.ladder).filter(|(sight, _)| sight.smallest.is_none());
            let blind: Vec<String> = blind.map(|(_, stage)| picture::percent(stage.treated_share)).collect();
            if !blind.is_empty() {
                self.warnings.push(format!(
                    "{}: the stage{} at {} cannot see anything, not even the largest harm; lengthen or drop {}",
                    seen.metric.name,
                    if blind.len() == 1 { "" } else { "s" },
                    blind.join(", "),
                    if blind.len() == 1 { "it" } else { "them" },
                ));
            }
            if seen.detection.is_none() {
                self.warnings.push(format!(
                    "{}: {} would be missed in more than one run of five; by the end the ladder sees {}",
                    seen.metric.name,
                    picture::ratio(seen.ratio),
                    seen.sights.last().and_then(|sight| sight.smallest).map_or_else(
                        || "nothing".to_owned(),
                        |smallest| format!("{} or worse", picture::ratio(smallest))
                    ),
                ));
            }
            if let (Some(budget), false) = (self.budget, self.keeps_budget(seen)) {
                self.warnings.push(over_budget(seen, budget));
            }
        }
        if !proposal.sees_it {
            self.warnings.push(format!(
                "at this traffic no first stage of up to {} sees a {}-fold harm in every metric; the figures say what the \
                 ladder does see",
                picture::duration(args.longest_bake.0),
                args.harm.0
            ));
        }
        let worse =
            self.metrics.iter().any(|seen| seen.sights.first().is_none_or(|first| first.chance < SEEN));
        if !self.proposed && worse && proposal.sees_it {
            self.instead = Some(proposal.ladder.clone());
        }
    }

    /// Whether at most the allowed number of people meets the harm before it is seen in four runs of five.
    fn keeps_budget(&self, seen: &Seen) -> bool {
        let Some(budget) = self.budget else { return true };
        seen.detection.is_some_and(|detection| detection.harmed.people <= budget)
    }

    fn json(&self) -> Value {
        json!({
            "version": 1,
            "ladder": stages_json(&self.ladder),
            "proposed": self.proposed,
            "evidence_needed": self.line.exp(),
            "harm": self.ratio,
            "harm_budget": self.budget,
            "metrics": self.metrics.iter().map(|seen| self.metric_json(seen)).collect::<Vec<_>>(),
            "warnings": self.warnings,
            "instead": self.instead.as_deref().map(stages_json),
        })
    }

    fn metric_json(&self, seen: &Seen) -> Value {
        let stage = |sight: &Sight| {
            json!({
                "treated": sight.treated,
                "affected_if_harmless": sight.affected,
                "smallest_harm": sight.smallest,
                "harmed": sight.harmed.map(|harmed| json!({ "people": harmed.people, "extra": harmed.extra })),
                "chance": sight.chance,
            })
        };
        json!({
            "metric": seen.metric.name,
            "base_rate": seen.metric.rate,
            "harm": if seen.metric.harm == Harm::Up { "up" } else { "down" },
            "ratio": seen.ratio,
            "stages": seen.sights.iter().map(stage).collect::<Vec<_>>(),
            "seen_by_four_in_five": seen.detection.map(|detection| json!({
                "stage": detection.stage,
                "minutes": detection.minutes,
                "treated": detection.treated,
                "harmed": detection.harmed.people,
                "extra": detection.harmed.extra,
            })),
            "budget_kept": self.budget.map(|_| self.keeps_budget(seen)),
        })
    }
}

fn over_budget(seen: &Seen, budget: f64) -> String {
    let (people, harm) = (picture::people(budget), picture::ratio(seen.ratio));
    match seen.detection {
        None => format!(
            "{}: a budget of {people} people cannot be promised, because {harm} may not be seen at all",
            seen.metric.name
        ),
        Some(detection) => format!(
            "{}: {} people would meet {harm} before it is seen, and {people} may; a smaller first share with a longer \
             bake helps only down to what any test needs to see it",
            seen.metric.name,
            picture::people(detection.harmed.people)
        ),
    }
}

fn stages_json(ladder: &[Stage]) -> Value {
    let stage = |stage: &Stage| json!({ "share": stage.treated_share, "bake_minutes": stage.minutes });
    ladder.iter().map(stage).collect()
}

#[cfg(test)]
mod tests;
