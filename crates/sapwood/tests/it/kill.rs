//! `sapwood kill`: in force within a moment, with and without a database, and in the log once there is one again.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::program::Program;
use crate::server::{Access, PRODUCTION, PROJECT, Server};
use crate::strace::Strace;

fn kill(data: &Path, args: &[&str]) -> (Option<i32>, Vec<Value>, String) {
    let place = ["--data", data.to_str().unwrap(), "--json"];
    let mut program = Program::start(&[&["kill"], args, &place].concat());
    let lines = program.lines();
    let (status, said) = program.end();
    (status.code(), lines, said)
}

fn good(data: &Path, args: &[&str]) -> Vec<Value> {
    let (code, lines, said) = kill(data, args);
    assert_eq!(code, Some(0), "{said}");
    lines
}

/// Asks until the answer is as it should be. The server looks several times a second, so a few hundred questions are
/// enough, and a million is a failure.
fn comes_true(mut is_true: impl FnMut() -> bool, what: &str) {
    assert!((0..1_000_000).any(|_| is_true()), "{what}");
}

fn serves(access: &Access, variant: &str) {
    comes_true(|| access.evaluate("checkout").json["variant"] == variant, variant);
}

/// Kinds and actors of what the log says about the emergency.
fn logged(access: &Access) -> Vec<(String, String)> {
    let path = format!("{PROJECT}/log?resource=environments%2Fproduction%2Fbreak-glass%2Fcheckout");
    let found = access.get(&path).json;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let entries = found["items"].as_array().unwrap().iter();
    entries.map(|entry| (text(&entry["kind"]), text(&entry["body"]["because"]["reason"]))).collect()
}

#[test]
fn everybody_gets_the_variant_at_once_and_the_log_hears_of_it_once() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::first(home.path());
    let access = &server.access;
    access.flag("checkout", "on");
    serves(access, "on");
    comes_true(
        || kill(home.path(), &["checkout", "--reason", "orders twice"]).0 == Some(0),
        "the flag is written down",
    );
    serves(access, "off");
    let answer = access.evaluate("checkout").json;
    assert_eq!((&answer["reason"], &answer["metadata"]["ruleId"]), (&json!("STATIC"), &json!("break-glass")));
    let first = ("break_glass_set.v1".to_owned(), "orders twice".to_owned());
    comes_true(|| logged(access) == [first.clone()], "the log hears of it");
    let listed = good(home.path(), &["--list"]);
    assert_eq!(
        (&listed[0]["override"]["flag"], &listed[0]["override"]["what"]),
        (&json!("checkout"), &json!("off"))
    );
    good(home.path(), &["checkout", "--variant", "on"]);
    serves(access, "on");
    comes_true(|| logged(access).len() == 2, "the log hears of it before it is over");
    good(home.path(), &["checkout", "--lift"]);
    comes_true(|| logged(access).len() == 3, "the log hears of the rest");
    assert_eq!(access.evaluate("checkout").json["metadata"]["ruleId"], Value::Null);
    let access = access.clone();
    server.stop();
    let server = Server::again(home.path(), &access);
    serves(&server.access, "on");
    assert_eq!(logged(&server.access).len(), 3, "a restart says nothing again");
    server.stop();
}

#[test]
fn a_rollout_of_what_is_killed_is_held() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::first(home.path());
    let access = &server.access;
    access.flag("checkout", "off");
    let rollout = json!({
        "flag": "checkout", "baseline": "off", "candidate": "on",
        "ladder": {"stages": [{"share": 100_000}]}, "holdback": 0,
    });
    let id = access.manage("POST", &format!("{PRODUCTION}/rollouts"), &rollout).json["id"].clone();
    serves(access, "on");
    comes_true(|| kill(home.path(), &["checkout"]).0 == Some(0), "the flag is written down");
    serves(access, "off");
    let path = format!("{PRODUCTION}/rollouts/{}", id.as_str().unwrap());
    comes_true(|| access.get(&path).json["cause"] == "edit", "it is held until somebody looks");
    good(home.path(), &["checkout", "--lift"]);
    serves(access, "on");
    assert_eq!(access.get(&path).json["state"], "held");
    server.stop();
}

/// The worst day: no database, and something has to stop now.
#[test]
fn without_a_database_it_works_and_the_log_hears_of_it_on_return() {
    let home = tempfile::tempdir().unwrap();
    let (data, log) = (home.path().join("data"), home.path().join("data/log.db"));
    let server = Server::first(&data);
    let access = server.access.clone();
    access.flag("checkout", "on");
    server.stop();
    let good_log = fs::read(&log).unwrap();
    fs::write(&log, vec![0xa5; 50_000]).unwrap();

    let server = Server::again(&data, &access);
    assert_eq!(server.ready["serving"], "last_known_good");
    serves(&server.access, "on");
    good(&data, &["checkout", "--reason", "the worst day"]);
    serves(&server.access, "off");
    server.stop();
    let server = Server::again(&data, &access);
    assert_eq!(server.access.evaluate("checkout").json["variant"], "off", "from the first answer on");
    server.stop();

    fs::write(&log, good_log).unwrap();
    let server = Server::again(&data, &access);
    assert_eq!(server.ready["serving"], Value::Null);
    assert_eq!(server.access.evaluate("checkout").json["variant"], "off", "from the first answer on");
    let said = ("break_glass_set.v1".to_owned(), "the worst day".to_owned());
    comes_true(|| logged(&server.access) == [said.clone()], "the log hears of it");
    server.stop();
}

#[test]
fn a_disk_that_failed_does_not_keep_it_from_working() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let server = Server::first(&data);
    let access = &server.access;
    access.flag("checkout", "on");
    let calls = ["-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:error=EIO"];
    let strace = Strace::attach(server.program.id(), &calls, &home.path().join("trace"));
    comes_true(|| access.metric("errors", "x").status == 503, "the store met the fault");
    strace.detach();
    good(&data, &["checkout", "--force"]);
    serves(access, "off");
    assert_eq!(logged(access), [], "the log takes nothing until a restart");
}

#[test]
fn mistakes_of_typing_are_told_and_a_damaged_file_is_put_aside() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::first(home.path());
    server.access.flag("checkout", "on");
    server.access.flag("search", "on");
    let access = server.access.clone();
    server.stop();
    for (args, word) in [
        (&["chekout"][..], "check the names"),
        (&["checkout", "--environment", "prod"], "check the names"),
        (&["checkout", "--variant", "blue"], "it has off, on"),
    ] {
        let (code, _, said) = kill(home.path(), args);
        assert_eq!(code, Some(4), "{said}");
        assert!(said.contains(word), "{said}");
    }
    let (code, _, said) = kill(&home.path().join("nowhere"), &["checkout"]);
    assert!(code == Some(1) && said.contains("--data"), "{said}");
    assert_eq!(good(home.path(), &["--list"]), Vec::<Value>::new());
    good(home.path(), &["checkout"]);
    fs::write(home.path().join("break-glass.json"), "{}").unwrap();
    let (code, _, said) = kill(home.path(), &["search"]);
    assert!(code == Some(0) && said.contains("break-glass.json.damaged"), "{said}");
    let server = Server::again(home.path(), &access);
    assert_eq!(server.access.evaluate("search").json["variant"], "off");
    server.stop();
}
