//! The demo's shop: visitors who come back, place orders, and sometimes run into an error. What a visit does
//! depends on the seed and on what the visitor was served, never on timing.

/// Chance of an order per visit, in parts per million.
const ORDER_PPM: u64 = 120_000;
/// Chance of an error per visit without a fault, in parts per million.
const ERROR_PPM: u64 = 20_000;
/// The same for whoever has a slice with a fault in it.
const FAULT_PPM: u64 = 90_000;

/// A shop with a fixed set of visitors.
#[derive(Debug, Clone)]
pub struct Shop {
    seed: u64,
    visitors: u64,
    visits: u64,
}

/// One visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Who came: the targeting key.
    pub visitor: String,
    draw: u64,
}

impl Shop {
    /// A shop of `visitors` people.
    pub const fn new(seed: u64, visitors: u64) -> Self {
        Self { seed, visitors, visits: 0 }
    }

    /// The next `n` visits. Some people come far more often than others: the square of an even draw favours the
    /// first, so that half of all visits are made by a quarter of the visitors.
    pub fn visits(&mut self, n: u64) -> Vec<Visit> {
        (0..n)
            .map(|_| {
                self.visits = self.visits.wrapping_add(1);
                let draw = mix(self.seed ^ mix(self.visits));
                let even = below(mix(draw ^ 1), 1 << 20);
                let number = (even.wrapping_mul(even) >> 20).wrapping_mul(self.visitors) >> 20;
                Visit { visitor: format!("visitor-{number}"), draw }
            })
            .collect()
    }
}

impl Visit {
    /// Whether the visit ends with an order.
    pub fn orders(&self) -> bool {
        below(mix(self.draw ^ 2), 1_000_000) < ORDER_PPM
    }

    /// Whether the visitor runs into an error; `faulty` if they were served a slice with a fault in it.
    pub fn fails(&self, faulty: bool) -> bool {
        below(mix(self.draw ^ 3), 1_000_000) < if faulty { FAULT_PPM } else { ERROR_PPM }
    }
}

/// A number in `0..n` from 64 even bits (multiply-shift; the bias is far below what the demo could show).
fn below(draw: u64, n: u64) -> u64 {
    let wide = u128::from(draw).wrapping_mul(u128::from(n)) >> 64;
    u64::try_from(wide).unwrap_or(0)
}

/// The finaliser of `SplitMix64` (Steele, Lea, Flood 2014): turns a counter into even bits.
const fn mix(z: u64) -> u64 {
    let z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_same_seed_gives_the_same_visits() {
        assert_eq!(Shop::new(7, 100).visits(50), Shop::new(7, 100).visits(50));
        assert_ne!(Shop::new(7, 100).visits(50), Shop::new(8, 100).visits(50));
    }

    #[test]
    fn visitors_come_back_and_a_quarter_makes_half_of_the_visits() {
        let visits = Shop::new(1, 1_000).visits(20_000);
        let mut by_visitor: BTreeMap<&str, usize> = BTreeMap::new();
        for visit in &visits {
            *by_visitor.entry(&visit.visitor).or_default() += 1;
        }
        let frequent: usize = (0..250).filter_map(|n| by_visitor.get(format!("visitor-{n}").as_str())).sum();
        assert!((9_500..10_500).contains(&frequent), "{frequent}");
    }

    #[test]
    fn a_fault_makes_errors_several_times_as_frequent() {
        let visits = Shop::new(3, 1_000).visits(20_000);
        let failed = |faulty| visits.iter().filter(|visit| visit.fails(faulty)).count();
        assert!((350..450).contains(&failed(false)), "{}", failed(false));
        assert!((1_700..1_900).contains(&failed(true)), "{}", failed(true));
    }
}
