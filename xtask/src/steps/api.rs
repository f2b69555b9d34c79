//! The server against its own description: thousands of requests made up by schemathesis from the OpenAPI document,
//! with a pinned seed. No 5xx, and no status, media type or shape that the document does not have.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{Report, rust, tools};
use crate::failure::Failure;
use crate::places::Places;
use crate::server::Server;
use crate::shell;

pub(super) const FOLDER: &str = "tests/api";
const DOCUMENT: &str = "fixtures/api/v1/openapi.json";
/// The same requests every time; another seed makes up others.
const SEED: &str = "1";
/// A rollout that is there from the beginning.
const ROLLOUT: &str = "0197a3c0-5d2e-7b31-9c44-0a1b2c3d4e5f";

pub(super) fn run(places: &Places, report: &mut Report) -> Result<(), Failure> {
    rust::build(places, report)?;
    let folder = places.root.join(FOLDER);
    let python = tools::python(places, &folder)?;
    let server = Server::start(&places.binary(), &places.scratch("api")?, &[])?;
    let token = seed(&python, &server)?;
    let mut command = Command::new(python.with_file_name("st"));
    command.args(["--config-file", "schemathesis.toml", "run"]).arg(places.root.join(DOCUMENT));
    command.args(["--url", &server.url, "--seed", SEED, "--no-color"]);
    command.arg("-H").arg(format!("Authorization: Bearer {}", server.admin));
    // Streams have no end, and are held by tests of their own.
    command.args(["--exclude-path-regex", "stream"]);
    command.env("SAPWOOD_TEST_TOKEN_ID", token).env("SAPWOOD_TEST_ROLLOUT_ID", ROLLOUT).current_dir(&folder);
    let (tests, result) = shell::run_counting(&mut command, count);
    report.tests += tests;
    if result.is_err() {
        println!("--- what the server said\n{}---", server.log_text());
    }
    result?;
    if tests == 0 { Err(Failure::Found("api: no request was made".to_owned())) } else { Ok(()) }
}

/// One of each thing, all called `shop`, so that most requests find something; the id of a token that nobody needs.
fn seed(python: &Path, server: &Server) -> Result<String, Failure> {
    let environment = format!("environments/{}", server.environment);
    let rules = json!({"on": true, "off_variant": "off", "rules": [], "default": {"variant": "off"}});
    let items = json!({"items": [
        {"kind": "metric", "key": "shop", "metric": {"kind": "event_rate"}},
        {"kind": "segment", "key": "shop", "segment": {"condition": {"any": []}, "included": ["ada"]}},
        {"kind": "flag", "key": "shop", "flag": {"type": "boolean", "variants": {"on": true, "off": false}},
         "environments": {"production": rules}},
        {"kind": "ladder", "key": "shop", "ladder": {"stages": [{"ring": "shop"}, {"share": 5_000}, {"share": 50_000}]}},
        {"kind": "guardrail", "key": "shop", "guardrail": {"metric": "shop", "harm": "up"}},
    ]});
    let rollout = json!({
        "id": ROLLOUT, "flag": "shop", "baseline": "off", "candidate": "on", "ladder": "shop", "guardrails": ["shop"],
    });
    ask(python, server, "PUT", "definitions", &items)?;
    ask(python, server, "POST", &format!("{environment}/rollouts"), &rollout)?;
    let token = ask(python, server, "POST", "tokens", &json!({"kind": "admin", "name": "to be revoked"}))?;
    let id = token.get("id").and_then(Value::as_str);
    id.map(str::to_owned).ok_or_else(|| Failure::Found(format!("the new token has no id: {token}")))
}

/// Asks the server through the interpreter that is there anyway.
fn ask(python: &Path, server: &Server, method: &str, path: &str, body: &Value) -> Result<Value, Failure> {
    let url = format!("{}/api/v1/projects/{}/{path}", server.url, server.project);
    let script = "import sys, requests; r = requests.request(sys.argv[1], sys.argv[2], data=sys.argv[3], \
                  headers={'Authorization': 'Bearer ' + sys.argv[4]}); r.raise_for_status(); print(r.text)";
    let text = shell::probe(Command::new(python).args([
        "-c",
        script,
        method,
        &url,
        &body.to_string(),
        &server.admin,
    ]));
    let text =
        text.ok_or_else(|| Failure::Found(format!("{method} {url} was refused\n{}", server.log_text())))?;
    serde_json::from_str(&text).map_err(|error| Failure::Found(format!("{method} {url}: {error}: {text}")))
}

/// `  7633 generated, 7543 passed, 90 skipped`
fn count(line: &str) -> u64 {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        [count, "generated,", ..] => count.parse().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted() {
        assert_eq!(count("  7633 generated, 55 found 55 unique failures, 90 skipped"), 7633);
        assert_eq!(count("Seed: 1"), 0);
    }
}
