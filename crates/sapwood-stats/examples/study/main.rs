//! The simulation study the guardrails were chosen with, run again with this crate's own functions.
//!
//! `cargo xtask sim --study 2000` prints our rows beside the study's, with Monte-Carlo errors. Everybody comes once;
//! the oracle of `sapwood-sim` has people who come back and the whole controller.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example talks to the person who started it"
)]

mod random;
mod rates;
mod row;
mod stress;
mod traffic;

use std::process::ExitCode;

/// A part of the study: prints its rows for so many runs of this seed.
type Part = fn(u32, u64);

const USAGE: &str = "usage: study RUNS [--seed S] [--only rates|ramps|latency|stress]";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (mut runs, mut seed, mut only) = (None, 7_u64, None);
    while let Some(argument) = arguments.next() {
        let understood = match argument.as_str() {
            "--seed" => arguments.next().and_then(|text| text.parse().ok()).map(|given| seed = given),
            "--only" => arguments.next().map(|given| only = Some(given)),
            text => text.parse::<u32>().ok().filter(|runs| *runs > 0).map(|given| runs = Some(given)),
        };
        if understood.is_none() {
            eprintln!("`{argument}` is not understood\n{USAGE}");
            return ExitCode::from(2);
        }
    }
    let Some(runs) = runs else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let parts: [(&str, Part); 4] = [
        ("rates", rates::rates),
        ("ramps", rates::ramps),
        ("latency", rates::latency),
        ("stress", stress::all),
    ];
    if let Some(only) = &only
        && !parts.iter().any(|(name, _)| name == only)
    {
        eprintln!("`{only}` is no part of the study\n{USAGE}");
        return ExitCode::from(2);
    }
    println!("{}", row::HEAD);
    for (name, part) in parts {
        if only.as_ref().is_none_or(|only| only == name) {
            part(runs, seed);
        }
    }
    ExitCode::SUCCESS
}
