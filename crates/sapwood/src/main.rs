//! The `sapwood` program: reads the command line, runs one command, answers with its exit code.

mod cli;
mod client;
mod commands;
mod demo;
mod exit;
mod failure;
mod first_start;
mod keeper;
mod limits;
mod open_files;
mod out;
mod override_file;
mod plan;
mod serve;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let as_json = asks_for_json();
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return not_a_command(&error, as_json),
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("SAPWOOD_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(cli.default_log_level()));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failure::Failure::from(error).report(as_json),
    };
    match runtime.block_on(cli.run()) {
        Ok(code) => code,
        Err(failure) => failure.report(as_json),
    }
}

/// Whether a program reads what is printed: it does even where the command line cannot be read.
fn asks_for_json() -> bool {
    std::env::args_os().skip(1).take_while(|argument| argument != "--").any(|argument| argument == "--json")
}

/// Help and version, or what is wrong with the command line.
fn not_a_command(error: &clap::Error, as_json: bool) -> ExitCode {
    // If the terminal is gone there is nobody left to tell.
    let _ = error.print();
    if !error.use_stderr() {
        return ExitCode::SUCCESS;
    }
    if as_json {
        let said = error.render().to_string();
        let said = said.strip_prefix("error: ").unwrap_or(&said);
        failure::tell(exit::USAGE, said.trim_end(), None, None);
    }
    exit::USAGE.into()
}
