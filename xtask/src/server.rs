//! A `sapwood serve` of our own: on a free port, on a fresh data folder, gone when it is dropped.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::failure::Failure;

const READY_WITHIN: Duration = Duration::from_mins(1);

/// A running server and what it said when it was ready.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    log: PathBuf,
    pub(crate) url: String,
    pub(crate) project: String,
    pub(crate) environment: String,
    pub(crate) admin: String,
    /// The token of an application's server side.
    pub(crate) application: String,
    /// The token of its pages and apps.
    pub(crate) client: String,
}

impl Server {
    /// Starts `binary` on an empty `folder/data`; what it says on standard error goes to `folder/server.log`.
    pub(crate) fn start(binary: &Path, folder: &Path, options: &[&str]) -> Result<Self, Failure> {
        let data = folder.join("data");
        if data.exists() {
            std::fs::remove_dir_all(&data).map_err(Failure::io(format!("emptying {}", data.display())))?;
        }
        std::fs::create_dir_all(&data).map_err(Failure::io(format!("creating {}", data.display())))?;
        let log = folder.join("server.log");
        let errors = File::create(&log).map_err(Failure::io(format!("creating {}", log.display())))?;
        let mut command = Command::new(binary);
        command.args(["serve", "--listen", "127.0.0.1:0", "--json", "--data"]).arg(&data).args(options);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().map_err(Failure::io(format!("starting {}", binary.display())))?;
        let said = first_line(&mut child).and_then(|line| serde_json::from_str::<Value>(&line).ok());
        // From here on the child is owned, so that every way out ends it.
        let mut server = Self {
            child,
            log,
            url: String::new(),
            project: String::new(),
            environment: String::new(),
            admin: String::new(),
            application: String::new(),
            client: String::new(),
        };
        let Some(ready) = said else { return Err(server.not_ready("it printed no JSON line")) };
        server.url = server.field(&ready, "url")?;
        server.project = server.field(&ready, "project")?;
        server.environment = server.field(&ready, "environment")?;
        server.admin = server.field(&ready, "admin_token")?;
        server.application = server.field(&ready, "server_token")?;
        server.client = server.field(&ready, "client_token")?;
        Ok(server)
    }

    /// What a test suite needs to talk to this server.
    pub(crate) fn introduce_to(&self, command: &mut Command) {
        command.env("SAPWOOD_TEST_URL", &self.url);
        command.env("SAPWOOD_TEST_PROJECT", &self.project);
        command.env("SAPWOOD_TEST_ENVIRONMENT", &self.environment);
        command.env("SAPWOOD_TEST_ADMIN_TOKEN", &self.admin);
        command.env("SAPWOOD_TEST_SERVER_TOKEN", &self.application);
        command.env("SAPWOOD_TEST_CLIENT_TOKEN", &self.client);
    }

    /// The server's own account of the run, for a failure report.
    pub(crate) fn log_text(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn field(&self, ready: &Value, name: &str) -> Result<String, Failure> {
        let text = ready.get(name).and_then(Value::as_str);
        text.map(str::to_owned).ok_or_else(|| self.not_ready(&format!("its first line has no `{name}`")))
    }

    fn not_ready(&self, what: &str) -> Failure {
        Failure::Found(format!("sapwood serve did not get ready: {what}\n{}", self.log_text()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Only the process started here, by its own handle; it may already be gone.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The first line of standard output, or `None` when there is none in time. Later lines are read and dropped, so that
/// a full pipe never stops the server.
fn first_line(child: &mut Child) -> Option<String> {
    let output = child.stdout.take()?;
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // The receiver is gone after the first line.
            drop(send.send(line));
        }
    });
    receive.recv_timeout(READY_WITHIN).ok()
}
