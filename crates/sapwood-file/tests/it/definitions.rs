//! Definition files as people write them, good and bad.

use sapwood_file::definitions::{Contents, Definition, place, read, write};
use sapwood_file::{Finding, Source};
use serde_json::{Value, json};

fn contents(name: &str, text: &str) -> (Source, Result<Contents, Vec<Finding>>) {
    let source = Source::new(name, text).unwrap();
    let read = read(&source);
    (source, read)
}

#[track_caller]
fn good(name: &str, text: &str) -> Vec<Definition> {
    match contents(name, text).1 {
        Ok(Contents::Definitions(definitions)) => definitions,
        other => panic!("{other:?}"),
    }
}

/// The first finding is of this kind, and at the place marked with `«`.
#[track_caller]
fn check(name: &str, text: &str, code: &str, words: &[&str]) {
    let at = text.find('«').unwrap();
    let found = contents(name, &text.replace('«', "")).1.unwrap_err();
    let said = format!("{}; {}", found[0].message, found[0].remedy);
    assert_eq!((found[0].code.as_str(), found[0].places[0].0.start), (code, at), "{said}");
    for word in words {
        assert!(said.contains(word), "{said} does not say {word}");
    }
}

fn ladder() -> Value {
    json!({"kind": "ladder", "key": "slow", "description": "For what may hurt", "ladder": {"stages": [
        {"ring": "staff", "bake_seconds": 600}, {"share": 250, "bake_seconds": 90, "approval": true},
    ]}})
}

#[test]
fn yaml_json_and_toml_say_the_same() {
    let yaml = "# comments are fine\nsapwood: 1\nkind: ladder\nkey: slow\ndescription: For what may hurt\nladder:\n  stages:\n    - {ring: staff, bake: 10m}   # here, too\n    - {share: 0.25%, bake: 90s, needs_review: true}\n";
    let json = r#"{"sapwood": 1, "kind": "ladder", "key": "slow", "description": "For what may hurt", "ladder": {"stages": [{"ring": "staff", "bake": "10m"}, {"share": "0.25%", "bake": "90s", "approval": true}]}}"#;
    let toml = "sapwood = 1\nkind = \"ladder\"\nkey = \"slow\"\ndescription = \"For what may hurt\"\n[[ladder.stages]]\nring = \"staff\"\nbake = \"10m\"\n[[ladder.stages]]\nshare = \"0.25%\"\nbake = \"90s\"\napproval = true\n";
    for (name, text) in [("a.yaml", yaml), ("a.json", json), ("a.toml", toml)] {
        assert_eq!(good(name, text)[0].wire, ladder(), "{name}");
    }
    let toml = "sapwood = 1\nkind = \"flag\"\nkey = \"a\"\nflag = {type = \"boolean\", variants = {on = true, off = false}}\n[environments.production]\non = true\noff_variant = \"off\"\nrules = []\ndefault = {slots = [{serve = \"\", width = \"50%\"}, {serve = \"on\", width = \"50%\"}]}\n";
    let slots = json!([{"serve": null, "width": 50_000}, {"serve": "on", "width": 50_000}]);
    assert_eq!(good("a.toml", toml)[0].wire["environments"]["production"]["default"]["slots"], slots);
}

#[test]
fn shares_a_slice_without_a_place_and_corrections_are_said_in_files_too() {
    let text = |serve: &str| {
        format!(
            "sapwood: 1\nkind: flag\nkey: a\nflag: {{type: string, variants: {{a: A, b: B}}, layer: {{layer: l, width: \
             20%}}}}\ncorrects: [a]\nenvironments:\n  production:\n    \"on\": true\n    off_variant: a\n    rules: \
             [{{id: r, when: always, serve: {serve}}}]\n    default: {{variant: a}}\n"
        )
    };
    let wire = |serve: &str| good("a.yaml", &text(serve)).remove(0).wire;
    let found = wire("{shares: {a: 12.345%}, rest: b}");
    let serve = |wire: &Value| wire["environments"]["production"]["rules"][0]["serve"].clone();
    assert_eq!(serve(&found), json!({"shares": {"a": 12_345}, "rest": "b"}));
    assert_eq!(found["flag"]["layer"], json!({"layer": "l", "width": 20_000}));
    assert_eq!(found["corrects"], json!(["a"]));
    assert_eq!(
        serve(&wire("{shares: {a: 12.345%}, rest: null}")),
        json!({"shares": {"a": 12_345}, "rest": null})
    );
    assert_eq!(serve(&wire("{variant: b}")), json!({"variant": "b"}));
    for (serve, said) in [
        ("{shares: {a: 12.3456%}}", "write a share between 0% and 100%"),
        ("{shares: {a: 1%}, variant: a}", "`variant`"),
        ("{rest: b}", "`rest`"),
    ] {
        let Err(found) = contents("a.yaml", &text(serve)).1 else { panic!("{serve}") };
        let said_so = found.iter().any(|one| format!("{} {}", one.message, one.remedy).contains(said));
        assert!(said_so, "{serve}: {found:?}");
    }
}

#[test]
fn slots_that_the_server_shows_with_their_shares_are_written_once() {
    let slots = json!([{"serve": "on", "width": 25_000}, {"serve": null, "width": 75_000}]);
    let shown = |slots_only: bool| {
        let serve = if slots_only {
            json!({"slots": slots})
        } else {
            json!({"slots": slots, "shares": {"on": 25_000}, "rest": null})
        };
        let rules = json!([{"id": "r", "when": "always", "serve": serve}]);
        let targeting =
            json!({"on": true, "off_variant": "on", "rules": rules, "default": {"variant": "on"}});
        json!({
            "kind": "flag", "key": "a", "flag": {"type": "boolean", "variants": {"on": true}},
            "environments": {"production": targeting},
        })
    };
    assert_eq!(write(&shown(false)).unwrap(), write(&shown(true)).unwrap());
}

#[test]
fn one_file_may_hold_several_and_plans_are_known() {
    let two = "sapwood: 1\nitems:\n  - {kind: environment, key: production, name: Production, production: true}\n  - {kind: metric, key: errors, metric: {kind: event_rate}}\n";
    let found = good("all.yaml", two);
    assert_eq!(found.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), ["production", "errors"]);
    for plan in ["kind: plan\n", "sapwood: 1\nplan: p\nslices: []\n"] {
        assert!(matches!(contents("p.yaml", plan).1, Ok(Contents::Plan)), "{plan}");
    }
}

#[test]
fn mistakes_point_at_their_place() {
    let flag = |flag: &str, rest: &str| {
        format!("sapwood: 1\nkind: flag\nkey: a\nflag: {{type: string, variants: {{on: x}}{flag}}}\n{rest}")
    };
    let rule = |when: &str| {
        flag(
            "",
            &format!(
                "environments:\n  production:\n    on: true\n    off_variant: on\n    default: {{variant: on}}\n    rules: [{{id: r, when: {when}, serve: {{variant: on}}}}]\n"
            ),
        )
    };
    for (text, code, words) in [
        ("«kind: flag\nkey: a\n".to_owned(), "missing_key", &["`sapwood` is missing"][..]),
        ("«sapwood: 1\nkey: a\n".to_owned(), "missing_key", &["`kind` is missing", "`segment`"]),
        ("sapwood: 1\nkind: «flg\nkey: a\n".to_owned(), "unknown_kind", &["`flg`", "did you mean `flag`?"]),
        (flag(", «varints: {}", ""), "unknown_key", &["`varints`", "did you mean `variants`?"]),
        (flag("", "abut: {}\n").replace("abut", "«abut"), "unknown_key", &["did you mean `about`?"]),
        (flag(", client_visible: «yes", ""), "bad_value", &["`true` or `false`"]),
        (flag("", "about: {expected_lifetime: «30}\n"), "bad_value", &["like `30d`"]),
        (flag("", "about: {kind: «relase}\n"), "bad_value", &["did you mean `release`?"]),
        (flag(", salt: «a b", ""), "bad_name", &["is not a name"]),
        (rule("«allways"), "bad_value", &["did you mean `always`?"]),
        (rule("{«segmnt: internal}"), "unknown_key", &["did you mean `segment`?"]),
        (rule("{segment: a, «not: always}"), "one_key", &["exactly one key", "under `all`"]),
        (rule("{all: [always, «[always]]}"), "bad_value", &[]),
        (rule("{attribute: {name: age, test: {number: {gte: «old}}}}"), "bad_value", &["a number"]),
        (rule("{attribute: {name: age, test: {equals: «007}}}"), "ambiguous", &["quotation marks"]),
    ] {
        if words.is_empty() {
            assert!(contents("a.yaml", &text.replace('«', "")).1.is_err(), "{text}");
        } else {
            check("a.yaml", &text, code, words);
        }
    }
    check(
        "a.yaml",
        "sapwood: 1\nkind: flag\nkey: a\nflag: {type: number, variants: {on: «.5}}\n",
        "ambiguous",
        &["`0.5`"],
    );
    check("a.yaml", "sapwood: 1\nitems: «[]\n", "too_large", &["1 to"]);
    check(
        "a.yaml",
        "sapwood: 1\n«kind: flag\nitems: [{kind: metric}]\n",
        "unknown_key",
        &["nothing beside it"],
    );
    check(
        "a.json",
        "{\"sapwood\": 1, \"kind\": \"environment\", \"key\": \"e\", \"name\": «[1]}",
        "wrong_kind",
        &["a text"],
    );
}

#[test]
fn everything_wrong_is_said_at_once() {
    let text = "sapwood: 1\nkind: guardrail\nkey: g\nguardrail:\n  metric: m\n  harm: sideways\n  margin: 10\n  weight: 101%\n";
    let (source, found) = contents("g.yaml", text);
    let lines: Vec<usize> =
        found.unwrap_err().iter().map(|one| source.position(one.places[0].0.start).0).collect();
    assert_eq!(lines, [6, 7, 8]);
}

#[test]
fn paths_of_the_server_are_places_in_the_file() {
    let text = "sapwood: 1\nkind: ladder\nkey: slow\nladder:\n  stages:\n    - {ring: staff, bake: 10m}\n    - {share: 5%, bake: 90s}\n";
    let (source, _) = contents("l.yaml", text);
    let ladder = &good("l.yaml", text)[0];
    let at = |path: &str| {
        let span = place(ladder, path);
        (source.position(span.start), &text[span])
    };
    assert_eq!(at("/ladder/stages/1/bake_seconds"), ((7, 25), "90s"));
    assert_eq!(at("/ladder/stages/1"), ((7, 7), "{share: 5%, bake: 90s}"));
    assert_eq!(at("/ladder/stages/9/share"), ((5, 3), "stages"));
    assert_eq!(at("key"), ((3, 6), "slow"));
    assert_eq!(at("/nowhere"), ((3, 6), "slow"));
}
