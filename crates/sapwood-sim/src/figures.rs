//! What many runs of a scenario come to: rates with their Monte-Carlo errors, delays, people exposed, and whether
//! the bars hold.

use serde::Serialize;

use crate::cases::{Bar, Scenario};
use crate::oracle::{End, Fate};

/// What the runs of one lane came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// The scenario.
    pub scenario: String,
    /// The flag.
    pub flag: String,
    /// Runs.
    pub runs: u32,
    /// Runs that rolled it back on its own evidence.
    pub rollbacks: u32,
    /// Part of the runs that did.
    pub rolled_back: f64,
    /// Standard error of that.
    pub rolled_back_se: f64,
    /// Part of the runs that rolled it back because what it needs was.
    pub with_base: f64,
    /// Part of the runs that completed it.
    pub completed: f64,
    /// Minutes from start to rollback, over the runs that rolled it back; the middle, and nine of ten.
    pub minutes_to_rollback: Option<[f64; 2]>,
    /// Minutes from start to completion.
    pub minutes_to_completion: Option<[f64; 2]>,
    /// Subjects who had the candidate before the end, over all runs.
    pub exposed: [f64; 2],
    /// Part of the runs that held at least once for weak evidence.
    pub held: f64,
    /// Part of the runs that held at least once for any other reason.
    pub held_otherwise: f64,
    /// Whether the bar holds; absent where there is none.
    pub bar: Option<bool>,
}

/// The figures of each lane of a scenario.
pub fn figures(scenario: &Scenario, runs: &[Vec<Fate>]) -> Vec<Figures> {
    let lanes = scenario.case.lanes.iter().zip(&scenario.bars).enumerate();
    lanes
        .map(|(lane, (walk, bar))| {
            let fates: Vec<&Fate> = runs.iter().filter_map(|run| run.get(lane)).collect();
            of_lane(scenario.name, walk.flag, &fates, *bar)
        })
        .collect()
}

fn of_lane(scenario: &str, flag: &str, fates: &[&Fate], bar: Bar) -> Figures {
    let runs = u32::try_from(fates.len()).unwrap_or(u32::MAX);
    let count = |wanted: &dyn Fn(&Fate) -> bool| {
        u32::try_from(fates.iter().filter(|fate| wanted(fate)).count()).unwrap_or(u32::MAX)
    };
    let part = |n: u32| f64::from(n) / f64::from(runs.max(1));
    let taken_back = count(&|fate| fate.end == End::RolledBack);
    let rate = part(taken_back);
    let minutes =
        |end: End| middle(fates.iter().filter(|fate| fate.end == end).map(|fate| fate.minutes).collect());
    Figures {
        scenario: scenario.to_owned(),
        flag: flag.to_owned(),
        runs,
        rollbacks: taken_back,
        rolled_back: rate,
        rolled_back_se: (rate * (1.0 - rate) / f64::from(runs.max(1))).sqrt(),
        with_base: part(count(&|fate| fate.end == End::WithBase)),
        completed: part(count(&|fate| fate.end == End::Completed)),
        minutes_to_rollback: minutes(End::RolledBack),
        minutes_to_completion: minutes(End::Completed),
        exposed: middle(fates.iter().map(|fate| f64::from(fate.exposed)).collect()).unwrap_or_default(),
        held: part(count(&|fate| fate.holds > 0)),
        held_otherwise: part(count(&|fate| fate.other_holds > 0)),
        bar: holds(bar, taken_back, runs),
    }
}

/// Median and ninth decile, by nearest rank; `None` of nothing.
fn middle(mut values: Vec<f64>) -> Option<[f64; 2]> {
    values.sort_by(f64::total_cmp);
    let at = |tenths: usize| {
        let rank = values.len().saturating_mul(tenths).div_ceil(10).saturating_sub(1);
        values.get(rank).copied()
    };
    Some([at(5)?, at(9)?])
}

/// Chance, if the bar is just met, of a result at least as bad as one that is called a failure.
const MISJUDGED: f64 = 1e-4;

/// Whether a bar holds as far as so many runs can tell; a rate worse than it by chance alone is no failure.
fn holds(bar: Bar, taken_back: u32, runs: u32) -> Option<bool> {
    match bar {
        Bar::AtMost(rate) => Some(tail(runs, taken_back, rate) > MISJUDGED),
        Bar::AtLeast(rate) => Some(tail(runs, runs.saturating_sub(taken_back), 1.0 - rate) > MISJUDGED),
        Bar::Shown => None,
    }
}

/// Whether harmless slices of several scenarios together are kept as often as they must be. A few runs of each say
/// little of any one of them, and enough of all.
pub fn kept_together<'a>(rate: f64, harmless: impl Iterator<Item = &'a Figures>) -> bool {
    let (rollbacks, runs) = harmless.fold((0_u32, 0_u32), |(rollbacks, runs), figures| {
        (rollbacks.saturating_add(figures.rollbacks), runs.saturating_add(figures.runs))
    });
    tail(runs, rollbacks, rate) > MISJUDGED
}

/// Chance of at least `found` of `runs` when each has the chance `rate`.
fn tail(runs: u32, found: u32, rate: f64) -> f64 {
    let mut term = f64::from(runs) * (1.0 - rate).ln();
    let mut below = 0.0;
    for k in 0..found {
        below += term.exp();
        let next = f64::from(k) + 1.0;
        term += ((f64::from(runs) - f64::from(k)) / next * rate / (1.0 - rate)).ln();
    }
    1.0 - below
}

impl Figures {
    /// The head of the table, in Markdown.
    pub const HEAD: &str = "\
| scenario | slice | runs | rolled back | minutes, median / p90 | exposed, median / p90 | completed | minutes | held: evidence / other | bar |
|---|---|---|---|---|---|---|---|---|---|";

    /// The figures as a line of that table.
    pub fn line(&self) -> String {
        let percent = |part: f64| format!("{:.1} %", 100.0 * part);
        let minutes = |pair: Option<[f64; 2]>| {
            pair.map_or_else(|| "–".to_owned(), |[median, most]| format!("{median:.1} / {most:.1}"))
        };
        let [exposed, exposed_most] = self.exposed;
        let with_base = if self.with_base > 0.0 {
            format!(" (+ {} with its base)", percent(self.with_base))
        } else {
            String::new()
        };
        format!(
            "| {} | {} | {} | {} ± {:.1}{with_base} | {} | {exposed:.0} / {exposed_most:.0} | {} | {} | {} / {} | {} |",
            self.scenario,
            self.flag,
            self.runs,
            percent(self.rolled_back),
            100.0 * self.rolled_back_se,
            minutes(self.minutes_to_rollback),
            percent(self.completed),
            minutes(self.minutes_to_completion),
            percent(self.held),
            percent(self.held_otherwise),
            match self.bar {
                Some(true) => "holds",
                Some(false) => "BROKEN",
                None => "",
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_the_binomial() {
        assert!((tail(10, 0, 0.01) - 1.0).abs() < 1e-12);
        assert!((tail(10, 1, 0.01) - (1.0 - 0.99_f64.powi(10))).abs() < 1e-12);
        assert!((tail(3, 3, 0.5) - 0.125).abs() < 1e-12);
    }

    #[test]
    fn a_bar_breaks_beyond_chance_and_not_before() {
        assert_eq!(holds(Bar::AtMost(0.01), 2, 12), Some(true));
        assert_eq!(holds(Bar::AtMost(0.01), 4, 12), Some(false));
        assert_eq!(holds(Bar::AtLeast(0.9), 8, 12), Some(true));
        assert_eq!(holds(Bar::AtLeast(0.9), 4, 12), Some(false));
        assert_eq!(holds(Bar::Shown, 1, 1), None);
    }

    #[test]
    fn the_middle_is_by_nearest_rank() {
        assert_eq!(middle(vec![]), None);
        assert_eq!(middle(vec![3.0]), Some([3.0, 3.0]));
        assert_eq!(middle((1..=10).map(f64::from).collect()), Some([5.0, 9.0]));
    }
}
