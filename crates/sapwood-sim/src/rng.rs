//! A small seeded random source, so that a world is replayed from one number on any machine.

/// xoshiro256++ (Blackman and Vigna, 2019), its state filled by `SplitMix64`. Not for secrets.
#[derive(Debug, Clone)]
pub struct Rng {
    state: [u64; 4],
}

/// The increment and finaliser of `SplitMix64`: turns neighbouring numbers into unrelated ones.
pub const fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Rng {
    /// A source that starts from `seed`.
    pub const fn new(seed: u64) -> Self {
        let a = mix(seed);
        let b = mix(a);
        let c = mix(b);
        Self { state: [a, b, c, mix(c)] }
    }

    /// The next 64 bits.
    #[inline]
    pub const fn bits(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let answer = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (shifted, c, d) = (b << 17, c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ shifted, d.rotate_left(45)];
        answer
    }

    /// Two independent numbers of 32 bits.
    #[inline]
    pub fn pair(&mut self) -> (u32, u32) {
        let bits = self.bits();
        (low_half(bits), low_half(bits >> 32))
    }

    /// A number from 0 to below 1.
    #[inline]
    pub fn fraction(&mut self) -> f64 {
        let (high, low) = self.pair();
        (f64::from(high) + f64::from(low) / TWO_TO_32) / TWO_TO_32
    }

    /// A number of the standard normal distribution (Box and Muller's cosine half).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.fraction()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.fraction()).cos()
    }

    /// A count with this mean (Knuth's product below 60, the rounded normal approximation from there).
    pub fn poisson(&mut self, mean: f64) -> u32 {
        if mean >= 60.0 {
            return count(mean + mean.sqrt() * self.normal());
        }
        let (limit, mut product, mut events) = ((-mean).exp(), self.fraction(), 0_u32);
        while product > limit {
            product *= self.fraction();
            events = events.saturating_add(1);
        }
        events
    }
}

/// How many numbers 32 bits hold.
pub const TWO_TO_32: f64 = 4_294_967_296.0;

/// One of `n`, from 32 random bits; 0 if there are none.
#[inline]
pub fn one_of(n: u32, bits: u32) -> u32 {
    low_half((u64::from(bits) * u64::from(n)) >> 32)
}

#[inline]
fn low_half(bits: u64) -> u32 {
    u32::try_from(bits & u64::from(u32::MAX)).unwrap_or(0)
}

/// The nearest whole number, at least 0.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, which is what is wanted, and std offers no other"
)]
pub fn count(value: f64) -> u32 {
    value.round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_the_reference_implementation() {
        // From the authors' C code, for the state 1, 2, 3, 4.
        let mut rng = Rng { state: [1, 2, 3, 4] };
        let expected = [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386];
        assert_eq!([rng.bits(), rng.bits(), rng.bits(), rng.bits()], expected);
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn counts_have_the_mean_asked_for() {
        let mut rng = Rng::new(1);
        for mean in [0.3, 7.0, 250.0] {
            let total: u32 = (0..20_000).map(|_| rng.poisson(mean)).sum();
            let found = f64::from(total) / 20_000.0;
            assert!((found - mean).abs() < 5.0 * (mean / 20_000.0).sqrt(), "{found} for {mean}");
        }
    }
}
