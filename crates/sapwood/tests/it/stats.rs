//! `stats eval`: every reference case to its tolerance, and what it says of questions it cannot answer.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

const REFERENCE: &str = include_str!("../../../../fixtures/stats/reference.json");

const EXTREME: &str = include_str!("../../../../fixtures/stats/extreme.json");

/// Runs the command over these lines; answers its lines and exit code.
fn eval(lines: &str, options: &[&str]) -> (Vec<String>, Option<i32>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sapwood"))
        .args(["stats", "eval"])
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let question = lines.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(question.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    (said.lines().map(str::to_owned).collect(), output.status.code())
}

fn answers(lines: &str) -> (Vec<Value>, Option<i32>) {
    let (said, code) = eval(lines, &["--json"]);
    (said.iter().map(|line| serde_json::from_str(line).unwrap()).collect(), code)
}

/// Fails unless every number of the answer is within `tolerance` of the expected one, relative to the larger of it
/// and `scale`.
fn assert_like(at: &str, actual: &Value, expected: &Value, tolerance: f64) {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => {
            assert!(actual.keys().eq(expected.keys()), "{at}: {actual:?} has other fields than {expected:?}");
            for (name, expected) in expected {
                assert_like(&format!("{at}.{name}"), &actual[name], expected, tolerance);
            }
        }
        (Value::Array(actual), Value::Array(expected)) => {
            assert_eq!(actual.len(), expected.len(), "{at}");
            for (index, (actual, expected)) in actual.iter().zip(expected).enumerate() {
                assert_like(&format!("{at}[{index}]"), actual, expected, tolerance);
            }
        }
        (Value::Number(actual), Value::Number(expected)) => {
            let (actual, expected) = (actual.as_f64().unwrap(), expected.as_f64().unwrap());
            // What a case calls 4e-41 is the rounding of a zero in forty digits.
            let off = (actual - expected).abs();
            assert!(
                off <= tolerance * expected.abs() || off < 1e-30,
                "{at}: got {actual}, reference {expected}"
            );
        }
        (actual, expected) => assert_eq!(actual, expected, "{at}"),
    }
}

fn tolerance(case: &Value) -> f64 {
    match case["note"].as_str() {
        Some(note) if note.contains("compare to 1e-4") => 1e-4,
        Some(note) if note.contains("compare to 1e-6") => 1e-6,
        _ => 1e-8,
    }
}

/// Asks the command all cases at once and holds each answer against its own.
fn assert_reproduced(cases: &[&Value]) {
    let question =
        |case: &&Value| json!({"id": case["id"], "kind": case["kind"], "input": case["input"]}).to_string();
    let questions = cases.iter().map(question).collect::<Vec<_>>().join("\n");
    let (answers, code) = answers(&questions);
    assert_eq!(answers.len(), cases.len());
    for (answer, case) in answers.iter().zip(cases) {
        assert_eq!(answer["id"], case["id"]);
        assert_eq!(answer.get("error"), None);
        assert_like(case["id"].as_str().unwrap(), &answer["output"], &case["output"], tolerance(case));
    }
    assert_eq!(code, Some(0));
}

#[test]
fn every_reference_case_is_reproduced() {
    let reference: Value = serde_json::from_str(REFERENCE).unwrap();
    let all = reference["cases"].as_array().unwrap();
    let answered = |case: &&Value| !NOT_ANSWERED.contains(&case["kind"].as_str().unwrap());
    let cases: Vec<&Value> = all.iter().filter(answered).collect();
    assert_eq!(cases.len(), 118);
    assert_reproduced(&cases);
}

#[test]
fn extreme_input_keeps_its_digits() {
    let extreme: Value = serde_json::from_str(EXTREME).unwrap();
    let cases: Vec<&Value> = extreme["cases"].as_array().unwrap().iter().collect();
    assert_eq!(cases.len(), 144);
    assert_reproduced(&cases);
}

/// Kinds of the reference file that are other people's tests, not ours, and have no command yet.
const NOT_ANSWERED: &[&str] = &[
    "avlm",
    "gb-cuped",
    "gb-fixed",
    "gb-mean",
    "gb-prop",
    "gb-ratio",
    "gbh",
    "quant-logn",
    "sm-ni",
    "sm-pois",
    "sm-z",
    "sp-mw",
    "sp-srm",
    "sp-z",
    "sq-gavi",
    "sq-statsig",
    "v-bern",
    "v-berntest",
    "v-bet",
    "v-eb",
    "v-msprt",
    "v-quant",
];

/// A question with one thing wrong, the place it is wrong at, and a word of what is said.
fn refusals() -> Vec<(&'static str, &'static str, &'static str)> {
    vec![
        ("{", "column 1", "not a JSON object"),
        ("[1]", "the whole line", "must be an object"),
        (r#"{"kind": "comb", "input": {}}"#, "id", "is missing"),
        (r#"{"id": [], "kind": "comb", "input": {}}"#, "id", "must be a text or a number"),
        (r#"{"id": 1, "input": {}}"#, "kind", "is missing"),
        (r#"{"id": 1, "kind": "fortune", "input": {}}"#, "kind", "known kinds are"),
        (r#"{"id": 1, "kind": "comb"}"#, "input", "is missing"),
        (r#"{"id": 1, "kind": "comb", "input": 5}"#, "input", "must be an object"),
        (r#"{"id": 1, "kind": "rsm", "input": {"d": [1], "rho": 50, "nu": 1}}"#, "input.nu", "is not known"),
        (
            r#"{"id": 1, "kind": "rsm", "input": {"d": [1, "x"], "rho": 50}}"#,
            "input.d[1]",
            "must be a number",
        ),
        (r#"{"id": 1, "kind": "rsm", "input": {"d": 1, "rho": 50}}"#, "input.d", "must be a list"),
        (r#"{"id": 1, "kind": "rsm", "input": {"d": [], "rho": 0}}"#, "input.rho", "must be above 0"),
        (
            r#"{"id": 1, "kind": "cbm", "input": {"stages": [{"pi": 2, "treated": 1, "total": 2}], "r0": 1, "worse": "up", "prior": {"sigma": 0.7, "hi": 20}}}"#,
            "input.stages[0].pi",
            "must be a probability",
        ),
        (
            r#"{"id": 1, "kind": "cbm", "input": {"stages": [{"pi": 0.5, "treated": 3, "total": 2}], "r0": 1, "worse": "up", "prior": {"sigma": 0.7, "hi": 20}}}"#,
            "input.stages[0]",
            "treated 3 is more than total 2",
        ),
        (
            r#"{"id": 1, "kind": "cbm", "input": {"stages": [], "r0": 1, "worse": "sideways", "prior": {"sigma": 0.7, "hi": 20}}}"#,
            "input.worse",
            "must be \"up\" or \"down\"",
        ),
        (
            r#"{"id": 1, "kind": "cbm", "input": {"stages": [], "r0": 1, "worse": "up", "prior": {"sigma": 0.7, "hi": 20, "k": 64}}}"#,
            "input.prior.k",
            "must be 32",
        ),
        (
            r#"{"id": 1, "kind": "srm", "input": {"theta_0": [0.5, 0.6], "counts": [1, 2]}}"#,
            "input.theta_0",
            "must sum to 1",
        ),
        (
            r#"{"id": 1, "kind": "srm", "input": {"theta_0": [0.5, 0.5], "counts": [1, 2.5]}}"#,
            "input.counts[1]",
            "must be a count",
        ),
        (
            r#"{"id": 1, "kind": "bern-ci", "input": {"num_successes": 3, "num_trials": 2, "alpha": 0.05, "t_opt": 9}}"#,
            "input.num_successes",
            "more than 2 trials",
        ),
        (
            r#"{"id": 1, "kind": "nm-bound", "input": {"v": 1, "alpha": 1, "v_opt": 9}}"#,
            "input.alpha",
            "must be above 0 and below 1",
        ),
        (
            r#"{"id": 1, "kind": "sp-ld", "input": {"t": [0.5, 0.4], "alpha": 0.05, "rho": 2, "sides": 1}}"#,
            "input.t[1]",
            "not before the look before it",
        ),
    ]
}

#[test]
fn a_question_that_cannot_be_answered_says_why_and_where() {
    let good = r#"{"id": "good", "kind": "rsm", "input": {"d": [3, -1, 2], "rho": 50}}"#;
    let refusals = refusals();
    // Empty lines are no questions, but they count as lines.
    let question = |(question, ..): &(&str, &str, &str)| format!("{question}\n{good}\n\n");
    let questions = refusals.iter().map(question).collect::<Vec<_>>().concat();
    let (answers, code) = answers(&questions);
    assert_eq!(code, Some(3));
    assert_eq!(answers.len(), 2 * refusals.len());
    for (index, (question, at, message)) in refusals.iter().enumerate() {
        let error = &answers[2 * index]["error"];
        assert_eq!(error["line"], 3 * index + 1, "{question}");
        assert_eq!(error["at"], *at, "{question}: {error}");
        assert!(error["message"].as_str().unwrap().contains(message), "{question}: {error}");
        assert!(answers[2 * index + 1].get("output").is_some(), "the other lines are answered");
    }
}

#[test]
fn the_last_line_needs_no_end_and_a_line_too_long_is_skipped() {
    let long = format!("{{\"id\": 1, \"kind\": \"{}\"}}\n", "x".repeat(9 * 1024 * 1024));
    let questions = format!("{long}{}", r#"{"id": 2, "kind": "rsm", "input": {"d": [1], "rho": 50}}"#);
    let (answers, code) = answers(&questions);
    assert_eq!(code, Some(3));
    assert_eq!(answers.len(), 2);
    assert!(answers[0]["error"]["message"].as_str().unwrap().contains("longer than"), "{}", answers[0]);
    assert_eq!(answers[1]["id"], 2);
}

#[test]
fn people_read_one_line_a_question() {
    let questions =
        "{\"id\": \"a\", \"kind\": \"v-mean\", \"input\": {\"e\": [4, 2], \"weights\": [0.5, 0.5]}}\nx\n";
    let (said, code) = eval(questions, &[]);
    assert_eq!(code, Some(3));
    assert_eq!(said.len(), 2);
    assert!(said[0].starts_with("a: 3") || said[0].starts_with("a: 2.99999"), "{said:?}");
    assert!(said[1].contains("line 2"), "{said:?}");
    assert_eq!(eval("", &["--json"]), (vec![], Some(0)));
}
