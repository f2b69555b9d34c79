//! Tests of `advisor`: the study's table read backwards, ladders for much and little traffic, and the modest side.

use super::*;
use crate::prior::Prior;
use crate::reference::assert_close;

fn watch(harm: Harm) -> Watch {
    Watch { harm, margin_ratio: 1.0, prior: Prior::guardrail(), line: 100.0_f64.ln() }
}

fn flow(subjects_per_minute: f64) -> Flow {
    Flow { subjects_per_minute, base_rate: 0.01 }
}

fn ladder(shares: &[f64], minutes: f64) -> Vec<Stage> {
    shares.iter().map(|&treated_share| Stage { treated_share, minutes }).collect()
}

const WISH: Wish = Wish { ratio: 2.0, minutes_min: 10.0, minutes_max: 1440.0, last_share: 0.95 };

/// "At 10 000 a minute, base 1 %, 1 % treated: a doubling is seen after 15 minutes, half of the time" (B7). The study
/// looked now and then; looking at every subject is up to a seventh sooner, as the tests of `power` say.
#[test]
fn a_doubling_is_seen_when_the_study_says() {
    let half = detection(&watch(Harm::Up), flow(10_000.0), &ladder(&[0.01], 60.0), 2.0, 0.5).unwrap();
    assert!((12.5..15.5).contains(&half.minutes), "{half:?}");
    assert!((1250.0..1550.0).contains(&half.treated), "{half:?}");
    assert_close("twice the usual", half.harmed.people, 2.0 * half.harmed.extra, 1e-9);
    // 2 381 affected subjects for the 80th percentile.
    let most = detection(&watch(Harm::Up), flow(10_000.0), &ladder(&[0.01], 60.0), 2.0, SEEN).unwrap();
    assert!((0.86 * 2381.0..1.05 * 2381.0).contains(&(most.minutes * 101.0)), "{most:?}");
}

/// The ladder of the simulations: 1 569 people at the median before a doubling is taken back, 5 457 before half more.
#[test]
fn the_ladder_of_the_simulations() {
    let ladder = ladder(&[0.01, 0.05, 0.25, 0.5], 10.0);
    for (ratio, users, minutes) in [(2.0, 1569.0, 11.0), (1.5, 5457.0, 19.0)] {
        let seen = detection(&watch(Harm::Up), flow(10_000.0), &ladder, ratio, 0.5).unwrap();
        assert!((0.7..1.1).contains(&(seen.treated / users)), "{seen:?}");
        assert!((minutes - 2.0..minutes + 1.0).contains(&seen.minutes), "{seen:?}");
    }
    let sights = sights(&watch(Harm::Up), flow(10_000.0), &ladder, 2.0);
    let smallest: Vec<f64> = sights.iter().map(|sight| sight.smallest.unwrap()).collect();
    assert!(smallest.windows(2).all(|pair| pair[1] < pair[0]), "{smallest:?}");
    assert!(
        sights.windows(2).all(|pair| pair[1].chance >= pair[0].chance && pair[1].treated > pair[0].treated)
    );
    for (index, sight) in sights.iter().enumerate() {
        let climbed = &ladder[..=index];
        let ratio = sight.smallest.unwrap();
        let chance =
            power::probability_seen(&watch(Harm::Up), &strata(flow(10_000.0), climbed, ratio), ratio);
        assert!((0.77..0.84).contains(&chance), "{chance}");
    }
}

#[test]
fn much_traffic_gets_many_small_steps_and_little_gets_few_large_ones() {
    let shares = |traffic: f64| {
        let proposal = propose(&[(watch(Harm::Up), flow(traffic))], &WISH);
        (proposal.ladder.iter().map(|stage| stage.treated_share).collect::<Vec<_>>(), proposal.sees_it)
    };
    assert_eq!(shares(1e6), (vec![0.001, 0.05, 0.25, 0.5, 0.95], true));
    assert_eq!(shares(10_000.0), (vec![0.005, 0.05, 0.25, 0.5, 0.95], true));
    assert_eq!(shares(300.0), (vec![0.05, 0.25, 0.5, 0.95], true));
    assert_eq!(shares(15.0), (vec![0.25, 0.5, 0.95], true));
    // Fifty an hour: half an error an hour. Nothing sees a doubling within a day.
    assert_eq!(shares(50.0 / 60.0), (vec![0.5, 0.95], false));
}

#[test]
fn a_proposal_keeps_what_it_says() {
    for traffic in [1e4, 30.0] {
        for harm in [Harm::Up, Harm::Down] {
            let flow = Flow { subjects_per_minute: traffic, base_rate: 0.02 };
            let proposal = propose(&[(watch(harm), flow)], &WISH);
            assert!(proposal.sees_it, "{traffic} {harm:?}");
            let ratio = towards_harm(harm, 2.0);
            let first = sights(&watch(harm), flow, &proposal.ladder, ratio)[0];
            assert!(first.chance >= SEEN - 0.01, "{traffic} {harm:?} {first:?}");
            assert!(
                proposal.ladder[0].minutes <= WISH.minutes_max
                    && proposal.ladder[0].minutes >= WISH.minutes_min
            );
        }
    }
}

/// A second guardrail that is rarer decides, because each must be able to see.
#[test]
fn the_rarest_guardrail_decides() {
    let rare = Flow { subjects_per_minute: 2000.0, base_rate: 0.0002 };
    let common = flow(2000.0);
    let both = propose(&[(watch(Harm::Up), common), (watch(Harm::Up), rare)], &WISH);
    assert_eq!(both, propose(&[(watch(Harm::Up), rare)], &WISH));
    assert!(
        both.ladder[0].treated_share > propose(&[(watch(Harm::Up), common)], &WISH).ladder[0].treated_share
    );
}

/// Six expected errors a stage cannot show a doubling, but a harm large enough brings the errors that show it.
#[test]
fn a_large_harm_shows_itself() {
    let sight = sights(&watch(Harm::Up), flow(50.0 / 60.0), &ladder(&[0.5], 720.0), 2.0)[0];
    assert!(sight.affected < 6.1);
    assert!((4.0..20.0).contains(&sight.smallest.unwrap()), "{sight:?}");
}

#[test]
fn a_stage_that_sees_nothing_says_so() {
    let nothing = sights(&watch(Harm::Up), flow(0.01), &ladder(&[0.01], 10.0), 2.0);
    assert_eq!(nothing[0].smallest, None);
    assert_eq!(nothing[0].harmed, None);
    assert!(nothing[0].chance <= 0.0);
    assert_eq!(detection(&watch(Harm::Up), flow(0.01), &ladder(&[0.01], 10.0), 2.0, SEEN), None);
    assert!(sights(&watch(Harm::Up), flow(1.0), &[], 2.0).is_empty());
}
