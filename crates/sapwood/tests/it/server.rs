//! A running `sapwood serve`, and the plainest client there is: one connection a request, so that who waits for whom
//! is never in doubt.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use serde_json::{Value, json};

use crate::program::Program;

/// Where the API of the default project begins.
pub(crate) const PROJECT: &str = "/api/v1/projects/default";
pub(crate) const PRODUCTION: &str = "/api/v1/projects/default/environments/production";

/// Who may ask a server, and where.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) url: String,
    pub(crate) admin: String,
    pub(crate) application: String,
}

pub(crate) struct Server {
    pub(crate) program: Program,
    pub(crate) ready: Value,
    pub(crate) access: Access,
}

impl Server {
    /// The first start on an empty directory.
    pub(crate) fn first(data: &Path) -> Self {
        Self::of(started(data))
    }

    fn of((program, ready): (Program, Value)) -> Self {
        let text = |name: &str| ready[name].as_str().unwrap_or_else(|| panic!("{name}: {ready}")).to_owned();
        let access =
            Access { url: text("url"), admin: text("admin_token"), application: text("server_token") };
        Self { program, ready, access }
    }

    /// A later start, with the tokens of the first.
    pub(crate) fn again(data: &Path, access: &Access) -> Self {
        let (program, ready) = started(data);
        let url = ready["url"].as_str().unwrap().to_owned();
        Self { program, ready, access: Access { url, ..access.clone() } }
    }

    /// The first start on a small disk of its own, mounted at `mount_point`.
    pub(crate) fn on_small_disk(mount_point: &Path, bytes: u64) -> Self {
        let data = mount_point.join("data");
        let args = ["serve", "--listen", "127.0.0.1:0", "--json", "--data", data.to_str().unwrap()];
        Self::of(ready(Program::start_on_small_disk(mount_point, bytes, &args)))
    }

    pub(crate) fn stop(self) {
        self.program.terminate();
        let (status, said) = self.program.end();
        assert_eq!(status.code(), Some(0), "{said}");
    }
}

fn started(data: &Path) -> (Program, Value) {
    let data = data.to_str().unwrap();
    ready(Program::start(&["serve", "--listen", "127.0.0.1:0", "--json", "--data", data]))
}

fn ready(mut program: Program) -> (Program, Value) {
    let Some(ready) = program.line() else { panic!("it did not start: {:?}", program.end()) };
    (program, ready)
}

/// The present moment as the API writes it.
pub(crate) fn now() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    sapwood_core::time::Timestamp::from_ms(since.as_millis().try_into().unwrap()).to_string()
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) json: Value,
}

impl Access {
    /// Asks, and waits for the answer; an error if the server went away.
    pub(crate) fn try_send(&self, method: &str, path: &str, token: &str, body: &Value) -> io::Result<Answer> {
        let mut connection = TcpStream::connect(self.url.trim_start_matches("http://"))?;
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        connection.write_all(request.as_bytes())?;
        let mut text = String::new();
        connection.read_to_string(&mut text)?;
        let cut = || io::Error::new(io::ErrorKind::UnexpectedEof, "the answer broke off");
        let (head, body) = text.split_once("\r\n\r\n").ok_or_else(cut)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(cut)?;
        let json =
            if body.is_empty() { Value::Null } else { serde_json::from_str(body).map_err(|_| cut())? };
        Ok(Answer { status, json })
    }

    /// As an administrator.
    pub(crate) fn manage(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.try_send(method, path, &self.admin, body).unwrap()
    }

    /// As an administrator; the answer must be good.
    pub(crate) fn put(&self, path: &str, body: &Value) -> Value {
        let answer = self.manage("PUT", path, body);
        assert!((200..300).contains(&answer.status), "{path}: {answer:?}");
        answer.json
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.manage("GET", path, &Value::Null)
    }

    /// A boolean flag that serves `default` to everybody.
    pub(crate) fn flag(&self, key: &str, default: &str) {
        let flag = json!({"flag": {"type": "boolean", "variants": {"on": true, "off": false}}});
        self.put(&format!("{PROJECT}/flags/{key}"), &flag);
        self.put(&format!("{PRODUCTION}/flags/{key}"), &targeting(default));
    }

    /// What somebody gets.
    pub(crate) fn evaluate(&self, key: &str) -> Answer {
        let body = json!({"context": {"targetingKey": "user-1"}});
        self.try_send("POST", &format!("/ofrep/v1/evaluate/flags/{key}"), &self.application, &body).unwrap()
    }

    pub(crate) fn metric(&self, key: &str, description: &str) -> Answer {
        let body = json!({"metric": {"kind": "event_rate"}, "description": description});
        self.manage("PUT", &format!("{PROJECT}/metrics/{key}"), &body)
    }
}

pub(crate) fn targeting(default: &str) -> Value {
    json!({"targeting": {"on": true, "off_variant": "off", "rules": [], "default": {"variant": default}}})
}
