//! Snapshots as the flags stream carries them: everything for a new reader, and for the others what changed.

use std::sync::Arc;

use sapwood_api::stream::{FlagsMessage, MIN_READER_VERSION};
use sapwood_eval::{FlagConfig, Segment};
use serde_json::{Map, Value};

use crate::snapshot::Snapshot;

const FLAGS: &str = "flags";
const SEGMENTS: &str = "segments";

impl Snapshot {
    /// All of it, as a reader needs it to evaluate the way this snapshot does: a definition that does not
    /// compile is sent as it last did.
    pub fn put(&self) -> FlagsMessage {
        let flags = self.flags.flags().map(|flag| (flag.key().to_string(), flag_value(flag.config())));
        let segments = self.segments.iter().map(|(key, segment)| (key.to_string(), segment_value(segment)));
        FlagsMessage::Put {
            min_reader_version: MIN_READER_VERSION,
            version: self.version,
            flag_set: self.flag_set.clone(),
            flags: flags.collect::<Map<_, _>>(),
            segments: segments.collect::<Map<_, _>>(),
        }
    }

    /// What makes this snapshot of `before`, which is an older one of the same environment; nothing if they serve
    /// the same. Segments come before the flags that may name them and go after them. All messages carry this
    /// snapshot's version, so a reader has it only with the last of them.
    pub fn changes_since(&self, before: &Self) -> Vec<FlagsMessage> {
        let mut messages = Vec::new();
        let segments_may_differ = !Arc::ptr_eq(&self.segments, &before.segments);
        if segments_may_differ {
            let changed = self.segments.iter().filter(|(key, now)| before.segments.get(*key) != Some(now));
            messages.extend(changed.map(|(key, now)| self.patch(SEGMENTS, key, segment_value(now))));
        }
        for flag in self.flags.flags() {
            let known = before.flags.get(flag.key().as_str());
            if known.is_none_or(|known| !Arc::ptr_eq(known, flag) && known.config() != flag.config()) {
                messages.push(self.patch(FLAGS, flag.key(), flag_value(flag.config())));
            }
        }
        let gone = before.flags.keys().filter(|key| self.flags.get(key.as_str()).is_none());
        messages.extend(gone.map(|key| self.delete(FLAGS, key)));
        if segments_may_differ {
            let gone = before.segments.keys().filter(|key| !self.segments.contains_key(*key));
            messages.extend(gone.map(|key| self.delete(SEGMENTS, key)));
        }
        messages
    }

    fn patch(&self, section: &str, key: &impl ToString, value: Value) -> FlagsMessage {
        FlagsMessage::Patch {
            min_reader_version: MIN_READER_VERSION,
            version: self.version,
            section: section.to_owned(),
            key: key.to_string(),
            value,
        }
    }

    fn delete(&self, section: &str, key: &impl ToString) -> FlagsMessage {
        FlagsMessage::Delete {
            min_reader_version: MIN_READER_VERSION,
            version: self.version,
            section: section.to_owned(),
            key: key.to_string(),
        }
    }
}

#[expect(clippy::expect_used, reason = "keys are texts and numbers are finite, by their types")]
fn flag_value(config: &FlagConfig) -> Value {
    serde_json::to_value(config).expect("a flag is JSON")
}

#[expect(clippy::expect_used, reason = "keys are texts and numbers are finite, by their types")]
fn segment_value(segment: &Segment) -> Value {
    serde_json::to_value(segment).expect("a segment is JSON")
}
