//! The fold is total, gapless and repeatable: whatever is decided can be appended, folded, replayed and compiled.

use proptest::prelude::*;
use sapwood_eval::FlagSet;
use serde_json::json;

use super::*;
use crate::command::{Command, Step};
use crate::compose::set_config;
use crate::entry::{Actor, Draft};
use crate::event::{About, MetricKind};
use crate::id::Stream;
use crate::limits::WEIGHT_PERMILLE_EVER_MAX;
use crate::rollout::{GuardrailAction, GuardrailTemplate, HoldCause, RolloutSpec};
use crate::testing::{
    World, ann, at, because, flag, id, name, needs, production, ring, rule_for, segment, spec, spec_with,
    step_of, targeting,
};

const FLAGS: [&str; 3] = ["a", "b", "c"];
const SEGMENTS: [&str; 2] = ["internal", "beta"];

fn any_flag() -> impl Strategy<Value = Command> {
    (0..3_usize, any::<bool>(), any::<bool>()).prop_map(|(key, third, unit)| {
        let mut flag = flag(FLAGS[key]);
        if third {
            flag.variants.insert(name("x"), sapwood_eval::Value::Boolean(true));
        }
        if unit {
            flag.unit = name("accountId");
        }
        Command::DefineFlag { flag: flag.into(), about: About::default() }
    })
}

fn any_targeting() -> impl Strategy<Value = Command> {
    (0..3_usize, 0..6_usize, any::<bool>()).prop_map(|(key, shape, on)| {
        let serves = |flag: &str| {
            let when = json!({"serves": {"flag": flag, "variants": ["on"]}});
            json!([{"id": "asks", "when": when, "serve": {"variant": "on"}}])
        };
        let rules = match shape {
            0 => json!([]),
            1 => json!([rule_for("place", "u1")]),
            2 => json!([rule_for("place", "u2"), rule_for("below", "u3")]),
            3 => json!([{"id": "place", "when": {"segment": "beta"}, "serve": {"variant": "on"}}]),
            4 => serves("a"),
            _ => serves("b"),
        };
        let mut targeting = targeting(&rules);
        targeting.on = on;
        Command::SetTargeting {
            environment: production(),
            flag: name(FLAGS[key]),
            targeting: targeting.into(),
        }
    })
}

fn any_start() -> impl Strategy<Value = Command> {
    (1..9_u32, 0..3_usize, 0..6_usize).prop_map(|(n, key, shape)| {
        let alter = |spec: &mut RolloutSpec| match shape {
            0 => {}
            1 => spec.after = Some(name("place")),
            2 => spec.prerequisites = vec![needs("a")],
            3 => spec.ladder.stages.insert(0, ring("beta")),
            4 => (spec.baseline, spec.candidate) = (name("on"), name("off")),
            _ => spec.guardrails[0].action = GuardrailAction::Notify,
        };
        let rollout = Box::new(spec_with(n, FLAGS[key], alter));
        Command::StartRollout { environment: production(), rollout }
    })
}

fn any_step() -> impl Strategy<Value = Command> {
    let step = prop_oneof![
        4 => (0..4_usize).prop_map(|from| Step::Advance { from }),
        1 => (0..4_usize).prop_map(|stage| Step::Approve { stage }),
        1 => Just(Step::Hold { cause: HoldCause::Operator }),
        1 => Just(Step::Hold { cause: HoldCause::NoData }),
        2 => Just(Step::Resume),
        1 => Just(Step::RollBack),
        2 => Just(Step::Complete),
        1 => (0..3_usize).prop_map(|to| Step::Shrink { to }),
    ];
    (1..9_u32, step).prop_map(|(n, step)| step_of(n, step))
}

fn any_amendment() -> impl Strategy<Value = Command> {
    (1..9_u32, 0..4_usize).prop_map(|(n, shape)| {
        let mut spec = spec(n, "a");
        match shape {
            0 => drop(spec.ladder.stages.pop()),
            1 => spec.guardrails.clear(),
            2 => spec.guardrails[0].margin_permille = 1_500,
            _ => spec.ladder.stages.push(ring("beta")),
        }
        let (ladder, guardrails) = (spec.ladder, spec.guardrails);
        let because = Box::new(because("a test says so"));
        Command::AmendRollout { environment: production(), rollout: id(n), ladder, guardrails, because }
    })
}

fn any_kept() -> impl Strategy<Value = Command> {
    (0..6_usize, 0..2_usize).prop_map(|(what, key)| {
        let template = spec(1, "a").guardrails[0].clone();
        match what {
            0 => Command::RemoveSegment { key: name(SEGMENTS[key]) },
            1 => Command::RemoveTargeting { environment: production(), flag: name(FLAGS[key]) },
            2 => Command::RemoveMetric { key: name("error") },
            3 => Command::DefineLadder {
                key: name("slow"),
                ladder: spec_with(1, "a", |spec| spec.ladder.stages.insert(0, ring(SEGMENTS[key]))).ladder,
                description: String::new(),
            },
            4 => Command::RemoveLadder { key: name("slow") },
            _ => Command::DefineGuardrail {
                key: name("errors"),
                guardrail: GuardrailTemplate {
                    metric: template.metric,
                    harm: template.harm,
                    margin_permille: template.margin_permille,
                    action: template.action,
                    weight_permille: None,
                },
                description: String::new(),
            },
        }
    })
}

fn any_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        1 => any_flag(),
        1 => (0..3_usize).prop_map(|key| Command::RetireFlag { flag: name(FLAGS[key]) }),
        3 => any_targeting(),
        1 => (0..2_usize, any::<bool>()).prop_map(|(key, dev)| {
            let included: &[&str] = if dev { &["dev-1"] } else { &[] };
            Command::DefineSegment { segment: segment(SEGMENTS[key], included) }
        }),
        1 => any::<bool>().prop_map(|long| Command::DefineMetric {
            key: name("error"),
            metric: MetricKind::EventRate,
            description: if long { "longer".to_owned() } else { String::new() },
        }),
        3 => any_start(),
        2 => any_amendment(),
        2 => any_kept(),
        8 => any_step(),
    ]
}

/// What must be true of every state that commands can lead to.
fn sound(world: &World) -> Result<(), TestCaseError> {
    let environment = world.environment();
    for flag in FLAGS {
        let live = environment.rollouts.values().filter(|r| r.is_live() && r.spec.flag.as_str() == flag);
        prop_assert!(live.count() <= 1, "two live rollouts of {flag}");
    }
    for rollout in environment.rollouts.values() {
        let numbers = rollout.epochs.iter().map(|epoch| epoch.number);
        prop_assert!(numbers.eq(1..=u32::try_from(rollout.epochs.len()).unwrap()), "epochs are gapless");
        prop_assert!(
            rollout.epochs.windows(2).all(|pair| {
                let shrunk = pair[1].stage < pair[0].stage;
                if shrunk { pair[1].share <= pair[0].share } else { pair[0].share <= pair[1].share }
            }),
            "shares only grow, unless a person takes the rollout back to an earlier stage"
        );
        let weights = rollout.spec.guardrails.iter().map(|of| of.weight_permille).sum::<u32>();
        prop_assert!(rollout.weight_spent_permille + weights <= WEIGHT_PERMILLE_EVER_MAX, "spent once");
        prop_assert!(rollout.epochs.windows(2).all(|pair| pair[0].version < pair[1].version));
        let metrics = rollout.spec.guardrails.iter().map(|of| &of.metric);
        prop_assert!(!rollout.is_live() || metrics.clone().all(|key| world.state.metrics.contains_key(key)));
    }
    let (_, warnings) = FlagSet::compile(set_config(&world.state, environment), None);
    prop_assert_eq!(warnings, [], "what was accepted must compile from nothing, as after a restart");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_is_decided_can_be_folded_replayed_and_compiled(
        commands in proptest::collection::vec((any_command(), any::<bool>()), 1..40),
    ) {
        let mut world = World::shop();
        world.run(Command::DefineSegment { segment: segment("beta", &["u1"]) });
        for (n, (command, person)) in commands.into_iter().enumerate() {
            world.now = at(i64::try_from(n).unwrap());
            let actor = if person { ann() } else { Actor::System };
            let version = world.state.version;
            match world.submit(&actor, command) {
                Ok(events) => {
                    prop_assert_eq!(world.state.version, version + u64::try_from(events.len()).unwrap());
                }
                Err(rejection) => {
                    prop_assert_eq!(world.state.version, version);
                    prop_assert!(!rejection.to_string().is_empty());
                }
            }
            sound(&world)?;
        }
        let versions = world.entries.iter().map(|entry| entry.version);
        prop_assert!(versions.eq(1..=world.state.version), "gapless");
        let mut replayed = State::default();
        for entry in &world.entries {
            let stored = serde_json::to_string(entry).unwrap();
            replayed.apply(&serde_json::from_str(&stored).unwrap()).unwrap();
        }
        prop_assert_eq!(&replayed, &world.state);
        prop_assert_eq!(format!("{replayed:?}"), format!("{:?}", world.state));
    }
}

/// Appends a draft that no command of this version makes.
fn apply_foreign(world: &mut World, kind: &str, body: &str) -> Result<Touched, FoldError> {
    let draft = Draft {
        id: Uuid::nil(),
        kind: kind.to_owned(),
        environment: Some(production()),
        body: body.to_owned(),
    };
    let (version, hash) = (world.state.version + 1, world.state.hash);
    let stream = Stream::Project(name("shop"));
    world.state.apply(&Entry::seal(stream, version, hash, Actor::System, at(0), draft))
}

#[test]
fn an_entry_that_cannot_be_read_stops_the_fold_and_changes_nothing() {
    for (kind, body, expected) in [
        (
            "rollout_frozen.v1",
            "{}",
            "entry 12 of shop is of kind `rollout_frozen.v1`, which this version does not know; \
             upgrade Sapwood to read on",
        ),
        (
            "rollout_held.v2",
            "{}",
            "entry 12 of shop is of kind `rollout_held.v2`, which this version does not know; \
             upgrade Sapwood to read on",
        ),
        ("flag_retired.v1", "{}", "entry 12 of shop is not a valid `flag_retired.v1`: missing field `flag`"),
    ] {
        let mut world = World::shop();
        world.run(Command::DefineSegment { segment: segment("beta", &[]) });
        let before = world.state.clone();
        let error = apply_foreign(&mut world, kind, body).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
        assert_eq!(world.state, before);
    }
}

#[test]
fn an_entry_out_of_place_is_refused_and_changes_nothing() {
    let world = World::started(spec(1, "a"));
    let mut state = State::default();
    let [first, second, third] = &world.entries[..3] else { panic!() };
    state.apply(first).unwrap();
    let before = state.clone();
    assert!(state.apply(first).unwrap_err().to_string().contains("version 2 expected, 1 found"));
    assert!(state.apply(third).unwrap_err().to_string().contains("version 2 expected, 3 found"));
    let mut altered = second.clone();
    altered.actor = Actor::System;
    assert!(state.apply(&altered).unwrap_err().to_string().contains("entry 2 does not match its hash"));
    assert_eq!(state, before);
    state.apply(second).unwrap();
}

#[test]
fn an_event_about_what_is_not_there_changes_nothing() {
    let mut world = World::shop();
    let before = world.state.clone();
    let body = format!(r#"{{"rollout":"{}","because":{{"reason":"r"}}}}"#, id(9));
    assert_eq!(apply_foreign(&mut world, "rollout_rolled_back.v1", &body), Ok(Touched::Nothing));
    world.state.version = before.version;
    world.state.hash = before.hash;
    assert_eq!(world.state, before);
}

#[test]
fn what_an_entry_touches_is_what_must_be_published_again() {
    let mut world = World::started(spec(1, "a"));
    let touched = |world: &mut World, command| {
        let mut state = world.state.clone();
        world.run(command);
        let new =
            world.entries.iter().filter(|entry| entry.version > state.version).cloned().collect::<Vec<_>>();
        new.iter().map(|entry| state.apply(entry).unwrap()).collect::<Vec<_>>()
    };
    let a = || Touched::Flag(production(), name("a"));
    assert_eq!(touched(&mut world, step_of(1, Step::Advance { from: 0 })), [a()]);
    assert_eq!(touched(&mut world, step_of(1, Step::RollBack)), [a()]);
    let segment = segment("internal", &[]);
    assert_eq!(touched(&mut world, Command::DefineSegment { segment }), [Touched::All]);
    let environment =
        Command::DefineEnvironment { key: production(), name: "P".to_owned(), production: true };
    assert_eq!(touched(&mut world, environment), [Touched::Nothing]);
}

#[test]
fn revisions_are_of_what_was_touched() {
    let mut world = World::started(spec(1, "a"));
    let of = |world: &World, flag: &str| world.environment().targeting[flag].revision;
    let (a, b) = (of(&world, "a"), of(&world, "b"));
    world.target("a", &json!([rule_for("r", "u")])).unwrap();
    assert_eq!((of(&world, "a"), of(&world, "b")), (world.state.version, b));
    assert!(a < world.state.version);
    world.step(1, Step::Hold { cause: HoldCause::Operator }).unwrap();
    assert_eq!(world.rollout(1).revision, world.state.version);
    let config = set_config(&world.state, world.environment());
    assert_eq!(config.flags["a"].revision, world.state.version, "a flag is as new as its rollout");
    assert_eq!(config.flags["b"].revision, b);
}

#[test]
fn epochs_are_found_by_time_and_by_version() {
    let mut world = World::started(spec(1, "a"));
    let first = world.rollout(1).epoch().version;
    world.now = at(60);
    world.step(1, Step::Advance { from: 0 }).unwrap();
    let rollout = world.rollout(1);
    let number = |epoch: Option<&Epoch>| epoch.map(|epoch| epoch.number);
    assert_eq!(number(rollout.epoch_at(at(-1))), None);
    assert_eq!(number(rollout.epoch_at(at(59))), Some(1));
    assert_eq!(number(rollout.epoch_at(at(60))), Some(2));
    assert_eq!(number(rollout.epoch_under(first - 1)), None);
    assert_eq!(number(rollout.epoch_under(first)), Some(1));
    assert_eq!(number(rollout.epoch_under(first + 1)), Some(2));
    assert_eq!(number(rollout.epoch_numbered(2)), Some(2));
}
