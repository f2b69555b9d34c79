//! From salt and unit to a bucket: the only hash that decides who gets what, fixed for ever by published vectors.

/// How many buckets there are; a [`crate::Share`] counts them.
pub const BUCKETS: u32 = 100_000;

/// The bucket of a unit under a salt, from 0 to 99 999, by the algorithm named `flagd-v3`:
/// `(murmur3_x86_32(cbor_text(salt + ":" + unit), seed 0) * 100 000) >> 32`.
///
/// `fixtures/eval/buckets.json` in the repository holds vectors for other implementations to match.
///
/// ```
/// assert_eq!(sapwood_eval::bucket("nc1", "user-1"), 17_590);
/// ```
#[must_use]
pub fn bucket(salt: &str, unit: &str) -> u32 {
    let length = salt.len().saturating_add(1).saturating_add(unit.len());
    let mut hash = Murmur3::default();
    feed_text_header(&mut hash, u64::try_from(length).unwrap_or(u64::MAX));
    hash.feed(salt.as_bytes());
    hash.feed(b":");
    hash.feed(unit.as_bytes());
    to_bucket(hash.finish())
}

/// Multiply and shift instead of a remainder: every bucket gets the same number of hashes, give or take one.
#[inline]
fn to_bucket(hash: u32) -> u32 {
    high_half(u64::from(hash) * u64::from(BUCKETS))
}

/// A salt made ready: whatever does not depend on the unit is worked out once, on publish. The head of the text says its
/// length, so that is a state for each length of a unit.
#[derive(Debug)]
pub(crate) struct Salted {
    salt: Box<str>,
    /// By length of the unit: the state once the head and all of `salt:` that fills blocks are fed.
    states: Box<[u32]>,
    /// What of `salt:` fills no block, after a head of one byte and of two.
    rests: [Rest; 2],
}

#[derive(Clone, Copy, Debug, Default)]
struct Rest {
    carry: u32,
    carry_bits: u32,
}

/// Longest unit that a state is kept for; a UUID has 36 bytes.
const UNIT_BYTES_READY: usize = 40;
/// From this length on the head has two bytes, up to where it has three.
const HEAD_TWO: usize = 24;
const HEAD_THREE: usize = 0x100;

impl Salted {
    pub(crate) fn new(salt: &str) -> Self {
        let mut ready = Self::plain(salt);
        // The head, which says the length, must be fed with what fills blocks.
        if salt.len() < 2 {
            return ready;
        }
        let lengths = (0..=UNIT_BYTES_READY).map(|unit| ready.length(unit));
        let fed = |length: usize| {
            let mut hash = Murmur3::default();
            feed_text_header(&mut hash, u64::try_from(length).unwrap_or(u64::MAX));
            hash.feed(salt.as_bytes());
            hash.feed(b":");
            hash
        };
        ready.states =
            lengths.take_while(|length| *length < HEAD_THREE).map(|length| fed(length).state).collect();
        ready.rests = [1, HEAD_TWO].map(|length| {
            let hash = fed(length);
            Rest { carry: low_half(hash.carry), carry_bits: hash.carry_bits }
        });
        ready
    }

    /// One that nobody is expected to ask.
    pub(crate) fn plain(salt: &str) -> Self {
        Self { salt: salt.into(), states: Box::default(), rests: [Rest::default(); 2] }
    }

    fn length(&self, unit: usize) -> usize {
        self.salt.len() + 1 + unit
    }

    /// The same as [`bucket`] under this salt.
    #[inline]
    pub(crate) fn bucket(&self, unit: &str) -> u32 {
        let Some(state) = self.states.get(unit.len()) else { return bucket(&self.salt, unit) };
        let length = self.length(unit.len());
        let [after_one, after_two] = &self.rests;
        let (rest, head) = if length < HEAD_TWO { (after_one, 1) } else { (after_two, 2) };
        let mut hash = Murmur3 {
            state: *state,
            length: low_half(u64::try_from(length).unwrap_or(0)) + head,
            carry: u64::from(rest.carry),
            carry_bits: rest.carry_bits,
        };
        hash.rest(unit.as_bytes());
        to_bucket(hash.finish())
    }
}

/// The major type of a CBOR text string.
const TEXT: u8 = 3 << 5;

/// The head of a CBOR text string (major type 3) of so many bytes, in its shortest form as deterministic CBOR asks.
fn feed_text_header(hash: &mut Murmur3, length: u64) {
    let [b7, b6, b5, b4, b3, b2, b1, b0] = length.to_be_bytes();
    match length {
        0..24 => hash.feed(&[TEXT | b0]),
        24..0x100 => hash.feed(&[TEXT | 0x18, b0]),
        0x100..0x1_0000 => hash.feed(&[TEXT | 0x19, b1, b0]),
        0x1_0000..0x1_0000_0000 => hash.feed(&[TEXT | 0x1a, b3, b2, b1, b0]),
        0x1_0000_0000.. => hash.feed(&[TEXT | 0x1b, b7, b6, b5, b4, b3, b2, b1, b0]),
    }
}

/// `MurmurHash3` x86 32-bit with seed 0, fed piece by piece so that nothing is copied together first.
#[derive(Default)]
struct Murmur3 {
    state: u32,
    length: u32,
    /// Bytes that do not fill a block yet, lowest first, and how many bits they are.
    carry: u64,
    carry_bits: u32,
}

impl Murmur3 {
    #[inline]
    fn feed(&mut self, bytes: &[u8]) {
        // The algorithm only ever takes the length modulo 2^32.
        self.length = self.length.wrapping_add(low_half(u64::try_from(bytes.len()).unwrap_or(u64::MAX)));
        self.rest(bytes);
    }

    /// Feeds bytes whose number is already counted.
    #[inline]
    fn rest(&mut self, bytes: &[u8]) {
        let (blocks, rest) = bytes.as_chunks::<4>();
        for block in blocks {
            self.carry |= u64::from(u32::from_le_bytes(*block)) << self.carry_bits;
            self.block(low_half(self.carry));
            self.carry >>= 32;
        }
        let bits = low_half(u64::try_from(rest.len() * 8).unwrap_or(0));
        // The last bytes are the end of the last four, without a look at each.
        let last = match bytes.last_chunk::<4>() {
            Some(four) => (u64::from(u32::from_le_bytes(*four)) << bits) >> 32,
            None => rest.iter().rev().fold(0, |last, byte| last << 8 | u64::from(*byte)),
        };
        self.carry |= last << self.carry_bits;
        self.carry_bits += bits;
        if self.carry_bits >= 32 {
            self.block(low_half(self.carry));
            self.carry >>= 32;
            self.carry_bits -= 32;
        }
    }

    #[inline]
    const fn block(&mut self, block: u32) {
        self.scrambled(scramble(block));
    }

    #[inline]
    const fn scrambled(&mut self, block: u32) {
        self.state ^= block;
        self.state = self.state.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }

    #[inline]
    fn finish(self) -> u32 {
        // An empty carry scrambles to zero, so no branch is needed for it.
        let mut hash = self.state ^ scramble(low_half(self.carry)) ^ self.length;
        hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
        hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
        hash ^ (hash >> 16)
    }
}

#[inline]
const fn scramble(block: u32) -> u32 {
    block.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593)
}

#[inline]
const fn low_half(number: u64) -> u32 {
    let [a, b, c, d, ..] = number.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

#[inline]
const fn high_half(number: u64) -> u32 {
    low_half(number >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn murmur3(pieces: &[&str]) -> u32 {
        let mut hash = Murmur3::default();
        for piece in pieces {
            hash.feed(piece.as_bytes());
        }
        hash.finish()
    }

    #[test]
    fn murmur3_matches_its_reference() {
        // From the reference implementation's own verification and common published vectors, seed 0.
        for (text, hash) in [("", 0), ("test", 0xba6b_d213), ("Hello, world!", 0xc036_3e43)] {
            assert_eq!(murmur3(&[text]), hash, "{text}");
        }
        let fox = "The quick brown fox jumps over the lazy dog";
        assert_eq!(murmur3(&[fox]), 0x2e4f_f723);
    }

    #[test]
    fn a_salt_made_ready_gives_the_same_buckets() {
        let long = "aé🌲-7".repeat(60);
        let cut = |bytes: usize| (0..=bytes).rev().find_map(|end| long.get(..end)).unwrap_or_default();
        for salt in (0..40).chain(250..260).map(cut) {
            let ready = Salted::new(salt);
            for unit in (0..60).chain(200..260).map(cut) {
                assert_eq!(ready.bucket(unit), bucket(salt, unit), "{salt:?} {unit:?}");
            }
        }
    }

    #[test]
    fn pieces_do_not_matter() {
        let text = "The quick brown fox jumps";
        for first in 0..text.len() {
            for second in first..text.len() {
                let pieces = [&text[..first], &text[first..second], &text[second..]];
                assert_eq!(murmur3(&pieces), murmur3(&[text]), "{pieces:?}");
            }
        }
    }
}
