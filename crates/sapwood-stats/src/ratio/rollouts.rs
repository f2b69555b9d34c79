//! Simulated rollouts whose ladder reacts to the evidence: the promise is kept on every path, not only on paper.

use super::*;
use crate::seeded::Seeded;

/// One rollout of at most `units` affected units, looked at after every one; every 40 units the next stage opens
/// unless the evidence holds it, and a scare steps back. Says whether the line was ever reached.
fn reaches_the_line(random: &mut Seeded, ratio: f64, line: f64, units: u32) -> bool {
    const LADDER: [f64; 5] = [0.01, 0.05, 0.25, 0.5, 0.95];
    let prior = Prior::guardrail();
    let mut strata = vec![Stratum { treated_share: LADDER[0], treated: 0, control: 0 }];
    let mut stage = 0;
    for unit in 1..=units {
        let epoch = strata.last_mut().unwrap();
        if random.next() < treated_probability(epoch.treated_share, ratio) {
            epoch.treated += 1;
        } else {
            epoch.control += 1;
        }
        let evidence = log_e(&strata, Harm::Up, 1.0, &prior);
        if evidence >= line {
            return true;
        }
        if unit % 40 != 0 {
            continue;
        }
        let next = if evidence >= 10.0_f64.ln() {
            stage.max(1) - 1
        } else if evidence < 3.0_f64.ln() {
            (stage + 1).min(LADDER.len() - 1)
        } else {
            stage
        };
        if next != stage {
            stage = next;
            strata.push(Stratum { treated_share: LADDER[stage], treated: 0, control: 0 });
        }
    }
    false
}

#[test]
fn a_reacting_ladder_keeps_the_budget() {
    let mut random = Seeded(7);
    let mut share_at = |ratio: f64, alpha: f64, rollouts: u32, units: u32| {
        let alarms: u32 =
            (0..rollouts).map(|_| u32::from(reaches_the_line(&mut random, ratio, -alpha.ln(), units))).sum();
        f64::from(alarms) / f64::from(rollouts)
    };
    // Three standard errors above the promise; the true value lies well below it.
    let harmless = share_at(1.0, 0.05, 800, 300);
    assert!(harmless > 0.0 && harmless <= 0.05 + 3.0 * (0.05 * 0.95 / 800.0_f64).sqrt(), "{harmless}");
    let harmful = share_at(4.0, 0.01, 100, 600);
    assert!(harmful > 0.95, "{harmful}");
}
