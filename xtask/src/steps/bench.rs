//! Measurements beside peers: programs of the workspace in `bench/`, which nothing else builds, run optimised and print
//! what they find. Bars are printed, never asserted: a machine under load must not turn a build red.

use crate::failure::Failure;
use crate::places::Places;
use crate::shell;

use super::Report;

/// One thing that can be measured, a binary of `bench/`.
struct Bench {
    name: &'static str,
    about: &'static str,
}

const BENCHES: &[Bench] =
    &[Bench { name: "eval", about: "evaluation in process, beside a floor and two peers" }];

/// `cargo xtask bench eval …`; further arguments are the measurement's own.
pub(crate) fn bench(places: &Places, arguments: &[&str]) -> Result<(), Failure> {
    let (name, options) = arguments.split_first().ok_or_else(|| Failure::usage(&known()))?;
    let bench = BENCHES.iter().find(|bench| bench.name == *name).ok_or_else(|| Failure::usage(&known()))?;
    let run = ["run", "--release", "--locked", "--bin", bench.name, "--target-dir"];
    let target = places.target.join("bench");
    shell::run(shell::cargo(&places.root.join("bench")).args(run).arg(target).arg("--").args(options))
}

fn known() -> String {
    let lines = BENCHES.iter().map(|bench| format!("{} ({})", bench.name, bench.about));
    format!("name what to measure: {}", lines.collect::<Vec<_>>().join(", "))
}

/// Type-checks the measurements, so that a change of a public interface does not leave them behind unnoticed.
pub(super) fn check(places: &Places, _: &mut Report) -> Result<(), Failure> {
    let check = ["check", "--quiet", "--locked", "--bins", "--target-dir"];
    shell::run(shell::cargo(&places.root.join("bench")).args(check).arg(places.target.join("bench")))
}
