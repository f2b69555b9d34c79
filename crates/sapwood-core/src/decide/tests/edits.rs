//! Edits while a rollout is live: of words they are free, of what it stands on they pause it, of what it is about
//! they are refused.

use sapwood_eval::{Flag, VariantKey};
use serde_json::{Value as Json, json};

use super::{CAUSES, said};
use crate::command::{Command, Step};
use crate::entry::Actor;
use crate::event::{About, Event, FlagKind};
use crate::rollout::{HoldCause, Phase};
use crate::testing::{
    World, ann, flag, held, name, percent, production, read, ring, rule_for, segment, spec_with, step_of,
    targeting,
};
use crate::wanted::WantedFlag;

/// Flag `a` with the rules `above`, then `place`, then `below`; its rollout sits below `place`, is for whoever is
/// not in `outsiders`, and begins with the ring `internal`. Segment `internal` includes those of `inner`.
fn live() -> World {
    let mut world = World::shop();
    world.run(Command::DefineSegment { segment: segment("outsiders", &["x"]) });
    world.run(Command::DefineSegment { segment: segment("inner", &["dev-3"]) });
    world.run(Command::DefineSegment { segment: segment("unrelated", &[]) });
    world.run(Command::DefineSegment { segment: segment("staff", &[]) });
    let nested = json!({"key": "internal", "condition": {"segment": "inner"}, "included": ["dev-1"]});
    world.run(Command::DefineSegment { segment: read(nested) });
    world.target("a", &rules(&[])).unwrap();
    world
        .start(spec_with(1, "a", |spec| {
            spec.after = Some(name("place"));
            spec.audience = read(json!({"not": {"segment": "outsiders"}}));
            spec.ladder.stages.insert(0, ring("internal"));
        }))
        .unwrap();
    world
}

fn rules(edits: &[(usize, Json)]) -> Json {
    let staff = json!({"id": "above", "when": {"segment": "staff"}, "serve": {"variant": "on"}});
    let mut rules = vec![staff, rule_for("place", "u2"), rule_for("below", "u3")];
    for (index, rule) in edits {
        rules[*index] = rule.clone();
    }
    Json::from(rules)
}

fn set(rules: &Json) -> Command {
    Command::SetTargeting { environment: production(), flag: name("a"), targeting: targeting(rules).into() }
}

fn define(alter: impl FnOnce(&mut sapwood_eval::Flag)) -> Command {
    let mut flag = flag("a");
    alter(&mut flag);
    Command::DefineFlag { flag: flag.into(), about: About::default() }
}

fn check(command: &Command, expected: &str) {
    let world = live();
    assert_eq!(said(world.ask(&ann(), command.clone())), expected, "{command:?}");
}

#[test]
fn words_are_free() {
    let about = About { description: "new".to_owned(), kind: FlagKind::Ops, ..About::default() };
    check(&Command::DefineFlag { flag: flag("a").into(), about }, "flag_defined");
    check(&define(|flag| flag.client_visible = true), "flag_defined");
    check(&set(&rules(&[(2, rule_for("below", "u9"))])), "targeting_set");
    check(&set(&rules(&[(1, rule_for("place", "u2")), (2, rule_for("other", "u3"))])), "targeting_set");
    check(&Command::DefineSegment { segment: segment("unrelated", &["u"]) }, "segment_defined");
    let moved =
        read(json!({"on": true, "off_variant": "on", "rules": rules(&[]), "default": {"variant": "on"}}));
    let command = Command::SetTargeting { environment: production(), flag: name("a"), targeting: moved };
    check(&command, "targeting_set");
}

#[test]
fn what_it_stands_on_pauses_it() {
    let renamed = rule_for("renamed", "u1");
    for (command, edited) in [
        (set(&rules(&[(0, rule_for("above", "u9"))])), "targeting_set"),
        (set(&rules(&[(1, rule_for("place", "u9"))])), "targeting_set"),
        (set(&rules(&[(0, renamed)])), "targeting_set"),
        (set(&json!([rule_for("place", "u2"), rule_for("below", "u3")])), "targeting_set"),
        (
            define(|flag| drop(flag.variants.insert(name("x"), sapwood_eval::Value::Boolean(true)))),
            "flag_defined",
        ),
        (
            define(|flag| flag.layer = read(json!({"layer": "l", "salt": "l", "from": 0, "width": 9}))),
            "flag_defined",
        ),
        (Command::DefineSegment { segment: segment("outsiders", &["y"]) }, "segment_defined"),
        (Command::DefineSegment { segment: segment("inner", &["y"]) }, "segment_defined"),
        (Command::DefineSegment { segment: segment("staff", &["y"]) }, "segment_defined"),
    ] {
        check(&command, &format!("{edited} + epoch_opened + rollout_held"));
    }
    let mut off = targeting(&rules(&[]));
    off.on = false;
    let command = Command::SetTargeting { environment: production(), flag: name("a"), targeting: off.into() };
    check(&command, "targeting_set + epoch_opened + rollout_held");
}

#[test]
fn the_pause_says_who_edited_what_and_opens_an_epoch() {
    let mut world = live();
    world.advance_to(1, 1);
    let events = world.run(Command::DefineSegment { segment: segment("inner", &["y"]) });
    let Event::EpochOpened(opened) = &events[1] else { panic!("{events:?}") };
    assert_eq!((opened.epoch, opened.share), (3, percent(10)), "the share stands");
    let Event::RolloutHeld(held) = &events[2] else { panic!("{events:?}") };
    assert_eq!(held.cause, HoldCause::Edit);
    assert_eq!(held.because.reason, "Segment `inner` was edited by user ann; look, then resume");
    let rollout = world.rollout(1);
    assert_eq!((rollout.epoch().number, rollout.epoch().stage), (3, 1), "the stage stands");
    assert_eq!(rollout.epoch().version, world.state.version - 1);
    assert_eq!(
        said(world.ask(&Actor::System, step_of(1, Step::Resume))),
        "rollout held",
        "a person confirms"
    );
    world.step(1, Step::Resume).unwrap();
    assert_eq!(world.rollout(1).phase, Phase::Running);
}

#[test]
fn who_holds_already_confirms_with_the_resume_but_an_approval_does_not() {
    for cause in CAUSES {
        let mut world = live();
        world.put(1, held(cause));
        let edited = said(world.ask(&ann(), Command::DefineSegment { segment: segment("inner", &["y"]) }));
        let expected = match cause {
            HoldCause::Operator | HoldCause::Edit => "segment_defined + epoch_opened",
            HoldCause::Guardrail
            | HoldCause::NoData
            | HoldCause::Approval
            | HoldCause::Dependency
            | HoldCause::Freeze => "segment_defined + epoch_opened + rollout_held",
        };
        assert_eq!(edited, expected, "{cause:?}");
    }
}

#[test]
fn what_it_is_about_is_refused() {
    check(&define(|flag| flag.unit = name("accountId")), "fixed by rollout");
    check(&define(|flag| drop(flag.variants.remove("on"))), "fixed by rollout");
    check(&define(|flag| drop(flag.variants.remove("off"))), "fixed by rollout");
    check(&set(&json!([rule_for("above", "u1")])), "fixed by rollout");
    check(&define(|flag| flag.salt = name("other")), "fixed for life");
    let turned = define(|flag| drop(flag.variants.insert(name("on"), sapwood_eval::Value::Boolean(false))));
    check(&turned, "fixed for life");
    check(&Command::RetireFlag { flag: name("a") }, "rollout live");
}

#[test]
fn salt_and_type_are_for_life_even_without_a_rollout_and_the_unit_is_not() {
    let world = World::shop();
    let ask = |command| said(world.ask(&ann(), command));
    assert_eq!(ask(define(|flag| flag.salt = name("other"))), "fixed for life");
    assert_eq!(ask(define(|flag| flag.unit = name("accountId"))), "flag_defined");
}

#[test]
fn a_name_that_meant_yes_never_means_no() {
    let world = World::shop();
    let turned = define(|flag| {
        flag.variants = read(json!({"on": false, "off": true}));
    });
    let rejection = world.ask(&ann(), turned).unwrap_err();
    assert_eq!(
        rejection.to_string(),
        "the value of variant `off` of flag `a` cannot change after it was defined; a name that meant yes never \
         means no. Add a variant, or make a new flag"
    );
    let third = define(|flag| flag.variants = read(json!({"on": true, "off": false, "dark": true})));
    assert_eq!(said(world.ask(&ann(), third)), "flag_defined");
}

/// Flag `text` whose variants have these texts, some of them corrected.
fn texts(variants: &Json, corrects: &[&str]) -> Command {
    let flag: Flag =
        read(json!({"key": "text", "type": "string", "variants": variants, "salt": "text-salt"}));
    let corrects = corrects.iter().map(|variant| name(variant)).collect();
    Command::DefineFlag { flag: WantedFlag { corrects, ..flag.into() }, about: About::default() }
}

#[test]
fn a_value_changes_only_as_a_correction_that_is_called_one() {
    let mut world = World::shop();
    world.run(texts(&json!({"a": "Buy", "b": "Pay"}), &[]));
    let ask = |world: &World, command| match world.ask(&ann(), command) {
        Err(rejection) => rejection.to_string(),
        Ok(events) => said(Ok(events)),
    };
    let silent = ask(&world, texts(&json!({"a": "Buy!", "b": "Pay"}), &["b"]));
    assert_eq!(
        silent,
        "the value of variant `a` of flag `text` cannot change after it was defined; add a variant under another \
         name, or name this one in `corrects` if it still means the same"
    );
    assert_eq!(ask(&world, texts(&json!({"a": "Buy!", "b": "Pay"}), &["a"])), "flag_defined");
    let missing = ask(&world, texts(&json!({"a": "Buy", "b": "Pay"}), &["c"]));
    assert_eq!(missing, "/corrects: flag `text` has no variant `c` to correct");
    assert_eq!(ask(&world, texts(&json!({"a": "Buy", "b": "Pay"}), &["a"])), "nothing");
    // Whoever is compared is compared anew.
    world.run(Command::SetTargeting {
        environment: production(),
        flag: name("text"),
        targeting: read(json!({"on": true, "off_variant": "a", "rules": [], "default": {"variant": "a"}})),
    });
    world
        .start(spec_with(1, "text", |spec| (spec.baseline, spec.candidate) = (name("a"), name("b"))))
        .unwrap();
    let corrected = ask(&world, texts(&json!({"a": "Buy", "b": "Pay now"}), &["b"]));
    assert_eq!(corrected, "flag_defined + epoch_opened + rollout_held");
}

#[test]
fn a_correction_holds_for_every_type_but_the_boolean() {
    for (kind, before, after) in [
        ("string", json!("x"), json!("y")),
        ("integer", json!(1), json!(2)),
        ("number", json!(1.5), json!(2.5)),
        ("object", json!({"a": 1}), json!({"a": 1.0})),
        ("boolean", json!(true), json!(false)),
    ] {
        let mut world = World::shop();
        let define = |value: &Json, corrects: &[&str]| {
            let flag: Flag =
                read(json!({"key": "t", "type": kind, "variants": {"v": value}, "salt": "t-salt"}));
            let corrects = corrects.iter().map(|variant| name(variant)).collect();
            Command::DefineFlag { flag: WantedFlag { corrects, ..flag.into() }, about: About::default() }
        };
        world.run(define(&before, &[]));
        assert_eq!(said(world.ask(&ann(), define(&after, &[]))), "fixed for life", "{kind}");
        let corrected = if kind == "boolean" { "fixed for life" } else { "flag_defined" };
        assert_eq!(said(world.ask(&ann(), define(&after, &["v"]))), corrected, "{kind}");
    }
}

#[test]
fn the_name_of_a_variant_that_is_gone_keeps_its_meaning() {
    let mut world = World::shop();
    world.run(texts(&json!({"a": "Buy", "b": "Pay"}), &[]));
    world.run(texts(&json!({"a": "Buy", "b": "Pay now"}), &["b"]));
    world.run(texts(&json!({"a": "Buy"}), &[]));
    world.run(texts(&json!({"a": "Buy", "c": "Go"}), &[]));
    for (value, corrects) in [("Pay", &[][..]), ("Pay", &["b"][..]), ("Stop", &[][..])] {
        let rejection = world.ask(&ann(), texts(&json!({"a": "Buy", "b": value}), corrects)).unwrap_err();
        assert_eq!(
            rejection.to_string(),
            "`b` was a variant of flag `text` with another value, and names are never given another meaning; choose \
             another name"
        );
    }
    world.run(texts(&json!({"a": "Buy", "b": "Pay now"}), &[]));
    assert_eq!(
        world.state.flags["text"].value.gone.keys().map(VariantKey::as_str).collect::<Vec<_>>(),
        ["c"]
    );
}

#[test]
fn flags_of_a_layer_never_overlap_even_before_they_have_rules() {
    let mut world = World::shop();
    let sliced = |key: &str, from: u32| {
        let mut flag = flag(key);
        flag.layer = Some(read(json!({"layer": "pricing", "salt": "l1", "from": from, "width": 30_000})));
        Command::DefineFlag { flag: flag.into(), about: About::default() }
    };
    world.run(sliced("first", 0));
    let rejection = world.ask(&ann(), sliced("second", 29_999)).unwrap_err().to_string();
    assert!(rejection.contains("the slice 29999..59999 overlaps 0..30000 of flag first"), "{rejection}");
    world.run(sliced("second", 30_000));
    assert_eq!(said(world.ask(&ann(), sliced("first", 60_000))), "flag_defined");
}

#[test]
fn after_the_end_edits_are_free_again() {
    let mut world = live();
    world.step(1, Step::RollBack).unwrap();
    let edit = Command::DefineSegment { segment: segment("inner", &["y"]) };
    assert_eq!(said(world.ask(&ann(), edit)), "segment_defined");
    assert_eq!(said(world.ask(&ann(), set(&json!([])))), "targeting_set");
    assert_eq!(said(world.ask(&ann(), define(|flag| flag.unit = name("accountId")))), "flag_defined");
}

#[test]
fn a_segment_cannot_grow_under_those_that_name_it() {
    let mut world = World::shop();
    let naming = |key: &str, other: &str| read(json!({"key": key, "condition": {"segment": other}}));
    for key in ["s5", "s4", "s3", "s2", "s1", "s0"] {
        world.run(Command::DefineSegment { segment: segment(key, &[]) });
    }
    for (key, other) in [("s0", "s1"), ("s1", "s2"), ("s2", "s3"), ("s3", "s4")] {
        world.run(Command::DefineSegment { segment: naming(key, other) });
    }
    let rejection = world.ask(&ann(), Command::DefineSegment { segment: naming("s4", "s5") }).unwrap_err();
    assert_eq!(
        rejection.to_string(),
        "/segment/condition: segment `s0` would not compile any more: 5 segments in a row, at most 4 are \
         allowed: s0 → s1 → s2 → s3 → s4 → s5; refer to fewer segments in a row"
    );
    let circle = world.ask(&ann(), Command::DefineSegment { segment: naming("s3", "s2") }).unwrap_err();
    assert!(circle.to_string().contains("in a circle: s3 → s2 → s3"), "{circle}");
}
