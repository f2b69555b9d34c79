//! Every refusal, produced: none may stay that nothing produces, none may come that no test has seen.

use std::collections::BTreeSet;

use serde_json::json;

use super::{REFUSALS, refusal};
use crate::command::{Command, Step};
use crate::event::{About, MetricKind};
use crate::limits::{ENVIRONMENTS_MAX, METRICS_MAX, SEGMENTS_MAX, TAGS_MAX, TEXT_MAX, TOKENS_MAX};
use crate::rejection::Rejection;
use crate::rollout::{HoldCause, RolloutSpec};
use crate::testing::{
    World, ann, because, flag, guardrail, held, id, name, needs, production, ring, segment, spec, spec_with,
    stage, step_of, targeting,
};
use crate::token::{Token, TokenKind};

fn start(spec: RolloutSpec) -> Command {
    Command::StartRollout { environment: production(), rollout: Box::new(spec) }
}

pub(super) fn token(n: u128, kind: TokenKind, environment: Option<&str>) -> Token {
    Token {
        id: uuid::Uuid::from_u128(n),
        kind,
        name: "ci".to_owned(),
        environment: environment.map(name),
        secret_hash: crate::entry::Hash::default(),
    }
}

/// A shop in which flag `b` has a rollout, and `c` is retired.
fn shop() -> World {
    let mut world = World::started(spec(1, "b"));
    world.run(Command::RetireFlag { flag: name("c") });
    world
}

/// One command per refusal, with what comes before it.
fn refused() -> Vec<(World, Command)> {
    let plain = |command| (shop(), command);
    let step = |step| plain(step_of(1, step));
    let mut at_the_end = shop();
    at_the_end.advance_to(1, 2);
    let mut stopped = shop();
    stopped.put(1, held(HoldCause::Operator));
    let mut ended = shop();
    ended.step(1, Step::RollBack).unwrap();
    let mut other_type = flag("a");
    other_type.value_type = sapwood_eval::ValueType::String;
    other_type.variants.values_mut().for_each(|value| *value = sapwood_eval::Value::String(String::new()));
    let mut other_unit = flag("b");
    other_unit.unit = name("accountId");
    let mut named = shop();
    let outer = json!({"key": "outer", "condition": {"segment": "internal"}});
    named.run(Command::DefineSegment { segment: crate::testing::read(outer) });
    let nowhere = Command::SetTargeting {
        environment: name("nowhere"),
        flag: name("a"),
        targeting: targeting(&json!([])).into(),
    };
    let silent = Command::Step {
        environment: production(),
        rollout: id(1),
        step: Step::RollBack,
        because: Box::new(because("  ")),
    };
    vec![
        plain(nowhere),
        plain(Command::SetTargeting {
            environment: production(),
            flag: name("x"),
            targeting: targeting(&json!([])).into(),
        }),
        plain(Command::DefineFlag { flag: flag("c").into(), about: About::default() }),
        plain(start(spec_with(2, "a", |spec| spec.ladder.stages.insert(0, ring("x"))))),
        plain(start(spec_with(2, "a", |spec| spec.guardrails = vec![guardrail("x", "x")]))),
        plain(step_of(9, Step::RollBack)),
        plain(Command::RevokeToken { token: uuid::Uuid::from_u128(9) }),
        plain(start(spec_with(2, "a", |spec| spec.candidate = name("off")))),
        plain(start(spec_with(2, "a", |spec| spec.ladder.stages = vec![stage(1); 33]))),
        plain(Command::RetireFlag { flag: name("b") }),
        plain(Command::DefineFlag { flag: other_unit.into(), about: About::default() }),
        plain(Command::DefineFlag { flag: other_type.into(), about: About::default() }),
        (ended, step_of(1, Step::Resume)),
        (stopped, step_of(1, Step::Advance { from: 0 })),
        step(Step::Resume),
        step(Step::Advance { from: 1 }),
        (at_the_end, step_of(1, Step::Advance { from: 2 })),
        step(Step::Complete),
        plain(start(spec_with(2, "a", |spec| {
            spec.prerequisites = vec![needs("b")];
            spec.ladder.stages = vec![stage(20)];
        }))),
        plain(silent),
        plain(Command::RetireFlag { flag: name("x") }),
        (named, Command::RemoveSegment { key: name("internal") }),
        name_of_another_meaning(),
        plain(Command::SetTargeting {
            environment: production(),
            flag: name("a"),
            targeting: targeting(&json!([{"id": "r", "when": {"segment": "x"}, "serve": {"variant": "on"}}]))
                .into(),
        }),
    ]
}

/// A variant was taken away and comes back as its opposite.
fn name_of_another_meaning() -> (World, Command) {
    let mut without = shop();
    let mut fewer = flag("a");
    fewer.variants.remove("on");
    without.run(Command::DefineFlag { flag: fewer.into(), about: About::default() });
    let mut turned = flag("a");
    turned.variants.insert(name("on"), sapwood_eval::Value::Boolean(false));
    (without, Command::DefineFlag { flag: turned.into(), about: About::default() })
}

#[test]
fn every_refusal_has_a_command_that_produces_it_and_a_sentence() {
    let mut found = BTreeSet::new();
    for ((world, command), expected) in refused().into_iter().zip(REFUSALS) {
        let rejection = world.ask(&ann(), command.clone()).unwrap_err();
        assert_eq!(refusal(&rejection), expected, "{command:?}: {rejection}");
        assert!(rejection.to_string().len() > 20, "{rejection}");
        found.insert(refusal(&rejection));
    }
    assert_eq!(found, BTreeSet::from(REFUSALS));
}

#[test]
fn a_command_without_an_effect_appends_nothing() {
    let mut world = shop();
    let token = token(1, TokenKind::Admin, None);
    world.run(Command::IssueToken { token: token.clone() });
    let commands = [
        Command::DefineProject { project: name("shop"), name: "Shop".to_owned() },
        Command::DefineEnvironment { key: production(), name: "Production".to_owned(), production: true },
        Command::DefineFlag { flag: flag("a").into(), about: About::default() },
        Command::RetireFlag { flag: name("c") },
        Command::SetTargeting {
            environment: production(),
            flag: name("a"),
            targeting: targeting(&json!([])).into(),
        },
        Command::DefineSegment { segment: segment("internal", &["dev-1", "dev-2"]) },
        Command::DefineMetric {
            key: name("error"),
            metric: MetricKind::EventRate,
            description: String::new(),
        },
        Command::IssueToken { token },
        start(spec(1, "b")),
    ];
    for command in commands {
        assert_eq!(world.ask(&ann(), command.clone()), Ok(Vec::new()), "{command:?}");
    }
}

#[test]
fn limits_name_what_is_over_them() {
    let long = "x".repeat(TEXT_MAX + 1);
    let many = || About { tags: vec![String::new(); TAGS_MAX + 1], ..About::default() };
    let owner = About { owner: Some(long.clone()), ..About::default() };
    let reason = Command::Step {
        environment: production(),
        rollout: id(1),
        step: Step::RollBack,
        because: Box::new(because(&long)),
    };
    for (command, expected) in [
        (
            Command::DefineProject { project: name("shop"), name: long.clone() },
            "/name: 2001 characters; at most",
        ),
        (
            Command::DefineFlag { flag: flag("a").into(), about: many() },
            "/about/tags: tags of a flag: 51 is over the limit of 50",
        ),
        (Command::DefineFlag { flag: flag("a").into(), about: owner }, "/about/owner: 2001 characters"),
        (reason, "/reason: 2001 characters; at most 2000 are kept"),
    ] {
        let rejection = shop().ask(&ann(), command).unwrap_err().to_string();
        assert!(rejection.starts_with(expected), "{rejection}");
    }
    check_full(ENVIRONMENTS_MAX - 1, |n| Command::DefineEnvironment {
        key: name(&format!("e{n}")),
        name: String::new(),
        production: false,
    });
    check_full(TOKENS_MAX, |n| Command::IssueToken {
        token: token(u128::try_from(n).unwrap() + 1, TokenKind::Admin, None),
    });
    check_full(SEGMENTS_MAX - 1, |n| Command::DefineSegment { segment: segment(&format!("s{n}"), &[]) });
    check_full(METRICS_MAX - 1, |n| Command::DefineMetric {
        key: name(&format!("m{n}")),
        metric: MetricKind::EventRate,
        description: String::new(),
    });
}

/// The shop has room for so many more; what is there already may still be edited, or said again.
fn check_full(room: usize, make: impl Fn(usize) -> Command) {
    let mut world = World::shop();
    for n in 0..room {
        world.run(make(n));
    }
    let rejection = world.ask(&ann(), make(room)).unwrap_err();
    let Rejection::OverLimit { message, .. } = &rejection else { panic!("{rejection}") };
    let figures: Vec<usize> = message.split(' ').filter_map(|word| word.parse().ok()).collect();
    assert!(matches!(figures[..], [found, limit] if found == limit + 1), "{rejection}");
    assert_eq!(world.ask(&ann(), make(0)), Ok(Vec::new()));
}

#[test]
fn tokens_are_for_one_environment_unless_they_manage() {
    let mut world = shop();
    world.run(Command::IssueToken { token: token(1, TokenKind::Server, Some("production")) });
    for (token, expected) in [
        (token(2, TokenKind::Server, None), "/environment: a token of kind `server` is for one environment"),
        (token(2, TokenKind::Ingest, None), "/environment: a token of kind `ingest`"),
        (token(2, TokenKind::Client, Some("nowhere")), "there is no environment `nowhere`"),
        (token(1, TokenKind::Admin, None), "/id: another token has this id"),
    ] {
        let rejection = world.ask(&ann(), Command::IssueToken { token }).unwrap_err().to_string();
        assert!(rejection.starts_with(expected), "{rejection}");
    }
    world.run(Command::RevokeToken { token: uuid::Uuid::from_u128(1) });
    assert!(world.state.tokens.is_empty());
}

#[test]
fn somebody_can_always_manage_the_project() {
    let mut world = shop();
    world.run(Command::IssueToken { token: token(1, TokenKind::Admin, None) });
    world.run(Command::IssueToken { token: token(2, TokenKind::Server, Some("production")) });
    let revoke = |n| Command::RevokeToken { token: uuid::Uuid::from_u128(n) };
    let refused = world.ask(&ann(), revoke(1)).unwrap_err();
    assert!(matches!(refused, Rejection::LastAdmin(_)), "{refused:?}");
    world.run(Command::IssueToken { token: token(3, TokenKind::Admin, None) });
    world.run(revoke(1));
    world.run(revoke(2));
}

#[test]
fn a_project_keeps_its_key() {
    let mut world = shop();
    let rename = |key: &str| Command::DefineProject { project: name(key), name: "Laden".to_owned() };
    let rejection = world.ask(&ann(), rename("store")).unwrap_err().to_string();
    assert_eq!(
        rejection,
        "/project: this project is `shop`, and a key stands for life; only the name can change"
    );
    assert_eq!(world.run(rename("shop")).len(), 1);
}
