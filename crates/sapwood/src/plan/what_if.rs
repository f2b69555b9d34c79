//! `plan what-if`: what other rules would cost or save.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use sapwood_file::plan::PlanFile;
use sapwood_planner::what_if::{Variant, what_if};
use sapwood_planner::{Effort, Solver};
use serde_json::{Value, json};

use super::args::WhatIfArgs;
use super::load::{print, sound_plan};
use super::order::{promise, rules};
use crate::failure::Failure;

/// Combinations that are solved at most.
const VARIANTS_MAX: usize = 100;
/// Seconds per combination without a limit of one's own; steps are derived from it.
const SECONDS: u64 = 2;

pub(super) fn run(args: &WhatIfArgs) -> Result<ExitCode, Failure> {
    let (plan, _) = match sound_plan(&args.file.file, args.file.json)? {
        Ok(both) => both,
        Err(code) => return Ok(code),
    };
    let wanted = combinations(args, &plan);
    if wanted.len() > VARIANTS_MAX {
        let message = format!("{} combinations are too many; {VARIANTS_MAX} is the limit", wanted.len());
        return Err(Failure::Invalid(message));
    }
    let seconds = args.file.effort.time_limit.unwrap_or(SECONDS);
    let end = Instant::now()
        + Duration::from_secs(seconds.saturating_mul(u64::try_from(wanted.len()).unwrap_or(1)));
    let limited = args.file.effort.time_limit.is_some();
    let mut keep_going = || !limited || Instant::now() < end;
    let effort = Effort::within_seconds(Solver::Auto, seconds);
    let variants = what_if(&plan.plan, &wanted, effort, &mut keep_going).map_err(|all| {
        let sentences: Vec<String> = all.iter().map(ToString::to_string).collect();
        Failure::Invalid(sentences.join("\n"))
    })?;
    if args.file.json {
        let rows: Vec<Value> = variants.iter().map(row_json).collect();
        print(&json!({ "version": super::JSON_VERSION, "plan": plan.key, "variants": rows }).to_string())?;
    } else {
        print(&text(&plan, &variants))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What to try: all combinations of what was given, or one rule at a time around the file's.
fn combinations(args: &WhatIfArgs, plan: &PlanFile) -> Vec<(u64, u64, u32)> {
    let base = (plan.plan.overhead, plan.plan.settle, plan.plan.teams);
    let given = !(args.overhead.is_empty() && args.settle.is_empty() && args.teams.is_empty());
    let mut wanted = Vec::new();
    if given {
        let or = |list: &[u64], own: u64| if list.is_empty() { vec![own] } else { list.to_vec() };
        let teams = if args.teams.is_empty() { vec![base.2] } else { args.teams.clone() };
        for overhead in or(&args.overhead, base.0) {
            for settle in or(&args.settle, base.1) {
                wanted.extend(teams.iter().map(|teams| (overhead, settle, *teams)));
            }
        }
    } else {
        wanted.push(base);
        wanted.extend([0, 2, 5, 10, 20].map(|overhead| (overhead, base.1, base.2)));
        wanted.extend([0, 5, 10, 20].map(|settle| (base.0, settle, base.2)));
        wanted.extend([1, 2, 3].map(|teams| (base.0, base.1, teams)));
    }
    let mut seen = std::collections::BTreeSet::new();
    wanted.retain(|one| seen.insert(*one));
    wanted
}

fn text(plan: &PlanFile, variants: &[Variant]) -> String {
    let own = (plan.plan.overhead, plan.plan.settle, plan.plan.teams);
    let is_own = |one: &&Variant| (one.overhead, one.settle, one.teams) == own;
    let base = variants.iter().find(is_own).map(|one| one.answer.schedule.score.cost);
    let mut lines = vec![
        rules(plan),
        String::new(),
        "  overhead  settle  teams  releases  delay cost  against the file".to_owned(),
    ];
    for variant in variants {
        let cost = variant.answer.schedule.score.cost;
        let against = match base {
            Some(_) if is_own(&variant) => "as it is".to_owned(),
            Some(base) if cost <= base => format!("{} less", base - cost),
            Some(base) => format!("{} more", cost - base),
            None => String::new(),
        };
        let row = format!(
            "  {:>7}d  {:>5}d  {:>5}  {:>8}  {cost:>10}  {against:<16}  {}",
            variant.overhead,
            variant.settle,
            variant.teams,
            variant.answer.schedule.releases.len(),
            promise(&variant.answer),
        );
        lines.push(row.trim_end().to_owned());
    }
    lines.extend(price_of_releasing(variants, own));
    lines.join("\n")
}

/// What releasing itself costs, in one sentence.
fn price_of_releasing(variants: &[Variant], own: (u64, u64, u32)) -> Option<String> {
    let of = |overhead: u64| {
        variants.iter().find(|one| (one.overhead, one.settle, one.teams) == (overhead, own.1, own.2))
    };
    let (free, now) = (of(0)?, of(own.0)?);
    let gained = now
        .answer
        .schedule
        .score
        .cost
        .checked_sub(free.answer.schedule.score.cost)
        .filter(|gained| *gained > 0)?;
    let (times, instead) = (free.answer.schedule.releases.len(), now.answer.schedule.releases.len());
    Some(format!(
        "\nIf a release cost you nothing, you would ship {times} times instead of {instead} and gain {gained}."
    ))
}

fn row_json(variant: &Variant) -> Value {
    json!({
        "overhead": variant.overhead,
        "settle": variant.settle,
        "teams": variant.teams,
        "objective": variant.answer.schedule.score.cost,
        "releases": variant.answer.schedule.releases.len(),
        "proven": variant.answer.proven,
        "bound": variant.answer.bound,
    })
}
