//! The console in a real Chromium, while the demo runs its story.

use std::process::Command;

use super::sdk::node_count;
use super::{Report, rust, tools};
use crate::failure::Failure;
use crate::places::Places;
use crate::shell;

pub(super) const FOLDER: &str = "tests/browser";

pub(super) fn run(places: &Places, report: &mut Report) -> Result<(), Failure> {
    rust::build(places, report)?;
    let folder = places.root.join(FOLDER);
    tools::npm_packages(&folder)?;
    let screenshots = places.scratch("screenshots")?;
    let mut command = Command::new("node");
    command.args(["--test", "--test-reporter=spec"]).current_dir(&folder);
    command.env("SAPWOOD_TEST_BINARY", places.binary());
    command.env("SAPWOOD_TEST_CHROMIUM", tools::chromium()?);
    command.env("SAPWOOD_TEST_SCREENSHOTS", &screenshots);
    let (tests, result) = shell::run_counting(&mut command, node_count);
    report.tests += tests;
    report.note = Some(format!("screenshots in {}", screenshots.display()));
    result?;
    if tests == 0 { Err(Failure::Found("browser: no test ran".to_owned())) } else { Ok(()) }
}
