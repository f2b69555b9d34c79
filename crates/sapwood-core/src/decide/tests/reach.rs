//! An edit reaches whoever asks the edited flag: none of them comes to ask more than evaluation follows.

use serde_json::{Value as Json, json};

use crate::command::Command;
use crate::event::About;
use crate::testing::{World, ann, flag, name, needs, production, spec_with, targeting};

fn world_of(flags: &[String]) -> World {
    let mut world = World::shop();
    for key in flags {
        world.run(Command::DefineFlag { flag: flag(key).into(), about: About::default() });
        world.target(key, &json!([])).unwrap();
    }
    world
}

fn named(letter: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{letter}{n}")).collect()
}

/// Rules that ask another flag so many times.
fn asks(other: &str, times: usize) -> Json {
    (0..times)
        .map(|n| {
            let when = json!({"serves": {"flag": other, "variants": ["on"]}});
            json!({"id": format!("r{n}"), "when": when, "serve": {"variant": "on"}})
        })
        .collect()
}

#[test]
fn a_chain_is_refused_at_the_link_that_makes_it_too_long_wherever_that_is() {
    let keys = named("h", 10);
    let mut world = world_of(&keys);
    for pair in keys.windows(2).take(8) {
        world.target(&pair[0], &asks(&pair[1], 1)).unwrap();
    }
    let refused = world.target("h8", &asks("h9", 1)).unwrap_err().to_string();
    assert_eq!(
        refused,
        "/targeting/rules: flag `h0` asks `h8`, and would no longer be served: prerequisites are 9 deep, at most 8 \
         are allowed; depend on the flag that matters directly"
    );
    // The same as a rollout's prerequisite.
    let rollout = spec_with(1, "h8", |spec| spec.prerequisites = vec![needs("h9")]);
    assert!(world.start(rollout).unwrap_err().to_string().contains("flag `h0` asks `h8`"));
}

#[test]
fn so_is_a_width_that_multiplies() {
    let keys = named("x", 4);
    let mut world = world_of(&keys);
    world.target("x0", &asks("x1", 10)).unwrap();
    world.target("x1", &asks("x2", 10)).unwrap();
    let refused = world.target("x2", &asks("x3", 10)).unwrap_err().to_string();
    assert!(refused.contains("flag `x0` asks `x2`"), "{refused}");
    assert!(refused.contains("at most 128 are allowed"), "{refused}");
    world.target("x2", &asks("x3", 0)).unwrap();
}

/// A log from before this was refused may hold what is too deep; it must be possible to get out of that.
#[test]
fn asking_less_and_switching_off_are_always_possible() {
    let keys = named("h", 12);
    let mut world = world_of(&keys);
    for pair in keys.windows(2) {
        let event =
            crate::event::TargetingSet { flag: name(&pair[0]), targeting: targeting(&asks(&pair[1], 1)) };
        world.append(ann(), &event.into(), Some(production()));
    }
    let mut off = targeting(&asks("h1", 1));
    off.on = false;
    let command =
        Command::SetTargeting { environment: production(), flag: name("h0"), targeting: off.into() };
    world.submit(&ann(), command).unwrap();
    world.target("h5", &json!([])).unwrap();
    assert!(world.target("h1", &asks("h2", 2)).is_ok(), "all of them fit again");
}
