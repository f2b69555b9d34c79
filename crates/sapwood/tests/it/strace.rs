//! Looks at a running program's calls, and makes them fail or take long, with `strace`: faults of the disk that need no
//! code of ours to be provoked.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Attached to a program; lets it go when dropped.
pub(crate) struct Strace {
    child: Child,
}

impl Strace {
    /// Attaches to all threads of a process.
    pub(crate) fn attach(pid: u32, args: &[&str], trace: &Path) -> Self {
        let mut child = Command::new("strace")
            .args(["-f", "-y", "-s", "16", "-o"])
            .arg(trace)
            .args(args)
            .args(["-p", &pid.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("strace is needed: apt-get install strace");
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        if !line.contains("attached") {
            said.read_to_string(&mut line).unwrap();
            panic!("strace must be allowed to trace other processes here (CAP_SYS_PTRACE): {line}");
        }
        // A full pipe would stop the tracer, and with it the program.
        std::thread::spawn(move || said.read_to_end(&mut Vec::new()));
        Self { child }
    }

    /// Lets the program go on undisturbed.
    pub(crate) fn detach(self) {
        drop(self);
    }
}

impl Drop for Strace {
    fn drop(&mut self) {
        // It may have ended with the program it watched; until it is waited for, its number is its own.
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-INT", &pid]).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }
}
