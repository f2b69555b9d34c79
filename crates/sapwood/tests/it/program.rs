//! Runs the program, reads its JSON lines, and ends only what it started.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;

use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_sapwood");

/// A running `sapwood`.
pub(crate) struct Program {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// What it says on standard error, read while it runs: a full pipe would stop it.
    said: Option<JoinHandle<String>>,
}

impl Program {
    /// Starts `sapwood` with these arguments.
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_in(&std::env::temp_dir(), args)
    }

    /// The same, with a directory for temporary files of its own.
    pub(crate) fn start_in(temporary: &Path, args: &[&str]) -> Self {
        Self::run(Command::new(BINARY).args(args).env("TMPDIR", temporary))
    }

    /// The same on a small disk in memory, mounted at `mount_point` for this program alone: nobody else sees it, and it
    /// is gone with the program.
    pub(crate) fn start_on_small_disk(mount_point: &Path, bytes: u64, args: &[&str]) -> Self {
        let mut command = Command::new("unshare");
        // Not as root a user namespace gives the right to mount; as root it would take rights away.
        let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
        command.args(if is_root { &["--mount"][..] } else { &["--user", "--map-root-user", "--mount"] });
        let mount = format!("mount -t tmpfs -o size={bytes} none \"$0\" && exec \"$@\"");
        Self::run(command.args(["sh", "-c", &mount]).arg(mount_point).arg(BINARY).args(args))
    }

    fn run(command: &mut Command) -> Self {
        let mut child = command
            .env_remove("SAPWOOD_TOKEN")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut stderr = child.stderr.take().unwrap();
        let said = std::thread::spawn(move || {
            let mut said = String::new();
            stderr.read_to_string(&mut said).unwrap();
            said
        });
        Self { child, stdout, said: Some(said) }
    }

    /// The next JSON line; `None` when the program closed its output.
    pub(crate) fn line(&mut self) -> Option<Value> {
        let mut line = String::new();
        let read = self.stdout.read_line(&mut line).unwrap();
        (read > 0).then(|| serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")))
    }

    /// All JSON lines to the end.
    pub(crate) fn lines(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.line()).collect()
    }

    /// All it prints to the end, as it stands there.
    pub(crate) fn text(&mut self) -> String {
        let mut text = String::new();
        self.stdout.read_to_string(&mut text).unwrap();
        text
    }

    /// Asks it to stop, as an operator would.
    pub(crate) fn terminate(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Ends it as a crash would: it gets no chance to do anything.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end; answers how it ended and what it said on standard error.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        (status, self.said.take().unwrap().join().unwrap())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Already ended is what we want.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
