//! Who comes by: the study's two kinds of traffic, in ticks, and the affected among them.

use sapwood_stats::Stratum;

use crate::random::Random;

/// One kind of traffic.
#[derive(Clone, Copy)]
pub(crate) struct Traffic {
    pub(crate) name: &'static str,
    /// People per tick.
    pub(crate) people: f64,
    /// Ticks per stage.
    pub(crate) ticks: u32,
    /// Length of a tick, and its unit.
    pub(crate) tick: f64,
    pub(crate) unit: &'static str,
}

/// 10 000 people a minute, ten minutes a stage, a look a minute.
pub(crate) const HIGH: Traffic =
    Traffic { name: "high", people: 10_000.0, ticks: 10, tick: 1.0, unit: "min" };
/// 50 people an hour, a day a stage, a look every five minutes.
pub(crate) const LOW: Traffic =
    Traffic { name: "low", people: 50.0 / 12.0, ticks: 288, tick: 1.0 / 12.0, unit: "h" };

/// The study's ladder; in its last stage everybody is treated, so that the relative tests learn nothing there.
pub(crate) const LADDER: [f64; 5] = [0.01, 0.05, 0.25, 0.5, 1.0];
/// The same with a holdback of 5 %.
pub(crate) const HOLDBACK: [f64; 5] = [0.01, 0.05, 0.25, 0.5, 0.95];

/// What one tick brought.
#[derive(Clone, Copy)]
pub(crate) struct Tick {
    /// Index of the stage in force.
    pub(crate) stage: usize,
    pub(crate) share: f64,
    pub(crate) treated_people: u64,
    pub(crate) treated: u64,
    pub(crate) control: u64,
}

/// People of one tick: Poisson counts, thinned by arm and by being affected, which makes each of them Poisson again.
pub(crate) fn tick(
    random: &mut Random,
    traffic: Traffic,
    stage: usize,
    share: f64,
    rates: (f64, f64),
) -> Tick {
    let (treated_rate, control_rate) = rates;
    let treated = random.poisson(traffic.people * share * treated_rate);
    let spared = random.poisson(traffic.people * share * (1.0 - treated_rate));
    let control = random.poisson(traffic.people * (1.0 - share) * control_rate);
    Tick { stage, share, treated_people: treated + spared, treated, control }
}

/// A walk up a ladder by time alone; `rates` gives the arms' rates at a tick.
pub(crate) fn walk(
    random: &mut Random,
    traffic: Traffic,
    ladder: &[f64],
    rates: impl Fn(u32) -> (f64, f64),
) -> Vec<Tick> {
    let mut ticks = Vec::new();
    let mut now = 0;
    for (stage, &share) in ladder.iter().enumerate() {
        for _ in 0..traffic.ticks {
            ticks.push(tick(random, traffic, stage, share, rates(now)));
            now += 1;
        }
    }
    ticks
}

/// The ledger of a walk, tick by tick.
pub(crate) struct Ledger {
    pub(crate) strata: Vec<Stratum>,
}

impl Ledger {
    pub(crate) const fn new() -> Self {
        Self { strata: Vec::new() }
    }

    pub(crate) fn add(&mut self, tick: &Tick) {
        if self.strata.len() <= tick.stage {
            self.strata.push(Stratum { treated_share: tick.share, treated: 0, control: 0 });
        }
        if let Some(stratum) = self.strata.last_mut() {
            stratum.treated += tick.treated;
            stratum.control += tick.control;
        }
    }
}

/// The first tick at which the evidence, as `log_e` reads it from the ledger so far, is at the line.
pub(crate) fn first(ticks: &[Tick], line: f64, log_e: impl Fn(&[Stratum]) -> f64) -> Option<usize> {
    let mut ledger = Ledger::new();
    ticks.iter().position(|tick| {
        ledger.add(tick);
        // A tick without an affected subject cannot raise it.
        tick.treated + tick.control > 0 && log_e(&ledger.strata) >= line
    })
}
