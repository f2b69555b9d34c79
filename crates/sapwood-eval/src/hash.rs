//! A fast fixed-seed hash for finding texts in compiled tables. It never decides who gets what (that is `bucket`), it
//! is never stored, and a collision costs one comparison.

const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// Hashes a text, eight bytes at a time.
#[inline]
pub(crate) fn hash(text: &str) -> u64 {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let mut state = FACTOR ^ u64::try_from(text.len()).unwrap_or(0);
    for word in words {
        state = mix(state, u64::from_le_bytes(*word));
    }
    if !rest.is_empty() {
        let mut last = 0;
        for byte in rest {
            last = (last << 8) | u64::from(*byte);
        }
        state = mix(state, last);
    }
    // Tables take the low bits, which a multiplication mixes least: fold the high half in.
    state ^ (state >> 32)
}

/// Whether two texts whose hashes agree are the same: a few words compared in place cost less than a call to `memcmp`.
#[inline]
pub(crate) fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
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

#[inline]
const fn mix(state: u64, word: u64) -> u64 {
    (state.rotate_left(23) ^ word).wrapping_mul(FACTOR)
}

#[cfg(test)]
mod tests {
    use super::*;

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
