//! What is said of two states of the golden log.

use serde_json::json;

use super::*;
use crate::event::tests::{golden, golden_logs};

fn at(version: u64) -> State {
    let mut state = State::default();
    golden().iter().take_while(|entry| entry.version <= version).for_each(|entry| {
        state.apply(entry).unwrap();
    });
    state
}

#[test]
fn nothing_is_different_from_itself_and_all_is_new_after_nothing() {
    let end = at(45);
    assert_eq!(diff(&end, &end), []);
    let all = diff(&State::default(), &end);
    assert!(all.iter().all(|change| change.before.is_none() && change.fields().is_empty()));
    let names: Vec<String> = all.iter().map(|change| change.resource.to_string()).collect();
    for name in ["project", "flags/one-click", "environments/production"] {
        assert!(names.iter().any(|known| known == name), "{name} is missing: {names:?}");
    }
    let gone = diff(&end, &State::default());
    assert_eq!(gone.len(), all.len());
    assert!(gone.iter().all(|change| change.after.is_none()));
}

/// Each entry changes what it is about, and what it is about is all that changes.
#[test]
fn one_entry_is_the_change_of_one_thing() {
    for log in golden_logs() {
        let (mut before, mut after) = (State::default(), State::default());
        for entry in log {
            let event = crate::event::Event::read(&entry).unwrap();
            after.apply(&entry).unwrap();
            let changes = diff(&before, &after);
            for change in &changes {
                let touched = change.resource.is_touched_by(&event, entry.environment.as_ref());
                assert!(
                    touched,
                    "entry {} of kind {} changed {}",
                    entry.version, entry.kind, change.resource
                );
            }
            assert!(changes.len() <= 1 || entry.kind == "flag_retired.v1", "{changes:?}");
            before = after.clone();
        }
    }
}

#[test]
fn secrets_hashes_stay_out() {
    let all = diff(&State::default(), &at(45));
    let text = format!("{all:?}");
    for token in at(45).tokens.values() {
        assert!(!text.contains(&token.value.secret_hash.to_string()));
    }
}

fn fields(before: Value, after: Value) -> Vec<String> {
    let resource = Resource::Project;
    let change = ResourceChange { resource, before: Some(before), after: Some(after) };
    let show = |value: Option<Value>| value.map_or("-".to_owned(), |value| value.to_string());
    change.fields().into_iter().map(|f| format!("{} {} {}", f.path, show(f.before), show(f.after))).collect()
}

#[test]
fn fields_are_named_by_path_and_items_by_id() {
    let rules = |share: u32| json!({"rules": [{"id": "a", "share": 1}, {"id": "b/c", "share": share}]});
    for (before, after, expected) in [
        (json!({"on": true}), json!({"on": false}), vec!["/on true false"]),
        (json!({"a": 1}), json!({"b": 2}), vec!["/a 1 -", "/b - 2"]),
        (rules(1), rules(2), vec!["/rules/b~1c/share 1 2"]),
        (json!([1, 2]), json!([1, 3]), vec![" [1,2] [1,3]"]),
        (
            json!([{"id": "a"}, {"id": "b"}]),
            json!([{"id": "b"}, {"id": "a"}]),
            vec![r#" [{"id":"a"},{"id":"b"}] [{"id":"b"},{"id":"a"}]"#],
        ),
        (json!([{"id": "a"}, {"id": "a"}]), json!([]), vec![r#" [{"id":"a"},{"id":"a"}] []"#]),
        (json!({"a": {"b": [true]}}), json!({"a": {"b": null}}), vec!["/a/b [true] null"]),
    ] {
        assert_eq!(fields(before, after), expected);
    }
}
