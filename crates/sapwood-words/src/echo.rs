//! How much of what somebody sent a message repeats: enough to recognise it, never all of it.

use std::borrow::Cow;

use crate::limits::ECHO_CHARACTERS_MAX;

/// The beginning of what somebody sent.
pub fn cut(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(ECHO_CHARACTERS_MAX) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
    }
}

/// A name as a step of a JSON pointer.
pub(crate) fn step(name: &str) -> String {
    cut(name).replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_input_is_cut_between_characters() {
        assert_eq!(cut(&"ä".repeat(64)), "ä".repeat(64));
        assert_eq!(cut(&"ä".repeat(65)), format!("{}…", "ä".repeat(64)));
        assert_eq!(step("a/b~c"), "a~1b~0c");
    }
}
