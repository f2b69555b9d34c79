//! The recursion under `power`: how probability moves through the counts until it meets the line.

use std::collections::VecDeque;

use super::{EXACT_UNITS, Side};
use crate::logs::{bisect, count, log_sum_exp};
use crate::ratio::log_mean;
use crate::special::normal::normal_cdf;
use crate::strata::{Harm, treated_probability};

/// Survivors rarer than this are dropped from the recursion, which lowers the answer by less than 1e-6.
const NEGLIGIBLE: f64 = 1e-12;

/// One epoch as the suffering arm sees it.
pub(super) struct Epoch {
    pub(super) share: f64,
    pub(super) units: u64,
}

/// The evidence of every possible split, kept up to date unit by unit.
pub(super) struct Bank<'a> {
    side: &'a Side,
    units: f64,
    /// What each bet has paid so far: `sum_s N_s ln(1 + q_s (r / r0 - 1))`.
    paid: Vec<f64>,
}

impl<'a> Bank<'a> {
    pub(super) fn new(side: &'a Side) -> Self {
        Self { side, units: 0.0, paid: vec![0.0; side.prior.points().len()] }
    }

    /// More affected units at this share.
    pub(super) fn observe(&mut self, share: f64, units: f64) {
        let probability = treated_probability(share, self.side.margin);
        for (paid, point) in self.paid.iter_mut().zip(self.side.prior.points()) {
            *paid += units * log_mean(probability, point.relative(Harm::Up));
        }
        self.units += units;
    }

    /// Whether the guardrail acts when this many of the units are in the suffering arm.
    fn acts(&self, suffering: f64) -> bool {
        let bets = self.paid.iter().zip(self.side.prior.points());
        log_sum_exp(bets.map(|(paid, point)| point.log_weight + suffering * point.distance - paid))
            >= self.side.line
    }

    /// Fewest units in the suffering arm at which the guardrail acts, or one more than there are.
    ///
    /// It never falls as units arrive, so the search starts from the previous answer.
    pub(super) fn boundary(&self, previous: f64) -> f64 {
        let mut suffering = previous;
        while suffering <= self.units && !self.acts(suffering) {
            suffering += 1.0;
        }
        suffering
    }
}

/// The distribution of the number of units in the suffering arm, over the paths that have not met the line.
pub(super) struct Walk {
    /// Probability of having met the line.
    pub(super) crossed: f64,
    /// Count the first entry of `surviving` stands for.
    first: f64,
    /// One past the count the last entry stands for.
    end: f64,
    surviving: VecDeque<f64>,
}

impl Walk {
    pub(super) fn new() -> Self {
        Self { crossed: 0.0, first: 0.0, end: 1.0, surviving: VecDeque::from([1.0]) }
    }

    /// One more affected unit, in the suffering arm with this probability; counts from `boundary` on meet the line.
    pub(super) fn step(&mut self, probability: f64, boundary: f64) {
        let mut arriving = 0.0;
        for mass in &mut self.surviving {
            let leaving = *mass * probability;
            *mass += arriving - leaving;
            arriving = leaving;
        }
        self.surviving.push_back(arriving);
        self.end += 1.0;
        while self.end > boundary
            && let Some(mass) = self.surviving.pop_back()
        {
            self.crossed += mass;
            self.end -= 1.0;
        }
        while self.surviving.front().is_some_and(|&mass| mass < NEGLIGIBLE) && self.first + 1.0 < self.end {
            self.surviving.pop_front();
            self.first += 1.0;
        }
        while self.surviving.len() > 1 && self.surviving.back().is_some_and(|&mass| mass < NEGLIGIBLE) {
            self.surviving.pop_back();
            self.end -= 1.0;
        }
    }

    fn is_over(&self) -> bool {
        self.surviving.iter().sum::<f64>() < 1e-9
    }
}

/// The line in counts, after every one of the first [`EXACT_UNITS`] affected units.
pub(super) struct Course {
    boundaries: Vec<f64>,
}

impl Course {
    pub(super) fn new(side: &Side, epochs: &[Epoch]) -> Self {
        let mut boundaries = Vec::new();
        let mut bank = Bank::new(side);
        let mut boundary = 0.0;
        for share in units_in_order(epochs) {
            bank.observe(share, 1.0);
            boundary = bank.boundary(boundary);
            boundaries.push(boundary);
        }
        Self { boundaries }
    }

    /// Probability of having met the line by the end of the epochs at this ratio of the suffering arm to the other.
    pub(super) fn seen(&self, side: &Side, epochs: &[Epoch], ratio: f64) -> f64 {
        if side.line <= 0.0 {
            return 1.0;
        }
        let mut walk = Walk::new();
        for (step, (share, &boundary)) in units_in_order(epochs).zip(&self.boundaries).enumerate() {
            walk.step(treated_probability(share, ratio), boundary);
            // The sum is as dear as a step, so it is taken now and then.
            if step % 64 == 63 && walk.is_over() {
                break;
            }
        }
        let all: f64 = epochs.iter().map(|epoch| count(epoch.units)).sum();
        let at_the_end = if all > count(EXACT_UNITS) { last_look(side, epochs, ratio) } else { None };
        walk.crossed.max(at_the_end.unwrap_or(0.0)).min(1.0)
    }
}

/// The share in force for each of the first [`EXACT_UNITS`] affected units.
fn units_in_order(epochs: &[Epoch]) -> impl Iterator<Item = f64> + '_ {
    let all = epochs.iter().flat_map(|epoch| (0..epoch.units.min(EXACT_UNITS)).map(|_| epoch.share));
    all.zip(0..EXACT_UNITS).map(|(share, _)| share)
}

/// Normal approximation, with continuity correction, of the chance that a single look at the end meets the line.
///
/// `None` when no split of that many units meets it.
pub(super) fn last_look(side: &Side, epochs: &[Epoch], ratio: f64) -> Option<f64> {
    let mut bank = Bank::new(side);
    let (mut mean, mut variance) = (0.0, 0.0);
    for epoch in epochs {
        let probability = treated_probability(epoch.share, ratio);
        bank.observe(epoch.share, count(epoch.units));
        mean += count(epoch.units) * probability;
        variance += count(epoch.units) * probability * (1.0 - probability);
    }
    if !bank.acts(bank.units) {
        return None;
    }
    let boundary = bisect(0.0, bank.units, |suffering| !bank.acts(suffering)).ceil();
    let surplus = mean - (boundary - 0.5);
    Some(if variance > 0.0 { normal_cdf(surplus / variance.sqrt()) } else { f64::from(surplus >= 0.0) })
}
