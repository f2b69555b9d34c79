//! Explaining is evaluating: whatever is served, whoever asks, at whatever moment; and a draft is answered as it would be
//! once it was put, or refused as putting it would be.

use std::sync::Arc;

use proptest::prelude::*;
use sapwood_api::explain::{ExplainRequest, ExplainResponse};
use sapwood_api::manage::{FlagRequest, SegmentRequest, TargetingRequest};
use sapwood_core::command::Command;
use sapwood_core::resource::Resource;
use sapwood_core::time::Timestamp;
use sapwood_engine::{Asked, Engine, ExplainError, Only, SubmitError, Submitted, convert};
use sapwood_eval::{Context, Outcome};
use serde_json::{Value as Json, json};

use crate::world::{World, ann, production, read, shop};

const FLAGS: [&str; 3] = ["a", "b", "c"];

fn test() -> impl Strategy<Value = Json> {
    prop::sample::select(vec![
        json!("present"),
        json!("absent"),
        json!({"equals": "DE"}),
        json!({"one_of": ["DE", 5, true]}),
        json!({"contains": ["D"]}),
        json!({"number": {"gte": 5}}),
        json!({"semver": {"lt": "2.0.0"}}),
        json!({"matches": "^[a-z]+$"}),
        json!({"one_of": []}),
    ])
}

fn condition() -> impl Strategy<Value = Json> {
    let instant = prop::sample::select(vec!["2026-11-22T10:00:00Z", "2026-11-24T00:00:00Z"]);
    let leaf = prop_oneof![
        2 => Just(json!("always")),
        2 => prop::sample::select(vec!["s", "t"]).prop_map(|key| json!({"segment": key})),
        2 => (prop::sample::select(vec!["before", "after"]), instant).prop_map(|(side, at)| json!({"now": {side: at}})),
        2 => (prop::sample::select(FLAGS.to_vec()), prop::sample::select(vec!["on", "off", "more"]))
            .prop_map(|(flag, variant)| json!({"serves": {"flag": flag, "variants": [variant]}})),
        4 => (prop::sample::select(vec!["x", "targetingKey"]), test())
            .prop_map(|(name, test)| json!({"attribute": {"name": name, "test": test}})),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|parts| json!({"all": parts})),
            prop::collection::vec(inner.clone(), 0..3).prop_map(|parts| json!({"any": parts})),
            inner.prop_map(|part| json!({"not": part})),
        ]
    })
}

fn serve(last: bool) -> impl Strategy<Value = Json> {
    let variant = || prop::sample::select(vec!["on", "off", "more"]);
    let rest = if last {
        Just(json!("off")).boxed()
    } else {
        prop::sample::select(vec![json!("off"), json!(null)]).boxed()
    };
    prop_oneof![
        variant().prop_map(|key| json!({"variant": key})),
        (variant(), 0_u32..=100_000, rest).prop_map(|(key, width, rest)| {
            json!({"slots": [{"serve": key, "width": width}, {"serve": rest, "width": 100_000 - width}]})
        }),
    ]
}

fn targeting() -> impl Strategy<Value = Json> {
    let rules = prop::collection::vec((condition(), serve(false)), 0..3);
    (prop::bool::weighted(0.9), rules, serve(true)).prop_map(|(on, rules, default)| {
        let rule = |(at, (when, serve))| json!({"id": format!("r{at}"), "when": when, "serve": serve});
        json!({"on": on, "off_variant": "off", "default": default, "rules": rules.into_iter().enumerate().map(rule).collect::<Vec<_>>()})
    })
}

/// A flag whose values are told apart; now and then without the variant that others may ask for.
fn definition() -> impl Strategy<Value = Json> {
    let unit = prop::sample::select(vec!["targetingKey", "x"]);
    (prop::bool::weighted(0.8), 0_u32..3, unit).prop_map(|(more, edition, unit)| {
        let mut variants = json!({"on": format!("on {edition}"), "off": "off"});
        if more {
            variants["more"] = json!("more");
        }
        json!({"type": "string", "variants": variants, "unit": unit})
    })
}

fn segment() -> impl Strategy<Value = Json> {
    let listed = prop::sample::subsequence(vec!["u1", "u2", "u3"], 0..3);
    (condition(), listed)
        .prop_map(|(condition, included)| json!({"condition": condition, "included": included}))
}

fn context() -> impl Strategy<Value = Json> {
    let x = prop::sample::select(vec![
        json!("DE"),
        json!("abc"),
        json!(5),
        json!("1.0.0"),
        json!(null),
        json!(true),
    ]);
    ("u[0-9]", x).prop_map(|(key, x)| json!({"targetingKey": key, "x": x}))
}

fn moment() -> impl Strategy<Value = Timestamp> {
    // From a day before the first instant that a condition names to a day after the last.
    (0_i64..96).prop_map(|hours| Timestamp::from_ms(1_795_255_200_000 + hours * 3_600_000))
}

#[derive(Debug, Clone)]
struct Story {
    flags: Vec<(Json, Option<Json>)>,
    segments: [Json; 2],
    /// Whether `b` has a live rollout, at this share.
    rollout: Option<u32>,
    context: Json,
    at: Timestamp,
}

fn story() -> impl Strategy<Value = Story> {
    let flag = (definition(), prop::option::weighted(0.8, targeting()));
    let share = prop::option::of(1_u32..=95_000);
    (prop::collection::vec(flag, 3), [segment(), segment()], share, context(), moment())
        .prop_map(|(flags, segments, rollout, context, at)| Story { flags, segments, rollout, context, at })
}

#[derive(Debug, Clone, Default)]
struct Draft {
    flag: Option<Json>,
    targeting: Option<Json>,
    segments: Vec<(&'static str, Json)>,
}

fn draft() -> impl Strategy<Value = Draft> {
    let segments = (prop::option::weighted(0.3, segment()), prop::option::weighted(0.2, segment()));
    (prop::option::weighted(0.4, definition()), prop::option::weighted(0.8, targeting()), segments).prop_map(
        |(flag, targeting, (s, t))| {
            let segments =
                [("s", s), ("t", t)].into_iter().filter_map(|(key, of)| Some((key, of?))).collect();
            Draft { flag, targeting, segments }
        },
    )
}

/// One thing that is put, as the management API would.
#[derive(Debug, Clone)]
enum Put<'a> {
    Segment(&'a str, &'a Json),
    Flag(&'a str, &'a Json),
    Targeting(&'a str, &'a Json),
}

async fn put(engine: &Engine, what: &Put<'_>, dry_run: bool) -> Result<Submitted, SubmitError> {
    let salt = engine.mint().salt;
    let about = match what {
        Put::Segment(key, _) => Resource::Segment(key.parse().unwrap()),
        Put::Flag(key, _) => Resource::Flag(key.parse().unwrap()),
        Put::Targeting(key, _) => Resource::Targeting(production().environment, key.parse().unwrap()),
    };
    let make = |state: &_| {
        let command: Command = match what {
            Put::Segment(key, body) => {
                convert::segment(key, read::<SegmentRequest>(json!({"segment": body})))?
            }
            Put::Flag(key, body) => {
                convert::flag(state, &salt, key, read::<FlagRequest>(json!({"flag": body})))?
            }
            Put::Targeting(key, body) => {
                convert::targeting("production", key, &read::<TargetingRequest>(json!({"targeting": body})))?
            }
        };
        Ok(vec![command.into()])
    };
    engine
        .ask(
            &shop(),
            ann(),
            &Asked { about, only: Only::default(), dry_run, growth_is_meant: false, make: &make },
        )
        .await
}

/// Puts all of these in whatever order they are taken in; those that stay refused.
async fn put_all<'a>(engine: &Engine, mut open: Vec<Put<'a>>) -> Vec<Put<'a>> {
    loop {
        let before = open.len();
        let mut refused = Vec::new();
        for what in open {
            if put(engine, &what, false).await.is_err() {
                refused.push(what);
            }
        }
        if refused.len() == before || refused.is_empty() {
            return refused;
        }
        open = refused;
    }
}

async fn told(story: &Story) -> World {
    let (world, _) = World::memory().await;
    for key in ["s", "t"] {
        put(&world.engine, &Put::Segment(key, &json!({"condition": {"any": []}})), false).await.unwrap();
    }
    let mut puts = vec![Put::Segment("s", &story.segments[0]), Put::Segment("t", &story.segments[1])];
    for (key, (flag, targeting)) in FLAGS.into_iter().zip(&story.flags) {
        puts.push(Put::Flag(key, flag));
        puts.extend(targeting.as_ref().map(|targeting| Put::Targeting(key, targeting)));
    }
    // What is refused is left out: the rest is a story, too.
    put_all(&world.engine, puts).await;
    if let Some(share) = story.rollout {
        let request = read(json!({
            "flag": "b", "baseline": "off", "candidate": "on", "after": "",
            "ladder": {"stages": [{"share": share}]},
        }));
        let minted = world.engine.mint();
        let started =
            world.engine.read(&shop(), |state| convert::rollout(state, &minted, "production", request));
        // Where it cannot start, there is none.
        if let Ok((command, _)) = started.unwrap() {
            let _ = world.engine.submit(&shop(), ann(), command).await;
        }
    }
    world
}

fn explain(
    engine: &Engine,
    key: &str,
    story: &Story,
    draft: &Draft,
) -> Result<ExplainResponse, ExplainError> {
    let mut request = json!({"context": story.context, "at": story.at.to_string()});
    for (field, value) in [("flag", &draft.flag), ("targeting", &draft.targeting)] {
        if let Some(value) = value {
            request[field] = value.clone();
        }
    }
    for (name, body) in &draft.segments {
        request["segments"][*name] = body.clone();
    }
    convert::explain(engine, &production(), &ann(), key, read::<ExplainRequest>(request))
}

/// What an explanation says, to be compared with what an evaluation does.
type Said = (Option<String>, Option<Json>, Option<String>, Option<String>, Option<String>);

fn said(response: &ExplainResponse) -> Said {
    let ExplainResponse { variant, value, reason, error_code, arm, .. } = response.clone();
    (variant, value, reason, error_code, arm)
}

fn evaluated(engine: &Engine, key: &str, story: &Story) -> Said {
    let context: Context = read(story.context.clone());
    let snapshot = engine.snapshot(&production()).unwrap();
    match snapshot.flags.evaluate(key, &context, story.at.ms()) {
        Outcome::NotFound => (None, None, None, Some("FLAG_NOT_FOUND".to_owned()), None),
        Outcome::Failed(failure) => (None, None, None, Some(failure.code.to_string()), None),
        Outcome::Found(found) => (
            Some(found.variant().to_string()),
            Some(found.value().to_json()),
            Some(found.reason().to_string()),
            None,
            found.rollout().map(|reached| reached.arm.to_string()),
        ),
    }
}

fn in_a_runtime(of: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(of);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_served_is_explained_as_it_is_evaluated(story in story()) {
        in_a_runtime(async {
            let world = told(&story).await;
            for key in FLAGS {
                let defined = world.engine.read(&shop(), |state| state.flags.contains_key(key)).unwrap();
                match explain(&world.engine, key, &story, &Draft::default()) {
                    Ok(response) => assert_eq!(said(&response), evaluated(&world.engine, key, &story), "{}", response.text),
                    Err(error) => assert!(!defined, "{error}"),
                }
            }
        });
    }

    #[test]
    fn a_draft_is_answered_as_it_would_be_once_it_was_put(story in story(), draft in draft(), key in prop::sample::select(vec!["a", "b", "new"])) {
        in_a_runtime(async {
            let world = told(&story).await;
            let defined = world.engine.read(&shop(), |state| state.flags.contains_key(key)).unwrap();
            let before = Arc::new(explain(&world.engine, key, &story, &Draft::default()).ok());
            let drafted = explain(&world.engine, key, &story, &draft);
            assert_eq!(explain(&world.engine, key, &story, &Draft::default()).ok(), *before, "nothing of a draft stays");
            let mut puts: Vec<Put<'_>> = draft.segments.iter().map(|(key, body)| Put::Segment(key, body)).collect();
            puts.extend(draft.flag.as_ref().map(|body| Put::Flag(key, body)));
            puts.extend(draft.targeting.as_ref().map(|body| Put::Targeting(key, body)));
            if let [only] = &puts[..] {
                let tried = put(&world.engine, only, true).await;
                match (&drafted, tried) {
                    (Ok(response), Ok(tried)) => {
                        let would: Vec<_> = tried.placed.iter().map(|one| convert::would(one).unwrap()).collect();
                        assert_eq!(kinds(response), would.iter().map(|one| one.kind.clone()).collect::<Vec<_>>());
                        // A salt is minted anew each time.
                        if defined || !matches!(only, Put::Flag(..)) {
                            assert_eq!(response.would.as_ref(), Some(&would));
                        }
                    }
                    (Err(ExplainError::Refused(refused)), Err(tried)) => {
                        let path = if matches!(only, Put::Segment(..)) { "/segment" } else { "" };
                        let segments = draft.segments.first().map(|(key, _)| format!("/segments/{key}")).unwrap_or_default();
                        assert_eq!(refused.to_string(), tried.to_string().replacen(path, &segments, usize::from(!path.is_empty())));
                    }
                    (Err(ExplainError::NoSuchFlag { .. }), _) if !defined => {}
                    (drafted, tried) => panic!("{drafted:?}\n{tried:?}"),
                }
            }
            let refused = put_all(&world.engine, puts).await;
            match drafted {
                Ok(response) => {
                    assert!(refused.is_empty(), "{refused:?}\n{}", response.text);
                    // The salt of a new flag is made when it is put, so who gets what of its splits is not known before.
                    if defined {
                        assert_eq!(said(&response), evaluated(&world.engine, key, &story), "{}", response.text);
                        let after = explain(&world.engine, key, &story, &Draft::default()).unwrap();
                        assert_eq!(response.text, after.text);
                        assert_eq!(response.steps, after.steps);
                    }
                    assert_eq!(response.warnings, Vec::<String>::new());
                }
                Err(ExplainError::Refused(_)) => assert!(!refused.is_empty(), "the draft was refused and everything of it taken"),
                Err(ExplainError::NoSuchFlag { .. }) => assert!(draft.flag.is_none() && !defined),
                Err(ExplainError::Retired(key)) => panic!("{key}"),
            }
        });
    }
}

fn kinds(response: &ExplainResponse) -> Vec<String> {
    response.would.iter().flatten().map(|one| one.kind.clone()).collect()
}
