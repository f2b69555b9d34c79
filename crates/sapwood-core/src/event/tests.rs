//! The log of version 1, frozen: a history with every kind of event, read, verified, folded and written back to
//! the byte.
//!
//! The `.jsonl` file never changes: it stands for logs that exist. The printed state beside it may gain what
//! `State` gains, but what it says of these entries stays.

use std::collections::BTreeSet;

use serde::Serialize;

use super::*;
use crate::entry::{Actor, Hash, follows};
use crate::id::Stream;
use crate::rollout::{ExposureSource, GuardrailAction};
use crate::state::State;
use crate::testing::{id, name};
use crate::token::TokenKind;

const LOG: &str = include_str!("../../../../fixtures/logs/v1/shop.jsonl");
/// A flag is overridden in an emergency, and given back.
const BREAK_GLASS: &str = include_str!("../../../../fixtures/logs/v1/break-glass.jsonl");
const STATE: &str = include_str!("../../../../fixtures/logs/v1/shop.state.txt");
/// What kinds were added, each in a log of those that know it.
const LATER: &str = include_str!("../../../../fixtures/logs/v1/amended.jsonl");
const LATER_STATE: &str = include_str!("../../../../fixtures/logs/v1/amended.state.txt");

fn entries(log: &str) -> Vec<Entry> {
    log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(crate) fn golden() -> Vec<Entry> {
    entries(LOG)
}

/// All histories one after the other: no chain, but every kind.
pub(crate) fn all_golden() -> Vec<Entry> {
    golden_logs().concat()
}

/// Each history by itself.
pub(crate) fn golden_logs() -> Vec<Vec<Entry>> {
    [LOG, LATER, BREAK_GLASS].map(entries).to_vec()
}

fn fold(log: &str) -> State {
    let mut state = State::default();
    for entry in entries(log) {
        state.apply(&entry).unwrap();
    }
    state
}

fn folded() -> State {
    fold(LOG)
}

#[test]
fn the_golden_log_has_every_kind_and_every_actor() {
    let entries = all_golden();
    let kinds: BTreeSet<_> = entries.iter().map(|entry| entry.kind.as_str()).collect();
    assert_eq!(
        kinds,
        Event::KINDS.iter().copied().collect::<BTreeSet<_>>(),
        "a new kind belongs into a new log"
    );
    for actor in [
        Actor::User("ann".to_owned()),
        Actor::User("bea".to_owned()),
        Actor::Token(Uuid::from_u128(1)),
        Actor::System,
    ] {
        assert!(entries.iter().any(|entry| entry.actor == actor), "{actor}");
    }
    assert!(entries.iter().all(|entry| entry.stream == Stream::Project(name("shop"))));
}

#[test]
fn the_golden_log_is_a_chain() {
    for (log, length) in [(LOG, 45), (LATER, 30), (BREAK_GLASS, 6)] {
        let (mut version, mut hash) = (0, Hash::default());
        for entry in entries(log) {
            follows(version, hash, &entry).unwrap();
            (version, hash) = (entry.version, entry.hash);
        }
        assert_eq!(version, length);
        assert_eq!(hash.to_string(), last_hash(log));
    }
}

fn last_hash(log: &str) -> String {
    let last = log.lines().last().unwrap();
    last.rsplit(r#""hash":""#).next().unwrap().trim_end_matches("\"}").to_owned()
}

#[test]
fn the_golden_log_folds_into_the_state_it_always_did() {
    assert_eq!(format!("{:#?}\n", folded()), STATE);
    assert_eq!(format!("{:#?}\n", fold(LATER)), LATER_STATE);
}

#[test]
fn every_entry_and_event_is_written_back_to_the_byte() {
    let lines = LOG.lines().chain(LATER.lines()).chain(BREAK_GLASS.lines());
    for (line, entry) in lines.zip(all_golden()) {
        assert_eq!(serde_json::to_string(&entry).unwrap(), line);
        let event = Event::read(&entry).unwrap();
        assert_eq!(event.kind(), entry.kind);
        let draft = event.draft(entry.id, entry.environment.clone()).unwrap();
        assert_eq!(draft.body, entry.body, "entry {}", entry.version);
    }
}

#[test]
fn the_golden_history_ends_as_it_did() {
    let state = folded();
    let production = &state.environments["production"];
    assert!(matches!(production.rollouts[&id(1)].phase, crate::rollout::Phase::Completed { .. }));
    assert!(matches!(production.rollouts[&id(2)].phase, crate::rollout::Phase::RolledBack { .. }));
    assert!(matches!(production.rollouts[&id(3)].phase, crate::rollout::Phase::RolledBack { .. }));
    assert_eq!(production.barred["one-click"].len(), 1);
    assert!(state.retired.contains("retries"));
    assert_eq!(state.tokens.len(), 3);
}

#[test]
fn the_override_of_the_second_log_is_in_force_until_it_is_lifted() {
    let mut state = State::default();
    for entry in entries(BREAK_GLASS) {
        state.apply(&entry).unwrap();
        let production = state.environments.get("production");
        let in_force = production.and_then(|production| {
            let flag = production.targeting.keys().next()?;
            crate::compose::flag_config(&state, production, flag)?.break_glass
        });
        let expected = (entry.kind == "break_glass_set.v1").then(|| name("off"));
        assert_eq!(in_force, expected, "{}", entry.kind);
    }
    let said = state.environments["production"].break_glass.values().next().unwrap();
    assert_eq!((&said.variant, said.revision, said.reason.as_str()), (&None, 6, "The fix is out"));
}

/// Every word an enumeration has in the log, in its order.
fn check<T: Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(words: &[(T, &str)]) {
    for (value, word) in words {
        assert_eq!(serde_json::to_string(value).unwrap(), format!("\"{word}\""));
        assert_eq!(serde_json::from_str::<T>(&format!("\"{word}\"")).unwrap(), *value);
    }
}

#[test]
fn words_of_the_log_are_frozen() {
    check(&[
        (HoldCause::Guardrail, "guardrail"),
        (HoldCause::NoData, "no_data"),
        (HoldCause::Operator, "operator"),
        (HoldCause::Approval, "approval"),
        (HoldCause::Dependency, "dependency"),
        (HoldCause::Freeze, "freeze"),
        (HoldCause::Edit, "edit"),
    ]);
    check(&[
        (GuardrailAction::RollBack, "roll_back"),
        (GuardrailAction::Hold, "hold"),
        (GuardrailAction::Notify, "notify"),
    ]);
    check(&[
        (ExposureSource::ServerEval, "server_eval"),
        (ExposureSource::Sdk, "sdk"),
        (ExposureSource::Track, "track"),
    ]);
    check(&[
        (FlagKind::Release, "release"),
        (FlagKind::Experiment, "experiment"),
        (FlagKind::Ops, "ops"),
        (FlagKind::Permission, "permission"),
    ]);
    check(&[
        (TokenKind::Admin, "admin"),
        (TokenKind::Server, "server"),
        (TokenKind::Client, "client"),
        (TokenKind::Ingest, "ingest"),
    ]);
}

#[test]
fn the_reference_has_an_example_of_every_kind_that_is_one() {
    let reference = include_str!("../../../../docs/reference/events.md");
    for kind in Event::KINDS {
        let section = reference.split(&format!("### `{kind}`\n")).nth(1).unwrap_or_else(|| panic!("{kind}"));
        let example = section.split("```json\n").nth(1).and_then(|block| block.lines().next()).unwrap();
        let event = Event::parse(kind, example).unwrap().unwrap();
        assert_eq!(event.body().unwrap(), example, "{kind}");
    }
}
