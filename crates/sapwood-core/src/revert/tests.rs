//! Every kind of entry, taken back or refused.

use super::*;
use crate::decide::decide;
use crate::diff::describe;
use crate::entry::{Actor, Draft, Hash};
use crate::event::tests::{golden, golden_logs};
use crate::id::Stream;
use crate::testing::{ann, at, name};

fn revert(entries: &[Entry], version: u64) -> Result<(Command, u64), Rejection> {
    let mut reverting = Reverting::new(version);
    for entry in entries {
        reverting.read(entry).unwrap();
    }
    reverting.finish()
}

fn folded(entries: &[Entry]) -> State {
    let mut state = State::default();
    for entry in entries {
        state.apply(entry).unwrap();
    }
    state
}

/// Whatever can be taken back right after it was said makes its thing what it was; the rest is refused with a reason.
#[test]
fn the_thing_is_what_it_was_or_there_is_a_reason() {
    let (mut reverted, mut refused) = (0, 0);
    for log in golden_logs() {
        for (index, entry) in log.iter().enumerate() {
            let resource = Resource::of(&Event::read(entry).unwrap(), entry.environment.as_ref()).unwrap();
            match revert(&log[..=index], entry.version) {
                Ok((command, head)) => {
                    assert_eq!(head, entry.version);
                    let (before, mut now) = (folded(&log[..index]), folded(&log[..=index]));
                    // The rules may say no: a token that is the last one, a segment that something names.
                    let Ok(events) = decide(&now, &ann(), command, at(0)) else { continue };
                    for (environment, event) in events {
                        let draft = event.draft(uuid::Uuid::nil(), environment).unwrap();
                        let stream = entry.stream.clone();
                        let next = Entry::seal(stream, now.version + 1, now.hash, ann(), at(0), draft);
                        now.apply(&next).unwrap();
                    }
                    assert_eq!(describe(&now, &resource), describe(&before, &resource), "{}", entry.kind);
                    reverted += 1;
                }
                Err(Rejection::NeverReverted { why, .. }) => {
                    assert!(!why.is_empty());
                    refused += 1;
                }
                Err(other) => panic!("{}: {other}", entry.kind),
            }
        }
    }
    assert!(reverted >= 12 && refused > 20, "{reverted} {refused}");
}

#[test]
fn steps_of_a_rollout_are_never_taken_back() {
    let log = golden();
    for entry in log.iter().filter(|entry| Event::read(entry).unwrap().rollout().is_some()) {
        let refusal = revert(&log, entry.version).unwrap_err();
        assert!(matches!(refusal, Rejection::NeverReverted { .. }), "{refusal}");
        assert!(refusal.to_string().contains("roll it back"), "{refusal}");
    }
}

/// A log in which one metric is described again and again, with another in between.
fn described(times: u64) -> Vec<Entry> {
    let (mut entries, mut hash) = (Vec::new(), Hash::default());
    for n in 1..=times {
        let key = if n % 3 == 0 { "other" } else { "errors" };
        let draft = Draft {
            id: uuid::Uuid::from_u128(n.into()),
            kind: "metric_defined.v1".to_owned(),
            environment: None,
            body: format!(r#"{{"key":"{key}","metric":{{"kind":"event_rate"}},"description":"{n}"}}"#),
        };
        let entry = Entry::seal(Stream::Project(name("shop")), n, hash, Actor::System, at(0), draft);
        hash = entry.hash;
        entries.push(entry);
    }
    entries
}

#[test]
fn what_was_touched_later_is_refused_with_the_list() {
    let log = described(8);
    assert_eq!(
        revert(&log, 4).unwrap_err(),
        Rejection::TouchedLater { version: 4, resource: "metrics/errors".to_owned(), later: vec![5, 7, 8] }
    );
    let said = revert(&log, 4).unwrap_err().to_string();
    assert!(said.contains("changed again by entries 5, 7 and 8"), "{said}");
    assert!(revert(&log, 5).unwrap_err().to_string().contains("entries 7 and 8;"));
    assert!(revert(&log, 7).unwrap_err().to_string().contains("entry 8;"));
    assert!(revert(&described(40), 4).unwrap_err().to_string().contains("16, 17, 19 and 14 more"));
    let (command, head) = revert(&log, 8).unwrap();
    assert_eq!(head, 8);
    assert!(matches!(command, Command::DefineMetric { description, .. } if description == "7"));
    assert!(
        matches!(revert(&log, 6).unwrap().0, Command::DefineMetric { description, .. } if description == "3")
    );
}

#[test]
fn an_entry_that_is_not_there_is_refused_with_the_head() {
    for version in [0, 9, u64::MAX] {
        assert_eq!(revert(&described(8), version).unwrap_err(), Rejection::UnknownEntry { version, head: 8 });
    }
}

#[test]
fn a_log_that_cannot_be_read_to_its_end_takes_nothing_back() {
    let mut log = described(8);
    log[7].kind = "from_the_future.v9".to_owned();
    log[7].hash = log[7].computed_hash();
    let mut reverting = Reverting::new(4);
    for entry in &log[..7] {
        reverting.read(entry).unwrap();
    }
    let error = reverting.read(&log[7]).unwrap_err().to_string();
    assert!(error.contains("upgrade Sapwood to read on"), "{error}");
}
