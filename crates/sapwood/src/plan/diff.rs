//! `plan diff`: what a change of the plan does to the order, before anybody agrees to it.

use std::collections::BTreeMap;
use std::process::ExitCode;

use sapwood_file::plan::PlanFile;
use sapwood_planner::{Answer, SliceId};
use serde_json::{Value, json};

use super::args::DiffArgs;
use super::load::{print, solved, sound_plan};
use super::order::{joined, promise};
use crate::failure::Failure;

pub(super) fn run(args: &DiffArgs) -> Result<ExitCode, Failure> {
    let (old, _) = match sound_plan(&args.old, args.json)? {
        Ok(both) => both,
        Err(code) => return Ok(code),
    };
    let (new, _) = match sound_plan(&args.new, args.json)? {
        Ok(both) => both,
        Err(code) => return Ok(code),
    };
    let (before, after) = (solved(&old.network, &args.effort), solved(&new.network, &args.effort));
    if args.json {
        print(&difference_json(&old, &before, &new, &after).to_string())?;
    } else {
        print(&difference(&old, &before, &new, &after))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Day on which each slice goes live, and with whom.
fn days(plan: &PlanFile, answer: &Answer) -> BTreeMap<SliceId, (u64, Vec<SliceId>)> {
    let releases = answer.schedule.releases.iter();
    let coming = releases.flat_map(|release| {
        release.slices.iter().map(|id| (id.clone(), (release.live, release.slices.clone())))
    });
    let shipped = plan.plan.shipped.iter();
    let live = shipped.flat_map(|release| {
        release.slices.iter().map(|id| (id.clone(), (release.live, release.slices.clone())))
    });
    coming.chain(live).collect()
}

/// What is different, for people.
pub(super) fn difference(old: &PlanFile, before: &Answer, new: &PlanFile, after: &Answer) -> String {
    let (was, is) = (days(old, before), days(new, after));
    let mut lines = Vec::new();
    for (id, (day, with)) in &is {
        match was.get(id) {
            None => lines.push(format!("  + {id}  day {day}")),
            Some((then, _)) if then < day => {
                lines.push(format!("  > {id}  day {then} → {day}, {}d later", day - then));
            }
            Some((then, _)) if then > day => {
                lines.push(format!("  < {id}  day {then} → {day}, {}d earlier", then - day));
            }
            Some((_, company)) if company != with => {
                lines.push(format!("  = {id}  day {day}, now in {}", joined(with)));
            }
            Some(_) => {}
        }
    }
    let gone = was.iter().filter(|(id, _)| !is.contains_key(*id));
    lines.extend(gone.map(|(id, (day, _))| format!("  - {id}  was day {day}")));
    if lines.is_empty() {
        lines.push("  The order is the same.".to_owned());
    }
    let (old_cost, new_cost) = (before.schedule.score.cost, after.schedule.score.cost);
    let change = match new_cost.checked_sub(old_cost) {
        Some(0) => "no change".to_owned(),
        Some(more) => format!("{more} more"),
        None => format!("{} less", old_cost - new_cost),
    };
    lines.push(format!(
        "Delay cost {old_cost} ({}) → {new_cost} ({}): {change}; releases {} → {}.",
        promise(before),
        promise(after),
        before.schedule.releases.len(),
        after.schedule.releases.len(),
    ));
    lines.join("\n")
}

/// What is different, for programs.
pub(super) fn difference_json(old: &PlanFile, before: &Answer, new: &PlanFile, after: &Answer) -> Value {
    let (was, is) = (days(old, before), days(new, after));
    let names: std::collections::BTreeSet<&SliceId> = was.keys().chain(is.keys()).collect();
    let slices = names.into_iter().filter(|id| was.get(*id) != is.get(*id)).map(|id| {
        let side = |days: &BTreeMap<SliceId, (u64, Vec<SliceId>)>| {
            days.get(id).map(|(day, with)| json!({ "live": day, "release": with }))
        };
        json!({ "slice": id, "before": side(&was), "after": side(&is) })
    });
    json!({
        "version": super::JSON_VERSION,
        "before": { "plan": old.key, "objective": before.schedule.score.cost, "proven": before.proven, "releases": before.schedule.releases.len() },
        "after": { "plan": new.key, "objective": after.schedule.score.cost, "proven": after.proven, "releases": after.schedule.releases.len() },
        "slices": slices.collect::<Vec<Value>>(),
    })
}
