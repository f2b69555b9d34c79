//! A row of the study: how often it fired, when, and how many people had the slice by then.

use crate::traffic::{Tick, Traffic};

pub(crate) const HEAD: &str = "\
| scenario | traffic | test | fired | study | time | study | people, median | study |
|---|---|---|--:|--:|--:|--:|--:|--:|";

/// What the study printed; `None` where it did not.
#[derive(Clone, Copy)]
pub(crate) struct Study {
    pub(crate) fired: Option<f64>,
    pub(crate) time: Option<f64>,
    pub(crate) people: Option<f64>,
}

/// A row of which the study gave everything.
pub(crate) const fn study(fired: f64, time: f64, people: f64) -> Study {
    Study { fired: Some(fired), time: Some(time), people: Some(people) }
}

/// A row of which the study gave how often only.
pub(crate) const fn only(fired: f64) -> Study {
    Study { fired: Some(fired), time: None, people: None }
}

/// One run: at which tick it fired, if it did, and how many people had the slice by then (all, if it did not).
#[derive(Clone, Copy)]
pub(crate) struct Run {
    fired: Option<usize>,
    people: u64,
}

impl Run {
    pub(crate) fn new(ticks: &[Tick], fired: Option<usize>) -> Self {
        let until = fired.map_or(ticks.len(), |tick| tick + 1);
        Self { fired, people: ticks.iter().take(until).map(|tick| tick.treated_people).sum() }
    }
}

/// Prints a row.
pub(crate) fn print(scenario: &str, traffic: Traffic, test: &str, runs: &[Run], study: Study) {
    let all = float(runs.len());
    let part = float(runs.iter().filter(|run| run.fired.is_some()).count()) / all;
    let error = (part * (1.0 - part) / all).sqrt();
    let times =
        sorted(runs.iter().filter_map(|run| run.fired).map(|tick| (float(tick) + 1.0) * traffic.tick));
    let people = sorted(runs.iter().map(|run| f64::from(u32::try_from(run.people).unwrap_or(u32::MAX))));
    let unit = traffic.unit;
    println!(
        "| {scenario} | {} | {test} | {:.1} % ± {:.1} | {} | {} | {} | {} | {} |",
        traffic.name,
        100.0 * part,
        100.0 * error,
        study.fired.map_or_else(String::new, |fired| format!("{fired} %")),
        median(&times).map_or_else(|| "–".to_owned(), |time| format!("{time:.0} {unit}")),
        study.time.map_or_else(String::new, |time| format!("{time} {unit}")),
        median(&people).map_or_else(String::new, |people| format!("{people:.0}")),
        study.people.map_or_else(String::new, |people| format!("{people}")),
    );
}

fn sorted(numbers: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers
}

fn median(sorted: &[f64]) -> Option<f64> {
    sorted.get(sorted.len() / 2).copied()
}

fn float(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
