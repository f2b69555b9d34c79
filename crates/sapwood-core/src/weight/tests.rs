//! What an environment weighs is the sum of what it serves, however it came to be, and has a limit.

use proptest::prelude::*;
use sapwood_eval::Flag;
use serde_json::{Value as Json, json};

use super::*;
use crate::command::Command;
use crate::event::About;
use crate::testing::{World, ann, flag, name, production, read, segment, targeting};

/// The sum, counted anew.
fn counted(state: &State, environment: &Environment) -> u64 {
    let flags = environment.targeting.iter().map(|(key, rules)| rules.bytes + state.flags[key].bytes);
    flags.sum::<u64>() + state.segments.values().map(|known| known.bytes).sum::<u64>()
}

fn text(key: &str, length: usize) -> Command {
    let variants = json!({"a": "x".repeat(length)});
    let flag: Flag = read(json!({"key": key, "type": "string", "variants": variants, "salt": "s"}));
    let flag = crate::wanted::WantedFlag { corrects: [name("a")].into(), ..flag.into() };
    Command::DefineFlag { flag, about: About::default() }
}

fn serve(environment: &str, key: &str) -> Command {
    let served: Json = json!({"on": true, "off_variant": "a", "rules": [], "default": {"variant": "a"}});
    Command::SetTargeting { environment: name(environment), flag: name(key), targeting: read(served) }
}

fn edits() -> impl Strategy<Value = Command> {
    (0..9_u8, 0..3_usize, 0..2_usize, 0..40_usize).prop_map(|(what, key, place, length)| {
        let key = ["x", "y", "z"][key];
        let place = ["production", "staging"][place];
        match what {
            0 | 1 => text(key, length),
            2 | 3 => serve(place, key),
            4 => Command::RemoveTargeting { environment: name(place), flag: name(key) },
            5 => Command::RetireFlag { flag: name(key) },
            6 => Command::DefineSegment { segment: segment(key, &["u"; 1]) },
            7 => Command::RemoveSegment { key: name(key) },
            _ => Command::DefineEnvironment {
                key: name("staging"),
                name: "x".repeat(length),
                production: false,
            },
        }
    })
}

proptest! {
    #[test]
    fn the_sum_is_right_after_every_edit_and_known_before(edits in prop::collection::vec(edits(), 1..30)) {
        let mut world = World::shop();
        for edit in edits {
            let Ok(placed) = world.ask(&ann(), edit.clone()) else { continue };
            let supposed = world.state.supposing(&placed, world.now);
            world.run(edit);
            for (key, environment) in &world.state.environments {
                prop_assert_eq!(environment.bytes, counted(&world.state, environment), "{}", key);
                prop_assert_eq!(environment.bytes, supposed.environments[key].bytes);
            }
        }
    }
}

#[test]
fn an_environment_serves_sixteen_mebibytes_and_not_a_byte_more() {
    let mut world = World::shop();
    world.run(text("x", 1));
    world.run(serve("production", "x"));
    let one = world.environment().bytes;
    world.state.environments.get_mut("production").unwrap().bytes = SNAPSHOT_BYTES_MAX - 9;
    world.run(text("x", 10));
    assert_eq!(world.environment().bytes, SNAPSHOT_BYTES_MAX, "{one}");
    let refused = world.ask(&ann(), text("x", 11)).unwrap_err().to_string();
    assert_eq!(
        refused,
        "/flag: what environment `production` serves would take 16777217 bytes, at most 16777216 are allowed; retire \
         flags that are done, and make lists shorter"
    );
    let segment = Command::DefineSegment { segment: segment("s", &[]) };
    assert!(world.ask(&ann(), segment).unwrap_err().to_string().starts_with("/segment: what environment"));
    let rules = Command::SetTargeting {
        environment: production(),
        flag: name("a"),
        targeting: targeting(&json!([{"id": "r", "when": "always", "serve": {"variant": "on"}}])).into(),
    };
    assert!(world.ask(&ann(), rules).unwrap_err().to_string().starts_with("/targeting: what environment"));
    // What is not served there weighs nothing, and less is always allowed, even above the limit.
    world.run(Command::DefineFlag { flag: flag("unserved").into(), about: About::default() });
    world.state.environments.get_mut("production").unwrap().bytes = SNAPSHOT_BYTES_MAX + 1_000;
    world.run(text("x", 5));
}

#[test]
fn growth_is_pointed_out_from_a_quarter_and_confirmed_from_the_double() {
    const MIB: u64 = 1 << 20;
    let grows = |before, after| {
        let growth = Growth { environment: production(), before, after };
        (growth.is_noted(), growth.needs_a_word())
    };
    for (before, after, expected) in [
        (0, 16 * MIB, (false, false)),
        (10, MIB, (false, false)),
        (10, MIB + 1, (true, true)),
        (2 * MIB, 2 * MIB + MIB / 2, (false, false)),
        (2 * MIB, 2 * MIB + MIB / 2 + 1, (true, false)),
        (8 * MIB, 9 * MIB, (false, false)),
        (8 * MIB, 9 * MIB + 1, (true, false)),
        (2 * MIB, 4 * MIB, (true, false)),
        (2 * MIB, 4 * MIB + 1, (true, true)),
        (4 * MIB, 2 * MIB, (false, false)),
    ] {
        assert_eq!(grows(before, after), expected, "{before} {after}");
    }
    let growth = Growth { environment: production(), before: 2 * MIB, after: 4 * MIB + 1 };
    assert_eq!(
        growth.refusal().to_string(),
        "what environment `production` serves grows from 2097152 to 4194305 bytes, more than the 4194304 that one change \
         may make of it; ask again with `confirm_growth=true` if that is meant"
    );
}

#[test]
fn growth_is_seen_in_one_change_and_in_many_at_once() {
    let mut world = World::shop();
    world.run(text("x", 60_000));
    world.run(serve("production", "x"));
    let more = |keys: usize| -> Vec<Placed> {
        let commands: Vec<_> = (0..keys)
            .flat_map(|n| [text(&format!("k{n}"), 60_000), serve("production", &format!("k{n}"))])
            .collect();
        let accepted = crate::decide::decide_all(&world.state, &ann(), &commands, world.now).unwrap();
        accepted.into_iter().flat_map(|(_, placed)| placed).collect()
    };
    let grown = growth(&world.state, &more(20), world.now);
    assert_eq!(grown.len(), 1);
    assert!(grown[0].needs_a_word(), "{grown:?}");
    assert_eq!(growth(&world.state, &more(2), world.now), []);
    assert_eq!(growth(&world.state, &more(0), world.now), []);
}
