//! `plan check`: is every cut good, and what is missing?

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::process::ExitCode;

use sapwood_file::plan::PlanFile;
use sapwood_file::{Finding, Source};
use sapwood_planner::cuts::{Check, Level, Verdict, announce, undo};
use sapwood_planner::{Effort, Schedule, SliceId, solve};
use serde_json::{Value, json};

use super::args::CheckArgs;
use super::load::{coloured, counted, plan, print};
use super::order::listed;
use crate::exit;
use crate::failure::Failure;

/// A plan that could be read, with all that was found out about it.
struct Checked {
    plan: PlanFile,
    source: Source,
    schedule: Schedule,
    verdicts: Vec<Verdict>,
}

pub(super) fn run(args: &CheckArgs) -> Result<ExitCode, Failure> {
    let mut checked = Vec::new();
    let mut refused = None;
    for path in &args.files {
        match plan(path, args.json)? {
            Ok((plan, source)) => {
                let answer = solve(&plan.network, Effort::default(), &mut || true);
                let verdicts = plan.check(Some(&answer.schedule));
                checked.push(Checked { plan, source, schedule: answer.schedule, verdicts });
            }
            Err(code) => refused = Some(code),
        }
    }
    let crowded = crowded(&checked);
    if args.json {
        for one in &checked {
            print(&as_json(one, &crowded).to_string())?;
        }
    } else {
        for one in &checked {
            print(&as_text(one, args.all))?;
        }
        for sentence in &crowded {
            print(&format!("warning: {sentence}"))?;
        }
    }
    let worst = checked.iter().flat_map(|one| &one.verdicts).map(|verdict| verdict.level).max();
    let fails =
        worst == Some(Level::Fail) || args.strict && (worst == Some(Level::Warn) || !crowded.is_empty());
    Ok(refused.unwrap_or(if fails { exit::REFUSED.into() } else { ExitCode::SUCCESS }))
}

fn as_text(checked: &Checked, all: bool) -> String {
    let Checked { plan, source, verdicts, .. } = checked;
    let colour = coloured(std::io::stdout().is_terminal());
    let mut out = String::new();
    for verdict in verdicts.iter().filter(|verdict| verdict.level == Level::Fail) {
        out.push_str(&plan.finding(verdict).render(source, colour));
        out.push('\n');
    }
    for (verdict, slices) in grouped(verdicts) {
        let finding =
            Finding { message: format!("{}: {}", listed(&slices), verdict.message), ..plan.finding(verdict) };
        if let [_] = slices.as_slice() {
            out.push_str(&finding.render(source, colour));
        } else {
            let word = if colour { "\x1b[1;33mwarning\x1b[0m" } else { "warning" };
            let _ = write!(
                out,
                "{word}: {} slices: {}\n    {}\n  = {}\n",
                slices.len(),
                verdict.message,
                listed(&slices),
                verdict.remedy
            );
        }
        out.push('\n');
    }
    out.push_str(&scores(plan));
    if all {
        out.push('\n');
        for verdict in verdicts.iter().filter(|verdict| verdict.level == Level::Pass) {
            let _ = writeln!(
                out,
                "  pass  {:<24} {:<13} {}",
                verdict.slice.as_str(),
                word(verdict.check),
                verdict.message
            );
        }
    }
    let count = |level: Level| verdicts.iter().filter(|verdict| verdict.level == level).count();
    let _ = write!(
        out,
        "\n{}: {}, {}",
        source.name,
        counted(count(Level::Fail), "error"),
        counted(count(Level::Warn), "warning"),
    );
    out
}

/// Warnings that say the same about several slices, as one.
fn grouped(verdicts: &[Verdict]) -> Vec<(&Verdict, Vec<SliceId>)> {
    let mut groups: Vec<(&Verdict, Vec<SliceId>)> = Vec::new();
    for verdict in verdicts.iter().filter(|verdict| verdict.level == Level::Warn) {
        let same = groups
            .iter_mut()
            .find(|(first, _)| first.check == verdict.check && first.message == verdict.message);
        match same {
            Some((_, slices)) => slices.push(verdict.slice.clone()),
            None => groups.push((verdict, vec![verdict.slice.clone()])),
        }
    }
    groups
}

/// How each slice is undone and announced, by rule.
fn scores(plan: &PlanFile) -> String {
    let width =
        plan.cuts.iter().filter_map(|cut| cut.id.as_ref()).map(|id| id.as_str().len()).max().unwrap_or(0);
    let mut out = format!("  {:<width$}  undo  announce\n", "slice");
    for cut in &plan.cuts {
        let Some(id) = &cut.id else { continue };
        let (score, why) = undo(cut, &plan.cuts);
        let (score, told) = (spelt(&json!(score)), spelt(&json!(announce(cut))));
        let _ = writeln!(out, "  {:<width$}  {score:<4}  {told:<10}  undo: {why}", id.as_str());
    }
    out
}

fn spelt(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace('_', " ")
}

fn word(check: Check) -> String {
    spelt(&json!(check))
}

/// Releases of several plans of one project that hit one surface within the settle window.
fn crowded(checked: &[Checked]) -> Vec<String> {
    let mut found = Vec::new();
    for (place, one) in checked.iter().enumerate() {
        for other in checked.iter().skip(place + 1).filter(|other| other.plan.project == one.plan.project) {
            let (Some(left), Some(right)) = (&one.plan.calendar, &other.plan.calendar) else { continue };
            let settle = one.plan.plan.settle.max(other.plan.plan.settle);
            for (surface, slice, day) in meetings(one) {
                for (same, second, then) in meetings(other) {
                    let date = right.date(then);
                    let Some(there) = left.day(date).filter(|_| same == surface) else { continue };
                    if day.abs_diff(there) < settle {
                        found.push(format!(
                            "{slice} of {} and {second} of {} change `{surface}` within {settle}d, on {} and {date}; move one, or ship them together",
                            one.plan.key,
                            other.plan.key,
                            left.date(day),
                        ));
                    }
                }
            }
        }
    }
    found
}

/// Each surface a plan changes, with the slice and the day.
fn meetings(checked: &Checked) -> Vec<(String, SliceId, u64)> {
    let releases = &checked.schedule.releases;
    let days: BTreeMap<&SliceId, u64> =
        releases.iter().flat_map(|release| release.slices.iter().map(|id| (id, release.live))).collect();
    let slices = checked.plan.plan.slices.iter();
    let met = slices.filter_map(|slice| Some((slice, *days.get(&slice.id)?)));
    met.flat_map(|(slice, day)| {
        slice.surfaces.iter().map(move |surface| (surface.0.clone(), slice.id.clone(), day))
    })
    .collect()
}

fn as_json(checked: &Checked, crowded: &[String]) -> Value {
    let Checked { plan, source, verdicts, .. } = checked;
    let findings = verdicts.iter().filter(|verdict| verdict.level != Level::Pass);
    let findings: Vec<Value> = findings.map(|verdict| plan.finding(verdict).json(source)).collect();
    let scores = plan.cuts.iter().filter_map(|cut| {
        let (score, why) = undo(cut, &plan.cuts);
        Some(json!({ "slice": cut.id.as_ref()?, "undo": score, "undo_because": why, "announce": announce(cut) }))
    });
    json!({
        "version": super::JSON_VERSION,
        "plan": plan.key,
        "project": plan.project,
        "verdicts": verdicts,
        "findings": findings,
        "scores": scores.collect::<Vec<Value>>(),
        "crowded": crowded,
    })
}
