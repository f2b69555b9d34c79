//! `sapwood plan`: everything about a plan that needs no server.

mod args;
mod check;
mod diff;
mod explain;
mod init;
mod instances;
pub(crate) mod load;
mod order;
mod report;
mod show;
mod solve;
mod what_if;

use std::process::ExitCode;

pub(crate) use args::PlanCommand;

use crate::failure::Failure;

/// Version of the JSON that these commands print; it changes when a field changes its meaning or goes.
const JSON_VERSION: u64 = 1;

pub(crate) fn run(command: PlanCommand) -> Result<ExitCode, Failure> {
    match command {
        PlanCommand::Init(args) => init::run(&args),
        PlanCommand::Check(args) => check::run(&args),
        PlanCommand::Solve(args) if args.instance.is_some() => instances::run(&args),
        PlanCommand::Solve(args) => solve::run(&args),
        PlanCommand::Explain(args) => explain::run(&args),
        PlanCommand::Diff(args) => diff::run(&args),
        PlanCommand::WhatIf(args) => what_if::run(&args),
        PlanCommand::Show(args) => show::run(&args),
        PlanCommand::Report(args) => report::run(&args),
    }
}
