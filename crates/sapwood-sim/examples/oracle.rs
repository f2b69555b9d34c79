//! Runs simulated worlds and says what became of their rollouts: `cargo xtask sim --runs 100`, or the small seeded
//! share that every change is tested with: `--ci`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example talks to the person who started it"
)]

use std::process::ExitCode;

use sapwood_sim::agreement::agree;
use sapwood_sim::cases::{self, Bar, Scenario};
use sapwood_sim::figures::{Figures, kept_together};
use sapwood_sim::sweep::sweep;

const USAGE: &str = "usage: oracle (--ci | --runs N) [--seed S] [--scenario NAME] [--threads N] [--json]";
const SEED: u64 = 7;

struct Options {
    /// How many runs; `None` for the small share.
    runs: Option<u32>,
    seed: u64,
    scenario: Option<String>,
    threads: usize,
    json: bool,
}

fn main() -> ExitCode {
    let options = match read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("{problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("oracle: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn read(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut options = Options { runs: None, seed: SEED, scenario: None, threads, json: false };
    let mut ci = false;
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("`{argument}` needs a value"));
        match argument.as_str() {
            "--ci" => ci = true,
            "--json" => options.json = true,
            "--runs" => options.runs = Some(number(&value()?)?),
            "--seed" => options.seed = number(&value()?)?,
            "--threads" => options.threads = number(&value()?)?,
            "--scenario" => options.scenario = Some(value()?),
            _ => return Err(format!("`{argument}` is not an option")),
        }
    }
    if ci == options.runs.is_some() {
        return Err("say either --ci or --runs".to_owned());
    }
    Ok(options)
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number"))
}

fn run(options: &Options) -> Result<bool, Box<dyn std::error::Error>> {
    let wanted = |scenario: &Scenario| options.scenario.as_ref().is_none_or(|name| name == scenario.name);
    let scenarios: Vec<Scenario> = cases::all().into_iter().filter(wanted).collect();
    if scenarios.is_empty() {
        let names: Vec<&str> = cases::all().iter().map(|scenario| scenario.name).collect();
        return Err(format!("no such scenario; there are {}", names.join(", ")).into());
    }
    if options.runs.is_some() && !options.json {
        println!("{}", Figures::HEAD);
    }
    if options.runs.is_none() && options.scenario.is_none() {
        for world in (options.seed..).take(3) {
            println!("oracle: {} checks in world {world} of both drivers", agree(&cases::small(), world)?);
        }
    }
    let (mut all, mut harmless) = (Vec::new(), Vec::new());
    for scenario in &scenarios {
        let runs = options.runs.unwrap_or(scenario.runs_small);
        let tenth = (runs / 10).max(1);
        if options.runs.is_some() {
            eprintln!("{}: {}", scenario.name, scenario.about);
        }
        let progress = |done: u32| {
            if options.runs.is_some() && (done.is_multiple_of(tenth) || done == runs) {
                eprintln!("{}: {done} of {runs} runs", scenario.name);
            }
        };
        let figures = sweep(scenario, runs, options.seed, options.threads, &progress)?;
        show(options, scenario, runs, &figures);
        let bars = figures.iter().zip(&scenario.bars);
        harmless.extend(
            bars.filter(|(_, bar)| matches!(bar, Bar::AtMost(_))).map(|(figures, _)| figures.clone()),
        );
        all.extend(figures);
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&all)?);
    }
    let broken: Vec<&Figures> = all.iter().filter(|figures| figures.bar == Some(false)).collect();
    for figures in &broken {
        eprintln!("broken from world {} on: {}", options.seed, figures.line());
    }
    let kept = kept_together(cases::FALSE_ROLLBACKS_MAX, harmless.iter());
    if !kept {
        eprintln!(
            "broken from world {} on: harmless slices are rolled back too often, all scenarios together",
            options.seed
        );
    }
    Ok(broken.is_empty() && kept)
}

fn show(options: &Options, scenario: &Scenario, runs: u32, figures: &[Figures]) {
    if options.json {
        return;
    }
    if options.runs.is_none() {
        let checks = usize::try_from(runs).unwrap_or(usize::MAX).saturating_mul(figures.len());
        println!("oracle: {checks} checks in world {} of {}", options.seed, scenario.name);
    } else {
        for figures in figures {
            println!("{}", figures.line());
        }
    }
}
