//! Runs steps with a heading and a duration each, and ends with a summary nobody can misread.

use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::places::Places;
use crate::steps::{Report, STEPS, Step};

/// How one step ended.
#[derive(Debug)]
enum Ending {
    Passed,
    Failed(Failure),
    /// Not run, because the named step before it failed.
    Skipped(&'static str),
}

#[derive(Debug)]
struct Finished {
    name: &'static str,
    ending: Ending,
    took: Duration,
    tests: u64,
    note: Option<String>,
}

impl Finished {
    fn passed(&self) -> bool {
        matches!(self.ending, Ending::Passed)
    }
}

/// Runs every step, even after a failure: one run should say everything that is wrong.
pub(crate) fn run_all(places: &Places) -> Result<(), Failure> {
    let started = Instant::now();
    let mut finished: Vec<Finished> = Vec::with_capacity(STEPS.len());
    for step in STEPS {
        let blocker =
            step.needs.filter(|need| finished.iter().any(|done| done.name == *need && !done.passed()));
        let ended = match blocker {
            Some(need) => skip(step, need),
            None => run_timed(step, places),
        };
        finished.push(ended);
    }
    print!("{}", summary(&finished, started.elapsed()));
    let failures = finished.iter().filter(|done| !done.passed()).count();
    if failures == 0 { Ok(()) } else { Err(Failure::Found(format!("{failures} steps did not pass"))) }
}

/// Runs one step by itself.
pub(crate) fn run_one(step: &Step, places: &Places) -> Result<(), Failure> {
    let done = run_timed(step, places);
    println!("{}", summary_line(&done));
    if done.passed() { Ok(()) } else { Err(Failure::Found(format!("{} did not pass", step.name))) }
}

fn skip(step: &Step, need: &'static str) -> Finished {
    println!("\n=== {}: skipped, because {need} failed", step.name);
    let took = Duration::ZERO;
    Finished { name: step.name, ending: Ending::Skipped(need), took, tests: 0, note: None }
}

fn run_timed(step: &Step, places: &Places) -> Finished {
    println!("\n=== {}: {}", step.name, step.about);
    let started = Instant::now();
    let mut report = Report::default();
    let result = (step.run)(places, &mut report);
    let took = started.elapsed();
    let ending = match result {
        Ok(()) => Ending::Passed,
        Err(failure) => {
            println!("{failure}");
            Ending::Failed(failure)
        }
    };
    println!("=== {}: {} in {}", step.name, word(&ending), seconds(took));
    Finished { name: step.name, ending, took, tests: report.tests, note: report.note }
}

fn word(ending: &Ending) -> &'static str {
    match ending {
        Ending::Passed => "passed",
        Ending::Failed(_) => "FAILED",
        Ending::Skipped(_) => "skipped",
    }
}

fn summary(finished: &[Finished], took: Duration) -> String {
    let mut lines = vec!["\n=== summary".to_owned()];
    lines.extend(finished.iter().map(summary_line));
    let tests: u64 = finished.iter().map(|done| done.tests).sum();
    let red: Vec<&str> = finished.iter().filter(|done| !done.passed()).map(|done| done.name).collect();
    let verdict = if red.is_empty() {
        format!("all {} steps passed", finished.len())
    } else {
        format!("FAILED in {}", red.join(", "))
    };
    lines.push(format!("ci: {verdict}; {tests} tests ran in {}\n", seconds(took)));
    lines.join("\n")
}

fn summary_line(done: &Finished) -> String {
    let detail = match &done.ending {
        Ending::Passed if done.tests > 0 => format!("{} tests", done.tests),
        Ending::Passed => String::new(),
        // Findings can be many lines, and they are printed above.
        Ending::Failed(failure) => failure.to_string().lines().next().unwrap_or_default().to_owned(),
        Ending::Skipped(need) => format!("needs {need}"),
    };
    let parts = [detail.as_str(), done.note.as_deref().unwrap_or_default()];
    let said = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
    let line = format!("{:<8} {:<8} {:>9}  {said}", done.name, word(&done.ending), seconds(done.took));
    line.trim_end().to_owned()
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(name: &'static str, ending: Ending, tests: u64) -> Finished {
        Finished { name, ending, took: Duration::from_millis(1500), tests, note: None }
    }

    fn last_line(text: &str) -> &str {
        text.lines().last().unwrap_or_default()
    }

    #[test]
    fn a_green_run_ends_with_the_number_of_tests() {
        let steps = [finished("fmt", Ending::Passed, 0), finished("test", Ending::Passed, 41)];
        let text = summary(&steps, Duration::from_secs(9));
        assert_eq!(last_line(&text), "ci: all 2 steps passed; 41 tests ran in 9.0 s");
    }

    #[test]
    fn a_red_run_names_what_failed_and_what_it_held_up() {
        let steps = [
            finished("fmt", Ending::Passed, 0),
            finished("build", Ending::Failed(Failure::usage("no")), 0),
            finished("sdk", Ending::Skipped("build"), 0),
        ];
        let text = summary(&steps, Duration::from_secs(9));
        assert_eq!(last_line(&text), "ci: FAILED in build, sdk; 0 tests ran in 9.0 s");
        assert!(text.contains("needs build"), "{text}");
    }
}
