//! How much of what somebody sent a message repeats: enough to recognise it, never all of it.

use std::borrow::Cow;

use crate::limits::{ECHO_CHARACTERS_MAX, MESSAGE_CHARACTERS_MAX};

/// The beginning of what somebody sent.
pub fn cut(text: &str) -> Cow<'_, str> {
    cut_at(text, ECHO_CHARACTERS_MAX)
}

/// A parser's message, with no more of the input in it than [`cut`] leaves. Parsers quote what they met between the
/// first quotation mark and the words that say what they would have liked.
pub fn bounded(message: &str) -> String {
    for (mark, ends) in
        [('`', ["`, expected", "`, there are no"]), ('"', ["\", expected", "\", there are no"])]
    {
        let begin = message.find(mark).map(|at| at.saturating_add(1));
        let end = ends.iter().filter_map(|end| message.rfind(end)).max();
        if let (Some(begin), Some(end)) = (begin, end)
            && let (Some(before), Some(quoted), Some(after)) =
                (message.get(..begin), message.get(begin..end), message.get(end..))
            && is_prefix_of_a_parser(before)
        {
            return cut_at(&format!("{before}{}{after}", cut(quoted)), MESSAGE_CHARACTERS_MAX).into_owned();
        }
    }
    let known_words = message.find(['`', '"']).is_none();
    let most = if known_words { MESSAGE_CHARACTERS_MAX } else { MESSAGE_CHARACTERS_MAX.div_euclid(2) };
    cut_at(message, most).into_owned()
}

fn is_prefix_of_a_parser(before: &str) -> bool {
    let starts = ["unknown field", "unknown variant", "invalid type", "invalid value"];
    starts.iter().any(|start| before.starts_with(start))
}

fn cut_at(text: &str, characters: usize) -> Cow<'_, str> {
    match text.char_indices().nth(characters) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parsers_words_stay_and_the_input_is_cut() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Shape {
            #[expect(dead_code, reason = "only its absence matters")]
            known: u8,
        }
        for long in ["x".repeat(5_000), "é`, expected \" nothing".repeat(300)] {
            for body in [
                serde_json::json!({ long.clone(): 1 }),
                serde_json::json!({ "known": long }),
                serde_json::json!(long),
            ] {
                let error = serde_json::from_value::<Shape>(body).unwrap_err().to_string();
                let said = bounded(&error);
                assert!(said.chars().count() < 200, "{said}");
                assert!(said.contains("known") || said.contains("u8") || said.contains("struct"), "{said}");
            }
        }
        let short = "unknown field `typ`, expected one of `type`, `variants` at line 1 column 14";
        assert_eq!(bounded(short), short);
        assert_eq!(cut(&"ä".repeat(65)), format!("{}…", "ä".repeat(64)));
    }
}
