//! The `sapwood` program: reads the command line, runs one command, answers with its exit code.

mod cli;
mod client;
mod commands;
mod demo;
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
    let cli = cli::Cli::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("SAPWOOD_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(cli.default_log_level()));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failure::Failure::from(error).report(),
    };
    match runtime.block_on(cli.run()) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
