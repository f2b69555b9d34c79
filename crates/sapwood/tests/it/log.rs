//! `sapwood log` and `sapwood backup`, against a server and beside one.

use std::path::Path;
use std::process::ExitStatus;

use serde_json::{Value, json};

use crate::program::Program;
use crate::server::{Access, PRODUCTION, Server, targeting};

/// Runs to the end; the JSON lines it printed.
fn lines(args: &[&str]) -> (ExitStatus, Vec<Value>, String) {
    let mut program = Program::start(&[args, &["--json"]].concat());
    let lines = program.lines();
    let (status, said) = program.end();
    (status, lines, said)
}

fn good(args: &[&str]) -> Vec<Value> {
    let (status, lines, said) = lines(args);
    assert!(status.success(), "{args:?}: {said}");
    assert!(lines.iter().all(|line| line["format"] == 1), "{lines:?}");
    lines
}

/// The same question to the server and to its directory must have the same answer.
fn both(command: &[&str], access: &Access, data: &Path) -> Vec<Value> {
    let asked = good(&[command, &["--server", &access.url, "--token", &access.admin]].concat());
    let read = good(&[command, &["--data", data.to_str().unwrap()]].concat());
    assert_eq!(asked, read, "{command:?}");
    asked
}

#[test]
fn a_server_and_its_directory_tell_the_same() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::first(home.path());
    let access = &server.access;
    assert_eq!(server.ready["event"], "listening");
    assert_eq!(access.get("/readyz").status, 200);
    access.flag("checkout", "off");
    let changed =
        access.put(&format!("{PRODUCTION}/flags/checkout"), &targeting("on"))["version"].as_u64().unwrap();
    let all = both(&["log", "show"], access, home.path());
    assert_eq!(u64::try_from(all.len()).unwrap(), changed);
    let tail = both(&["log", "show", "--tail", "2", "--after", "1"], access, home.path());
    assert_eq!(tail, all[all.len() - 2..]);
    let found = both(
        &["log", "show", "--resource", "environments/production/flags/checkout", "--kind", "targeting_set"],
        access,
        home.path(),
    );
    assert_eq!(
        found.iter().map(|line| line["entry"]["version"].as_u64().unwrap()).collect::<Vec<_>>(),
        [changed - 1, changed]
    );
    let diff = both(&["log", "diff", &(changed - 1).to_string(), &changed.to_string()], access, home.path());
    let field = json!([{"path": "/targeting/default/variant", "before": "off", "after": "on"}]);
    assert_eq!(diff[0]["diff"]["changes"][0]["fields"], field);

    let version = changed.to_string();
    let asked = ["log", "revert", &version, "--server", &access.url, "--token", &access.admin];
    assert_eq!(good(&asked)[0]["changed"]["version"], changed + 1);
    assert_eq!(access.evaluate("checkout").json["variant"], "off");
    let (status, _, said) = lines(&asked);
    assert_eq!(status.code(), Some(5), "{said}");
    assert!(said.contains(&format!("changed again by entry {}", changed + 1)), "{said}");
    let (status, _, said) = lines(&["log", "revert", &version, "--data", home.path().to_str().unwrap()]);
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("is in use by process"), "{said}");
    server.stop();
}

#[test]
fn without_a_server_the_directory_can_be_read_and_changed() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().to_str().unwrap();
    let server = Server::first(home.path());
    let access = server.access.clone();
    assert_eq!(access.metric("errors", "one").status, 200);
    let version = access.metric("errors", "two").json["version"].as_u64().unwrap();
    server.stop();
    good(&["log", "revert", &version.to_string(), "--data", data]);
    let shown = good(&["log", "show", "--tail", "1", "--data", data]);
    assert_eq!(shown[0]["entry"]["body"]["description"], "one");
    assert_eq!(shown[0]["entry"]["actor"]["id"], "data-directory");
    let (status, _, said) = lines(&["log", "revert", "9999", "--data", data]);
    assert_eq!(status.code(), Some(4), "{said}");
    let (status, _, said) = lines(&["log", "show", "--data", "/nowhere/at/all"]);
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("check the path"), "{said}");
    let (status, _, said) = lines(&["log", "show"]);
    assert!(said.contains("--token or SAPWOOD_TOKEN") && status.code() == Some(1), "{said}");
}

#[test]
fn a_log_that_was_rewritten_to_its_end_does_not_pass_its_anchor() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::first(home.path());
    let access = &server.access;
    assert_eq!(access.metric("errors", "one").status, 200);
    let verified = good(&["log", "verify", "--data", home.path().to_str().unwrap()]);
    assert_eq!(verified[1]["event"], "files_verified");
    let anchor = format!("{}:{}", verified[0]["version"], verified[0]["hash"].as_str().unwrap());
    access.metric("errors", "two");
    let place = ["--server", &access.url, "--token", &access.admin];
    good(&[&["log", "verify", "--anchor", &anchor][..], &place].concat());
    let other = format!("{}:{}", verified[0]["version"], "0".repeat(64));
    for (anchor, word) in
        [(other.as_str(), "was rewritten"), (&format!("999:{}", "0".repeat(64)), "is missing")]
    {
        let (status, _, said) = lines(&[&["log", "verify", "--anchor", anchor][..], &place].concat());
        assert!(said.contains(word) && status.code() == Some(1), "{said}");
    }
    server.stop();
}

#[test]
fn a_backup_of_a_running_server_starts_as_one() {
    let home = tempfile::tempdir().unwrap();
    let place = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let server = Server::first(Path::new(&place("data")));
    server.access.flag("checkout", "on");
    good(&["backup", "create", &place("backup"), "--data", &place("data")]);
    server.access.flag("later", "on");
    let access = server.access.clone();
    server.stop();
    good(&["backup", "verify", &place("backup")]);
    let restored = good(&["backup", "restore", &place("backup"), "--data", &place("new")]);
    let head = restored[0]["manifest"]["streams"][0].clone();
    let server = Server::again(Path::new(&place("new")), &access);
    let verified = good(&["log", "verify", "--data", &place("new")]);
    assert_eq!((&verified[0]["version"], &verified[0]["hash"]), (&head["version"], &head["hash"]));
    assert_eq!(server.access.evaluate("checkout").json["variant"], "on");
    assert_eq!(server.access.evaluate("later").status, 404, "it came after the backup");
    server.stop();
}
