//! Entries and differences in lines that people read.

use sapwood_api::log::{LogChange, LogDiff};
use sapwood_api::manage::LogEntry;
use sapwood_core::event::Event;
use sapwood_core::resource::Resource;
use sapwood_engine::convert;
use serde_json::Value;

/// Longer values are cut in a difference; `--json` has them whole.
const VALUE_CHARS_MAX: usize = 200;

/// One line, and the event below it if it is asked for.
pub(crate) fn entry(shown: &LogEntry, body: bool) -> String {
    let entry = convert::entry(shown);
    let who = entry.as_ref().map_or_else(|_| shown.actor.to_string(), |entry| entry.actor.to_string());
    let about = entry.ok().and_then(|entry| Some((Event::read(&entry).ok()?, entry.environment)));
    let about = about.and_then(|(event, environment)| Resource::of(&event, environment.as_ref()));
    let about = about.map(|resource| resource.to_string()).unwrap_or_default();
    let line = format!("{:>6}  {}  {:<24} {about}  · {who}", shown.version, shown.at, shown.kind);
    if body { format!("{line}\n        {}", shown.text) } else { line }
}

/// `+` what is new, `-` what is gone, `~` what changed with its fields.
pub(super) fn diff(diff: &LogDiff) -> String {
    if diff.changes.is_empty() {
        return format!("Nothing is different between versions {} and {}", diff.from, diff.to);
    }
    diff.changes.iter().flat_map(change).collect::<Vec<String>>().join("\n")
}

/// One thing that is different: its name, and below it what it is or the fields that changed.
pub(crate) fn change(change: &LogChange) -> Vec<String> {
    let (mark, whole) = match (&change.before, &change.after) {
        (None, Some(new)) => ('+', Some(new)),
        (Some(gone), None) => ('-', Some(gone)),
        (Some(_), Some(_)) | (None, None) => ('~', None),
    };
    let mut lines = vec![format!("{mark} {}", change.resource)];
    lines.extend(whole.map(|whole| format!("    {}", cut(whole))));
    for field in &change.fields {
        let path = if field.path.is_empty() { "/" } else { &field.path };
        lines.push(match (&field.before, &field.after) {
            (Some(before), Some(after)) => format!("    {path}: {} → {}", cut(before), cut(after)),
            (None, Some(after)) => format!("    {path}: new, {}", cut(after)),
            (Some(before), None) => format!("    {path}: gone, was {}", cut(before)),
            (None, None) => format!("    {path}"),
        });
    }
    lines
}

fn cut(value: &Value) -> String {
    let text = value.to_string();
    let mut chars = text.chars();
    let head: String = chars.by_ref().take(VALUE_CHARS_MAX).collect();
    if chars.next().is_none() { head } else { format!("{head}…") }
}
