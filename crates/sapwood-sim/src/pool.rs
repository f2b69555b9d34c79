//! The people of a world: how often each comes, how prone each is to be affected, and who is in the ring.

use crate::rng::{Rng, TWO_TO_32, mix, one_of};

/// Who lives in a world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Habits {
    /// So many subjects who come back. Visit rates are Pareto with this shape, cut at 300 times the smallest; how
    /// prone each is to be affected is log-normal with this sigma and mean 1.
    Recurring {
        /// How many.
        subjects: u32,
        /// Pareto shape of visit rates; the smaller, the heavier the tail.
        shape: f64,
        /// Sigma of the logarithm of proneness.
        sigma: f64,
    },
    /// Everybody comes once, all equally prone: the world of the published reference figures.
    Fresh,
}

/// The subjects of one world.
#[derive(Debug, Clone)]
pub struct Pool {
    seed: u64,
    /// Alias table (Walker, Vose): whom to take below the threshold is the place itself, else the alias.
    table: Vec<(u32, u32)>,
    proneness: Vec<f64>,
    fresh: u32,
}

const RATE_MAX: f64 = 300.0;

impl Pool {
    /// Draws the subjects.
    pub fn new(habits: Habits, seed: u64) -> Self {
        let mut pool = Self { seed, table: Vec::new(), proneness: Vec::new(), fresh: 0 };
        if let Habits::Recurring { subjects, shape, sigma } = habits {
            let mut rng = Rng::new(mix(seed ^ 0x706f_6f6c));
            let rate = |_| (1.0 - rng.fraction()).powf(-1.0 / shape).min(RATE_MAX);
            let mut rates: Vec<f64> = (0..subjects).map(rate).collect();
            // Those who come most often lie together, which is kinder to the machine and nothing to the statistics.
            rates.sort_by(|one, other| other.total_cmp(one));
            pool.table = alias_table(&rates);
            pool.proneness =
                (0..subjects).map(|_| (sigma * rng.normal() - sigma * sigma / 2.0).exp()).collect();
        }
        pool
    }

    /// Who comes next.
    #[inline]
    pub fn next(&mut self, rng: &mut Rng) -> u32 {
        let (bits, coin) = rng.pair();
        let size = u32::try_from(self.table.len()).unwrap_or(0);
        let place = one_of(size, bits);
        if let Some((threshold, alias)) = self.table.get(index(place)) {
            return if coin < *threshold { place } else { *alias };
        }
        self.fresh = self.fresh.wrapping_add(1);
        self.fresh
    }

    /// How much more prone than the average this subject is to be affected.
    #[inline]
    pub fn proneness(&self, subject: u32) -> f64 {
        self.proneness.get(index(subject)).copied().unwrap_or(1.0)
    }

    /// Whether the subject is one of `permille` in a thousand ring members.
    #[inline]
    pub fn in_ring(&self, subject: u32, permille: u32) -> bool {
        permille > 0 && mix(self.seed ^ u64::from(subject)) % 1000 < u64::from(permille)
    }
}

/// A number as a place in a vector.
#[inline]
pub fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Walker's alias table in Vose's form, with thresholds of 32 bits.
fn alias_table(rates: &[f64]) -> Vec<(u32, u32)> {
    let size = f64::from(u32::try_from(rates.len()).unwrap_or(u32::MAX));
    let mean = rates.iter().sum::<f64>() / size;
    let mut scaled: Vec<f64> = rates.iter().map(|rate| rate / mean).collect();
    let places = (0_u32..).take(rates.len());
    let (mut small, mut large): (Vec<u32>, Vec<u32>) =
        places.partition(|place| scaled.get(index(*place)).is_some_and(|rate| *rate < 1.0));
    let mut table: Vec<(u32, u32)> = (0_u32..).take(rates.len()).map(|place| (u32::MAX, place)).collect();
    while let (Some(poor), Some(rich)) = (small.pop(), large.last().copied()) {
        let lacks = scaled.get(index(poor)).copied().unwrap_or(1.0);
        if let Some(cell) = table.get_mut(index(poor)) {
            *cell = (crate::rng::count(lacks * (TWO_TO_32 - 1.0)), rich);
        }
        if let Some(rate) = scaled.get_mut(index(rich)) {
            *rate -= 1.0 - lacks;
            if *rate < 1.0 {
                large.pop();
                small.push(rich);
            }
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_come_as_often_as_their_rates_say() {
        let rates = [1.0, 2.0, 5.0, 0.5, 11.5];
        let mut pool = Pool { seed: 0, table: alias_table(&rates), proneness: Vec::new(), fresh: 0 };
        let (mut rng, mut seen) = (Rng::new(3), [0_u32; 5]);
        for _ in 0..200_000 {
            seen[index(pool.next(&mut rng))] += 1;
        }
        for (rate, seen) in rates.iter().zip(seen) {
            let expected = rate / 20.0 * 200_000.0;
            assert!((f64::from(seen) - expected).abs() < 5.0 * expected.sqrt(), "{seen} for {expected}");
        }
    }

    #[test]
    fn some_come_much_more_often_than_others() {
        let habits = Habits::Recurring { subjects: 1000, shape: 1.2, sigma: 0.7 };
        let (mut pool, mut rng, mut seen) = (Pool::new(habits, 5), Rng::new(5), vec![0_u32; 1000]);
        for _ in 0..100_000 {
            seen[index(pool.next(&mut rng))] += 1;
        }
        seen.sort_unstable();
        assert!(seen[990] > 10 * seen[500], "{} and {}", seen[990], seen[500]);
        let mean = (0..1000).map(|subject| pool.proneness(subject)).sum::<f64>() / 1000.0;
        assert!((mean - 1.0).abs() < 0.15, "{mean}");
    }

    #[test]
    fn fresh_subjects_never_come_back() {
        let (mut pool, mut rng) = (Pool::new(Habits::Fresh, 5), Rng::new(5));
        let seen: Vec<u32> = (0..4).map(|_| pool.next(&mut rng)).collect();
        assert_eq!(seen, [1, 2, 3, 4]);
    }
}
