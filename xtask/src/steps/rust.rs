//! The steps that are cargo: format, lint, test, document, build.

use super::{Report, tools};
use crate::failure::Failure;
use crate::places::Places;
use crate::shell;

/// The same commit must give the same answer twice. Plain `cargo nextest run` goes on exploring with fresh seeds.
const PROPERTY_SEED: &str = "100000";

pub(super) fn fmt(places: &Places, _report: &mut Report) -> Result<(), Failure> {
    tools::component(places, "fmt", "rustfmt")?;
    shell::run(shell::cargo(&places.root).args(["fmt", "--all", "--check"]))
}

pub(super) fn clippy(places: &Places, _report: &mut Report) -> Result<(), Failure> {
    tools::component(places, "clippy", "clippy")?;
    let arguments = ["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"];
    shell::run(shell::cargo(&places.root).args(arguments))
}

/// nextest does not run documentation tests, so those follow with cargo's own runner.
pub(super) fn test(places: &Places, report: &mut Report) -> Result<(), Failure> {
    let mut units = shell::cargo(&places.root);
    if let Some(path) = tools::nextest(places)? {
        units.env("PATH", path);
    }
    units.args(["nextest", "run", "--locked", "--workspace"]);
    units.args(["--profile", "ci", "--no-tests=fail", "--color=never"]);
    units.env("PROPTEST_RNG_SEED", PROPERTY_SEED).env("INSTA_UPDATE", "no");
    let (tests, result) = shell::run_counting(&mut units, nextest_count);
    report.tests += tests;
    if result.is_ok() && tests == 0 {
        return Err(Failure::Found("nextest passed without saying how many tests it ran".to_owned()));
    }
    let mut documented = shell::cargo(&places.root);
    documented.args(["test", "--locked", "--workspace", "--doc"]);
    let (tests, doc_result) = shell::run_counting(&mut documented, libtest_count);
    report.tests += tests;
    result.and(doc_result)
}

/// Kills a server under eight writers as often as asked; plain cargo runs it, because nextest ends what takes long.
pub(crate) fn crash(places: &Places, arguments: &[&str]) -> Result<(), Failure> {
    let ["--rounds", rounds] = arguments else { return Err(Failure::usage("crash takes `--rounds N`")) };
    let mut command = shell::cargo(&places.root);
    command.args(["test", "--locked", "-p", "sapwood", "--test", "it", "crash::", "--", "--nocapture"]);
    shell::run(command.env("SAPWOOD_CRASH_ROUNDS", rounds))
}

pub(super) fn doc(places: &Places, _report: &mut Report) -> Result<(), Failure> {
    let mut command = shell::cargo(&places.root);
    command.args(["doc", "--locked", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
    shell::run(&mut command)
}

/// Tests are selected too, because cargo then resolves the features that `test` has just built with; the binary alone
/// would compile half of the dependencies a second time.
pub(super) fn build(places: &Places, _report: &mut Report) -> Result<(), Failure> {
    let arguments = ["build", "--locked", "--workspace", "--bins", "--examples", "--tests"];
    shell::run(shell::cargo(&places.root).args(arguments))
}

/// `     Summary [   4.2s] 120 tests run: 119 passed, 1 failed, 0 skipped`
fn nextest_count(line: &str) -> u64 {
    let Some(after) = line.trim_start().strip_prefix("Summary [") else { return 0 };
    let Some((_, counts)) = after.split_once("] ") else { return 0 };
    // A run that was cut short prints `61/120 tests run`.
    let ran = counts.split(['/', ' ']).next().unwrap_or_default();
    ran.parse().unwrap_or(0)
}

/// `test result: ok. 12 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s`
fn libtest_count(line: &str) -> u64 {
    let Some(counts) = line.strip_prefix("test result: ") else { return 0 };
    let passed_or_failed =
        |part: &str| part.trim_end().ends_with(" passed") || part.trim_end().ends_with(" failed");
    let parts = counts.split(';').filter(|part| passed_or_failed(part));
    parts.filter_map(|part| part.split(' ').rev().nth(1)?.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nextest_summaries_are_counted() {
        for (line, expected) in [
            ("     Summary [   4.231s] 120 tests run: 120 passed, 0 skipped", 120),
            ("     Summary [   4.231s] 61/120 tests run: 60 passed, 1 failed, 0 skipped", 61),
            ("     Summary [   0.011s] 1 test run: 1 passed, 0 skipped", 1),
            ("        PASS [   0.010s] sapwood-eval tests::a_summary", 0),
        ] {
            assert_eq!(nextest_count(line), expected, "{line}");
        }
    }

    #[test]
    fn documentation_test_results_are_counted() {
        let line = "test result: FAILED. 12 passed; 1 failed; 3 ignored; 0 measured; 2 filtered out";
        assert_eq!(libtest_count(line), 13);
        assert_eq!(libtest_count("running 13 tests"), 0);
    }
}
