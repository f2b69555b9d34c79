//! A fast fixed-seed hash for finding texts in compiled tables. It never decides who gets what (that is `bucket`), it
//! is never stored, and a collision costs one comparison.

const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// Texts shorter than this have hashes of their own: two such texts with the same hash are the same text.
const EXACT_BELOW: usize = 8;

/// Hashes a text. A short one is put into one word with its length and only stirred, which loses nothing; a longer one is
/// folded eight bytes at a time, its last word overlapping the one before it, and marked as long.
#[inline]
pub(crate) fn hash(text: &str) -> u64 {
    const LONG: u64 = 1 << 63;
    let bytes = text.as_bytes();
    let length = u64::try_from(bytes.len()).unwrap_or(0);
    if let Some(last) = bytes.last_chunk::<8>() {
        let whole = bytes.as_chunks::<8>().0;
        // A text that ends with a whole word has it hashed once.
        let even = bytes.len().is_multiple_of(8);
        let before = if even { whole.split_last().map_or(whole, |(_, before)| before) } else { whole };
        let mut state = FACTOR ^ length;
        for word in before {
            state = fold(state, u64::from_le_bytes(*word));
        }
        stir(fold(state, u64::from_le_bytes(*last)) | LONG)
    } else {
        stir(short(bytes) | length << 56)
    }
}

/// One number of two, for a table.
pub(crate) fn combine(one: u64, other: u64) -> u64 {
    fold(fold(FACTOR, one), other)
}

/// Up to seven bytes in one word, each in its place: four and four that overlap, or first, middle and last.
#[inline]
fn short(bytes: &[u8]) -> u64 {
    let at = |place: usize| u32::try_from(place * 8).unwrap_or(0);
    match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            u64::from(first) | u64::from(last) << at(bytes.len() - 4)
        }
        (Some(_) | None, None) | (None, Some(_)) => {
            match (bytes.first(), bytes.get(bytes.len() / 2), bytes.last()) {
                (Some(first), Some(middle), Some(last)) => {
                    let (middle_at, last_at) = (at(bytes.len() / 2), at(bytes.len() - 1));
                    u64::from(*first) | u64::from(*middle) << middle_at | u64::from(*last) << last_at
                }
                _ => 0,
            }
        }
    }
}

/// Whether a text is the other whose hash agrees.
#[inline]
pub(crate) fn confirm(one: &[u8], other: &[u8]) -> bool {
    // A hash says whether its text is short, so one short text is enough to know.
    one.len() < EXACT_BELOW || same_bytes(one, other)
}

/// Whether two texts whose hashes agree are the same: a few words compared in place cost less than a call to `memcmp`.
#[inline]
pub(crate) fn same(one: &str, other: &str) -> bool {
    same_bytes(one.as_bytes(), other.as_bytes())
}

/// The same for bytes.
#[inline]
pub(crate) fn same_bytes(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    // The last word overlaps the one before it where the length is no multiple.
    match (one.last_chunk::<8>(), other.last_chunk::<8>()) {
        (Some(one_last), Some(other_last)) => {
            let (words, other_words) = (one.as_chunks::<8>().0, other.as_chunks::<8>().0);
            one_last == other_last && words.iter().zip(other_words).all(|(one, other)| one == other)
        }
        (Some(_), None) | (None, Some(_)) => false,
        (None, None) => match (one.first_chunk::<4>(), other.first_chunk::<4>()) {
            (Some(one_first), Some(other_first)) => {
                one_first == other_first && one.last_chunk::<4>() == other.last_chunk::<4>()
            }
            (Some(_), None) | (None, Some(_)) => false,
            (None, None) => one.iter().zip(other).all(|(one, other)| one == other),
        },
    }
}

/// A full product folded onto itself, so that every bit of a word reaches every bit of the state: what differs in texts is
/// mostly the last digits.
#[inline]
fn fold(state: u64, word: u64) -> u64 {
    let (low, high) = (state ^ word).carrying_mul(FACTOR, 0);
    low ^ high
}

/// Spreads a word over all bits without loss: a product with an odd number, its high half folded into the low one, from
/// which tables take theirs.
#[inline]
const fn stir(word: u64) -> u64 {
    let product = word.wrapping_mul(FACTOR);
    product ^ (product >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_have_hashes_of_their_own() {
        let mut known = std::collections::BTreeMap::new();
        let letters = ["", "a", "b", "\0", "é", "ab"];
        let texts = (0..letters.len().pow(5)).map(|n| {
            (0..5).map(|place| letters[n / letters.len().pow(place) % letters.len()]).collect::<String>()
        });
        for text in texts {
            if let Some(other) = known.insert(hash(&text), text.clone()) {
                assert_eq!(other, text);
            }
        }
    }

    #[test]
    fn same_means_equal_at_every_length() {
        for length in 0..40 {
            let text = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz".get(..length).unwrap();
            assert!(same(text, text));
            assert!(!same(text, &format!("{text}x")) && !same(&format!("{text}x"), text));
            for at in 0..length {
                let mut other = text.to_owned();
                other.replace_range(at..=at, "-");
                assert!(!same(text, &other), "{text} {other}");
                assert_ne!(hash(text), hash(&other));
            }
        }
    }
}
