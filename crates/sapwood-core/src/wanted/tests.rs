//! Shares become slots by way of `decide`: the fewest people move, nobody between two arms unless the shares force it, and
//! saying the same again changes nothing.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sapwood_eval::{Share, Targeting, VariantKey, shares};
use serde_json::{Value as Json, json};

use super::*;
use crate::command::Command;
use crate::decide::Placed;
use crate::event::{About, Event};
use crate::moves;
use crate::testing::{World, ann, name, production, read};

/// A world with flag `split` of the variants `a`, `b` and `off`, without targeting.
fn world() -> World {
    let mut world = World::shop();
    let variants = json!({"a": "A", "b": "B", "off": "-"});
    let flag: Flag = read(json!({"key": "split", "type": "string", "variants": variants, "salt": "s"}));
    world.run(Command::DefineFlag { flag: flag.into(), about: About::default() });
    world
}

/// Targeting with one rule, `r`, that serves this.
fn command(serve: &Json) -> Command {
    let rules = json!([{"id": "r", "when": "always", "serve": serve}]);
    let targeting = json!({"on": true, "off_variant": "off", "rules": rules, "default": {"variant": "off"}});
    Command::SetTargeting { environment: production(), flag: name("split"), targeting: read(targeting) }
}

fn ask(world: &World, serve: &Json) -> Result<Option<Targeting>, String> {
    let placed = world.ask(&ann(), command(serve)).map_err(|rejection| rejection.to_string())?;
    let set = |(_, event): Placed| {
        let Event::TargetingSet(event) = event else { panic!("{event:?}") };
        event.targeting
    };
    Ok(placed.into_iter().next().map(set))
}

fn stored(world: &World) -> Targeting {
    world.environment().targeting["split"].value.clone()
}

/// The serve of rule `r` as it is stored.
fn slots(world: &World) -> Json {
    json!(stored(world).rules[0].serve)
}

/// `off>a 15000`, for rule `r`.
fn moved(before: &Targeting, after: &Targeting) -> Vec<String> {
    let name = |key: &Option<VariantKey>| key.as_ref().map_or("-".to_owned(), ToString::to_string);
    let found = moves::between(before, after);
    let all = found.iter().flat_map(|rule| &rule.moves);
    all.map(|one| format!("{}>{} {}", name(&one.from), name(&one.to), one.share.parts())).collect()
}

#[test]
fn an_edit_of_percentages_moves_what_it_says_and_nobody_else() {
    let mut world = world();
    let edits = [
        (json!({"shares": {"a": "10%", "b": "10 %"}, "rest": "off"}), [].as_slice()),
        (json!({"shares": {"a": "20%", "b": "10%"}, "rest": "off"}), &["off>a 10000"]),
        (json!({"shares": {"a": "20%", "b": "12.345%", "off": "67.655%"}}), &["off>b 2345"]),
        (json!({"shares": {"a": 20_000, "b": 10_000}, "rest": "off"}), &["b>off 2345"]),
        (json!({"shares": {"a": 25_000, "b": 5_000, "off": 70_000}}), &["b>a 5000"]),
        (json!({"shares": {"a": "25%"}, "rest": null}), &["b>- 5000", "off>- 70000"]),
        (json!({"shares": {"a": "100%"}}), &["->a 75000"]),
        (json!({"shares": {"a": "100%"}, "rest": "off"}), &[]),
    ];
    let mut before = None;
    for (serve, expected) in edits {
        world.run(command(&serve));
        let after = stored(&world);
        if let Some(before) = &before {
            assert_eq!(moved(before, &after), expected, "{serve}");
        }
        assert_eq!(ask(&world, &serve), Ok(None), "saying it again changes nothing: {serve}");
        before = Some(after);
    }
}

#[test]
fn a_rule_of_one_variant_becomes_a_table_without_moving_the_others() {
    let mut world = world();
    world.run(command(&json!({"variant": "off"})));
    world.run(command(&json!({"shares": {"a": "10%", "off": "90%"}})));
    let table = json!({"slots": [{"serve": "off", "width": 90_000}, {"serve": "a", "width": 10_000}]});
    assert_eq!(slots(&world), table);
    world.run(command(&json!({"variant": "off"})));
    assert_eq!(ask(&world, &json!({"shares": {"off": "100%"}, "rest": null})), Ok(None), "it is so already");
}

#[test]
fn a_new_rule_is_laid_out_anew_and_a_known_one_keeps_its_table_wherever_it_stands() {
    let mut world = world();
    let tenth = json!({"shares": {"a": "10%"}, "rest": null});
    world.run(command(&tenth));
    world.run(command(&json!({"shares": {"a": "10%", "b": "10%"}, "rest": null})));
    let table = slots(&world);
    assert_eq!(
        table,
        json!({"slots": [
            {"serve": "a", "width": 10_000}, {"serve": null, "width": 45_000},
            {"serve": "b", "width": 10_000}, {"serve": null, "width": 35_000},
        ]})
    );
    let both = json!({"shares": {"a": "10%", "b": "10%"}, "rest": null});
    let rules = json!([
        {"id": "new", "when": "always", "serve": both}, {"id": "r", "when": "always", "serve": both},
    ]);
    let targeting = json!({"on": true, "off_variant": "off", "rules": rules, "default": {"variant": "off"}});
    let targeting = read(targeting);
    world.run(Command::SetTargeting { environment: production(), flag: name("split"), targeting });
    let rules = stored(&world).rules;
    assert_eq!(json!(rules[1].serve), table);
    assert_ne!(json!(rules[0].serve), table, "evenly spaced, as if there were no other");
}

#[test]
fn the_default_has_shares_too_but_cannot_pass_on() {
    let mut world = world();
    let with = |default: Json| {
        let targeting = json!({"on": true, "off_variant": "off", "rules": [], "default": default});
        Command::SetTargeting { environment: production(), flag: name("split"), targeting: read(targeting) }
    };
    world.run(with(json!({"shares": {"a": "10%"}, "rest": "off"})));
    let before = stored(&world);
    world.run(with(json!({"shares": {"a": "15%"}, "rest": "off"})));
    assert_eq!(moved(&before, &stored(&world)), ["off>a 5000"]);
    assert_eq!(moves::between(&before, &stored(&world))[0].rule, None);
    let refused = world.ask(&ann(), with(json!({"shares": {"a": "10%"}, "rest": null}))).unwrap_err();
    assert!(refused.to_string().starts_with("/targeting/default: the default passes on"), "{refused}");
}

#[test]
fn what_was_read_can_be_edited_on_either_side_and_put_back() {
    let mut world = world();
    world.run(command(&json!({"shares": {"a": "10%"}, "rest": "off"})));
    let slots =
        |width: u32| json!([{"serve": "a", "width": width}, {"serve": "off", "width": 100_000 - width}]);
    let shown = |width: u32, parts: u32| json!({"slots": slots(width), "shares": {"a": parts, "off": 100_000 - parts}});
    let table =
        |serve: Json| ask(&world, &serve).map(|set| set.map(|set| json!(set.rules[0].serve)["slots"].take()));
    assert_eq!(table(shown(10_000, 10_000)), Ok(None), "as it was read");
    let Ok(Some(grown)) = table(shown(10_000, 20_000)) else { panic!("the shares were edited") };
    let parts: BTreeMap<_, _> = shares(&read::<Vec<sapwood_eval::Slot>>(grown));
    assert_eq!(parts[&Some(name("a"))].parts(), 20_000);
    assert_eq!(table(shown(30_000, 10_000)), Ok(Some(slots(30_000))), "the slots were edited");
    assert_eq!(table(shown(30_000, 30_000)), Ok(Some(slots(30_000))), "both were, alike");
    let refused = table(shown(30_000, 20_000)).unwrap_err();
    assert!(refused.starts_with("/targeting/rules/0/serve: `slots` and `shares` disagree"), "{refused}");
}

#[test]
fn shares_that_make_no_table_are_refused_with_their_figures() {
    let world = world();
    let refused = |serve: Json, expected: &str| {
        let said = ask(&world, &serve).unwrap_err();
        assert!(said.starts_with(expected), "{said}");
    };
    let at = "/targeting/rules/0/serve";
    refused(
        json!({"shares": {"a": 30, "b": 70}}),
        &format!(
            "{at}/shares: the shares add up to 100 of 100000 parts; write percent as text, such as \"30%\""
        ),
    );
    refused(
        json!({"shares": {"a": "30%"}}),
        &format!(
            "{at}/shares: the shares add up to 30000 of 100000 parts; make them add up to the whole, or say who"
        ),
    );
    refused(
        json!({"shares": {"a": "60%", "b": "60%"}, "rest": "off"}),
        &format!("{at}/shares: the shares add up to 120000 of 100000 parts; make them less"),
    );
    refused(
        json!({"shares": {"c": "100%"}}),
        &format!("{at}/shares/c: flag split has no variant c; use one of a, b, off"),
    );
    refused(json!({"shares": {"a": "1%"}, "rest": "c"}), &format!("{at}/rest: flag split has no variant c"));
    refused(json!({"shares": {"a": "1%"}, "rest": "a"}), &format!("{at}/shares: a takes what is left"));
}

#[test]
fn what_is_no_serve_is_not_read() {
    for (serve, expected) in [
        (json!({}), "say what is served: `variant`, `shares` or `slots`"),
        (json!({"variant": "a", "slots": []}), "`variant` stands alone"),
        (json!({"variant": "a", "rest": null}), "`variant` stands alone"),
        (json!({"slots": [], "rest": "a"}), "`rest` stands beside `shares`"),
        (json!({"shares": {"a": 0.3}}), "a whole number of parts per 100000, or percent as text"),
        (json!({"shares": {"a": -1}}), "a whole number of parts"),
        (json!({"shares": {"a": 100_001}}), "100001 parts is more than the whole"),
        (json!({"shares": {"a": u64::MAX}}), "more than the whole"),
        (json!({"shares": {"a": "0.0001%"}}), "at most three decimals"),
        (json!({"shares": {"a": null}}), "parts per 100000"),
        (json!({"share": {"a": 1}}), "unknown field `share`"),
    ] {
        let error = serde_json::from_value::<WantedServe>(serve.clone()).unwrap_err().to_string();
        assert!(error.contains(expected), "{serve}: {error}");
    }
}

#[test]
fn a_slice_finds_its_place_and_keeps_it_while_it_can() {
    let mut world = World::shop();
    let sliced = |key: &str, slice: Json| {
        let slice: WantedSlice = read(slice);
        let flag = WantedFlag::from(crate::testing::flag(key)).in_layer(Some(slice), name("minted"));
        Command::DefineFlag { flag, about: About::default() }
    };
    let width = |width: u32| json!({"layer": "l", "width": width});
    let place = |world: &World, key: &str| {
        let slice = world.state.flags[key].value.flag.layer.clone().unwrap();
        (slice.salt.to_string(), slice.from, slice.width)
    };
    world.run(sliced("a", width(30_000)));
    world.run(sliced("b", width(20_000)));
    assert_eq!(place(&world, "a"), ("minted".to_owned(), 0, 30_000));
    assert_eq!(place(&world, "b"), ("minted".to_owned(), 30_000, 20_000));
    assert_eq!(
        world.ask(&ann(), sliced("b", width(20_000))),
        Ok(Vec::new()),
        "saying it again changes nothing"
    );
    world.run(sliced("b", width(40_000)));
    assert_eq!(place(&world, "b").1, 30_000, "it grows where it is");
    world.run(sliced("a", width(10_000)));
    assert_eq!(place(&world, "a").1, 0, "it shrinks where it is");
    world.run(sliced("c", json!({"layer": "l", "from": 10_000, "width": 5_000})));
    assert_eq!(place(&world, "c").0, "minted", "the layer's salt");
    world.run(sliced("a", width(30_000)));
    assert_eq!(place(&world, "a").1, 70_000, "it moves where there is room");
    let refused = world.ask(&ann(), sliced("c", width(50_000))).unwrap_err().to_string();
    assert_eq!(
        refused,
        "/flag/layer/width: layer `l` has no 50000 buckets in a row left; taken: 70000 to 99999 by `a`, 30000 to 69999 \
         by `b`; free: 0 to 29999. Take less, or make room"
    );
    let overlap =
        world.ask(&ann(), sliced("c", json!({"layer": "l", "from": 0, "width": 30_001}))).unwrap_err();
    assert!(overlap.to_string().contains("overlaps 30000..70000 of flag b"), "{overlap}");
}

#[test]
fn two_new_flags_of_a_new_layer_share_its_salt_whoever_minted_it() {
    let world = World::shop();
    let sliced = |key: &str, minted: &str| {
        let slice: WantedSlice = read(json!({"layer": "new", "width": 50_000}));
        let flag = WantedFlag::from(crate::testing::flag(key)).in_layer(Some(slice), name(minted));
        Command::DefineFlag { flag, about: About::default() }
    };
    let commands = [sliced("x", "one"), sliced("y", "two")];
    let accepted = crate::decide::decide_all(&world.state, &ann(), &commands, world.now).unwrap();
    let placed: Vec<_> = accepted.into_iter().flat_map(|(_, placed)| placed).collect();
    let after = world.state.supposing(&placed, world.now);
    let slice = |key: &str| after.flags[key].value.flag.layer.clone().unwrap();
    assert_eq!((slice("x").salt.as_str(), slice("x").from), ("one", 0));
    assert_eq!((slice("y").salt.as_str(), slice("y").from), ("one", 50_000));
}

/// Shares of `a`, `b` and `off`, with or without a rest; what is left goes to it.
fn any_shares() -> impl Strategy<Value = (Vec<u32>, u8)> {
    (prop::collection::vec(prop_oneof![Just(0_u32), 0_u32..=100], 3), 0_u8..3)
}

fn serve_of((weights, rest): &(Vec<u32>, u8)) -> Json {
    let sum = weights.iter().sum::<u32>().max(100);
    let parts: Vec<u32> = weights.iter().map(|weight| weight * 100_000 / sum).collect();
    let left = 100_000 - parts.iter().sum::<u32>();
    match rest {
        0 => json!({"shares": {"a": parts[0], "b": parts[1], "off": parts[2] + left}}),
        1 => json!({"shares": {"a": parts[0], "b": parts[1], "off": parts[2]}, "rest": null}),
        _ => json!({"shares": {"a": parts[0], "b": parts[1]}, "rest": "off"}),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_run_of_edits_moves_the_fewest_and_never_from_one_that_grows(edits in prop::collection::vec(any_shares(), 1..10)) {
        let mut world = world();
        world.run(command(&json!({"variant": "off"})));
        for edit in edits {
            let serve = serve_of(&edit);
            let before = stored(&world);
            if world.submit(&ann(), command(&serve)).is_err() {
                // Cut into too many slots; refused, and nothing has moved.
                prop_assert_eq!(stored(&world), before);
                break;
            }
            let after = stored(&world);
            prop_assert_eq!(ask(&world, &serve), Ok(None));
            let has = |targeting: &Targeting| shares(&moves::table(&targeting.rules[0].serve));
            let (was, is) = (has(&before), has(&after));
            let of = |shares: &BTreeMap<Option<VariantKey>, Share>, key: &Option<VariantKey>| shares.get(key).copied().unwrap_or_default();
            // What somebody gains has to come from somewhere: fewer than all gains together cannot move.
            let fewest: u32 = is.iter().map(|(key, share)| share.saturating_sub(of(&was, key)).parts()).sum();
            let found = moves::between(&before, &after);
            prop_assert_eq!(found.iter().map(|rule| rule.moved.parts()).sum::<u32>(), fewest);
            for one in found.iter().flat_map(|rule| &rule.moves) {
                prop_assert!(of(&is, &one.from) < of(&was, &one.from), "{:?} loses somebody and does not shrink", one.from);
                prop_assert!(of(&is, &one.to) > of(&was, &one.to), "{:?} gains somebody and does not grow", one.to);
            }
        }
    }

    #[test]
    fn what_was_let_in_last_goes_first(steps in prop::collection::vec((any::<bool>(), 1_u32..20), 1..6)) {
        let mut world = world();
        let (mut a, mut b) = (5_000, 5_000);
        let serve = |a: u32, b: u32| json!({"shares": {"a": a, "b": b}, "rest": null});
        world.run(command(&serve(a, b)));
        let mut stack = Vec::new();
        for (which, percent) in steps {
            let room = (100_000 - a - b).min(percent * 1_000);
            stack.push((a, b, stored(&world)));
            if which { a += room } else { b += room }
            world.run(command(&serve(a, b)));
        }
        while let Some((a, b, before)) = stack.pop() {
            world.run(command(&serve(a, b)));
            prop_assert_eq!(moved(&before, &stored(&world)), Vec::<String>::new());
        }
    }
}
