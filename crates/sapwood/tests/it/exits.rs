//! Every command that speaks JSON ends with one object for programs when it cannot do its work, and with its exit code.

use serde_json::Value;

use crate::program::Program;

#[test]
fn every_command_answers_programs_when_it_cannot_do_its_work() {
    let nowhere = ["--server", "http://127.0.0.1:9", "--token", "x"];
    let of_a_server = |args: &[&'static str]| [args, &nowhere].concat();
    for (args, code, word) in [
        (vec!["demo", "--nope"], 2, "usage"),
        (vec!["serve", "--allow-origin", "https://*"], 2, "usage"),
        (vec!["serve", "--allow-origin", "https://a,https://a"], 2, "usage"),
        (vec!["plan", "check", "nowhere.yaml"], 4, "not_found"),
        (vec!["plan", "solve", "nowhere.yaml"], 4, "not_found"),
        (of_a_server(&["rollout", "watch"]), 8, "unreachable"),
        (vec!["rollout", "design", "--metric", "errors=1%", "--traffic", "0/min"], 2, "usage"),
        (of_a_server(&["explain", "a"]), 8, "unreachable"),
        (of_a_server(&["eval", "a"]), 8, "unreachable"),
        (vec!["explain", "a", "--context", "{"], 2, "usage"),
        (of_a_server(&["log", "show"]), 8, "unreachable"),
        (of_a_server(&["log", "verify"]), 8, "unreachable"),
        (of_a_server(&["log", "diff", "1", "2"]), 8, "unreachable"),
        (of_a_server(&["log", "revert", "1"]), 8, "unreachable"),
        (of_a_server(&["apply", "-f", "nowhere.yaml"]), 4, "not_found"),
        (of_a_server(&["export", "-o", "/proc/nowhere"]), 8, "unreachable"),
        (vec!["backup", "verify", "/nowhere"], 1, "failed"),
        (vec!["kill"], 2, "usage"),
    ] {
        let mut program = Program::start(&[&args[..], &["--json"]].concat());
        let text = program.text();
        let (status, said) = program.end();
        assert_eq!(status.code(), Some(code), "{args:?}: {text}{said}");
        let last = text.lines().last().unwrap_or_else(|| panic!("{args:?} says nothing to programs: {said}"));
        let line: Value =
            serde_json::from_str(last).unwrap_or_else(|error| panic!("{args:?}: {error}: {text}"));
        assert_eq!(
            (&line["format"], &line["error"]["exit"], &line["error"]["code"]),
            (&Value::from(1), &Value::from(code), &Value::from(word)),
            "{args:?}: {line}"
        );
        assert!(
            !line["error"]["detail"].as_str().unwrap().is_empty() && !said.is_empty(),
            "{args:?}: {line}"
        );
    }
}
