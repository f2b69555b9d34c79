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

#[inline]
const fn mix(state: u64, word: u64) -> u64 {
    (state.rotate_left(23) ^ word).wrapping_mul(FACTOR)
}
