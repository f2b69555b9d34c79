//! `plan show`: what slicing gains per slice, and the map of lenses and releases.

use std::collections::BTreeMap;
use std::process::ExitCode;

use sapwood_file::plan::PlanFile;
use sapwood_planner::{Answer, SliceId, baseline};
use serde_json::{Value, json};

use super::args::FileArgs;
use super::load::{print, solved, sound_plan};
use super::order::{dated, promise, rules};
use crate::failure::Failure;

pub(super) fn run(args: &FileArgs) -> Result<ExitCode, Failure> {
    let (plan, _) = match sound_plan(&args.file, args.json)? {
        Ok(both) => both,
        Err(code) => return Ok(code),
    };
    let answer = solved(&plan.network, &args.effort);
    let big_bang = baseline(&plan.network).big_bang_day;
    let days = days(&plan, &answer);
    if args.json {
        let slices = days.iter().map(|(day, id)| {
            json!({ "slice": id, "live": day, "big_bang": big_bang, "days_gained": big_bang.saturating_sub(*day), "lens": plan.lenses.get(id) })
        });
        let value = json!({
            "version": super::JSON_VERSION,
            "plan": plan.key,
            "objective": answer.schedule.score.cost,
            "proven": answer.proven,
            "slices": slices.collect::<Vec<Value>>(),
        });
        print(&value.to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    let width = days.iter().map(|(_, id)| id.as_str().len()).max().unwrap_or(5).max(5);
    let mut lines = vec![
        rules(&plan),
        String::new(),
        format!("  {:<width$}  live day  big launch  days gained", "slice"),
    ];
    for (day, id) in &days {
        let gained =
            if big_bang >= *day { format!("{}", big_bang - day) } else { format!("-{}", day - big_bang) };
        let row = format!(
            "  {:<width$}  {day:>8}  {big_bang:>10}  {gained:>11}  {}",
            id.as_str(),
            dated(&plan, *day)
        );
        lines.push(row.trim_end().to_owned());
    }
    lines.push(String::new());
    if !plan.lenses.is_empty() {
        lines.extend(map(&plan, &answer));
        lines.push(String::new());
    }
    lines.push(format!("Delay cost {} ({}).", answer.schedule.score.cost, promise(&answer)));
    print(&lines.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// Every slice with its live day, the first first.
fn days(plan: &PlanFile, answer: &Answer) -> Vec<(u64, SliceId)> {
    let shipped = plan
        .plan
        .shipped
        .iter()
        .flat_map(|release| release.slices.iter().map(|id| (release.live, id.clone())));
    let releases = answer.schedule.releases.iter();
    let coming = releases.flat_map(|release| release.slices.iter().map(|id| (release.live, id.clone())));
    let mut days: Vec<(u64, SliceId)> = shipped.chain(coming).collect();
    days.sort();
    days
}

/// The map: a line per lens and release.
fn map(plan: &PlanFile, answer: &Answer) -> Vec<String> {
    let mut rows: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (number, release) in answer.schedule.releases.iter().enumerate() {
        for id in &release.slices {
            let lens = plan.lenses.get(id).map_or("unsorted", String::as_str);
            rows.entry(lens).or_default().push(format!("{id} ({})", number + 1));
        }
    }
    let mut lines = vec!["  by lens (number of the release)".to_owned()];
    lines.extend(rows.into_iter().map(|(lens, slices)| format!("  {lens}: {}", slices.join(", "))));
    lines
}
