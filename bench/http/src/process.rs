//! The processes under measurement: pinned to a core, looked at through `/proc`, gone when they are dropped.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::failure::Failure;

/// Where servers run.
const SERVER_CORE: &str = "0";
/// Where load comes from.
pub(crate) const LOAD_CORE: &str = "1";
const READY_WITHIN: Duration = Duration::from_mins(1);

/// Says how the figures come about.
pub(crate) fn announce() -> Result<(), Failure> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let all = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = all.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    println!("machine: {}", model.trim_start_matches([' ', '\t', ':']));
    if !Command::new("taskset").args(["-c", LOAD_CORE, "true"]).status().is_ok_and(|status| status.success())
    {
        return Err(Failure(format!(
            "taskset cannot use core {LOAD_CORE} (this process sees {cores}); install util-linux, and measure on two cores or more"
        )));
    }
    println!(
        "pinned: servers to core {SERVER_CORE}, load to core {LOAD_CORE}; each server is alone while it is measured"
    );
    Ok(())
}

/// A command that runs on one core.
pub(crate) fn pinned(core: &str, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", core]).arg(program);
    command
}

/// A server that this process started.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    /// From the start of the process until it was ready.
    pub(crate) started_in: Duration,
}

/// What `sapwood serve` said when it first started.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    pub(crate) admin: String,
    pub(crate) server: String,
}

impl Server {
    /// The echo, on a free port.
    pub(crate) fn echo() -> Result<Self, Failure> {
        let own =
            std::env::current_exe().map_err(Failure::while_doing("finding the echo beside this program"))?;
        let mut command = pinned(SERVER_CORE, &own.with_file_name("echo"));
        let began = Instant::now();
        let (child, url) = start(&mut command, "the echo")?;
        Ok(Self { child, url, started_in: began.elapsed() })
    }

    /// `sapwood serve` on a data folder; its tokens, if the folder was empty.
    pub(crate) fn sapwood(program: &Path, data: &Path) -> Result<(Self, Option<Tokens>), Failure> {
        let log = data.with_extension("log");
        let errors =
            File::create(&log).map_err(Failure::while_doing(format!("creating {}", log.display())))?;
        let mut command = pinned(SERVER_CORE, program);
        command.args(["serve", "--listen", "127.0.0.1:0", "--json", "--data"]).arg(data).stderr(errors);
        let began = Instant::now();
        let (child, line) = start(&mut command, "sapwood serve")?;
        let said: Value =
            serde_json::from_str(&line).map_err(Failure::while_doing("reading its first line"))?;
        let text = |name: &str| said.get(name).and_then(Value::as_str).map(str::to_owned);
        let url = text("url").ok_or_else(|| Failure(format!("sapwood serve said no address: {line}")))?;
        let tokens = text("admin_token").zip(text("server_token"));
        let mut server = Self { child, url, started_in: Duration::ZERO };
        server.await_ready(began)?;
        Ok((server, tokens.map(|(admin, server)| Tokens { admin, server })))
    }

    /// Waits until `/readyz` says yes.
    fn await_ready(&mut self, began: Instant) -> Result<(), Failure> {
        loop {
            if ureq::get(format!("{}/readyz", self.url)).call().is_ok() {
                self.started_in = began.elapsed();
                return Ok(());
            }
            if began.elapsed() > READY_WITHIN {
                return Err(Failure("sapwood serve did not get ready within a minute".to_owned()));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Processor time used so far in microseconds, of all threads, in the kernel's steps of 10 ms.
    pub(crate) fn processor_us(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        let ticks = stat.rsplit(") ").next().map(|rest| rest.split(' ').skip(11).take(2));
        ticks.into_iter().flatten().filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10_000
    }

    /// Resident memory in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Only the process started here, by its own handle; it may already be gone.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Starts a program and waits for its first line.
fn start(command: &mut Command, name: &str) -> Result<(Child, String), Failure> {
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = spawned.map_err(Failure::while_doing(format!("starting {name}")))?;
    let mut line = String::new();
    let read = child.stdout.take().map(|output| BufReader::new(output).read_line(&mut line));
    match read {
        Some(Ok(length)) if length > 0 => Ok((child, line.trim().to_owned())),
        Some(_) | None => {
            drop(child.kill());
            drop(child.wait());
            Err(Failure(format!("{name} ended before it was ready")))
        }
    }
}
