//! The heuristic: good orders for plans too large to be solved exactly. It proves nothing; the bound does.

mod line;
mod moves;
pub(crate) mod sequence;

use crate::judge::Score;
use crate::network::Network;
use crate::pace::Pace;
use crate::rng::Rng;
use line::{Meter, Row};
use moves::{Change, Places};

/// The seed of every search: the same question always gets the same answer.
const SEED: u64 = 0x5a70_0d00;

/// Improves an order of releases, given as bundles, until the pace ends. The first `locked` releases stay.
pub(crate) fn improve(
    network: &Network,
    start: &[Vec<usize>],
    locked: usize,
    pace: &mut Pace<'_>,
) -> Vec<Vec<usize>> {
    let mut rng = Rng::new(SEED);
    let row = Row::of_releases(start);
    let mut climber = Climber::new(network, row, locked);
    climber.descend(&mut rng, pace);
    let mut best = (climber.score, climber.row.clone());
    let perfect = Score { missed: network.sunk.0, cost: network.sunk.1, last: 0 };
    let mut idle = 0;
    while pace.left() > 0
        && climber.row.len() > 1
        && (best.0.missed, best.0.cost) > (perfect.missed, perfect.cost)
    {
        let kicks = 1 + rng.below(3 + (idle / 50).min(5));
        for _ in 0..kicks {
            climber.kick(&mut rng);
        }
        climber.descend(&mut rng, pace);
        if climber.score < best.0 {
            idle = 0;
        } else {
            idle += 1;
        }
        if climber.score <= best.0 {
            best = (climber.score, climber.row.clone());
        } else {
            climber.back_to(&best.1);
        }
        if idle >= patience(network) {
            break;
        }
    }
    best.1.releases()
}

/// Kicks without a gain after which a search of a small plan may end.
fn patience(network: &Network) -> usize {
    let bundles = network.bundles.len();
    (bundles * bundles * 4).clamp(200, 4_000)
}

struct Climber<'a> {
    network: &'a Network,
    row: Row,
    score: Score,
    meter: Meter<'a>,
    locked: usize,
}

impl<'a> Climber<'a> {
    fn new(network: &'a Network, row: Row, locked: usize) -> Self {
        let mut meter = Meter::new(network);
        let score = meter.keep(&row);
        Self { network, row, score, meter, locked }
    }

    fn back_to(&mut self, row: &Row) {
        self.row.clone_from(row);
        self.score = self.meter.keep(row);
    }

    /// Takes the first improvement of each neighbourhood until none is left.
    fn descend(&mut self, rng: &mut Rng, pace: &mut Pace<'_>) {
        let mut since_gain = 0;
        let mut turn = rng.below(self.row.len());
        while since_gain < self.row.len() && pace.left() > 0 {
            let Some(bundle) = self.row.bundles.get(turn).copied() else {
                turn = 0;
                continue;
            };
            turn = (turn + 1) % self.row.len().max(1);
            let gained = self.try_all(bundle, Neighbourhood::Bundle, pace)
                || self.try_all(bundle, Neighbourhood::Release, pace)
                || self.try_all(bundle, Neighbourhood::Swap, pace);
            since_gain = if gained { 0 } else { since_gain + 1 };
        }
    }

    /// Takes the best change of one neighbourhood, if it improves.
    fn try_all(&mut self, bundle: usize, neighbourhood: Neighbourhood, pace: &mut Pace<'_>) -> bool {
        let places = Places::new(self.network, &self.row);
        let mut best: Option<(Score, Row)> = None;
        let mut limit = self.score;
        let meter = &mut self.meter;
        let mut visit = |(row, from): Change| {
            let (score, looked) = meter.measure(&row, from, limit);
            if let Some(score) = score {
                limit = score;
                best = Some((score, row));
            }
            !pace.take(looked)
        };
        let (network, row, locked) = (self.network, &self.row, self.locked);
        match neighbourhood {
            Neighbourhood::Bundle => moves::of_bundle(network, row, &places, bundle, locked, &mut visit),
            Neighbourhood::Release => {
                let release = places.release.get(bundle).copied().unwrap_or(usize::MAX);
                moves::of_release(network, row, &places, release, locked, &mut visit);
            }
            Neighbourhood::Swap => moves::swaps(network, row, &places, bundle, locked, &mut visit),
        }
        let Some((_, row)) = best else { return false };
        self.back_to(&row);
        true
    }

    /// One random change, for better or worse.
    fn kick(&mut self, rng: &mut Rng) {
        let places = Places::new(self.network, &self.row);
        let Some(bundle) = self.row.bundles.get(rng.below(self.row.len())).copied() else { return };
        let mut changes: Vec<Row> = Vec::new();
        let mut visit = |(row, _): Change| {
            changes.push(row);
            changes.len() > 60
        };
        match rng.below(3) {
            0 => moves::swaps(self.network, &self.row, &places, bundle, self.locked, &mut visit),
            1 => {
                let release = places.release.get(bundle).copied().unwrap_or(usize::MAX);
                moves::of_release(self.network, &self.row, &places, release, self.locked, &mut visit);
            }
            _ => moves::of_bundle(self.network, &self.row, &places, bundle, self.locked, &mut visit),
        }
        if let Some(row) = changes.get(rng.below(changes.len())) {
            let row = row.clone();
            self.back_to(&row);
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Neighbourhood {
    Bundle,
    Release,
    Swap,
}
