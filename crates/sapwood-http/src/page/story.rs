//! The log as sentences: who did what, when and why. The entry itself stays one click away.

use sapwood_api::manage::{LogEntry, RolloutResponse};
use serde_json::Value;

use super::words;

/// One line of the log.
pub(super) struct Told {
    pub(super) version: u64,
    pub(super) at: String,
    pub(super) moment: String,
    pub(super) actor: String,
    pub(super) class: &'static str,
    /// HTML.
    pub(super) sentence: String,
    /// HTML; empty if nobody gave a reason.
    pub(super) reason: String,
    pub(super) json: String,
}

/// Whether an entry is about this rollout.
pub(super) fn concerns(entry: &LogEntry, rollout: &str) -> bool {
    let named = entry.body.get("rollout");
    let id = named.and_then(|named| named.as_str().or_else(|| named.get("id")?.as_str()));
    id == Some(rollout)
}

/// Tells one entry.
pub(super) fn tell(entry: &LogEntry, rollout: &RolloutResponse) -> Told {
    let (class, sentence) = sentence(entry, rollout);
    let reason = entry.body.get("because").and_then(|because| because.get("reason")).and_then(Value::as_str);
    Told {
        version: entry.version,
        at: entry.at.clone(),
        moment: words::moment(&entry.at),
        actor: actor(&entry.actor),
        class,
        sentence: words::rich(&sentence),
        reason: reason.map(words::rich).unwrap_or_default(),
        json: serde_json::to_string_pretty(&entry.body).unwrap_or_default(),
    }
}

/// `Sapwood`, `token 0197a3c0`, or the user.
fn actor(actor: &Value) -> String {
    let id = actor.get("id").and_then(Value::as_str).unwrap_or_default();
    match actor.get("kind").and_then(Value::as_str) {
        Some("system") => "Sapwood".to_owned(),
        Some("token") => format!("token {}", words::short(id, 9)),
        Some("user") if !id.is_empty() => id.to_owned(),
        _ => "unknown".to_owned(),
    }
}

/// A class for the line's mark, and what happened.
fn sentence(entry: &LogEntry, rollout: &RolloutResponse) -> (&'static str, String) {
    let kind = entry.kind.split('.').next().unwrap_or_default();
    match kind {
        "rollout_started" => {
            let stages = rollout.stages.len();
            (
                "growing",
                format!(
                    "Started: from `{}` to `{}` in {stages} stages.",
                    rollout.baseline, rollout.candidate
                ),
            )
        }
        "stage_entered" => ("growing", entered(entry, rollout)),
        "epoch_opened" => {
            ("unknown", "Something the rollout stands on changed; counting began anew.".to_owned())
        }
        "rollout_amended" => ("held", "Stages and guardrails were agreed anew.".to_owned()),
        "stage_approved" => ("done", format!("Agreed to leave {}.", stage(entry, rollout))),
        "rollout_held" => ("held", held(entry)),
        "rollout_resumed" => ("growing", "Went on.".to_owned()),
        "rollout_rolled_back" => {
            ("harmed", format!("Rolled back: everybody has `{}` again.", rollout.baseline))
        }
        "rollout_completed" => {
            ("done", format!("Completed: the whole audience has `{}`.", rollout.candidate))
        }
        other => ("unknown", format!("{}.", other.replace('_', " "))),
    }
}

fn entered(entry: &LogEntry, rollout: &RolloutResponse) -> String {
    let number = entry.body.get("stage").and_then(Value::as_u64).unwrap_or_default().saturating_add(1);
    format!("Stage {number} of {} began: {}.", rollout.stages.len(), stage(entry, rollout))
}

fn stage(entry: &LogEntry, rollout: &RolloutResponse) -> String {
    let at = entry.body.get("stage").and_then(Value::as_u64).and_then(|at| usize::try_from(at).ok());
    let stage = at.and_then(|at| rollout.stages.get(at));
    stage.map_or_else(
        || "a stage".to_owned(),
        |stage| match &stage.ring {
            Some(ring) => format!("the ring `{ring}`"),
            None => words::share(stage.share),
        },
    )
}

fn held(entry: &LogEntry) -> String {
    let cause = entry.body.get("cause").and_then(Value::as_str).unwrap_or_default();
    format!("Held because of {}.", super::state::cause(cause))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(kind: &str, body: Value) -> LogEntry {
        LogEntry {
            stream: "default".to_owned(),
            version: 7,
            id: String::new(),
            kind: kind.to_owned(),
            environment: None,
            actor: json!({"kind": "system"}),
            at: "2026-11-22T14:03:07.250Z".to_owned(),
            text: body.to_string(),
            body,
            prev_hash: String::new(),
            hash: String::new(),
        }
    }

    #[test]
    fn entries_are_told_as_sentences() {
        let rollout = super::super::fixtures::running();
        let told = |kind: &str, body| tell(&entry(kind, body), &rollout).sentence;
        assert_eq!(told("rollout_held.v1", json!({"cause": "no_data"})), "Held because of missing data.");
        assert_eq!(
            told("stage_entered.v1", json!({"stage": 1})),
            "Stage 2 of 6 began: the ring <code>internal</code>."
        );
        assert_eq!(told("flag_polished.v3", json!({})), "flag polished.");
    }

    #[test]
    fn an_entry_names_its_rollout_or_carries_all_of_it() {
        assert!(concerns(&entry("rollout_held.v1", json!({"rollout": "a"})), "a"));
        assert!(concerns(&entry("rollout_started.v1", json!({"rollout": {"id": "a"}})), "a"));
        assert!(!concerns(&entry("flag_defined.v1", json!({"flag": "a"})), "a"));
    }
}
