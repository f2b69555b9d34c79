//! `cargo xtask bench http`: a real server on loopback beside a bare axum echo, under the same load. Bars are printed
//! beside the figures and never asserted; what fails is only what could not be measured.

mod api;
mod big;
mod failure;
mod load;
mod options;
mod process;
mod report;
mod routes;
mod seed;
mod streams;

use std::process::ExitCode;

use failure::Failure;
use options::{Options, Part};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match Options::read(&arguments).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bench http: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Failure> {
    load::require()?;
    process::announce()?;
    for part in &options.parts {
        match part {
            Part::Single => routes::single(options)?,
            Part::Bulk => routes::bulk(options)?,
            Part::Big => big::measure(options)?,
            Part::Streams => streams::measure(options)?,
        }
    }
    Ok(())
}
