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
    // Multiply and shift instead of a remainder: every bucket gets the same number of hashes, give or take one.
    high_half(u64::from(hash.finish()) * u64::from(BUCKETS))
}

/// The head of a CBOR text string (major type 3) of so many bytes, in its shortest form as deterministic CBOR asks.
fn feed_text_header(hash: &mut Murmur3, length: u64) {
    const TEXT: u8 = 3 << 5;
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
        let (blocks, rest) = bytes.as_chunks::<4>();
        for block in blocks {
            self.carry |= u64::from(u32::from_le_bytes(*block)) << self.carry_bits;
            self.block(low_half(self.carry));
            self.carry >>= 32;
        }
        let (last, bits) = match *rest {
            [a, b, c] => (u32::from_le_bytes([a, b, c, 0]), 24),
            [a, b] => (u32::from_le_bytes([a, b, 0, 0]), 16),
            [a] => (u32::from(a), 8),
            _ => return,
        };
        self.carry |= u64::from(last) << self.carry_bits;
        self.carry_bits += bits;
        if self.carry_bits >= 32 {
            self.block(low_half(self.carry));
            self.carry >>= 32;
            self.carry_bits -= 32;
        }
    }

    #[inline]
    const fn block(&mut self, block: u32) {
        self.state ^= scramble(block);
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
