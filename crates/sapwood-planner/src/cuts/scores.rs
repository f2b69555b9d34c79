//! Scores by rule: how easily a slice is undone, and whether it is announced. Nobody can type them in.

use serde::Serialize;

use super::{Class, Cut, REHEARSAL_DAYS};

/// How easily a slice is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// Switch it off.
    Easy,
    /// Switch it off and mend something.
    Fair,
    /// It cannot be taken back, or nobody said how.
    Hard,
}

/// Whether people are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Announce {
    /// Nobody meets it.
    NotNeeded,
    /// Text and audience are there.
    Ready,
    /// Nothing is said.
    Open,
}

/// How easily a slice is undone, and why: by its class, what depends on it, and when it was last rehearsed.
pub fn undo(cut: &Cut, cuts: &[Cut]) -> (Undo, String) {
    let Some(rollback) = &cut.rollback else { return (Undo::Hard, "nobody said how".to_owned()) };
    let dependents =
        cut.id.as_ref().map_or(0, |id| cuts.iter().filter(|other| other.requires.contains(id)).count());
    match rollback.class {
        Class::ForwardOnly => (Undo::Hard, "it only goes forward".to_owned()),
        Class::FlagAndData if rollback.rehearsed_days_ago.is_none_or(|days| days > REHEARSAL_DAYS) => {
            (Undo::Hard, "data has to be mended, and nobody rehearsed it lately".to_owned())
        }
        Class::FlagAndData => (Undo::Fair, "data has to be mended".to_owned()),
        Class::Flag if dependents > 2 => (Undo::Fair, format!("{dependents} slices go with it")),
        Class::Flag => (Undo::Easy, "switching it off is all".to_owned()),
    }
}

/// Whether people are told.
pub fn announce(cut: &Cut) -> Announce {
    match &cut.announcement {
        Some(one) if !one.text.trim().is_empty() && !one.audience.trim().is_empty() => Announce::Ready,
        None if cut.enabler => Announce::NotNeeded,
        Some(_) | None => Announce::Open,
    }
}
