//! `plan report`: the plan as a Markdown page to share.

use std::process::ExitCode;

use sapwood_file::plan::PlanFile;
use sapwood_planner::cuts::{Level, undo};
use sapwood_planner::{Answer, baseline};
use serde_json::json;

use super::args::FileArgs;
use super::load::{print, solved, sound_plan};
use super::order::{as_json, dated, joined, promise, rules};
use crate::failure::Failure;

pub(super) fn run(args: &FileArgs) -> Result<ExitCode, Failure> {
    let (plan, _) = match sound_plan(&args.file, args.json)? {
        Ok(both) => both,
        Err(code) => return Ok(code),
    };
    let answer = solved(&plan.network, &args.effort);
    if args.json {
        let mut value = as_json(&plan, &answer);
        if let Some(value) = value.as_object_mut() {
            value.insert("markdown".to_owned(), json!(markdown(&plan, &answer)));
        }
        print(&value.to_string())?;
    } else {
        print(&markdown(&plan, &answer))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn markdown(plan: &PlanFile, answer: &Answer) -> String {
    let baseline = baseline(&plan.network);
    let cost = answer.schedule.score.cost;
    let mut lines = vec![
        format!("# {}", plan.key),
        String::new(),
        format!("{}.", rules(plan)),
        format!(
            "Delay cost {cost} ({}); one big launch on day {} would cost {}.",
            promise(answer),
            baseline.big_bang_day,
            baseline.big_bang
        ),
        String::new(),
        "## Releases".to_owned(),
        String::new(),
        "| day | date | slices | undo |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ];
    for release in &answer.schedule.releases {
        let cuts =
            plan.cuts.iter().filter(|cut| cut.id.as_ref().is_some_and(|id| release.slices.contains(id)));
        let hardest = cuts.map(|cut| undo(cut, &plan.cuts).0).max();
        let hardest = serde_json::to_value(hardest).ok();
        let hardest = hardest.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
        lines.push(format!(
            "| {} | {} | {} | {hardest} |",
            release.live,
            dated(plan, release.live),
            joined(&release.slices)
        ));
    }
    lines.extend(announcements(plan, answer));
    lines.extend(open_answers(plan, answer));
    lines.join("\n")
}

fn announcements(plan: &PlanFile, answer: &Answer) -> Vec<String> {
    let mut lines = Vec::new();
    for release in &answer.schedule.releases {
        for cut in
            plan.cuts.iter().filter(|cut| cut.id.as_ref().is_some_and(|id| release.slices.contains(id)))
        {
            let (Some(id), Some(said)) = (&cut.id, &cut.announcement) else { continue };
            let day = said.day.unwrap_or(release.live + cut.ladder.as_ref().map_or(0, |ladder| ladder.days));
            let date = dated(plan, day);
            let when = if date.is_empty() { format!("day {day}") } else { format!("day {day}, {date}") };
            lines.push(format!("- {when}: {id}, for {}: {}", line(&said.audience), line(&said.text)));
        }
    }
    if lines.is_empty() {
        return lines;
    }
    let mut all = vec![String::new(), "## Announcements".to_owned(), String::new()];
    all.append(&mut lines);
    all
}

fn open_answers(plan: &PlanFile, answer: &Answer) -> Vec<String> {
    let verdicts = plan.check(Some(&answer.schedule));
    let open = verdicts.iter().filter(|verdict| verdict.level != Level::Pass);
    let mut lines: Vec<String> =
        open.map(|verdict| format!("- {}: {}; {}", verdict.slice, verdict.message, verdict.remedy)).collect();
    if lines.is_empty() {
        return lines;
    }
    let mut all = vec![String::new(), "## Open answers".to_owned(), String::new()];
    all.append(&mut lines);
    all
}

/// A text in one line.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<&str>>().join(" ")
}
