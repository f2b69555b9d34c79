//! Seeded chance: uniform, normal and Poisson.

/// `SplitMix64`.
pub(crate) struct Random(u64);

impl Random {
    /// One stream per run, so that the same run of two methods sees the same people.
    pub(crate) fn of(seed: u64, run: u32) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (u64::from(run) << 32));
        random.uniform();
        random
    }

    /// In [0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        // The upper half, which a float holds exactly.
        f64::from(u32::try_from(bits >> 32).unwrap_or(0)) / 4_294_967_296.0
    }

    /// Standard normal, by Box and Muller.
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Poisson with this mean: exactly, in portions small enough for the product of uniforms.
    pub(crate) fn poisson(&mut self, mean: f64) -> u64 {
        let (mut left, mut sum) = (mean, 0);
        while left > 0.0 {
            let portion = left.min(20.0);
            left -= portion;
            let floor = (-portion).exp();
            let mut product = 1.0 - self.uniform();
            while product > floor {
                sum += 1;
                product *= 1.0 - self.uniform();
            }
        }
        sum
    }

    /// How many failures before the first success of chance `success`.
    pub(crate) fn geometric(&mut self, success: f64) -> u64 {
        let mut failures = 0;
        while self.uniform() >= success {
            failures += 1;
        }
        failures
    }
}
