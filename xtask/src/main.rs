//! Chores of the repository: `cargo xtask ci` runs them all, and each step also runs by itself.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to the person who started it")]

mod ci;
mod failure;
mod places;
mod server;
mod shell;
mod steps;
mod tidy;

use std::process::ExitCode;

use failure::Failure;
use places::Places;
use steps::STEPS;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<(), Failure> {
    let Some(command) = arguments.first() else {
        print_usage();
        return Err(Failure::usage("name a step, or `ci` for all of them"));
    };
    let rest: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
    let wants_help = matches!(command.as_str(), "help" | "-h" | "--help");
    if wants_help {
        print_usage();
        return Ok(());
    }
    if command == "bench" {
        return steps::bench(&Places::find()?, &rest);
    }
    if command == "crash" {
        return steps::crash(&Places::find()?, &rest);
    }
    // `sim` alone and `sim --ci` are the small share that `ci` runs; other options measure, and are the oracle's own.
    let measures = command == "sim" && !rest.is_empty() && rest != ["--ci"];
    let known_options = if command == "sim" { ["--ci"].as_slice() } else { &[] };
    if let Some(unknown) = rest.iter().find(|option| !measures && !known_options.contains(option)) {
        return Err(Failure::usage(&format!("`{command}` does not take `{unknown}`")));
    }
    let places = Places::find()?;
    if measures {
        return steps::measure(&places, &rest);
    }
    if command == "ci" {
        return ci::run_all(&places);
    }
    match STEPS.iter().find(|step| step.name == command) {
        Some(step) => ci::run_one(step, &places),
        None => Err(Failure::usage(&format!("there is no step `{command}`; `cargo xtask help` lists them"))),
    }
}

fn print_usage() {
    println!("usage: cargo xtask <step>\n");
    println!(
        "  {:<8} figures beside peers: `bench eval`, `bench http`, `bench planner`; not part of ci",
        "bench"
    );
    println!("  {:<8} every step below, in this order", "ci");
    for step in STEPS {
        println!("  {:<8} {}", step.name, step.about);
    }
    println!(
        "\n  {:<8} --rounds N: kill a server under eight writers N times; `test` does it 10 times",
        "crash"
    );
}
