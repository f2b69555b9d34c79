//! The flags stream: whoever has everything and applies what changed serves what this engine serves.

use std::sync::Arc;

use sapwood_api::stream::{FlagsMessage, MIN_READER_VERSION};
use sapwood_core::command::{Command, Step};
use sapwood_engine::Snapshot;
use sapwood_eval::{Context, FlagSet, SetConfig};
use serde_json::{Map, Value as Json, json};

use crate::world::{World, flag, rollout, segment, targeting, to_segment};

/// What a reader keeps.
#[derive(Debug, Default, PartialEq)]
struct Kept {
    version: u64,
    flags: Map<String, Json>,
    segments: Map<String, Json>,
}

impl Kept {
    fn apply(&mut self, message: FlagsMessage) {
        let section = |kept: &mut Self, name: &str| match name {
            "flags" => std::mem::take(&mut kept.flags),
            "segments" => std::mem::take(&mut kept.segments),
            other => panic!("{other}"),
        };
        let (min, version) = match message {
            FlagsMessage::Put { min_reader_version, version, flag_set, flags, segments } => {
                assert_eq!(flag_set, "shop/production");
                (self.flags, self.segments) = (flags, segments);
                (min_reader_version, version)
            }
            FlagsMessage::Patch { min_reader_version, version, section: name, key, value } => {
                let mut map = section(self, &name);
                map.insert(key, value);
                self.back(&name, map);
                (min_reader_version, version)
            }
            FlagsMessage::Delete { min_reader_version, version, section: name, key } => {
                let mut map = section(self, &name);
                assert!(map.remove(&key).is_some());
                self.back(&name, map);
                (min_reader_version, version)
            }
        };
        assert_eq!(min, MIN_READER_VERSION);
        self.version = version;
    }

    fn back(&mut self, name: &str, map: Map<String, Json>) {
        if name == "flags" { self.flags = map } else { self.segments = map }
    }

    /// What this reader serves.
    fn serves(&self, flag: &str, who: &str) -> Option<String> {
        let config: SetConfig =
            serde_json::from_value(json!({"flags": self.flags, "segments": self.segments})).unwrap();
        let (set, warnings) = FlagSet::compile(config, None);
        assert_eq!(warnings, []);
        let outcome = set.evaluate(flag, &Context::new(who), 0);
        outcome.found().map(|evaluation| evaluation.variant().to_string())
    }
}

fn put(snapshot: &Snapshot) -> Kept {
    let mut kept = Kept::default();
    kept.apply(snapshot.put());
    kept
}

fn sections(messages: &[FlagsMessage]) -> Vec<String> {
    let word = |message: &FlagsMessage| match message {
        FlagsMessage::Put { .. } => "put".to_owned(),
        FlagsMessage::Patch { section, key, .. } => format!("patch {section} {key}"),
        FlagsMessage::Delete { section, key, .. } => format!("delete {section} {key}"),
    };
    messages.iter().map(word).collect()
}

#[tokio::test]
async fn following_the_changes_comes_to_the_same_as_starting_anew() {
    let (world, _) = World::memory().await;
    let mut seen: Arc<Snapshot> = world.snapshot();
    let mut reader = put(&seen);
    let start = world.start_command(rollout(1, "checkout"));
    let changes: [(Command, &[&str]); 8] = [
        (flag("search"), &[]),
        (targeting("production", "search", &to_segment("staff")), &["patch flags search"]),
        (segment("staff", &["sam"]), &["patch segments staff"]),
        (targeting("staging", "search", &json!([])), &[]),
        (start, &["patch flags checkout"]),
        // Editing a segment pauses a rollout only if it reads it.
        (segment("staff", &["sam", "bob"]), &["patch segments staff"]),
        (crate::world::step_of(1, Step::RollBack), &["patch flags checkout"]),
        (Command::RetireFlag { flag: "search".parse().unwrap() }, &["delete flags search"]),
    ];
    for (command, expected) in changes {
        let version = world.submit(command).await.version;
        let now = world.snapshot();
        let messages = now.changes_since(&seen);
        assert_eq!(sections(&messages), expected);
        let any = !messages.is_empty();
        for message in messages {
            reader.apply(message);
        }
        if any {
            assert_eq!(reader.version, version);
        }
        let anew = put(&now);
        assert_eq!((&reader.flags, &reader.segments), (&anew.flags, &anew.segments));
        for flag in ["checkout", "search"] {
            for who in (0..50).map(|n| format!("person-{n}")).chain(["sam".to_owned(), "bob".to_owned()]) {
                assert_eq!(reader.serves(flag, &who), world.serves(flag, &who), "{flag} {who}");
            }
        }
        seen = now;
    }
    assert!(world.snapshot().changes_since(&seen).is_empty());
}

#[tokio::test]
async fn a_reader_that_is_behind_catches_up_in_one_go() {
    let (world, _) = World::memory().await;
    let old = world.snapshot();
    world.submit(segment("beta", &["bob"])).await;
    world.submit(flag("search")).await;
    world.submit(targeting("production", "search", &to_segment("beta"))).await;
    world.submit(Command::RetireFlag { flag: "checkout".parse().unwrap() }).await;
    let messages = world.snapshot().changes_since(&old);
    // Segments first, so that no flag names one that is not there yet.
    assert_eq!(sections(&messages), ["patch segments beta", "patch flags search", "delete flags checkout"]);
}
