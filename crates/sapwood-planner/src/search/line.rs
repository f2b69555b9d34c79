//! A list of releases in one row, and what it costs; made for trying thousands of small changes.

use crate::judge::Score;
use crate::network::Network;
use crate::placer::Placer;

/// Bundles in order; `first` marks those that open a release.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Row {
    pub(crate) bundles: Vec<usize>,
    pub(crate) first: Vec<bool>,
}

impl Row {
    pub(crate) fn of_releases(releases: &[Vec<usize>]) -> Self {
        let mut row = Self::default();
        for release in releases {
            for (place, bundle) in release.iter().enumerate() {
                row.bundles.push(*bundle);
                row.first.push(place == 0);
            }
        }
        row
    }

    pub(crate) fn releases(&self) -> Vec<Vec<usize>> {
        let mut releases: Vec<Vec<usize>> = Vec::new();
        for (bundle, first) in self.bundles.iter().zip(&self.first) {
            match releases.last_mut() {
                Some(release) if !*first => release.push(*bundle),
                Some(_) | None => releases.push(vec![*bundle]),
            }
        }
        releases
    }

    pub(crate) fn len(&self) -> usize {
        self.bundles.len()
    }

    /// Takes a bundle out; whoever came after it in its release opens it now, if it did.
    pub(crate) fn remove(&mut self, place: usize) -> usize {
        let bundle = self.bundles.remove(place);
        let opened = self.first.remove(place);
        if opened && let Some(next) = self.first.get_mut(place) {
            *next = true;
        }
        bundle
    }

    pub(crate) fn insert(&mut self, place: usize, bundle: usize, first: bool) {
        self.bundles.insert(place, bundle);
        self.first.insert(place, first);
    }

    /// The place after the last of the release of a place.
    pub(crate) fn end(&self, place: usize) -> usize {
        let more = self.first.iter().skip(place + 1).position(|first| *first);
        more.map_or(self.len(), |more| place + 1 + more)
    }
}

/// What is known when a release begins.
#[derive(Debug, Clone)]
struct Mark {
    score: Score,
    built: u64,
    floors: Vec<u64>,
}

/// Counts the cost of rows, from the first change on.
pub(crate) struct Meter<'a> {
    network: &'a Network,
    /// Per place that opens a release of the row last kept.
    marks: Vec<Option<Mark>>,
    /// Live day of each bundle in the row last kept.
    live: Vec<u64>,
    scratch: Vec<u64>,
    settles: bool,
}

#[expect(
    clippy::indexing_slicing,
    reason = "places are below the length of the row, bundles below that of the network"
)]
impl<'a> Meter<'a> {
    pub(crate) fn new(network: &'a Network) -> Self {
        let count = network.bundles.len();
        Self {
            network,
            marks: Vec::new(),
            live: vec![0; count],
            scratch: vec![0; count],
            settles: network.plan.settle > 0,
        }
    }

    fn opening(&self) -> Mark {
        Mark {
            score: Score { missed: self.network.sunk.0, cost: self.network.sunk.1, last: 0 },
            built: self.network.plan.today,
            floors: vec![0; if self.settles { self.network.surfaces.len() } else { 0 }],
        }
    }

    /// Makes a row the one that changes are compared with; its score.
    pub(crate) fn keep(&mut self, row: &Row) -> Score {
        self.marks = vec![None; row.len()];
        let mut mark = self.opening();
        if self.network.teams > 1 {
            return self.place(row, None).unwrap_or(mark.score);
        }
        let mut place = 0;
        while place < row.len() {
            let end = row.end(place);
            self.marks[place] = Some(mark.clone());
            let live = self.step(&mut mark, &row.bundles[place..end], true);
            for bundle in &row.bundles[place..end] {
                self.live[*bundle] = live;
                self.scratch[*bundle] = live;
            }
            place = end;
        }
        mark.score
    }

    /// The score of a row that equals the one kept up to `from`, which opens a release in both; `None` as soon as it is
    /// not below `limit`. Also the number of releases looked at.
    pub(crate) fn measure(&mut self, row: &Row, from: usize, limit: Score) -> (Option<Score>, u64) {
        if self.network.teams > 1 {
            // Placing costs several times a step, and everything is placed anew.
            return (self.place(row, Some(limit)), 8 * u64::try_from(row.len()).unwrap_or(u64::MAX));
        }
        let mut mark = match self.marks.get(from) {
            Some(Some(mark)) => mark.clone(),
            Some(None) | None => self.opening(),
        };
        if self.settles {
            self.scratch.clone_from(&self.live);
        }
        // Copying the row is work, too.
        let mut looked = 4 + u64::try_from(row.len() / 8).unwrap_or(0);
        // With surfaces to look at, a release is several times the work.
        let step = if self.settles { 4 } else { 1 };
        let mut place = from;
        while place < row.len() {
            let end = row.end(place);
            let live = self.step(&mut mark, &row.bundles[place..end], self.settles);
            if self.settles {
                for bundle in &row.bundles[place..end] {
                    self.scratch[*bundle] = live;
                }
            }
            looked += step;
            if mark.score >= limit {
                return (None, looked);
            }
            place = end;
        }
        (Some(mark.score), looked)
    }

    /// Adds one release of one team; the day it is live.
    fn step(&self, mark: &mut Mark, release: &[usize], settles: bool) -> u64 {
        let network = self.network;
        let effort: u64 = release.iter().map(|bundle| network.bundles[*bundle].effort).sum();
        mark.built = network.calendar.finish(0, mark.built, network.plan.overhead + effort);
        let mut live = mark.built;
        if settles && self.settles {
            for bundle in release {
                let bundle = &network.bundles[*bundle];
                live = live.max(bundle.earliest);
                for need in bundle.requires.iter().filter(|need| !release.contains(need)) {
                    live = live.max(self.scratch[*need]);
                }
                for surface in &bundle.surfaces {
                    live = live.max(mark.floors[*surface]);
                }
            }
        }
        for bundle in release {
            let bundle = &network.bundles[*bundle];
            let (missed, cost) = bundle.price(live);
            mark.score.missed += missed;
            mark.score.cost += cost;
            if self.settles {
                for surface in &bundle.surfaces {
                    let floor = live + network.plan.settle + bundle.climb;
                    mark.floors[*surface] = mark.floors[*surface].max(floor);
                }
            }
        }
        mark.score.last = mark.score.last.max(live);
        live
    }

    /// Several teams: everything is placed anew, because an early change moves every gap.
    fn place(&self, row: &Row, limit: Option<Score>) -> Option<Score> {
        let mut placer = Placer::new(self.network);
        let mut score = self.opening().score;
        let mut place = 0;
        while place < row.len() {
            let end = row.end(place);
            let release = &row.bundles[place..end];
            let placed = placer.place(release);
            for bundle in release {
                let (missed, cost) = self.network.bundles[*bundle].price(placed.live);
                score.missed += missed;
                score.cost += cost;
            }
            score.last = score.last.max(placed.live);
            if limit.is_some_and(|limit| score >= limit) {
                return None;
            }
            place = end;
        }
        Some(score)
    }
}
