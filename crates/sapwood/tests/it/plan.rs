//! `sapwood plan` on files: what it prints, and the code it ends with.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn sapwood(directory: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sapwood"))
        .current_dir(directory)
        .arg("plan")
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Runs, expects a code, answers with what was printed: standard output, standard error.
#[track_caller]
fn run(directory: &Path, args: &[&str], code: i32) -> (String, String) {
    let output = sapwood(directory, args);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(code), "{args:?}\n{out}\n{err}");
    (out, err)
}

#[track_caller]
fn json(directory: &Path, args: &[&str], code: i32) -> Value {
    let (out, _) = run(directory, args, code);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

fn with_example() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    run(directory.path(), &["init"], 0);
    directory
}

#[test]
fn the_example_is_written_checked_and_solved() {
    let directory = with_example();
    let here = directory.path();
    let (_, said) = run(here, &["init"], 5);
    assert!(said.contains("plan.yaml is there already"), "{said}");
    let (checked, _) = run(here, &["check", "plan.yaml"], 0);
    assert!(checked.contains("0 errors, 12 warnings"), "{checked}");
    run(here, &["check", "--strict", "plan.yaml"], 3);
    let (solved, _) = run(here, &["solve", "plan.yaml"], 0);
    for words in [
        "Delay cost 4153 (optimal) in 5 releases.",
        "One big launch on day 56 would cost 6720, value per effort in a row 4546.",
        "merged: separate costs 22 more (4175)",
        "Mon 25 Jan 2027  guest-checkout",
    ] {
        assert!(solved.contains(words), "{words}: {solved}");
    }
    assert!(!solved.contains('\x1b'), "colours off a terminal: {solved:?}");
    let answer = json(here, &["solve", "plan.yaml", "--json"], 0);
    assert_eq!((answer["version"].as_u64(), answer["objective"].as_u64()), (Some(1), Some(4153)));
    assert_eq!(answer["releases"][2]["separate_costs"], 4175);
    assert_eq!(answer["stability"]["draws"], 200);
}

#[test]
fn other_rules_other_files_and_other_views() {
    let directory = with_example();
    let here = directory.path();
    let (two, _) = run(here, &["solve", "plan.yaml", "--teams", "2", "--draws", "0", "--time-limit", "1"], 0);
    assert!(two.contains("Against the file as it is:") && two.contains("earlier"), "{two}");
    let (why, _) = run(here, &["explain", "plan.yaml", "wallets", "guest-checkout"], 0);
    assert!(why.contains("together they cost 420 more (4573)"), "{why}");
    let (_, said) = run(here, &["explain", "plan.yaml", "walets", "guest-checkout"], 4);
    assert!(said.contains("did you mean `wallets`?"), "{said}");
    let table = json(here, &["what-if", "plan.yaml", "--overhead", "0d,2d,5d,10d,20d", "--json"], 0);
    let costs: Vec<(u64, u64)> = table["variants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            assert_eq!(row["proven"], true);
            (row["objective"].as_u64().unwrap(), row["releases"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(costs, [(3499, 6), (4153, 5), (4951, 4), (6102, 3), (7836, 2)]);
    let example = std::fs::read_to_string(here.join("plan.yaml")).unwrap();
    std::fs::write(here.join("more.yaml"), example.replace("value: 12/day", "value: 40/day")).unwrap();
    let (changed, _) = run(here, &["diff", "plan.yaml", "more.yaml"], 0);
    assert!(changed.contains("saved-cards") && changed.contains("earlier"), "{changed}");
    let (shown, _) = run(here, &["show", "plan.yaml"], 0);
    assert!(shown.contains("guest-checkout") && shown.contains("46"), "{shown}");
    let (report, _) = run(here, &["report", "plan.yaml"], 0);
    assert!(report.contains("## Announcements") && report.contains("| 10 | Mon 25 Jan 2027 |"), "{report}");
}

#[test]
fn what_is_wrong_is_said_and_exits_as_it_should() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let write = |name: &str, text: &str| std::fs::write(here.join(name), text).unwrap();
    write("empty.yaml", "sapwood: 1\nplan: p\nslices: []\n");
    let (_, said) = run(here, &["solve", "empty.yaml"], 2);
    assert!(said.contains("nothing to release"), "{said}");
    write("typo.yaml", "sapwood: 1\nplan: p\nslices:\n  - {id: a, effort: 1d, requires: [b]}\n");
    let (_, said) = run(here, &["solve", "typo.yaml"], 3);
    assert!(said.contains("typo.yaml:4:36") && said.contains("1 error"), "{said}");
    let findings = json(here, &["solve", "typo.yaml", "--json"], 3);
    assert_eq!(findings["findings"][0]["places"][0]["column"], 36);
    write(
        "late.yaml",
        "sapwood: 1\nplan: p\nslices:\n  - {id: a, effort: 9d, value: 1/day, not_after: 3d}\n",
    );
    let (out, _) = run(here, &["solve", "late.yaml"], 12);
    assert!(out.contains("No order keeps every `not_after`; this one misses a by 6d."), "{out}");
    std::fs::write(here.join("bytes.yaml"), [0xff, 0xfe]).unwrap();
    let (_, said) = run(here, &["solve", "bytes.yaml"], 3);
    assert!(said.contains("no UTF-8"), "{said}");
    let (_, said) = run(here, &["check", "absent.yaml"], 4);
    assert!(said.contains("absent.yaml"), "{said}");
    run(here, &["solve"], 2);
    run(here, &["what-if", "empty.yaml", "--overhead", "two"], 2);
}

#[test]
fn instances_are_answered_line_by_line() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let text = r#"{"format": "sapwood-planner-instances/1", "instances": [
        {"id": "one", "teams": 1, "overhead": 0, "settle": 0, "requires": [["b", "a"]], "together": [],
         "slices": [{"id": "a", "effort": 2, "value": 3}, {"id": "b", "effort": 1, "value": 0}]},
        {"id": "two", "slices": [{"id": "a", "effort": "x", "value": 3}]}]}"#;
    std::fs::write(here.join("i.json"), text).unwrap();
    let (out, _) = run(here, &["solve", "--instance", "i.json", "--json"], 3);
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines[0]["id"].as_str(), lines[0]["objective"].as_u64()), (Some("one"), Some(9)));
    assert_eq!(lines[0]["proven"], true);
    assert_eq!(lines[0]["releases"][0]["slices"], serde_json::json!(["b"]));
    assert_eq!(lines[1]["id"], "two");
    assert_eq!(lines[1]["findings"][0]["places"][0]["line"], 4);
    std::fs::write(here.join("wt.txt"), "3 2 4 1 2 3 0 5 9").unwrap();
    let (out, _) = run(
        here,
        &["solve", "--instance", "wt.txt", "--format", "wt", "--n", "3", "--json", "--time-limit", "1"],
        0,
    );
    let line: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((line["id"].as_str(), line["objective"].as_u64()), (Some("wt3-001"), Some(3)));
    run(here, &["solve", "--instance", "wt.txt", "--format", "wt"], 2);
    run(here, &["solve", "--instance", "wt.txt", "--format", "wt", "--n", "4"], 3);
}
