//! Taking times: engines take turns, so that a busy moment of the machine meets all of them, and medians are kept.

use std::time::Instant;

/// Times of one thing, in nanoseconds per evaluation.
#[derive(Clone, Debug, Default)]
pub struct Times(Vec<f64>);

impl Times {
    /// The middle one.
    pub fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// The least and the most.
    pub fn range(&self) -> (f64, f64) {
        let least = self.0.iter().copied().fold(f64::INFINITY, f64::min);
        (least, self.0.iter().copied().fold(0.0, f64::max))
    }
}

/// One engine on one workload: a pass over all subjects.
pub struct Runner<'a> {
    /// Its column.
    pub name: String,
    /// How many evaluations one pass makes.
    pub evaluations: usize,
    /// Makes a pass.
    pub pass: Box<dyn Fn() + Sync + 'a>,
}

/// Times every runner in turn, `rounds` times, each for at least `round_ms`.
#[allow(clippy::cast_precision_loss)]
pub fn interleaved(runners: &[Runner<'_>], rounds: usize, round_ms: u128) -> Vec<Times> {
    let mut times = vec![Times::default(); runners.len()];
    for runner in runners {
        (runner.pass)();
    }
    for _ in 0..rounds {
        for (runner, times) in runners.iter().zip(&mut times) {
            let begun = Instant::now();
            let mut passes = 0_usize;
            while passes == 0 || begun.elapsed().as_millis() < round_ms {
                (runner.pass)();
                passes += 1;
            }
            let spent = begun.elapsed().as_nanos() as f64;
            times.0.push(spent / (passes * runner.evaluations) as f64);
        }
    }
    times
}

/// How many times more two threads do than one.
#[allow(clippy::cast_precision_loss)]
pub fn scaling(runner: &Runner<'_>, passes: usize, rounds: usize) -> f64 {
    let work = || {
        for _ in 0..passes {
            (runner.pass)();
        }
    };
    let mut ratios = Times::default();
    for _ in 0..rounds {
        let begun = Instant::now();
        work();
        let alone = begun.elapsed().as_nanos() as f64;
        let begun = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(work);
            work();
        });
        ratios.0.push(2.0 * alone / begun.elapsed().as_nanos() as f64);
    }
    ratios.median()
}
