//! Official OpenFeature clients against a real server: the promise that any SDK is a client, kept by running them.

use std::process::Command;

use super::{Report, rust, tools};
use crate::failure::Failure;
use crate::places::Places;
use crate::server::Server;
use crate::shell;

pub(super) const NODE: &str = "tests/sdk/node";
pub(super) const PYTHON: &str = "tests/sdk/python";

pub(super) fn run(places: &Places, report: &mut Report) -> Result<(), Failure> {
    rust::build(places, report)?;
    let node = node(places, report);
    let python = python(places, report);
    node.and(python)
}

fn node(places: &Places, report: &mut Report) -> Result<(), Failure> {
    let folder = places.root.join(NODE);
    tools::npm_packages(&folder)?;
    let mut command = Command::new("node");
    command.args(["--test", "--test-reporter=spec"]).current_dir(&folder);
    against_a_server(places, "sdk-node", command, node_count, report)
}

fn python(places: &Places, report: &mut Report) -> Result<(), Failure> {
    let folder = places.root.join(PYTHON);
    let mut command = Command::new(tools::python(places, &folder)?);
    command.args(["-B", "-m", "unittest", "discover", "--verbose"]).current_dir(&folder);
    against_a_server(places, "sdk-python", command, unittest_count, report)
}

/// Evaluations a second that the strict server allows; few, so that a client soon asks for too many.
const STRICT_RATE: &str = "2";

/// Each suite has a server to itself, so that neither sees the flags of the other, and one that allows few requests.
fn against_a_server(
    places: &Places,
    name: &str,
    mut command: Command,
    count: fn(&str) -> u64,
    report: &mut Report,
) -> Result<(), Failure> {
    let server = Server::start(&places.binary(), &places.scratch(name)?, &[])?;
    let strict = places.scratch(&format!("{name}-strict"))?;
    let strict = Server::start(&places.binary(), &strict, &["--rate-limit", STRICT_RATE])?;
    server.introduce_to(&mut command);
    // For servers of their own, which are stopped and started.
    command.env("SAPWOOD_TEST_BINARY", places.binary());
    command.env("SAPWOOD_TEST_STRICT_URL", &strict.url);
    command.env("SAPWOOD_TEST_STRICT_TOKEN", &strict.application);
    let (tests, result) = shell::run_counting(&mut command, count);
    report.tests += tests;
    if result.is_err() {
        println!("--- what the server said\n{}---\n{}---", server.log_text(), strict.log_text());
    }
    result?;
    if tests == 0 { Err(Failure::Found(format!("{name}: no test ran"))) } else { Ok(()) }
}

/// `ℹ tests 9`, the spec reporter's last words.
pub(super) fn node_count(line: &str) -> u64 {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["ℹ", "tests", count] => count.parse().unwrap_or(0),
        _ => 0,
    }
}

/// `Ran 9 tests in 1.203s`
fn unittest_count(line: &str) -> u64 {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["Ran", count, "test" | "tests", "in", _] => count.parse().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runners_last_words_are_counted() {
        assert_eq!(node_count("ℹ tests 9"), 9);
        assert_eq!(node_count("ℹ pass 9"), 0);
        assert_eq!(unittest_count("Ran 9 tests in 1.203s"), 9);
        assert_eq!(unittest_count("Ran 1 test in 0.001s"), 1);
        assert_eq!(unittest_count("OK"), 0);
    }
}
