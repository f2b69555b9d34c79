//! Files of instances.

use sapwood_file::Source;
use sapwood_file::instances::{read, read_wt};

fn source(text: &str) -> Source {
    Source::new("i.json", text).unwrap()
}

#[test]
fn the_published_instances_are_read() {
    let all = read(&source(include_str!("../../../../fixtures/planner/instances.json"))).unwrap();
    assert_eq!(all.len(), 13);
    assert!(all.iter().all(Result::is_ok));
    let wt = read_wt(&source(include_str!("../../../../fixtures/planner/wt40-first-five.txt")), 40).unwrap();
    let ids: Vec<String> = wt.into_iter().map(|instance| instance.unwrap().id).collect();
    assert_eq!(ids, ["wt40-001", "wt40-002", "wt40-003", "wt40-004", "wt40-005"]);
}

#[test]
fn one_wrong_instance_does_not_spoil_the_others() {
    let slices = r#""slices": [{"id": "a", "effort": 1, "value": 2}, {"id": "b", "effort": 1, "value": 2}]"#;
    let one = |id: &str, more: &str| format!(r#"{{"id": "{id}", {slices}{more}}}"#);
    let cases = [
        ("good", one("good", ""), ""),
        ("circle", one("circle", r#", "requires": [["a", "b"], ["b", "a"]]"#), ""),
        ("unknown", one("unknown", r#", "requires": [["a", "z"]]"#), "no slice is called `z`"),
        ("pair", one("pair", r#", "requires": [["a", "b", "a"]]"#), "names 3 slices"),
        ("itself", one("itself", r#", "requires": [["a", "a"]]"#), "requires itself"),
        ("teams", one("teams", r#", "teams": 0"#), "`0` is not"),
        ("typo", one("typo", r#", "overheads": 3"#), "`overheads` means nothing"),
        ("minus", r#"{"id": "minus", "slices": [{"id": "a", "effort": -1, "value": 2}]}"#.to_owned(), "`-1` is not"),
        ("half", r#"{"id": "half", "slices": [{"id": "a", "effort": 1.5, "value": 2}]}"#.to_owned(), "`1.5` is not"),
        ("text", r#"{"id": "text", "slices": [{"id": "a", "effort": "1", "value": 2}]}"#.to_owned(), "`1` is not"),
        ("none", r#"{"id": "none", "slices": []}"#.to_owned(), "nothing to release"),
        ("twice", r#"{"id": "twice", "slices": [{"id": "a", "effort": 1, "value": 2}, {"id": "a", "effort": 1, "value": 2}]}"#.to_owned(), "two slices"),
        ("lacks", r#"{"id": "lacks", "slices": [{"id": "a", "value": 2}]}"#.to_owned(), "`effort` is missing"),
        ("#14", r#"["not an instance"]"#.to_owned(), "a list, where a map belongs"),
    ];
    let list: Vec<&str> = cases.iter().map(|(_, text, _)| text.as_str()).collect();
    let file = format!(r#"{{"format": "sapwood-planner-instances/1", "instances": [{}]}}"#, list.join(",\n"));
    for ((name, _, expected), read) in cases.iter().zip(read(&source(&file)).unwrap()) {
        match read {
            Ok(instance) => assert_eq!((instance.id.as_str(), *expected), (*name, "")),
            Err(refused) => {
                assert_eq!(refused.id, *name);
                let said = &refused.findings[0].message;
                assert!(!expected.is_empty() && said.contains(expected), "{name}: {said}");
            }
        }
    }
}

#[test]
fn a_file_that_is_no_file_of_instances_is_refused() {
    let message = |text: &str| read(&source(text)).unwrap_err()[0].message.clone();
    assert!(message("{\"format\": \"other\", \"instances\": []}").contains("another format"));
    assert!(message("{\"instances\": []}").contains("0 instances"));
    assert!(message("{\"instances\": 3}").contains("a number, where a list"));
    assert!(message("{\"instances\": [").contains("not YAML"));
    assert!(message("7").contains("0 instances"));
    let message = |text: &str, count| read_wt(&source(text), count).unwrap_err()[0].message.clone();
    assert!(message("1 2 3 4", 1).contains("no whole number of instances"));
    assert!(message("1 2 x", 1).contains("`x` is not a whole number"));
    assert!(message("1 2 -3", 1).contains("`-3`"));
    assert!(message("", 40).contains("0 numbers"));
}
