//! Numbers that look random and are the same for the same text, so that each rollout's tree is its own and stays so.

/// A sequence of numbers drawn from a text.
pub(super) struct Seed(u64);

impl Seed {
    /// The sequence of this text.
    pub(super) fn of(text: &str) -> Self {
        // FNV-1a: short, and spreads ids that differ in their last digit only.
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(hash)
    }

    /// The next number, from 0 to 1.
    pub(super) fn unit(&mut self) -> f64 {
        // SplitMix64; the top 32 bits are plenty for a drawing.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        u32::try_from(mixed >> 32).map_or(0.0, f64::from) / f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_gives_the_same_numbers_and_another_does_not() {
        let take = |text: &str| {
            let mut seed = Seed::of(text);
            [seed.unit(), seed.unit()].map(f64::to_bits)
        };
        assert_eq!(take("a"), take("a"));
        assert_ne!(take("0197-1"), take("0197-2"));
        let mut seed = Seed::of("x");
        assert!((0..100).all(|_| (0.0..=1.0).contains(&seed.unit())));
    }
}
