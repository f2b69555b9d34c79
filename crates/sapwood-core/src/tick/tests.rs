//! The controller looked over the shoulder: what it does, what it waits for, and in which words.

mod harm;
mod nested;
mod time;

use super::*;
use crate::command::Step;
use crate::event::Event;
use crate::record::{Arm, Record};
use crate::rollout::{HoldCause, Phase, RolloutSpec};
use crate::testing::{
    World, at, event, exposure, held, id, name, needs, percent, production, ring, spec, spec_with, stage,
};

/// Subjects of one arm are numbered from here.
const CONTROL: u32 = 1_000_000;

impl World {
    fn fold(&mut self, n: u32, record: &Record) {
        let spec = self.rollout(n).spec.clone();
        self.ledgers.entry(id(n)).or_default().fold(&spec, record);
    }

    /// Evaluations in these minutes after noon, in the epoch in force now.
    fn traffic(&mut self, n: u32, minutes: std::ops::Range<i64>) {
        let ring = self.rollout(n).stage().unwrap().who.ring().is_some();
        let arms: &[Arm] = if ring { &[Arm::Ring] } else { &[Arm::Treated, Arm::Control] };
        let epoch = self.rollout(n).epoch().number;
        for minute in minutes {
            for arm in arms {
                let minute = at(minute * 60).minute();
                self.fold(n, &Record::Activity { rollout: id(n), epoch, arm: *arm, minute, evaluations: 5 });
            }
        }
    }

    /// So many subjects meet the flag when the epoch in force now begins.
    fn crowd(&mut self, n: u32, treated: u32, control: u32) {
        let epoch = self.rollout(n).epoch();
        let seconds = epoch.from.seconds_since(at(0));
        for (arm, subjects) in [(Arm::Treated, 0..treated), (Arm::Control, CONTROL..CONTROL + control)] {
            for subject in subjects {
                self.fold(n, &exposure(n, epoch.number, arm, subject, seconds));
            }
        }
    }

    /// So many of them have an `error` a second later.
    fn hurt(&mut self, n: u32, treated: u32, control: u32) {
        let epoch = self.rollout(n).epoch();
        let seconds = epoch.from.seconds_since(at(0)) + 1;
        for (arm, subjects) in [(Arm::Treated, 0..treated), (Arm::Control, CONTROL..CONTROL + control)] {
            for subject in subjects {
                self.fold(n, &event(n, epoch.number, arm, subject, seconds));
            }
        }
    }

    /// `error` was reported twice a minute until now.
    fn heard(&mut self) {
        let events = u64::try_from(self.now.seconds_since(at(0)) / 30 + 1).unwrap();
        self.sources
            .insert((production(), name("error")), SourceSeen { first: at(0), last: self.now, events });
    }

    fn step_proposed(&self, n: u32) -> Option<Step> {
        step_in(&self.report(n))
    }
}

fn step_in(report: &Report) -> Option<Step> {
    let command = report.command.as_ref()?;
    let Command::Step { step, .. } = command else { panic!("{command:?}") };
    Some(*step)
}

/// A rollout whose first stage has all it needs by 12:11.
fn ready(spec: RolloutSpec) -> World {
    let mut world = World::started(spec);
    world.crowd(1, 200, 1_800);
    world.traffic(1, 0..11);
    world.now = at(660);
    world.heard();
    world
}

/// Looks at rollout 1: the step it proposes and the sentence it says.
#[track_caller]
fn check(world: &World, step: Option<Step>, sentence: &str) {
    let report = world.report(1);
    assert_eq!((world.step_proposed(1), report.sentence.as_str()), (step, sentence));
    if let Some(Command::Step { because, environment, rollout, .. }) = report.command {
        assert_eq!((environment, rollout), (production(), id(1)));
        assert_eq!(because.reason, report.sentence);
        assert_eq!(because.evidence, Some(report.evidence), "a decision carries its numbers");
    }
}

const fn hold(cause: HoldCause) -> Step {
    Step::Hold { cause }
}

#[test]
fn it_says_what_it_waits_for() {
    let mut world = World::started(spec(1, "a"));
    check(
        &world,
        None,
        "On 10 %: waiting for 10 more minutes of fresh data and 0 of 100 treated subjects and \
         0 of 100 control subjects",
    );
    world.crowd(1, 99, 1_000);
    world.traffic(1, 0..9);
    world.now = at(540);
    world.heard();
    check(&world, None, "On 10 %: waiting for 1 more minute of fresh data and 99 of 100 treated subjects");
    world.traffic(1, 9..10);
    world.now = at(600);
    check(&world, None, "On 10 %: waiting for 99 of 100 treated subjects");
    let gate = world.report(1).gate;
    assert_eq!(
        (gate.bake_minutes, gate.bake_minutes_needed, gate.treated, gate.control),
        (10, 10, 99, 1_000)
    );
    assert!(!gate.is_filled() && !gate.ring && !gate.approval_missing);
}

#[test]
fn it_climbs_one_stage_per_look_and_completes_at_the_last() {
    let mut world = ready(spec(1, "a"));
    let on = "10 % held for 11 minutes with 200 treated and 1 800 control subjects; on to 50 %";
    check(&world, Some(Step::Advance { from: 0 }), on);
    assert!(world.report(1).evidence.guardrails[0].would_have_seen_doubling.is_some());
    assert_eq!(world.obey().len(), 1);
    assert_eq!(world.step_proposed(1), None, "the next stage has to earn it");
    for (from, share, treated, control) in [(1, "50 %", 1_200, 2_800), (2, "95 %", 2_150, 2_850)] {
        world.crowd(1, treated, control);
        let minute = world.now.minute() - at(0).minute();
        world.traffic(1, minute..minute + 11);
        world.now = world.now.plus_seconds(660);
        world.heard();
        let expected = if from == 1 { Step::Advance { from } } else { Step::Complete };
        assert_eq!(world.step_proposed(1), Some(expected));
        assert!(world.report(1).sentence.contains(share), "{}", world.report(1).sentence);
        world.obey();
    }
    assert!(matches!(world.rollout(1).phase, Phase::Completed { .. }));
    assert_eq!(world.look(), [], "what has ended is not looked at");
}

#[test]
fn a_ladder_that_ends_low_completes_by_hand() {
    let mut world = ready(spec_with(1, "a", |spec| spec.ladder.stages.truncate(1)));
    let sentence = "On 10 %: everything is there but a person's approval";
    check(&world, Some(Step::Hold { cause: HoldCause::Approval }), sentence);
    world.obey();
    assert!(matches!(world.rollout(1).phase, Phase::Held { cause: HoldCause::Approval, .. }));
}

#[test]
fn a_ring_asks_for_one_member_and_no_control() {
    let spec = spec_with(1, "a", |spec| spec.ladder.stages.insert(0, ring("internal")));
    let mut world = World::started(spec);
    world.traffic(1, 0..11);
    world.now = at(660);
    world.heard();
    check(&world, None, "On ring `internal`: waiting for 0 of 1 members");
    world.fold(1, &exposure(1, 1, Arm::Ring, 1, 0));
    let on = "ring `internal` held for 11 minutes with 1 of its members; on to 10 %";
    check(&world, Some(Step::Advance { from: 0 }), on);
    assert!(world.report(1).gate.ring);
}

#[test]
fn a_stage_that_treats_everybody_asks_for_no_control() {
    let mut world = World::started(spec_with(1, "a", |spec| {
        spec.holdback = percent(0);
        spec.ladder.stages = vec![stage(100)];
    }));
    world.crowd(1, 100, 0);
    world.traffic(1, 0..11);
    world.now = at(660);
    world.heard();
    check(
        &world,
        Some(Step::Complete),
        "The last stage, 100 %, held for its whole bake; the audience gets it",
    );
}

#[test]
fn without_a_guardrail_time_and_people_are_enough() {
    let mut world = ready(spec_with(1, "a", |spec| spec.guardrails = Vec::new()));
    world.sources.clear();
    assert_eq!(world.step_proposed(1), Some(Step::Advance { from: 0 }));
}

#[test]
fn a_person_is_asked_once_everything_else_is_there() {
    let asking = |spec: &mut RolloutSpec| spec.ladder.stages[0].approval = true;
    let mut world = ready(spec_with(1, "a", asking));
    assert!(world.report(1).gate.approval_missing);
    check(&world, Some(hold(HoldCause::Approval)), "On 10 %: everything is there but a person's approval");
    world.obey();
    check(&world, None, "On 10 %: everything is there but a person's approval");
    world.step(1, Step::Approve { stage: 0 }).unwrap();
    assert_eq!(world.rollout(1).phase, Phase::Running);
    assert_eq!(world.step_proposed(1), Some(Step::Advance { from: 0 }));
    let mut early = ready(spec_with(1, "a", asking));
    early.step(1, Step::Approve { stage: 0 }).unwrap();
    assert_eq!(early.step_proposed(1), Some(Step::Advance { from: 0 }), "it may also come before");
}

#[test]
fn it_lifts_the_holds_that_lift_themselves_and_no_other() {
    for cause in crate::decide::tests::CAUSES {
        let mut world = ready(spec(1, "a"));
        world.put(1, held(cause));
        if cause.lifts_itself() {
            check(&world, Some(Step::Resume), "The reason to hold is gone");
        } else {
            check(&world, None, "it was held");
        }
    }
}

#[test]
fn it_waits_for_what_the_rollout_needs() {
    let mut world = ready(spec(1, "a"));
    world.start(spec_with(2, "b", |spec| spec.prerequisites = vec![needs("a")])).unwrap();
    world.crowd(2, 200, 1_800);
    world.traffic(2, 11..22);
    world.traffic(1, 11..22);
    world.now = at(660 + 660);
    world.heard();
    world.step(1, Step::Hold { cause: HoldCause::Operator }).unwrap();
    assert_eq!(
        world.report(2).sentence,
        "On 10 %: flag `b` needs `a`: its rollout is held (a test says so); wait for it or resume it"
    );
    world.step(1, Step::Resume).unwrap();
    assert_eq!(
        world.report(2).sentence,
        "On 10 %: flag `b` needs `a`: its rollout reaches 10 %, this one would reach 50 %; advance the other first"
    );
    world.obey();
    assert_eq!((world.rollout(1).epoch().stage, world.rollout(2).epoch().stage), (1, 0));
    assert_eq!(world.step_proposed(2), Some(Step::Advance { from: 0 }));
}

#[test]
fn every_live_rollout_is_looked_at_the_most_dependent_first() {
    let mut world = World::started(spec(1, "a"));
    world.start(spec_with(2, "b", |spec| spec.prerequisites = vec![needs("a")])).unwrap();
    world.start(spec_with(3, "c", |spec| spec.prerequisites = vec![needs("b")])).unwrap();
    let order: Vec<_> = world.look().into_iter().map(|report| report.rollout).collect();
    assert_eq!(order, [id(3), id(2), id(1)]);
}
