//! Every scenario plays as its transcript says.

use std::fs;
use std::path::{Path, PathBuf};

use sapwood_sim::script::{self, read};
use sapwood_sim::transcript::play;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

fn scenario(name: &str) -> script::Script {
    let text = fs::read_to_string(folder().join(name).with_extension("txt")).unwrap();
    read(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn transcript(name: &str) -> String {
    fs::read_to_string(folder().join(name).with_extension("transcript")).unwrap_or_default()
}

fn names() -> Vec<String> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let scenarios = files.filter(|path| path.extension().is_some_and(|extension| extension == "txt"));
    let mut names: Vec<_> =
        scenarios.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// The first line in which two texts differ, with the line before it.
fn difference(expected: &str, found: &str) -> String {
    let mut before = "";
    let (mut expected, mut found) = (expected.lines(), found.lines());
    loop {
        match (expected.next(), found.next()) {
            (Some(one), Some(other)) if one == other => before = one,
            (one, other) => {
                let end = "(the end)";
                return format!(
                    "after      {before}\nexpected   {}\nbut found  {}",
                    one.unwrap_or(end),
                    other.unwrap_or(end)
                );
            }
        }
    }
}

#[test]
fn every_scenario_plays_as_written() {
    let names = names();
    assert!(names.len() >= 15, "{names:?}");
    let mut wrong = String::new();
    for name in &names {
        let found = play(&scenario(name)).unwrap_or_else(|error| format!("{name}: {error}\n"));
        let expected = transcript(name);
        if found != expected {
            wrong = wrong + "\n== " + name + "\n" + &difference(&expected, &found) + "\n";
        }
    }
    assert!(
        wrong.is_empty(),
        "{wrong}\nif the new story is right: cargo run -p sapwood-sim --example transcripts -- --write"
    );
}

#[test]
fn the_same_seed_tells_the_same_story_and_another_seed_another() {
    let script = scenario("errors-x5");
    let story = play(&script).unwrap();
    assert_eq!(story, play(&script).unwrap());
    let other = script::Script { seed: script.seed + 1, ..script };
    assert_ne!(story, play(&other).unwrap());
}

/// What a transcript says without the remarks in parentheses and the waiting in between.
fn verdicts(name: &str) -> Vec<String> {
    let transcript = transcript(name);
    let told = |line: &&str| !line.contains("  (") && !line.contains(" says: ");
    transcript.lines().filter(told).map(str::to_owned).collect()
}

#[test]
fn restarts_and_repetitions_change_no_verdict() {
    let undisturbed = verdicts("errors-x2");
    assert!(undisturbed.iter().any(|line| line.contains("is rolled back")), "{undisturbed:?}");
    assert_eq!(verdicts("restart"), undisturbed);
    assert_eq!(verdicts("duplicates"), undisturbed);
}

#[test]
fn what_is_not_understood_is_refused_with_its_line() {
    for (text, line) in [
        ("seed x", "line 1"),
        ("# fine\nladder checkout", "line 2"),
        ("metric errors 2 % up\nfault checkout errors x2 from minute 3", "line 2"),
        ("metric errors 2 % up\nladder basket 5 %", "line 2"),
        ("metric errors 2 % up\nladder checkout 5 %\nat minute 3 dance\nrun 5 minutes", "line 3"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.starts_with(line), "{text}: {error}");
    }
}
