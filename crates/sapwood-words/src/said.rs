//! Pieces that refusals are made of.

use serde_json::Value;

use crate::echo::cut;
use crate::limits::SHOWN_NAMES_MAX;
use crate::nearest::nearest;

/// ``did you mean `semver`? ``, where there is something to guess. `meant` has what others call some of them.
pub(crate) fn did_you_mean(
    word: &str,
    known: &[&'static str],
    meant: &[(&'static str, &'static str)],
) -> String {
    let lower = word.to_ascii_lowercase();
    let other = meant.iter().find(|(other, _)| *other == lower).map(|(_, known)| *known);
    let guess = other.or_else(|| nearest(word, known.iter().copied()));
    guess.map(|guess| format!("did you mean `{guess}`? ")).unwrap_or_default()
}

/// All names.
pub(crate) fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// One of these names.
pub(crate) fn one_of(names: &[&str]) -> String {
    match names {
        [one] => format!("`{one}`"),
        [first @ .., last] => format!("{} or `{last}`", listed(first)),
        [] => String::new(),
    }
}

/// The first names of many.
pub(crate) fn shown(names: &[&str]) -> String {
    let some: Vec<String> =
        names.iter().take(SHOWN_NAMES_MAX).map(|name| format!("`{}`", cut(name))).collect();
    match names.len().saturating_sub(SHOWN_NAMES_MAX) {
        0 => some.join(" and "),
        more => format!("{} and {more} more", some.join(", ")),
    }
}

/// What stands somewhere, in a few words.
pub(crate) fn found(json: &Value) -> String {
    match json {
        Value::Null => "`null`".to_owned(),
        Value::Bool(boolean) => format!("`{boolean}`"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text {:?}", cut(text)),
        Value::Array(list) if list.is_empty() => "an empty list".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(map) if map.is_empty() => "an empty object".to_owned(),
        Value::Object(map) => {
            let names: Vec<&str> = map.keys().map(String::as_str).collect();
            format!("an object with {}", shown(&names))
        }
    }
}
