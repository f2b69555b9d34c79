//! The name somebody probably meant.

/// The candidate closest to `word`, if it is close enough to be a slip: at most a third of the letters differ.
///
/// Letters added, dropped, replaced or swapped with their neighbour count one each; case does not count. The first of
/// equally close candidates wins. Looks at the first 100 letters.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = letters(word);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let other = letters(candidate);
        let allowed = word.len().max(other.len()).div_ceil(3);
        if word.len().abs_diff(other.len()) > allowed {
            continue;
        }
        let slips = distance(&word, &other);
        if slips <= allowed && best.is_none_or(|(fewest, _)| slips < fewest) {
            best = Some((slips, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn letters(text: &str) -> Vec<char> {
    text.chars().take(100).flat_map(char::to_lowercase).collect()
}

/// Edits between two words, where swapping neighbours is one edit (optimal string alignment).
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, from) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, to) in right.iter().enumerate() {
            let at = |line: &[usize], place: usize| line.get(place).copied().unwrap_or(usize::MAX - 1);
            let mut fewest = (at(&last, column) + usize::from(from != to))
                .min(at(&last, column + 1) + 1)
                .min(at(&current, column) + 1);
            let swapped =
                row > 0 && column > 0 && left.get(row - 1) == Some(to) && right.get(column - 1) == Some(from);
            if swapped {
                fewest = fewest.min(at(&before_last, column - 1) + 1);
            }
            current.push(fewest);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last.last().copied().unwrap_or(left.len())
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let known = ["payment-sheet", "payments", "wallets", "saved-cards"];
        let check = |word: &str, expected: Option<&str>| assert_eq!(nearest(word, known), expected, "{word}");
        check("walets", Some("wallets"));
        check("wallest", Some("wallets"));
        check("Saved_Cards", Some("saved-cards"));
        check("payment-sheets", Some("payment-sheet"));
        check("onboarding", None);
        check("", None);
        assert_eq!(nearest("a", []), None);
    }
}
