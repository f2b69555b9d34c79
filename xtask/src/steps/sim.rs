//! A seeded share of the simulated world: the oracle of `sapwood-sim`, small enough for every change.

use std::process::Command;

use cargo_metadata::{MetadataCommand, Package};

use super::{Report, rust};
use crate::failure::Failure;
use crate::places::Places;
use crate::shell;

const PACKAGE: &str = "sapwood-sim";
/// The example that runs the oracle. It prints one `oracle: <n> checks …` line per world and fails on the first wrong
/// answer, naming the seed.
const ORACLE: &str = "oracle";

pub(super) fn run(places: &Places, report: &mut Report) -> Result<(), Failure> {
    if !has_oracle(places)? {
        report.note = Some(format!("{PACKAGE} has no example `{ORACLE}` yet"));
        return Ok(());
    }
    rust::build(places, report)?;
    let mut command = Command::new(places.target.join("debug/examples").join(ORACLE));
    command.arg("--ci").current_dir(&places.root);
    let (checks, result) = shell::run_counting(&mut command, oracle_count);
    report.tests += checks;
    result?;
    if checks == 0 { Err(Failure::Found("sim: the oracle checked nothing".to_owned())) } else { Ok(()) }
}

/// The package and example of the study the guardrails were chosen with, run again with our own functions.
const STUDY: (&str, &str) = ("sapwood-stats", "study");

/// `cargo xtask sim --runs 1000 …` or `--study 1000 …`: figures instead of checks, from an optimised build.
pub(crate) fn measure(places: &Places, options: &[&str]) -> Result<(), Failure> {
    let ((package, example), options) = match options.split_first() {
        Some((&"--study", rest)) => (STUDY, rest),
        Some(_) | None => ((PACKAGE, ORACLE), options),
    };
    let build = ["run", "--release", "--locked", "--package", package, "--example", example, "--"];
    shell::run(shell::cargo(&places.root).args(build).args(options))
}

fn has_oracle(places: &Places) -> Result<bool, Failure> {
    let metadata = MetadataCommand::new()
        .manifest_path(places.root.join("Cargo.toml"))
        .no_deps()
        .exec()
        .map_err(|error| Failure::Found(format!("cargo metadata: {error}")))?;
    let offers =
        |package: &Package| package.targets.iter().any(|target| target.is_example() && target.name == ORACLE);
    Ok(metadata.packages.iter().any(|package| package.name == PACKAGE && offers(package)))
}

/// `oracle: 128 checks in world 7`
fn oracle_count(line: &str) -> u64 {
    let rest = line.strip_prefix("oracle: ").unwrap_or_default();
    rest.split_once(" checks").and_then(|(count, _)| count.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_of_the_oracle_are_counted() {
        assert_eq!(oracle_count("oracle: 128 checks in world 7"), 128);
        assert_eq!(oracle_count("seed 7: fine"), 0);
    }
}
