//! A seeded random source for tests; this crate has none of its own and needs none outside them.

/// `SplitMix64`.
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    /// The next number in [0, 1).
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        crate::logs::count((bits ^ (bits >> 31)) >> 11) / crate::logs::count(1 << 53)
    }

    /// The next standard normal number, by Box and Muller.
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.next()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.next()).cos()
    }
}
