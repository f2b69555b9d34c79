//! `plan explain`: why releases are merged or apart, with both numbers.

use std::process::ExitCode;

use sapwood_file::plan::PlanFile;
use sapwood_planner::explain::{Apart, Rule, why_apart, why_merged};
use sapwood_planner::{Answer, SliceId};
use sapwood_words::nearest;
use serde_json::{Value, json};

use super::args::ExplainArgs;
use super::load::{print, solved, sound_plan};
use super::order::{joined, promise, rules, separate, tie, wait};
use crate::failure::Failure;

pub(super) fn run(args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let (plan, _) = match sound_plan(&args.file.file, args.file.json)? {
        Ok(both) => both,
        Err(code) => return Ok(code),
    };
    let answer = solved(&plan.network, &args.file.effort);
    if let [left, right] = args.slices.as_slice() {
        let (left, right) = (place(&plan, &answer, left)?, place(&plan, &answer, right)?);
        let (left, right) = (left.min(right), left.max(right));
        if args.file.json {
            let value = if left == right {
                merged_json(&plan, &answer, left)
            } else {
                apart_json(&plan, &answer, left, right)
            };
            print(&value.to_string())?;
        } else if left == right {
            print(&merged_text(&plan, &answer, left).join("\n"))?;
        } else {
            print(&apart_text(&plan, &answer, left, right).join("\n"))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let count = answer.schedule.releases.len();
    if args.file.json {
        let releases: Vec<Value> = (0..count).map(|release| merged_json(&plan, &answer, release)).collect();
        let pairs: Vec<Value> =
            (1..count).map(|second| apart_json(&plan, &answer, second - 1, second)).collect();
        let value = json!({
            "version": super::JSON_VERSION,
            "plan": plan.key,
            "objective": answer.schedule.score.cost,
            "proven": answer.proven,
            "releases": releases,
            "neighbours": pairs,
        });
        print(&value.to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut lines =
        vec![format!("{} · delay cost {} ({})", rules(&plan), answer.schedule.score.cost, promise(&answer))];
    for release in 0..count {
        lines.push(String::new());
        lines.extend(merged_text(&plan, &answer, release));
        if release + 1 < count {
            lines.extend(apart_text(&plan, &answer, release, release + 1));
        }
    }
    print(&lines.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// The release a slice is in.
fn place(plan: &PlanFile, answer: &Answer, name: &str) -> Result<usize, Failure> {
    let id = SliceId::new(name).ok();
    let place = id.as_ref().and_then(|id| answer.schedule.release_of(id));
    place.ok_or_else(|| {
        let known = plan.plan.slices.iter().map(|slice| slice.id.as_str());
        if known.clone().any(|known| known == name) {
            return Failure::Invalid(format!("`{name}` is live already, so nothing is to be explained"));
        }
        let near = nearest(name, known);
        let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        Failure::Absent(format!("no slice is called `{name}`{hint}"))
    })
}

fn merged_text(plan: &PlanFile, answer: &Answer, release: usize) -> Vec<String> {
    let Some(one) = answer.schedule.releases.get(release) else { return Vec::new() };
    let mut lines = vec![format!("day {}: {}", one.live, joined(&one.slices))];
    if one.live > one.built {
        let waits: Vec<String> = one.waits.iter().map(wait).collect();
        lines.push(format!("  built on day {}, then waits for {}", one.built, waits.join(" and ")));
    }
    if let Some(merged) = why_merged(&plan.network, &answer.schedule, release) {
        lines.extend(merged.forced.iter().map(|forced| format!("  {}", tie(forced))));
        lines.extend(separate(&merged, answer).map(|sentence| format!("  {sentence}")));
        if let Some(apart) = &merged.apart {
            let parts: Vec<String> = apart.releases.iter().map(|part| joined(part)).collect();
            lines.push(format!("    that is: {}", parts.join(", then ")));
        }
    }
    lines
}

fn apart_text(plan: &PlanFile, answer: &Answer, first: usize, second: usize) -> Vec<String> {
    let Some(apart) = why_apart(&plan.network, &answer.schedule, first, second) else { return Vec::new() };
    let name = |release: usize| {
        answer.schedule.releases.get(release).map_or_else(String::new, |one| joined(&one.slices))
    };
    let mut lines =
        vec![format!("  {} apart from {}: {}", name(first), name(second), sentence(&apart, answer))];
    if let Some(rule) = apart.rule {
        lines.push(format!("    {}", rule_text(rule)));
    }
    lines
}

fn sentence(apart: &Apart, answer: &Answer) -> String {
    let cost = answer.schedule.score.cost;
    match (&apart.forbidden, &apart.merged) {
        (Some(why), _) => why.clone(),
        (None, None) => "no order allows one release, because of what lies between".to_owned(),
        (None, Some(merged)) if merged.missed > answer.schedule.score.missed => {
            "together they miss a last day".to_owned()
        }
        (None, Some(merged)) => match merged.cost.checked_sub(cost) {
            Some(0) => format!("together they cost the same ({})", merged.cost),
            Some(more) => format!("together they cost {more} more ({})", merged.cost),
            // Only an order that is not proven to be the best can be improved like this.
            None => format!(
                "together they cost {} less ({}); the search did not find that",
                cost - merged.cost,
                merged.cost
            ),
        },
    }
}

fn rule_text(rule: Rule) -> String {
    let saves = rule.saves_overhead + rule.saves_waiting;
    let waiting =
        if rule.saves_waiting > 0 { format!(" + {} of waiting", rule.saves_waiting) } else { String::new() };
    format!(
        "rule of thumb: one release would delay the first by {} and save {saves} ({} of overhead{waiting})",
        rule.delays, rule.saves_overhead
    )
}

fn merged_json(plan: &PlanFile, answer: &Answer, release: usize) -> Value {
    let slices = answer.schedule.releases.get(release).map(|one| &one.slices);
    json!({ "release": release + 1, "slices": slices, "merged": why_merged(&plan.network, &answer.schedule, release), "cost": answer.schedule.score.cost })
}

fn apart_json(plan: &PlanFile, answer: &Answer, first: usize, second: usize) -> Value {
    json!({
        "releases": [first + 1, second + 1],
        "apart": why_apart(&plan.network, &answer.schedule, first, second),
        "cost": answer.schedule.score.cost,
    })
}
