//! Many commands as one: in any order, all or none, and everything that is wrong at once.

use serde_json::json;

use super::refusal;
use crate::command::Command;
use crate::decide::decide_all;
use crate::event::{About, MetricKind};
use crate::testing::{World, ann, flag, name, production, read, targeting};

/// A segment that names another, a flag that asks for another flag, rules that name the segment.
fn wanted() -> Vec<Command> {
    let segment = |json| Command::DefineSegment { segment: read(json) };
    let rules = |flag: &str, when| {
        let rules = json!([{"id": "r", "when": when, "serve": {"variant": "on"}}]);
        let targeting = targeting(&rules);
        Command::SetTargeting { environment: production(), flag: name(flag), targeting: targeting.into() }
    };
    let define = |key: &str| Command::DefineFlag { flag: flag(key).into(), about: About::default() };
    vec![
        rules("x", json!({"serves": {"flag": "y", "variants": ["on"]}})),
        rules("y", json!({"segment": "outer"})),
        define("x"),
        segment(json!({"key": "outer", "condition": {"segment": "inner"}})),
        define("y"),
        segment(json!({"key": "inner", "condition": {"any": []}})),
    ]
}

#[test]
fn the_order_does_not_matter() {
    let mut commands = wanted();
    for _ in 0..commands.len() {
        commands.rotate_left(1);
        let mut world = World::shop();
        for (index, placed) in decide_all(&world.state, &ann(), &commands, world.now).unwrap() {
            // In the order of the answers everything is there in time.
            assert_eq!(world.ask(&ann(), commands[index].clone()), Ok(placed.clone()));
            assert_eq!(placed.len(), 1);
            for (environment, event) in placed {
                world.append(ann(), &event, environment);
            }
        }
        assert_eq!((world.state.flags.len(), world.state.segments.len()), (5, 3));
        assert_eq!(world.variant("x", "u"), "off");
    }
}

#[test]
fn what_is_so_already_needs_nothing() {
    let mut world = World::shop();
    for (_, placed) in decide_all(&world.state, &ann(), &wanted(), world.now).unwrap() {
        for (environment, event) in placed {
            world.append(ann(), &event, environment);
        }
    }
    let again = decide_all(&world.state, &ann(), &wanted(), world.now).unwrap();
    assert!(again.len() == wanted().len() && again.iter().all(|(_, placed)| placed.is_empty()));
}

#[test]
fn everything_that_is_wrong_is_said_at_once_and_nothing_happens() {
    let world = World::shop();
    let mut commands = wanted();
    let metric = |key: &str, description: &str| Command::DefineMetric {
        key: name(key),
        metric: MetricKind::EventRate,
        description: description.to_owned(),
    };
    commands.push(metric("long", &"x".repeat(3_000)));
    commands.push(metric("good", ""));
    commands.push(Command::RemoveSegment { key: name("nobody") });
    commands.remove(5);
    let refused = decide_all(&world.state, &ann(), &commands, world.now).unwrap_err();
    let said: Vec<_> = refused.iter().map(|(index, rejection)| (*index, refusal(rejection))).collect();
    assert_eq!(
        said,
        [
            (0, "unknown reference"),
            (1, "unknown reference"),
            (3, "unknown reference"),
            (5, "over limit"),
            (7, "nothing there")
        ],
        "{refused:?}"
    );
}
