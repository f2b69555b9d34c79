//! `sapwood explain` and `sapwood eval`, against a server.

use std::process::ExitStatus;

use serde_json::{Value, json};

use crate::program::Program;
use crate::server::{PRODUCTION, PROJECT, Server};

fn run(server: &Server, args: &[&str]) -> (ExitStatus, String, String) {
    let access = ["--server", &server.access.url, "--token", &server.access.admin];
    let mut program = Program::start(&[args, &access].concat());
    let printed = program.text();
    let (status, said) = program.end();
    (status, printed, said)
}

#[test]
fn a_walk_is_printed_for_any_moment_and_for_a_draft() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::first(home.path());
    server.access.flag("checkout", "off");
    let (status, printed, said) = run(&server, &["explain", "checkout"]);
    assert!(status.success(), "{said}");
    assert_eq!(printed, "flag checkout\n  serves off: there are no rules (STATIC)\n");
    let (status, printed, _) = run(&server, &["eval", "checkout", "--context", r#"{"targetingKey": "ada"}"#]);
    assert!(status.success());
    assert_eq!(printed, "false\ncheckout serves off: there are no rules (STATIC)\n");

    let rule = json!({"id": "opening", "when": {"now": {"after": "2030-01-01T00:00:00Z"}}, "serve": {"variant": "on"}});
    let draft = json!({"targeting": {"on": true, "off_variant": "off", "rules": [rule], "default": {"variant": "off"}}});
    let path = home.path().join("draft.json");
    std::fs::write(&path, draft.to_string()).unwrap();
    let file = path.to_str().unwrap();
    let at = ["explain", "checkout", "--at", "2030-01-01T00:00:00.000Z", "--draft", file];
    let (status, printed, said) = run(&server, &at);
    assert!(status.success(), "{said}");
    let expected = "flag checkout\n  rule opening: yes\n    now is at or after 2030-01-01T00:00:00Z: yes\n  \
                    serves on: rule opening (TARGETING_MATCH)\na draft; putting it would append targeting_set.v1\n";
    assert_eq!(printed, expected);
    let (_, printed, _) = run(&server, &[&at[..], &["--json"]].concat());
    let line: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((&line["format"], &line["explanation"]["variant"]), (&json!(1), &json!("on")));
    let (_, printed, _) = run(&server, &["eval", "checkout", "--json"]);
    let line: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(
        (&line["value"], &line["reason"]),
        (&json!(false), &json!("STATIC")),
        "nothing of the draft stays"
    );
}

#[test]
fn what_cannot_be_answered_says_so_and_exits_so() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::first(home.path());
    server.access.flag("checkout", "off");
    let flag = json!({"flag": {"type": "boolean", "variants": {"on": true, "off": false}}});
    server.access.put(&format!("{PROJECT}/flags/bare"), &flag);
    server.access.put(&format!("{PROJECT}/flags/split"), &flag);
    let half = json!([{"serve": "on", "width": 50_000}, {"serve": "off", "width": 50_000}]);
    let split =
        json!({"targeting": {"on": true, "off_variant": "off", "rules": [], "default": {"slots": half}}});
    server.access.put(&format!("{PRODUCTION}/flags/split"), &split);
    let broken = home.path().join("broken.json");
    std::fs::write(
        &broken,
        r#"{"targeting": {"on": true, "off_variant": "off", "rules": [], "defualt": {}}}"#,
    )
    .unwrap();
    let other = home.path().join("other.json");
    std::fs::write(&other, r#"{"rules": []}"#).unwrap();
    let (twice, list) = (home.path().join("twice.json"), home.path().join("list.json"));
    std::fs::write(&twice, r#"{"targeting": {"on": true, "on": false}}"#).unwrap();
    std::fs::write(&list, "[1]").unwrap();
    let (broken, other) = (broken.to_str().unwrap(), other.to_str().unwrap());
    let (twice, list) = (twice.to_str().unwrap(), list.to_str().unwrap());
    for (args, code, expected) in [
        (&["explain", "chekout"][..], 4, "there is no flag `chekout`; did you mean `checkout`?"),
        (&["eval", "chekout"], 4, "did you mean `checkout`?"),
        (&["explain", "bare"], 10, "is not served: it has no targeting in production"),
        (&["eval", "bare"], 10, "bare is not served: it has no targeting in production"),
        (&["eval", "split"], 11, "TARGETING_KEY_MISSING"),
        (&["explain", "checkout", "--at", "yesterday"], 3, "yesterday"),
        (&["explain", "checkout", "--context", "[]"], 2, "write a JSON object"),
        (
            &["explain", "checkout", "--draft", broken],
            3,
            "targeting has no field `defualt`; did you mean `default`?",
        ),
        (&["explain", "checkout", "--draft", other], 3, "/rules: a draft has no field `rules`"),
        (&["explain", "checkout", "--draft", twice], 3, "/targeting/on: `on` is written twice in one object"),
        (
            &["explain", "checkout", "--draft", list],
            3,
            "this is a list; write a draft, which is an object with `targeting`",
        ),
        (
            &["explain", "checkout", "--context", r#"{"a": 1, "a": 2}"#],
            2,
            "/a: `a` is written twice in one object",
        ),
        (
            &["eval", "checkout", "--context", r#"{"a": [1e400]}"#],
            2,
            "/a/0: a number is beyond the range of 64-bit floats",
        ),
        (&["eval", "checkout", "--context", "{"], 2, "this is no JSON"),
        (&["explain", "checkout", "--draft", "/nowhere.json"], 4, "/nowhere.json cannot be used"),
        (&["explain", "checkout", "--environment", "nowhere"], 4, "environment"),
    ] {
        let (status, printed, said) = run(&server, args);
        let all = format!("{printed}{said}");
        assert_eq!(status.code(), Some(code), "{args:?}: {all}");
        answers_programs_alike(&server, args, code, expected);
        assert!(all.contains(expected), "{args:?}: {all}");
        assert!(!all.contains('\x1b'), "no colours off a terminal: {all:?}");
    }
}

/// With `--json` the same ends with one object on standard output: the answer where there is one, or the error.
fn answers_programs_alike(server: &Server, args: &[&str], code: i32, expected: &str) {
    let (status, printed, _) = run(server, &[args, &["--json"]].concat());
    assert_eq!(status.code(), Some(code), "{args:?}: {printed}");
    let line: Value =
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{args:?}: {error}: {printed}"));
    assert_eq!(line["format"], 1, "{line}");
    if line["explanation"].is_object() || line["key"].is_string() {
        return;
    }
    let error = &line["error"];
    assert_eq!(error["exit"], code, "{line}");
    let words: Vec<&str> = error["code"].as_str().into_iter().collect();
    assert!(matches!(words[..], ["usage" | "refused" | "not_found"]), "{line}");
    let place = error["path"].as_str().unwrap_or_default();
    let said = error["detail"].as_str().unwrap();
    assert!(said.contains(expected), "{line}");
    if let Some((named, _)) =
        expected.split_once(": ").filter(|(named, _)| named.starts_with('/') && code == 3)
    {
        assert_eq!(place, named, "{line}");
    }
    if let Some(problem) = error["problem"].as_object() {
        assert_eq!(problem.get("path").and_then(Value::as_str).unwrap_or_default(), place, "{line}");
    }
}
