//! Puts releases on the calendar one after the other: who builds when, and from which day users have it.

use crate::network::Network;

/// One release on the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) team: usize,
    pub(crate) start: u64,
    pub(crate) built: u64,
    pub(crate) live: u64,
}

/// The calendar so far.
///
/// Releases come in list order. One team builds them in that order; several teams fill the earliest gap that fits
/// (serial schedule generation), once everything a release requires is built.
#[derive(Debug, Clone)]
pub(crate) struct Placer<'a> {
    network: &'a Network,
    /// Per team: spans of work, sorted.
    busy: Vec<Vec<(u64, u64)>>,
    built: Vec<u64>,
    live: Vec<u64>,
    /// Per surface: not before this day may it change again.
    floors: Vec<u64>,
}

#[expect(
    clippy::indexing_slicing,
    reason = "every list has one entry per bundle, surface or team of the network"
)]
impl<'a> Placer<'a> {
    pub(crate) fn new(network: &'a Network) -> Self {
        Self {
            network,
            busy: vec![Vec::new(); network.teams],
            built: vec![0; network.bundles.len()],
            live: vec![0; network.bundles.len()],
            floors: vec![0; network.surfaces.len()],
        }
    }

    /// Places the next release; its bundles, and all they require, must be named by then.
    pub(crate) fn place(&mut self, release: &[usize]) -> Placed {
        let network = self.network;
        let work =
            network.plan.overhead + release.iter().map(|bundle| network.bundles[*bundle].effort).sum::<u64>();
        let mut ready = network.plan.today;
        for bundle in release {
            let outside = network.bundles[*bundle].requires.iter().filter(|need| !release.contains(need));
            ready = outside.map(|need| self.built[*need]).fold(ready, u64::max);
        }
        let (team, start, built) = self.earliest(ready, work);
        let mut live = built;
        for bundle in release {
            let bundle = &network.bundles[*bundle];
            live = bundle
                .requires
                .iter()
                .filter(|need| !release.contains(need))
                .map(|need| self.live[*need])
                .fold(live, u64::max);
            live = bundle
                .surfaces
                .iter()
                .map(|surface| self.floors[*surface])
                .fold(live.max(bundle.earliest), u64::max);
        }
        for number in release {
            self.built[*number] = built;
            self.live[*number] = live;
            let bundle = &network.bundles[*number];
            if network.plan.settle > 0 {
                for surface in &bundle.surfaces {
                    let floor = live + network.plan.settle + bundle.climb;
                    self.floors[*surface] = self.floors[*surface].max(floor);
                }
            }
        }
        self.busy[team].push((start, built));
        self.busy[team].sort_unstable();
        Placed { team, start, built, live }
    }

    fn earliest(&self, ready: u64, work: u64) -> (usize, u64, u64) {
        let calendar = &self.network.calendar;
        if let [spans] = self.busy.as_slice() {
            let begin = spans.last().map_or(ready, |(_, end)| ready.max(*end));
            let start = if work == 0 { begin } else { calendar.present(0, begin) };
            return (0, start, calendar.finish(0, begin, work));
        }
        let mut best = (0, 0, u64::MAX);
        for (team, spans) in self.busy.iter().enumerate() {
            let mut begin = ready;
            let ends = spans.iter().map(|(from, _)| *from).chain([u64::MAX]);
            for (place, limit) in ends.enumerate() {
                let start = if work == 0 { begin } else { calendar.present(team, begin) };
                let finish = calendar.finish(team, start, work);
                if finish <= limit {
                    if finish < best.2 {
                        best = (team, start, finish);
                    }
                    break;
                }
                begin = spans.get(place).map_or(begin, |(_, end)| begin.max(*end));
            }
        }
        best
    }

    /// The day from which users have this bundle; 0 until it is placed.
    pub(crate) fn live(&self, bundle: usize) -> u64 {
        self.live[bundle]
    }

    /// The day before which this surface may not change again; 0 without a rule.
    pub(crate) fn floor(&self, surface: usize) -> u64 {
        self.floors[surface]
    }
}
