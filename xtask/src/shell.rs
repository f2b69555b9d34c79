//! Running other programs: shown before they run, and counted while they test.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use crate::failure::Failure;

/// Cargo itself, with the traces of the outer `cargo run` removed: build scripts that watch those variables would
/// otherwise be rebuilt at every change between `cargo xtask` and plain cargo.
pub(crate) fn cargo(root: &Path) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    command.current_dir(root).env("CARGO_TERM_PROGRESS_WHEN", "never");
    for (name, _) in std::env::vars_os() {
        let inherited = name.to_str().is_some_and(is_set_by_cargo_run);
        if inherited {
            command.env_remove(name);
        }
    }
    command
}

fn is_set_by_cargo_run(name: &str) -> bool {
    name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_MANIFEST_")
        || matches!(name, "CARGO_BIN_NAME" | "CARGO_CRATE_NAME" | "CARGO_PRIMARY_PACKAGE")
}

/// Runs a command with its output passed through.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    announce(command);
    let status = command.status().map_err(Failure::io(format!("starting {}", line_of(command))))?;
    if status.success() { Ok(()) } else { Err(failed(command, &status.to_string())) }
}

/// Runs a command with its output passed through, adding up what `count` reads in each line.
/// The count survives a failure, so that a red run still says how many tests ran.
pub(crate) fn run_counting(command: &mut Command, count: fn(&str) -> u64) -> (u64, Result<(), Failure>) {
    announce(command);
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => return (0, Err(Failure::io(format!("starting {}", line_of(command)))(error))),
    };
    let out = child.stdout.take().map(|pipe| thread::spawn(move || pass_through(pipe, count)));
    let err = child.stderr.take().map(|pipe| thread::spawn(move || pass_through(pipe, count)));
    let counted = [out, err].into_iter().flatten().map(|reader| reader.join().unwrap_or(0)).sum();
    let result = match child.wait() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(command, &status.to_string())),
        Err(error) => Err(Failure::io(format!("waiting for {}", line_of(command)))(error)),
    };
    (counted, result)
}

/// Runs a command quietly; its standard output on success, `None` when absent or failing.
pub(crate) fn probe(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn pass_through(pipe: impl Read, count: fn(&str) -> u64) -> u64 {
    let mut counted = 0;
    for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
        let text = String::from_utf8_lossy(&line);
        counted += count(&text);
        let mut terminal = std::io::stdout().lock();
        // A closed terminal must not stop the count.
        drop(writeln!(terminal, "{text}"));
    }
    counted
}

fn announce(command: &Command) {
    println!("$ {}", line_of(command));
}

fn failed(command: &Command, status: &str) -> Failure {
    Failure::Command { line: line_of(command), status: status.to_owned() }
}

fn line_of(command: &Command) -> String {
    let program =
        Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(program).chain(arguments).collect::<Vec<_>>().join(" ")
}
