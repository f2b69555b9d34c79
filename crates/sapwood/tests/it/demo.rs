//! The demo's promises: it ends as its scenario says, the same seed tells the same story, and nothing stays behind.

use serde_json::{Value, json};

use crate::program::Program;

/// What is left of a line when the machine's speed, the time of day and ids (which carry the time) are taken out.
fn essence(line: &Value) -> Value {
    json!({
        "event": line["event"], "flag": line["flag"], "stage": line["stage"], "version": line["version"],
        "outcomes": line["rollouts"].as_array().map(|rollouts| {
            rollouts.iter().map(|rollout| json!([
                rollout["flag"], rollout["state"], rollout["stage"], rollout["exposed_treated"],
                rollout["exposed_control"],
            ])).collect::<Vec<_>>()
        }),
    })
}

/// Two at once: the second finds the port taken and takes another.
#[test]
fn the_same_seed_tells_the_same_story_twice_at_once_and_the_fault_is_taken_back() {
    let mut stories = [(); 2].map(|()| Program::start(&["demo", "--headless", "--json", "--seed", "1"]));
    let [first, second] = stories.each_mut().map(Program::lines);
    let essences = |lines: &[Value]| lines.iter().map(essence).collect::<Vec<_>>();
    assert_eq!(essences(&first), essences(&second));
    assert_ne!(first[0]["console"], second[0]["console"], "two demos cannot share a port");

    let outcome = first.last().unwrap();
    assert_eq!(outcome["event"], "outcome");
    assert_eq!(outcome["as_expected"], true);
    let [safe, risky] = [0, 1].map(|n| &outcome["rollouts"][n]);
    assert_eq!((safe["flag"].as_str(), safe["state"].as_str()), (Some("faster-search"), Some("completed")));
    assert_eq!(
        (risky["flag"].as_str(), risky["state"].as_str()),
        (Some("new-checkout"), Some("rolled_back"))
    );
    let sentence = risky["sentence"].as_str().unwrap();
    for part in
        ["Rolled back at", "on 25 %", "`checkout_error`", "expected if it were harmless", "limit 250:1"]
    {
        assert!(sentence.contains(part), "{part} is missing: {sentence}");
    }
    let climbed: Vec<_> = first
        .iter()
        .filter(|line| line["event"] == "stage_entered" && line["flag"] == "faster-search")
        .map(|line| line["sentence"].as_str().unwrap_or_default().rsplit("on to ").next().unwrap_or_default())
        .collect();
    assert_eq!(climbed[1..], ["5 %", "25 %", "50 %", "95 %"]);
    for story in stories {
        let (status, said) = story.end();
        assert_eq!((status.code(), said.as_str()), (Some(0), ""));
    }
}

#[test]
fn without_a_fault_both_slices_reach_everybody() {
    let mut story = Program::start(&["demo", "--headless", "--json", "--scenario", "good", "--port", "0"]);
    let lines = story.lines();
    let outcome = lines.last().unwrap();
    assert_eq!(outcome["as_expected"], true, "{outcome}");
    assert!(lines.iter().all(|line| line["event"] != "rollout_rolled_back"));
    assert_eq!(story.end().0.code(), Some(0));
}

#[test]
fn told_to_stop_it_stops_and_leaves_no_database_behind() {
    let own = tempfile::tempdir().unwrap();
    let mut story = Program::start_in(own.path(), &["demo", "--json", "--port", "0", "--speed", "1"]);
    assert_eq!(story.line().unwrap()["event"], "listening");
    assert_eq!(std::fs::read_dir(own.path()).unwrap().count(), 1, "the demo keeps its database here");
    story.terminate();
    assert_eq!(story.end().0.code(), Some(0));
    assert_eq!(std::fs::read_dir(own.path()).unwrap().count(), 0);
}
