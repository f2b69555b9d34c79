//! An order of releases, as people and programs read it.

use sapwood_file::plan::PlanFile;
use sapwood_planner::explain::{Merged, Tie, why_merged};
use sapwood_planner::{Answer, Release, SliceId, Wait, baseline};
use serde_json::{Value, json};

/// What is proven about an answer, in words: never more than is.
pub(super) fn promise(answer: &Answer) -> String {
    match answer.gap_permille() {
        Some(0) => "optimal".to_owned(),
        Some(permille) => format!("within {}.{}% of the best possible", permille / 10, permille % 10),
        None => "how good that is could not be proven".to_owned(),
    }
}

/// `a + b`.
pub(super) fn joined(slices: &[SliceId]) -> String {
    slices.iter().map(SliceId::as_str).collect::<Vec<&str>>().join(" + ")
}

/// `a, b and c`.
pub(super) fn listed<'a>(slices: impl IntoIterator<Item = &'a SliceId>) -> String {
    sapwood_planner::contradiction::list(slices)
}

/// The date of a day, if the plan knows when it starts: `Mon 25 Jan 2027`.
pub(super) fn dated(plan: &PlanFile, day: u64) -> String {
    let date = plan.calendar.as_ref().map(|calendar| calendar.date(day));
    date.map_or_else(String::new, |date| date.strftime("%a %-d %b %Y").to_string())
}

/// The rules of a plan in one line.
pub(super) fn rules(plan: &PlanFile) -> String {
    let rules = &plan.plan;
    let slices = super::load::counted(rules.slices.len(), "slice");
    let teams = super::load::counted(usize::try_from(rules.teams).unwrap_or(0), "team");
    format!("{} · {slices} · {teams} · overhead {}d · settle {}d", plan.key, rules.overhead, rules.settle)
}

/// Mean day on which value goes live, weighted by it, in tenths; `None` without value.
pub(super) fn mean_live_tenths(plan: &PlanFile, cost: u64) -> Option<u64> {
    let has_dates = plan.plan.slices.iter().any(|slice| slice.due > 0);
    let value = plan.network.value_total();
    // Rounded to the nearest tenth.
    let tenths = (u128::from(cost) * 10 + u128::from(value) / 2).checked_div(u128::from(value))?;
    if has_dates { None } else { u64::try_from(tenths).ok() }
}

/// `346` as `34.6`.
pub(super) fn tenths(number: u64) -> String {
    format!("{}.{}", number / 10, number % 10)
}

/// The releases as a table, each with its reasons below.
pub(super) fn table(plan: &PlanFile, answer: &Answer) -> String {
    let releases = &answer.schedule.releases;
    let dates: Vec<String> = releases.iter().map(|release| dated(plan, release.live)).collect();
    let width = dates.iter().map(|date| date.chars().count()).max().unwrap_or(0);
    let several = plan.plan.teams > 1;
    let mut lines = Vec::new();
    for (number, (release, date)) in releases.iter().zip(&dates).enumerate() {
        let team = if several { format!("team {:<3} ", release.team + 1) } else { String::new() };
        let gap = if width > 0 { "  " } else { "" };
        lines.push(format!(
            "  day {:>4}{gap}{date:<width$}  {team}{}",
            release.live,
            joined(&release.slices)
        ));
        let indent = 12 + width + gap.len() + team.len();
        for reason in reasons(plan, answer, number, release) {
            lines.push(format!("{:indent$}{reason}", ""));
        }
    }
    lines.join("\n")
}

/// Why a release is one, and why it is not earlier.
fn reasons(plan: &PlanFile, answer: &Answer, number: usize, release: &Release) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(merged) = why_merged(&plan.network, &answer.schedule, number) {
        reasons.extend(merged.forced.iter().map(tie));
        reasons.extend(separate(&merged, answer));
    }
    if release.live > release.built {
        let waits: Vec<String> = release.waits.iter().map(wait).collect();
        reasons.push(format!("built on day {}, then waits for {}", release.built, waits.join(" and ")));
    }
    for (slice, days) in answer.schedule.late.iter().filter(|(slice, _)| release.slices.contains(slice)) {
        reasons.push(format!("{slice} is {days} days past its `not_after`"));
    }
    reasons
}

/// Why slices cannot part.
pub(super) fn tie(tie: &Tie) -> String {
    match tie {
        Tie::Together { slices } => format!("{} ship together, as the plan says", listed(slices)),
        Tie::Cycle { slices } => format!("{} require each other, so they ship together", listed(slices)),
    }
}

/// The number that speaks for a merge, if it could be undone.
pub(super) fn separate(merged: &Merged, answer: &Answer) -> Option<String> {
    let apart = merged.apart.as_ref()?;
    let score = answer.schedule.score;
    if apart.missed > score.missed {
        let days = apart.missed - score.missed;
        return Some(format!("merged: separate misses a last day by {days} more"));
    }
    let more = apart.cost.saturating_sub(score.cost);
    Some(format!("merged: separate costs {more} more ({})", apart.cost))
}

/// What a release waits for.
pub(super) fn wait(wait: &Wait) -> String {
    match wait {
        Wait::Need { slice, by } => format!("{slice}, which {by} requires"),
        Wait::Settle { surface } => format!("`{surface}` to settle"),
    }
}

/// An answer for programs.
pub(super) fn as_json(plan: &PlanFile, answer: &Answer) -> Value {
    let baseline = baseline(&plan.network);
    let releases = answer.schedule.releases.iter().enumerate().map(|(number, release)| {
        let merged = why_merged(&plan.network, &answer.schedule, number);
        let date = plan.calendar.as_ref().map(|calendar| calendar.date(release.live).to_string());
        json!({
            "slices": release.slices,
            "team": release.team + 1,
            "start": release.start,
            "built": release.built,
            "live": release.live,
            "date": date,
            "waits": release.waits,
            "forced": merged.as_ref().map(|merged| &merged.forced),
            "separate_costs": merged.as_ref().and_then(|merged| merged.apart.as_ref()).map(|apart| apart.cost),
        })
    });
    json!({
        "version": super::JSON_VERSION,
        "plan": plan.key,
        "project": plan.project,
        "objective": answer.schedule.score.cost,
        "proven": answer.proven,
        "bound": answer.bound,
        "gap_permille": answer.gap_permille(),
        "interrupted": answer.interrupted,
        "missed_days": answer.schedule.score.missed,
        "last_day": answer.schedule.score.last,
        "mean_live_day_tenths": mean_live_tenths(plan, answer.schedule.score.cost),
        "big_bang": baseline.big_bang,
        "big_bang_day": baseline.big_bang_day,
        "greedy": baseline.greedy,
        "releases": releases.collect::<Vec<Value>>(),
    })
}
