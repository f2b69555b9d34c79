//! Laws that hold for every definition and every context, sensible or not.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::{Arm, Attribute, Evaluation, FlagKey, Outcome, Pairs, RuleRef, Which, bucket, check_config};

const FLAGS: [&str; 4] = ["a", "b", "c", "d"];

fn scalar() -> impl Strategy<Value = Json> {
    prop_oneof![
        prop::sample::select(vec![
            json!("DE"),
            json!("u1"),
            json!(""),
            json!("2.3.0"),
            json!("10.0.0.1"),
            json!("é")
        ]),
        prop::sample::select(vec![json!(true), json!(false), json!(5), json!(5.5), json!(-1), json!(1e300)]),
        prop::sample::select(vec![json!("2026-11-01T00:00:00Z"), json!("v1"), json!("aaa")]),
    ]
}

fn test() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(json!("present")),
        Just(json!("absent")),
        scalar().prop_map(|scalar| json!({"equals": scalar})),
        prop::collection::vec(scalar(), 0..4).prop_map(|scalars| json!({"one_of": scalars})),
        prop::sample::select(vec!["contains", "starts_with", "ends_with"])
            .prop_map(|test| json!({test: ["a", "u"]})),
        prop::sample::select(vec!["lt", "lte", "eq", "gte", "gt"])
            .prop_map(|how| json!({"number": {how: 5}})),
        prop::sample::select(vec!["lt", "lte", "eq", "gte", "gt", "xx"])
            .prop_filter_map("known", |how| { (how != "xx").then(|| json!({"semver": {how: "2.0.0"}})) }),
        Just(json!({"date_time": {"before": "2026-11-01T00:00:00Z"}})),
        Just(json!({"date_time": {"after": "no instant"}})),
        Just(json!({"cidr": ["10.0.0.0/8", "::1"]})),
        Just(json!({"matches": "^(a|é)+$"})),
    ]
}

fn condition() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(json!("always")),
        (
            prop::sample::select(vec!["before", "after"]),
            prop::sample::select(vec!["10-31", "11-01", "11-02"])
        )
            .prop_map(|(side, day)| json!({"now": {side: format!("2026-{day}T08:00:00Z")}})),
        prop::sample::select(vec!["s", "s", "s", "t", "t", "none"]).prop_map(|key| json!({"segment": key})),
        (prop::sample::select(FLAGS.to_vec()), prop::sample::select(vec!["on", "off"]))
            .prop_map(|(flag, variant)| json!({"serves": {"flag": flag, "variants": [variant]}})),
        (prop::sample::select(vec!["x", "y", "targetingKey"]), test())
            .prop_map(|(name, test)| json!({"attribute": {"name": name, "test": test}})),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|parts| json!({"all": parts})),
            prop::collection::vec(inner.clone(), 0..3).prop_map(|parts| json!({"any": parts})),
            inner.prop_map(|part| json!({"not": part})),
        ]
    })
}

fn serve() -> impl Strategy<Value = Json> {
    prop_oneof![
        prop::sample::select(vec!["on", "off"]).prop_map(|key| json!({"variant": key})),
        (0_u32..=100_000, any::<bool>()).prop_map(|(width, last)| {
            let rest = if last { json!("off") } else { json!(null) };
            json!({"slots": [{"serve": "on", "width": width}, {"serve": rest, "width": 100_000 - width}]})
        }),
    ]
}

fn a_rollout() -> impl Strategy<Value = Json> {
    let phase = prop::sample::select(vec!["running", "complete"]);
    let after = prop::sample::select(vec![json!(null), json!("r0"), json!("r1")]);
    (condition(), 0_u32..=100_000, phase, after, any::<bool>(), any::<bool>()).prop_map(
        |(audience, share, phase, after, ringed, asking)| {
            let changes = json!({"audience": audience, "phase": phase, "after": after});
            let mut made = with(rollout(share), changes);
            if ringed {
                made["rings"] = json!(["s"]);
            }
            if asking {
                made["prerequisites"] = json!([{"flag": "a", "variants": ["on"]}]);
            }
            made
        },
    )
}

fn a_flag(key: &'static str) -> impl Strategy<Value = Json> {
    let rules = prop::collection::vec((condition(), serve()), 0..3);
    let unit = prop::sample::select(vec!["targetingKey", "x"]);
    let switches =
        (prop::bool::weighted(0.9), prop::bool::weighted(0.1), prop::bool::weighted(0.3), any::<bool>());
    (rules, serve(), prop::option::of(a_rollout()), unit, switches, 0_u64..3).prop_map(
        move |(rules, default, rollout, unit, (on, broken, barred, layered), revision)| {
            let rule = |(at, (when, serve))| json!({"id": format!("r{at}"), "when": when, "serve": serve});
            let mut made = flag(key, rules.into_iter().enumerate().map(rule).collect());
            made["targeting"]["on"] = json!(on);
            made["targeting"]["default"] = default;
            made["flag"]["unit"] = json!(unit);
            made["revision"] = json!(revision);
            made["rollouts"] = rollout.into_iter().collect();
            if broken {
                made["break_glass"] = json!("on");
            }
            if barred {
                made["barred"] = json!([{"candidate": "on", "baseline": "off", "rollout": ROLLOUT}]);
            }
            if layered {
                made["flag"]["layer"] = json!({"layer": "l", "salt": "l1", "from": 20_000, "width": 50_000});
            }
            made
        },
    )
}

fn flags() -> impl Strategy<Value = Vec<Json>> {
    (a_flag("a"), a_flag("b"), a_flag("c"), a_flag("d")).prop_map(|(a, b, c, d)| vec![a, b, c, d])
}

fn a_world() -> impl Strategy<Value = SetConfig> {
    (flags(), condition(), condition()).prop_map(|(flags, s, t)| {
        let segments = [segment("s", s, &["u1", "u2"]), segment("t", t, &[])];
        world(flags, segments.to_vec())
    })
}

fn contexts() -> impl Strategy<Value = Json> {
    let value = || prop_oneof![4 => scalar(), 1 => Just(json!(null)), 1 => Just(json!(["a", 1])), 1 => Just(json!({"b": 1}))];
    let key = prop_oneof![4 => "u[0-9]{1,3}".prop_map(Json::from), 1 => value()];
    (key, value(), value()).prop_map(|(key, x, y)| json!({"targetingKey": key, "x": x, "y": y}))
}

const NOW_MS: i64 = 1_793_520_000_000;

/// Whether both sets have the same version of a flag and of all that it asks, directly or through others.
fn alike(one: &FlagSet, other: &FlagSet, key: &str, seen: &mut Vec<String>) -> bool {
    if seen.iter().any(|seen| seen == key) {
        return true;
    }
    seen.push(key.to_owned());
    match (one.get(key), other.get(key)) {
        (None, None) => true,
        (Some(left), Some(right)) => {
            left.config() == right.config()
                && left.program.rest.asks.iter().all(|asked| alike(one, other, asked.as_str(), seen))
        }
        (Some(_), None) | (None, Some(_)) => false,
    }
}

proptest! {
    #[test]
    fn every_evaluation_ends_and_explains_itself(first in a_world(), second in a_world(), context in contexts()) {
        let subject = super::context(context);
        let (before, _) = FlagSet::compile(first, None);
        // Versions kept from before meet the new rest in ways that no check has seen.
        let (set, _) = FlagSet::compile(second, Some(&before));
        for key in FLAGS {
            let outcome = set.evaluate(key, &subject, NOW_MS);
            prop_assert_eq!(outcome, set.evaluate(key, &subject, NOW_MS));
            let explained = set.explain(key, &subject, NOW_MS).map(|explanation| explanation.outcome);
            prop_assert_eq!(explained.unwrap_or(crate::Outcome::NotFound), outcome);
        }
    }

    #[test]
    fn every_form_of_a_subject_is_answered_alike(world in a_world(), subject in contexts(), apart in any::<bool>()) {
        let (set, _) = FlagSet::compile(world, None);
        let held = super::context(subject.clone());
        let list = [Attribute::Text("a"), Attribute::Number(1.0)];
        let key = subject["targetingKey"].as_str().filter(|_| apart);
        let pairs: Vec<(&str, Attribute<'_>)> = subject.as_object().unwrap().iter()
            .filter(|(name, _)| key.is_none() || *name != "targetingKey")
            .filter_map(|(name, value)| Some((name.as_str(), match value {
                Json::Null => return None,
                Json::Bool(boolean) => Attribute::Boolean(*boolean),
                Json::Number(number) => Attribute::Number(number.as_f64().unwrap()),
                Json::String(text) => Attribute::Text(text),
                Json::Array(_) => Attribute::List(&list),
                Json::Object(_) => Attribute::Object,
            })))
            .collect();
        let pairs = Pairs::new(key, &pairs);
        let (one, other) = (set.prepare(&held), set.prepare(pairs));
        let numbered: Vec<(usize, usize)> = one.answers(Which::All, NOW_MS).collect();
        prop_assert_eq!(numbered.len(), set.len());
        for ((place, flag), (at, answer)) in set.flags().enumerate().zip(numbered) {
            let key = flag.key().as_str();
            let outcome = set.evaluate(key, &held, NOW_MS);
            prop_assert_eq!(set.evaluate(key, pairs, NOW_MS), outcome);
            prop_assert_eq!(set.evaluate_flag(flag, pairs, NOW_MS), outcome);
            for prepared in [&one, &other] {
                prop_assert_eq!(prepared.evaluate(key, NOW_MS), outcome);
                prop_assert_eq!(prepared.evaluate_at(place, NOW_MS), outcome);
            }
            prop_assert_eq!(set.explain(key, pairs, NOW_MS).map(|explanation| explanation.outcome), Some(outcome));
            prop_assert_eq!((at, Some(answer)), (place, outcome.answer()));
            let without_subject = match outcome {
                Outcome::Found(found) => Outcome::Found(found.without_arm()),
                Outcome::Failed(_) | Outcome::NotFound => outcome,
            };
            let answers = flag.answers();
            prop_assert_eq!(answers[answer], without_subject);
            prop_assert!(!answers.contains(&Outcome::NotFound));
        }
    }

    #[test]
    fn answers_change_at_boundaries_only(world in a_world(), context in contexts(), times in (-3_i64..=3, -3_i64..=3)) {
        const HALF_A_DAY_MS: i64 = 43_200_000;
        let (set, _) = FlagSet::compile(world, None);
        let subject = super::context(context);
        let (first, second) = (times.0.min(times.1), times.0.max(times.1));
        let (first, second) = (NOW_MS + first * HALF_A_DAY_MS, NOW_MS + second * HALF_A_DAY_MS);
        // What a prepared subject remembers is never what another moment answered.
        let prepared = set.prepare(&subject);
        for now_ms in [first, second] {
            for key in FLAGS {
                prop_assert_eq!(prepared.evaluate(key, now_ms), set.evaluate(key, &subject, now_ms));
            }
        }
        let turned: Vec<&str> = set.turned(first, second).into_iter().map(|flag| flag.key().as_str()).collect();
        let crossed = set.next_boundary(first).is_some_and(|next| next <= second);
        for key in FLAGS {
            if set.evaluate(key, &subject, first) != set.evaluate(key, &subject, second) {
                prop_assert!(crossed && turned.contains(&key), "{} {:?}", key, turned);
            }
        }
        prop_assert!(crossed || turned.is_empty());
    }

    #[test]
    fn printing_and_reading_again_changes_nothing(world in a_world()) {
        let text = serde_json::to_string(&world).unwrap();
        let again: SetConfig = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&again, &world);
        prop_assert_eq!(serde_json::to_string(&again).unwrap(), text);
    }

    #[test]
    fn what_was_compiled_is_printed_and_compiled_to_the_same(world in a_world(), subjects in prop::collection::vec(contexts(), 1..4), hours in -36_i64..=36) {
        let (set, _) = FlagSet::compile(world.clone(), None);
        let printed: Vec<String> = set.flags().map(|flag| serde_json::to_string(flag.config()).unwrap()).collect();
        let read = printed.iter().map(|text| serde_json::from_str(text).unwrap());
        // What did not compile the first time is gone, and so are its segments; nothing else may depend on it.
        let (again, _) = FlagSet::compile(SetConfig::new(read, world.segments.values().cloned()), None);
        let now_ms = NOW_MS + hours * 3_600_000;
        for (flag, text) in set.flags().zip(&printed) {
            let key = flag.key().as_str();
            let kept = alike(&set, &again, key, &mut Vec::new());
            for subject in subjects.iter().filter(|_| kept) {
                let subject = super::context(subject.clone());
                prop_assert_eq!(again.evaluate(key, &subject, now_ms), set.evaluate(key, &subject, now_ms));
                prop_assert_eq!(again.explain(key, &subject, now_ms), set.explain(key, &subject, now_ms));
            }
            if let Some(other) = again.get(key) {
                prop_assert_eq!(&serde_json::to_string(other.config()).unwrap(), text);
                prop_assert_eq!(other.answers(), flag.answers());
                prop_assert_eq!(&other.program.rest.moments, &flag.program.rest.moments);
            } else {
                // Only a flag that asks one that did not compile is lost with it.
                prop_assert!(flag.program.rest.asks.iter().any(|asked| again.get(asked.as_str()).is_none()), "{}", key);
            }
        }
    }

    #[test]
    fn what_passes_the_check_compiles(world in a_world()) {
        let clean: Vec<FlagKey> =
            world.flags.values().filter(|config| check_config(config, &world).is_empty()).map(|config| config.flag.key.clone()).collect();
        let (set, warnings) = FlagSet::compile(world, None);
        let broken_segment = warnings.iter().any(|warning| matches!(warning.subject, crate::Subject::Segment(_)));
        for key in clean {
            prop_assert!(broken_segment || set.get(key.as_str()).is_some(), "{} {:?}", key, warnings);
        }
    }

    #[test]
    fn republishing_one_flag_equals_compiling_all(mut world in a_world(), changed in a_flag("b"), subject in contexts()) {
        let subject = super::context(subject);
        let (before, _) = FlagSet::compile(world.clone(), None);
        let changed = config(changed);
        let (one, _) = before.republish(changed.clone());
        world.flags.insert(changed.flag.key.clone(), changed);
        let (all, _) = FlagSet::compile(world, Some(&before));
        // A flag that was broken before may become whole beside its new neighbour, but only a full compile tries it: of it,
        // and of those that ask it, there are two versions then.
        for key in FLAGS.into_iter().filter(|key| alike(&one, &all, key, &mut Vec::new())) {
            prop_assert_eq!(one.evaluate(key, &subject, NOW_MS), all.evaluate(key, &subject, NOW_MS));
            prop_assert_eq!(one.explain(key, &subject, NOW_MS), all.explain(key, &subject, NOW_MS));
        }
    }

    #[test]
    fn a_barred_candidate_is_never_served(mut config_json in a_flag("a"), context in contexts()) {
        config_json["barred"] = json!([{"candidate": "on", "baseline": "off", "rollout": ROLLOUT}]);
        config_json["break_glass"] = json!(null);
        let (set, _) = FlagSet::compile(world(vec![config_json], vec![segment("s", json!("always"), &[])]), None);
        let subject = super::context(context);
        let outcome = set.evaluate("a", &subject, NOW_MS);
        if let Some(found) = outcome.found() {
            prop_assert_eq!(found.variant().as_str(), "off");
            prop_assert!(found.rollout().is_none());
        }
    }

    #[test]
    fn expansion_removes_nobody(mut flags in flags(), shares in (0_u32..=100_000, 0_u32..=100_000), context in contexts()) {
        let (less, more) = (shares.0.min(shares.1), shares.0.max(shares.1));
        flags[0]["barred"] = json!([]);
        flags[0]["rollouts"] = json!([rollout(less)]);
        let subject = super::context(context);
        let segments = || vec![segment("s", json!("always"), &[]), segment("t", json!({"any": []}), &[])];
        let (small, _) = FlagSet::compile(world(flags.clone(), segments()), None);
        flags[0]["rollouts"] = json!([rollout(more)]);
        let (large, _) = FlagSet::compile(world(flags, segments()), None);
        let arm = |set: &FlagSet| set.evaluate("a", &subject, NOW_MS).found().and_then(Evaluation::rollout).map(|reached| reached.arm);
        if arm(&small) == Some(Arm::Treated) {
            prop_assert_eq!(arm(&large), Some(Arm::Treated));
        }
        prop_assert_eq!(arm(&small).is_some(), arm(&large).is_some());
    }

    #[test]
    fn an_arm_agrees_with_the_bucket_anyone_can_recompute(config_json in a_flag("a"), context in contexts()) {
        let (set, _) = FlagSet::compile(world(vec![config_json], vec![segment("s", json!({"any": []}), &["u1"])]), None);
        let subject = super::context(context);
        let outcome = set.evaluate("a", &subject, NOW_MS);
        if let Some((found, reached)) = outcome.found().and_then(|found| Some((found, found.rollout()?))) {
            let flag = set.get("a").unwrap();
            let rule = flag.rollout(reached.rollout).unwrap();
            let unit = subject.unit(flag.config().flag.unit.as_str()).unwrap();
            prop_assert_eq!(found.rule(), Some(RuleRef::Rollout(reached.rollout)));
            if let Some(at) = reached.bucket {
                prop_assert_eq!(at, bucket(rule.salt.as_str(), unit));
                prop_assert_eq!(reached.arm == Arm::Treated, at < rule.share.parts());
                prop_assert_eq!(found.variant(), if reached.arm == Arm::Treated { &rule.candidate } else { &rule.baseline });
            } else {
                prop_assert_eq!(reached.arm, Arm::Ring);
            }
        }
    }

    #[test]
    fn a_context_survives_printing(context in contexts()) {
        let read = super::context(context);
        let again: Context = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
        prop_assert_eq!(again, read);
    }
}
