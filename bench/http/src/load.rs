//! Load: `wrk`, pinned to its own core, asking what a file says.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::failure::Failure;
use crate::options::Options;
use crate::process::{LOAD_CORE, Server, pinned};

const SCRIPT: &str = include_str!("load.lua");

/// One request of a load.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) path: String,
    pub(crate) tag: Option<String>,
    /// Whose page asks; browsers always say.
    pub(crate) origin: Option<&'static str>,
    pub(crate) body: Value,
}

/// Requests to be asked over and over again.
#[derive(Debug)]
pub(crate) struct Load {
    script: PathBuf,
    requests: PathBuf,
}

/// What one round came to. Times are microseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Round {
    pub(crate) requests: u64,
    pub(crate) per_second: f64,
    /// Processor time of the server for each answer. Others on the machine slow answers down; this they do not change.
    pub(crate) processor_us: f64,
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
    /// Answers with a status from 400.
    pub(crate) refused: u64,
    /// Connections that failed or answers that did not come.
    pub(crate) failed: u64,
}

/// Says exactly what is missing.
pub(crate) fn require() -> Result<(), Failure> {
    // wrk prints its version and exits with 1.
    match Command::new("wrk").arg("--version").output() {
        Ok(_) => Ok(()),
        Err(cause) => {
            Err(Failure(format!("`wrk` cannot be started ({cause}); install Debian's package `wrk`")))
        }
    }
}

impl Load {
    pub(crate) fn new(options: &Options, name: &str, token: &str, asks: &[Ask]) -> Result<Self, Failure> {
        let (script, requests) =
            (options.scratch.join("load.lua"), options.scratch.join(format!("{name}.requests")));
        let mut text = String::new();
        for Ask { path, tag, origin, body } in asks {
            let (tag, origin) = (tag.as_deref().unwrap_or_default(), origin.unwrap_or_default());
            writeln!(text, "POST\t{path}\t{tag}\t{origin}\t{token}\t{body}")
                .map_err(Failure::while_doing("writing a request"))?;
        }
        for (path, text) in [(&script, SCRIPT), (&requests, text.as_str())] {
            std::fs::write(path, text)
                .map_err(Failure::while_doing(format!("writing {}", path.display())))?;
        }
        Ok(Self { script, requests })
    }

    /// Asks for some seconds.
    pub(crate) fn run(&self, server: &Server, connections: u32, seconds: u32) -> Result<Round, Failure> {
        let mut command = pinned(LOAD_CORE, Path::new("wrk"));
        command.args(["-t1", &format!("-c{connections}"), &format!("-d{seconds}s"), "-s"]).arg(&self.script);
        command.arg(&server.url).arg("--").arg(&self.requests);
        let before = server.processor_us();
        let output = command.output().map_err(Failure::while_doing("starting wrk"))?;
        let said = String::from_utf8_lossy(&output.stdout);
        let result = said.lines().find_map(|line| line.strip_prefix("RESULT "));
        let mut round = result.and_then(read).ok_or_else(|| {
            Failure(format!("wrk gave no result: {said}{}", String::from_utf8_lossy(&output.stderr)))
        })?;
        let used = u32::try_from(server.processor_us() - before).unwrap_or(u32::MAX);
        round.processor_us =
            f64::from(used) / f64::from(u32::try_from(round.requests.max(1)).unwrap_or(u32::MAX));
        Ok(round)
    }
}

fn read(line: &str) -> Option<Round> {
    let figures: Vec<u64> = line.split(' ').map(|word| word.parse().ok()).collect::<Option<_>>()?;
    let [requests, duration_us, p50_us, p99_us, refused, failed] = figures.try_into().ok()?;
    let count = f64::from(u32::try_from(requests).ok()?);
    let seconds = f64::from(u32::try_from(duration_us).ok()?) / 1e6;
    Some(Round { requests, per_second: count / seconds, processor_us: 0.0, p50_us, p99_us, refused, failed })
}

/// The round in the middle, by requests per second.
pub(crate) fn median(mut rounds: Vec<Round>) -> Round {
    rounds.sort_by(|one, other| one.per_second.total_cmp(&other.per_second));
    rounds.get(rounds.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_read() {
        let round = read("2000 2000000 900 2100 0 1").expect("six figures");
        assert!((round.per_second - 1000.0).abs() < 1e-9, "{round:?}");
        assert_eq!((round.p50_us, round.p99_us, round.refused, round.failed), (900, 2100, 0, 1));
        assert!(read("2000 2000000 900").is_none());
    }
}
