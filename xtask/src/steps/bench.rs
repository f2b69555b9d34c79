//! Measurements beside peers: programs of the workspace in `bench/`, which nothing else builds, run optimised and print
//! what they find. Bars are printed, never asserted: a machine under load must not turn a build red.

use std::ffi::OsString;
use std::process::Command;

use crate::failure::Failure;
use crate::places::Places;
use crate::shell;

use super::Report;

/// One thing that can be measured: the binary of this name in a workspace of its own.
struct Bench {
    name: &'static str,
    about: &'static str,
    workspace: &'static str,
    /// What is built and said before it runs.
    prepare: fn(&Places) -> Result<Vec<OsString>, Failure>,
}

const BENCHES: &[Bench] = &[
    Bench {
        name: "eval",
        about: "evaluation in process, beside a floor and two peers",
        workspace: "bench",
        prepare: |_| Ok(Vec::new()),
    },
    Bench {
        name: "http",
        about: "the server under load from wrk and streaming clients, beside a bare echo",
        workspace: "bench/http",
        prepare: the_program,
    },
    Bench {
        name: "planner",
        about: "how long the planner takes and what it proves, from 5 slices to 500",
        workspace: "bench/planner",
        prepare: |_| Ok(Vec::new()),
    },
];

/// `cargo xtask bench eval …`; further arguments are the measurement's own.
pub(crate) fn bench(places: &Places, arguments: &[&str]) -> Result<(), Failure> {
    let (name, options) = arguments.split_first().ok_or_else(|| Failure::usage(&known()))?;
    let bench = BENCHES.iter().find(|bench| bench.name == *name).ok_or_else(|| Failure::usage(&known()))?;
    let prepared = (bench.prepare)(places)?;
    // All binaries, because a measurement starts its peers from beside itself.
    shell::run(&mut cargo(places, bench.workspace, &["build", "--release", "--locked", "--bins"]))?;
    let run = ["run", "--release", "--locked", "--bin", bench.name];
    shell::run(cargo(places, bench.workspace, &run).arg("--").args(prepared).args(options))
}

/// Cargo in a workspace that measures, whose output is apart from everything else's.
fn cargo(places: &Places, workspace: &str, arguments: &[&str]) -> Command {
    let mut command = shell::cargo(&places.root.join(workspace));
    command.args(arguments).env("CARGO_TARGET_DIR", places.target.join(workspace));
    command
}

/// The program as it ships, and a folder for what it stores.
fn the_program(places: &Places) -> Result<Vec<OsString>, Failure> {
    shell::run(shell::cargo(&places.root).args(["build", "--release", "--locked", "--package", "sapwood"]))?;
    let program = places.target.join("release").join("sapwood");
    let scratch = places.scratch("bench/http-data")?;
    Ok(vec!["--sapwood".into(), program.into(), "--scratch".into(), scratch.into()])
}

fn known() -> String {
    let lines = BENCHES.iter().map(|bench| format!("{} ({})", bench.name, bench.about));
    format!("name what to measure: {}", lines.collect::<Vec<_>>().join(", "))
}

/// Type-checks the measurements, so that a change of a public interface does not leave them behind unnoticed.
pub(super) fn check(places: &Places, _: &mut Report) -> Result<(), Failure> {
    let check = |bench: &Bench| {
        shell::run(&mut cargo(places, bench.workspace, &["check", "--quiet", "--locked", "--bins"]))
    };
    BENCHES.iter().try_for_each(check)
}
