//! `sapwood export` and `sapwood apply`: files to a server and back, and everything that can be wrong on the way.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitStatus;

use serde_json::{Value, json};

use crate::generated::definitions;
use crate::program::Program;
use crate::server::{Access, PRODUCTION, PROJECT, Server};

/// What a command printed for programs, how it ended, and what it said to people.
fn run(access: &Access, args: &[&str]) -> (Vec<Value>, ExitStatus, String) {
    let place = ["--server", &access.url, "--token", &access.admin, "--json"];
    let mut program = Program::start(&[args, &place].concat());
    let lines = program.lines();
    let (status, said) = program.end();
    (lines, status, said)
}

#[track_caller]
fn good(access: &Access, args: &[&str]) -> Value {
    let (mut lines, status, said) = run(access, args);
    assert!(status.success(), "{args:?}: {said} {lines:?}");
    let last = lines.pop().unwrap();
    assert_eq!(last["format"], 1);
    last
}

/// Every file of a folder by its name.
fn tree(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for kind in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        for file in fs::read_dir(&kind).unwrap().map(|entry| entry.unwrap().path()) {
            let name = file.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            files.insert(name, fs::read_to_string(&file).unwrap());
        }
    }
    files
}

const FLAG: &str = "sapwood: 1\nkind: flag\nkey: sale\nflag:\n  type: boolean\n  variants: {on: true, off: false}\nenvironments:\n  production:\n    on: true\n    off_variant: off\n    rules: []\n    default: {variant: off}\n";

#[test]
fn nothing_is_lost_from_a_server_to_files_to_another_server() {
    let (home, other, work) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = |name: &str| work.path().join(name).to_str().unwrap().to_owned();
    let (first, again) = (path("first"), path("again"));
    let server = Server::first(home.path());
    for seed in 1..=3 {
        let put =
            server.access.manage("PUT", &format!("{PROJECT}/definitions?prune=true"), &definitions(seed));
        assert_eq!(put.status, 200, "seed {seed}: {:#}", put.json);
        let exported = good(&server.access, &["export", "-o", &first, "--replace"]);
        let count = usize::try_from(exported["definitions"].as_u64().unwrap()).unwrap();
        let files = tree(Path::new(&first));
        assert_eq!((files.len(), exported["removed"].as_u64() > Some(0)), (count, seed > 1));
        assert_eq!(good(&server.access, &["apply", "-f", &first, "--prune"])["event"], "unchanged");

        let empty = Server::first(&other.path().join(seed.to_string()));
        let applied = good(&empty.access, &["apply", "-f", &first]);
        assert_eq!(applied["event"], "applied");
        assert_eq!(good(&empty.access, &["apply", "-f", &first, "--prune"])["event"], "unchanged");
        good(&empty.access, &["export", "-o", &again, "--replace"]);
        assert_eq!(tree(Path::new(&again)), files, "seed {seed}");
        let of = |access: &Access| access.get(&format!("{PROJECT}/definitions")).json["items"].clone();
        assert_eq!(of(&empty.access), of(&server.access));
        empty.stop();
    }
    // Without --replace a folder that is in use stays as it is.
    let (_, status, said) = run(&server.access, &["export", "-o", &first]);
    assert!(status.code() == Some(5) && said.contains("--replace"), "{said}");
    fs::write(Path::new(&first).join("plan.yaml"), "sapwood: 1\nplan: p\nslices: []\n").unwrap();
    assert_eq!(good(&server.access, &["export", "-o", &first, "--replace"])["removed"], 0);
    assert!(Path::new(&first).join("plan.yaml").exists());
    server.stop();
}

#[test]
fn what_is_wrong_is_shown_where_it_is_and_nothing_is_changed() {
    let (home, work) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::first(home.path());
    let before = server.access.get(PROJECT).json;
    let put = |name: &str, text: &str| fs::write(work.path().join(name), text).unwrap();
    let refused = |words: &[(&str, u64, u64, &str)]| {
        let (lines, status, said) = run(&server.access, &["apply", "-f", work.path().to_str().unwrap()]);
        assert_eq!(status.code(), Some(3), "{said}");
        let findings = lines[0]["findings"].as_array().unwrap();
        assert_eq!(findings.len(), words.len(), "{findings:#?}");
        for (finding, (file, line, column, word)) in findings.iter().zip(words) {
            let place = &finding["places"][0];
            assert!(place["file"].as_str().unwrap().ends_with(file), "{finding}");
            assert_eq!((&place["line"], &place["column"]), (&json!(line), &json!(column)), "{finding}");
            assert!(finding.to_string().contains(word), "{finding}");
        }
        assert_eq!(server.access.get(PROJECT).json, before);
    };
    // What only the server can tell.
    put("sale.yaml", &FLAG.replace("{variant: off}", "{variant: of}"));
    put(
        "errors.toml",
        "sapwood = 1\nkind = \"metric\"\nkey = \"errors\"\nmetric = {kind = \"event_rate\"}\n",
    );
    put(
        "g.json",
        r#"{"sapwood": 1, "kind": "guardrail", "key": "g", "guardrail": {"metric": "eror", "harm": "up"}}"#,
    );
    refused(&[("sale.yaml", 12, 24, "of"), ("g.json", 1, 73, "eror")]);
    // What the files show by themselves.
    put("g.json", r#"{"sapwood": 1, "kind": "metric", "key": "errors", "metric": {"kind": "event_rate"}}"#);
    put("sale.yaml", &FLAG.replace("variants", "varants"));
    refused(&[
        ("sale.yaml", 6, 3, "did you mean `variants`?"),
        ("sale.yaml", 5, 3, "`variants` is missing"),
        ("g.json", 1, 41, "errors.toml:3:7"),
    ]);
    let (_, status, said) = run(&server.access, &["apply", "-f", "/nowhere.yaml"]);
    assert_eq!(status.code(), Some(4), "{said}");
    fs::create_dir(work.path().join("empty")).unwrap();
    let (_, status, said) =
        run(&server.access, &["apply", "-f", work.path().join("empty").to_str().unwrap()]);
    assert_eq!(status.code(), Some(2), "{said}");
    server.stop();
}

#[test]
fn people_are_asked_and_others_are_named() {
    let (home, work) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::first(home.path());
    let access = &server.access;
    let file = work.path().join("sale.yaml");
    let apply = ["apply", "-f", file.to_str().unwrap()];
    fs::write(&file, FLAG).unwrap();
    let tried = good(access, &[&apply[..], &["--dry-run"]].concat());
    assert_eq!((&tried["event"], &tried["changed"]), (&json!("would_apply"), &json!(true)));
    assert_eq!(access.get(&format!("{PROJECT}/flags/sale")).status, 404);
    let version = tried["version"].to_string();
    assert_eq!(access.metric("errors", "meanwhile").status, 200);
    // What was looked at is not what would be built on any more.
    let (_, status, said) = run(access, &[&apply[..], &["--expect", &version]].concat());
    assert!(
        status.code() == Some(5) && said.contains("metric_defined.v1") && said.contains("metrics/errors"),
        "{said}"
    );
    let now = access.get(PROJECT).json["version"].to_string();
    assert_eq!(good(access, &[&apply[..], &["--expect", &now]].concat())["event"], "applied");

    // Nobody is there to be asked.
    let prune = [&apply[..], &["--prune"]].concat();
    let (_, status, said) = run(access, &prune);
    assert!(status.code() == Some(2) && said.contains("takes away 1 definition; say --yes"), "{said}");
    assert_eq!(access.get(&format!("{PROJECT}/metrics/errors")).status, 200);
    let done = good(access, &[&prune[..], &["--yes"]].concat());
    assert_eq!((&done["changes"][0]["key"], &done["changes"][0]["after"]), (&json!("errors"), &Value::Null));

    // An edit of what a rollout stands on pauses it, and whoever asks for it has to say so.
    let start = json!({"flag": "sale", "baseline": "off", "candidate": "on", "after": "", "ladder": {"stages": [{"share": 50_000}]}});
    let id = access.manage("POST", &format!("{PRODUCTION}/rollouts"), &start).json["id"].clone();
    let edited = FLAG.replace("on: true\n    off", "on: false\n    off");
    assert_ne!(edited, FLAG);
    fs::write(&file, &edited).unwrap();
    let (_, status, said) = run(access, &apply);
    assert!(status.code() == Some(2) && said.contains("pauses 1 rollout"), "{said}");
    assert_eq!(good(access, &[&apply[..], &["--yes"]].concat())["changes"][0]["paused"], json!([id]));
    let mut program = Program::start(&[
        "apply",
        "-f",
        file.to_str().unwrap(),
        "--server",
        &access.url,
        "--token",
        "wrong",
        "--json",
    ]);
    let lines = program.lines();
    let error = &lines[0]["error"];
    assert_eq!(
        (lines.len(), &error["code"], &error["problem"]["code"]),
        (1, &json!("auth"), &json!("unauthenticated"))
    );
    assert_eq!(program.end().0.code(), Some(7));
    server.stop();
}
