//! `plan solve`: the order that unlocks value earliest, and what is proven about it.

use std::process::ExitCode;

use sapwood_file::plan::PlanFile;
use sapwood_planner::cuts::Level;
use sapwood_planner::what_if::{Stability, stability};
use sapwood_planner::{Answer, Effort, Network, Solver, baseline};
use serde_json::json;

use super::args::{RulesArgs, SolveArgs};
use super::diff::{difference, difference_json};
use super::load::{counted, print, refuse, solved, sound_plan};
use super::order::{as_json, mean_live_tenths, promise, rules, table, tenths};
use crate::exit;
use crate::failure::Failure;

/// Steps per draw of the efforts: enough for an order of an ordinary plan, and two hundred are drawn.
const STEPS_PER_DRAW: u64 = 300_000;

pub(super) fn run(args: &SolveArgs) -> Result<ExitCode, Failure> {
    let Some(path) = &args.file else { return Err(Failure::Said("no plan is named".to_owned())) };
    let (plan, source) = match sound_plan(path, args.json)? {
        Ok(both) => both,
        Err(code) => return Ok(code),
    };
    let before = solved(&plan.network, &args.effort);
    let other = match with_rules(&plan, &args.rules) {
        Some(Ok(other)) => Some(other),
        Some(Err(findings)) => return refuse(&source, &findings, args.json),
        None => None,
    };
    let (plan, answer, before) = match other {
        Some(other) => {
            let answer = solved(&other.network, &args.effort);
            (other, answer, Some((plan, before)))
        }
        None => (plan, before, None),
    };
    let stable = stable(&plan, &answer, args.draws);
    if args.json {
        let mut value = as_json(&plan, &answer);
        if let Some(value) = value.as_object_mut() {
            value.insert("stability".to_owned(), json!(stable));
            if let Some((old, before)) = &before {
                value.insert("difference".to_owned(), difference_json(old, before, &plan, &answer));
            }
        }
        print(&value.to_string())?;
    } else {
        print(&text(&plan, &answer, stable.as_ref()))?;
        if let Some((old, before)) = &before {
            print(&format!("\nAgainst the file as it is:\n{}", difference(old, before, &plan, &answer)))?;
        }
    }
    Ok(if answer.schedule.score.missed > 0 { exit::FALLS_SHORT.into() } else { ExitCode::SUCCESS })
}

/// The plan under other rules, if any are given.
fn with_rules(plan: &PlanFile, rules: &RulesArgs) -> Option<Result<PlanFile, Vec<sapwood_file::Finding>>> {
    if rules.teams.is_none() && rules.overhead.is_none() && rules.settle.is_none() {
        return None;
    }
    let mut other = plan.clone();
    other.plan.teams = rules.teams.unwrap_or(other.plan.teams);
    other.plan.overhead = rules.overhead.unwrap_or(other.plan.overhead);
    other.plan.settle = rules.settle.unwrap_or(other.plan.settle);
    // A team that is not there cannot be away.
    other.plan.absences.retain(|absence| absence.team < other.plan.teams);
    Some(match Network::new(&other.plan) {
        Ok(network) => {
            other.network = network;
            Ok(other)
        }
        Err(all) => Err(all
            .iter()
            .map(|one| {
                sapwood_file::Finding::error("contradiction", 0..0, one.message.clone(), one.remedy.clone())
            })
            .collect()),
    })
}

fn stable(plan: &PlanFile, answer: &Answer, draws: u32) -> Option<Stability> {
    if plan.ranges.is_empty() || draws == 0 {
        return None;
    }
    let effort = Effort { solver: Solver::Auto, exact_steps: STEPS_PER_DRAW, search_steps: STEPS_PER_DRAW };
    stability(&plan.plan, answer, &plan.ranges, draws, effort).ok()
}

fn text(plan: &PlanFile, answer: &Answer, stable: Option<&Stability>) -> String {
    let baseline = baseline(&plan.network);
    let cost = answer.schedule.score.cost;
    let mut lines = vec![rules(plan), String::new()];
    if answer.schedule.releases.is_empty() {
        lines.push("  Everything is live; there is nothing left to order.".to_owned());
    } else {
        lines.push(table(plan, answer));
    }
    lines.push(String::new());
    let count = counted(answer.schedule.releases.len(), "release");
    lines.push(format!("Delay cost {cost} ({}) in {count}.", promise(answer)));
    if let Some(mean) = mean_live_tenths(plan, cost) {
        lines.push(format!("The mean day on which value goes live is {}.", tenths(mean)));
    }
    lines.push(format!(
        "One big launch on day {} would cost {}, value per effort in a row {}.",
        baseline.big_bang_day, baseline.big_bang, baseline.greedy
    ));
    if !answer.proven {
        lines.push(format!("No order costs less than {}.", answer.bound));
    }
    if answer.interrupted {
        lines.push("The time limit ended the search; on another machine the order may differ.".to_owned());
    }
    lines.extend(stable.map(stability_text));
    lines.extend(late_text(answer));
    let verdicts = plan.check(Some(&answer.schedule));
    let warnings = verdicts.iter().filter(|verdict| verdict.level != Level::Pass).count();
    if warnings > 0 {
        lines.push(format!("{} about the cuts: sapwood plan check", counted(warnings, "warning")));
    }
    lines.join("\n")
}

fn stability_text(stable: &Stability) -> String {
    let percent = u64::from(stable.same) * 100 / u64::from(stable.draws.max(1));
    let pairs: Vec<String> =
        stable.swaps.iter().take(3).map(|(one, other, _)| format!("{one}/{other}")).collect();
    let swaps = if pairs.is_empty() { String::new() } else { format!("; {} may swap", pairs.join(", ")) };
    format!("The order is the same in {percent}% of {} draws of the estimates{swaps}.", stable.draws)
}

/// Last days that cannot all hold.
fn late_text(answer: &Answer) -> Option<String> {
    let late = &answer.schedule.late;
    if late.is_empty() {
        return None;
    }
    let names: Vec<String> = late.iter().map(|(slice, days)| format!("{slice} by {days}d")).collect();
    let proof = if answer.proven {
        "No order keeps every `not_after`"
    } else {
        "No order was found that keeps every `not_after`"
    };
    Some(format!("{proof}; this one misses {}.", names.join(", ")))
}
