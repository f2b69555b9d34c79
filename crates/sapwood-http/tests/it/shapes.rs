//! Definitions that cannot be read: whichever way they are sent, the answer names the place, what stands there, what may
//! stand there, and what to do.

use serde_json::{Value, json};

use crate::app::{PRODUCTION, PROJECT, TestApp};

/// A condition, the place of what is wrong in it, and what is said.
fn conditions() -> Vec<(Value, &'static str, &'static str)> {
    vec![
        (
            json!("alway"),
            "",
            r#"there is no condition `alway`; did you mean `always`? a condition is "always", or an object whose one field is `all`, `any`, `not`, `segment`, `serves`, `attribute` or `now`, such as {"segment": "internal"}"#,
        ),
        (json!("segment"), "", r#"`segment` needs something it is about; write {"segment": …}, an object"#),
        (json!(null), "", r#"this is `null`; a condition is "always", or an object"#),
        (json!([json!("always")]), "", r#"this is a list; a condition is "always", or"#),
        (json!({}), "", "this is an object without a field; a condition is"),
        (
            json!({"all": [], "any": []}),
            "",
            "a condition is one thing, and this object has `all` and `any`; keep one of them, or put them into a list",
        ),
        (json!({"and": []}), "/and", "there is no condition `and`; did you mean `all`? "),
        (json!({"always": true}), "/always", r#"`always` stands alone; write "always", a text"#),
        (json!({"all": "always"}), "/all", r#"this is the text "always"; write a list of conditions"#),
        (
            json!({"all": ["always", {"any": ["always", {"not": {"segmnt": "a"}}]}]}),
            "/all/1/any/1/not/segmnt",
            "there is no condition `segmnt`; did you mean `segment`? ",
        ),
        (json!({"not": ["always"]}), "/not", "this is a list; a condition is"),
        (
            json!({"segment": 5}),
            "/segment",
            "this is the number 5; write the name of a segment, which is a text",
        ),
        (
            json!({"segment": "a b"}),
            "/segment",
            "segment key \"a b\" has ' ' at character 2; use 1 to 100 of the letters",
        ),
        (
            json!({"serves": {"flag": "checkout"}}),
            "/serves",
            "a prerequisite needs `variants`, which is missing; add it",
        ),
        (
            json!({"serves": {"flag": "checkout", "variant": "on"}}),
            "/serves/variant",
            "a prerequisite has no field `variant`; did you mean `variants`? it takes `flag`, `variants`",
        ),
        (
            json!({"serves": {"flag": "checkout", "variants": ["on", null]}}),
            "/serves/variants/1",
            "this is `null`; write the name of a variant, which is a text",
        ),
        (
            json!({"serves": "checkout"}),
            "/serves",
            r#"this is the text "checkout"; write a prerequisite, which is an object with `flag`, `variants`"#,
        ),
        (
            json!({"now": "2026-11-01T09:00:00Z"}),
            "/now",
            r#"this is the text "2026-11-01T09:00:00Z"; a side of an instant is an object whose one field is `before` or `after`, such as"#,
        ),
        (
            json!({"now": {"since": "2026-11-01T09:00:00Z"}}),
            "/now/since",
            "there is no side of an instant `since`; did you mean `after`? ",
        ),
        (
            json!({"now": {"after": 1_793_520_000}}),
            "/now/after",
            "this is the number 1793520000; write an instant such as \"2026-11-01T09:00:00Z\"",
        ),
    ]
}

/// The same of tests of an attribute.
#[expect(clippy::too_many_lines, reason = "a table")]
fn tests() -> Vec<(Value, &'static str, &'static str)> {
    let test = |test: Value| json!({"attribute": {"name": "x", "test": test}});
    vec![
        (
            json!({"attribute": {"name": "x"}}),
            "/attribute",
            "a test of an attribute needs `test`, which is missing; add it",
        ),
        (
            json!({"attribute": {"name": "x", "test": "present", "negate": true}}),
            "/attribute/negate",
            "a test of an attribute has no field `negate`; it takes `name`, `test`",
        ),
        (
            json!({"attribute": {"name": "", "test": "present"}}),
            "/attribute/name",
            "attribute name is empty; use 1 to 100 bytes",
        ),
        (
            test(json!({"semver_gt": "2.0.0"})),
            "/attribute/test/semver_gt",
            "there is no test `semver_gt`; did you mean `semver`? a test is \"present\" or \"absent\", or an object whose one field is `equals`, `one_of`, `contains`, `starts_with`, `ends_with`, `number`, `semver`, `date_time`, `cidr` or `matches`, such as {\"one_of\": [\"DE\", \"FR\"]}",
        ),
        (test(json!({"in": ["DE"]})), "/attribute/test/in", "there is no test `in`; did you mean `one_of`? "),
        (
            test(json!({"sounds_like": "x"})),
            "/attribute/test/sounds_like",
            "there is no test `sounds_like`; a test is",
        ),
        (
            test(json!("equals")),
            "/attribute/test",
            r#"`equals` needs something it is about; write {"equals": …}, an object"#,
        ),
        (
            test(json!({"equals": null})),
            "/attribute/test/equals",
            "this is `null`; write a boolean, a number or a text to compare the attribute with",
        ),
        (
            test(json!({"equals": ["DE"]})),
            "/attribute/test/equals",
            "this is a list; write a boolean, a number or a text",
        ),
        (
            test(json!({"one_of": "DE"})),
            "/attribute/test/one_of",
            r#"this is the text "DE"; write a list of booleans, numbers or texts"#,
        ),
        (
            test(json!({"one_of": ["DE", {"a": 1, "b": 2}]})),
            "/attribute/test/one_of/1",
            "this is an object with `a` and `b`; write a boolean",
        ),
        (
            test(json!({"contains": ["a", 5]})),
            "/attribute/test/contains/1",
            "this is the number 5; write an entry, which is a text",
        ),
        (
            test(json!({"number": 5})),
            "/attribute/test/number",
            "this is the number 5; a comparison is an object whose one field is `lt`, `lte`, `eq`, `gte` or `gt`, such as",
        ),
        (
            test(json!({"number": {"ge": 5}})),
            "/attribute/test/number/ge",
            "there is no comparison `ge`; did you mean `gte`? ",
        ),
        (
            test(json!({"number": {"gte": "18"}})),
            "/attribute/test/number/gte",
            r#"this is the text "18"; write a finite number"#,
        ),
        (
            test(json!({"number": {"gte": 18, "lt": 65}})),
            "/attribute/test/number",
            "a comparison is one thing, and this object has `gte` and `lt`; keep one of them",
        ),
        (
            test(json!({"semver": {"lt": 2}})),
            "/attribute/test/semver/lt",
            "this is the number 2; write a version such as \"2.0.0\", which is a text",
        ),
        (
            test(json!({"cidr": ["10.0.0.0/8", 5]})),
            "/attribute/test/cidr/1",
            "this is the number 5; write a network such as \"10.0.0.0/8\", which is a text",
        ),
        (
            test(json!({"matches": ["a"]})),
            "/attribute/test/matches",
            "this is a list; write a regular expression, which is a text",
        ),
    ]
}

fn targeting() -> Value {
    json!({"on": true, "off_variant": "off", "default": {"variant": "off"}, "rules": [
        {"id": "first", "when": "always", "serve": {"slots": [{"serve": "on", "width": 50_000}, {"serve": null, "width": 50_000}]}}
    ]})
}

/// What stands somewhere in a targeting instead of what should, the place of what is wrong, and what is said.
#[expect(clippy::too_many_lines, reason = "a table")]
fn targetings() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    vec![
        (
            "",
            json!("on"),
            "",
            r#"this is the text "on"; write targeting, which is an object with `on`, `off_variant`, `rules`, `default`"#,
        ),
        ("", json!({}), "", "targeting needs `on`, which is missing; add it"),
        (
            "/on",
            json!("yes"),
            "/on",
            r#"this is the text "yes"; write `true` or `false`, whether the flag is on"#,
        ),
        (
            "/off_variant",
            json!(false),
            "/off_variant",
            "this is `false`; write the name of a variant, which is a text",
        ),
        (
            "/off_variant",
            json!("x".repeat(5_000)),
            "/off_variant",
            "is 5000 bytes long, at most 100 are allowed; use 1 to 100 of",
        ),
        ("/rules", json!({}), "/rules", "this is an empty object; write a list of rules"),
        (
            "/rules/0",
            json!({"id": "a", "if": "always", "serve": {"variant": "on"}}),
            "/rules/0/if",
            "a rule has no field `if`; did you mean `when`? it takes `id`, `when`, `serve`",
        ),
        (
            "/rules/0/id",
            json!(7),
            "/rules/0/id",
            "this is the number 7; write the name of a rule, which is a text",
        ),
        (
            "/rules/0/serve",
            json!("on"),
            "/rules/0/serve",
            r#"this is the text "on"; what is served is an object whose one field is `variant`, `shares` or `slots`, such as {"variant": "on"}"#,
        ),
        (
            "/rules/0/serve",
            json!({"varient": "on"}),
            "/rules/0/serve/varient",
            "there is no way to serve `varient`; did you mean `variant`? ",
        ),
        (
            "/rules/0/serve/slots",
            json!({"on": 5}),
            "/rules/0/serve/slots",
            "this is an object with `on`; write a list of slots",
        ),
        (
            "/rules/0/serve/slots/1",
            json!({"width": 50_000}),
            "/rules/0/serve/slots/1",
            "a slot needs `serve`, which is missing; add it",
        ),
        (
            "/rules/0/serve/slots/1/serve",
            json!(true),
            "/rules/0/serve/slots/1/serve",
            "this is `true`; write the name of a variant, or `null` to pass on",
        ),
        (
            "/rules/0/serve/slots/0/width",
            json!(12.5),
            "/rules/0/serve/slots/0/width",
            "this is the number 12.5; write a whole number of parts per 100 000, from 0 to 100000",
        ),
        (
            "/rules/0/serve/slots/0/width",
            json!("5%"),
            "/rules/0/serve/slots/0/width",
            r#"this is the text "5%"; write a whole number of parts"#,
        ),
        (
            "/rules/0/serve/slots/0/width",
            json!(200_000),
            "/rules/0/serve/slots/0/width",
            "this is the number 200000; write a whole number of parts",
        ),
        (
            "/rules/0/serve/slots/0/weight",
            json!(1),
            "/rules/0/serve/slots/0/weight",
            "a slot has no field `weight`; did you mean `width`? it takes `serve`, `width`",
        ),
        ("/default", json!(null), "/default", "this is `null`; what is served is an object"),
        (
            "/defualt",
            json!({}),
            "/defualt",
            "targeting has no field `defualt`; did you mean `default`? it takes `on`, `off_variant`, `rules`, `default`",
        ),
    ]
}

/// Puts a value at a place, which may be new.
fn put(mut json: Value, place: &str, value: Value) -> Value {
    let Some((around, name)) = place.rsplit_once('/') else { return value };
    match json.pointer_mut(around).unwrap() {
        Value::Object(map) => drop(map.insert(name.to_owned(), value)),
        Value::Array(list) => list[name.parse::<usize>().unwrap()] = value,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            panic!("nothing is in {around}")
        }
    }
    json
}

/// The same refusal, however it was asked for.
async fn refused(app: &TestApp, method: &str, path: &str, body: Value, place: &str, said: &str) {
    let answer = app.send(method, path, &app.admin, &body.to_string()).await;
    let code = if said.starts_with("there is no segment") { "unknown_reference" } else { "invalid_value" };
    assert_eq!(answer.problem(), code, "{body}");
    let problem = answer.json();
    assert_eq!(problem["path"], place, "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(said), "{detail}\n{said}");
    assert!(detail.len() < 600 && !detail.contains("line 1") && !detail.contains(", expected"), "{detail}");
}

#[tokio::test]
async fn a_targeting_that_cannot_be_read_is_refused_at_its_place() {
    let app = TestApp::start().await;
    app.flag("checkout").await;
    let mut cases = targetings();
    cases.extend(conditions().into_iter().chain(tests()).map(|(when, place, said)| {
        let place = format!("/rules/0/when{place}");
        ("/rules/0/when", when, &*place.leak(), said)
    }));
    let address = format!("{PRODUCTION}/flags/checkout");
    for (at, value, place, said) in cases {
        let targeting = put(targeting(), at, value);
        let place = format!("/targeting{place}");
        let body = json!({"targeting": targeting});
        refused(&app, "PUT", &address, body.clone(), &place, said).await;
        refused(&app, "PUT", &format!("{address}?dry_run=true"), body.clone(), &place, said).await;
        refused(&app, "POST", &format!("{address}/explain"), body, &place, said).await;
        let flag = json!({"type": "boolean", "variants": {"on": true, "off": false}});
        let item = json!({"kind": "flag", "key": "checkout", "flag": flag, "environments": {"production": targeting}});
        let items = json!({"items": [item]}).to_string();
        let answer = app.send("PUT", &format!("{PROJECT}/definitions"), &app.admin, &items).await;
        let error = &answer.json()["errors"][0];
        assert_eq!(error["index"], 0, "{error}");
        assert_eq!(error["path"], place.replacen("/targeting", "/environments/production", 1), "{error}");
        assert!(error["detail"].as_str().unwrap().contains(said), "{error}");
    }
    let found = app.get(&address).await.json();
    assert_eq!(found["targeting"]["rules"], json!([]), "nothing was changed");
}

#[tokio::test]
async fn a_segment_that_cannot_be_read_is_refused_at_its_place() {
    let app = TestApp::start().await;
    let address = format!("{PROJECT}/segments/internal");
    let mut cases: Vec<(Value, String, &str)> = conditions()
        .into_iter()
        .chain(tests())
        .map(|(condition, place, said)| (json!({"condition": condition}), format!("/condition{place}"), said))
        .collect();
    for (segment, place, said) in [
        (json!({}), "", "a segment needs `condition`, which is missing; add it"),
        (
            json!({"conditions": "always"}),
            "/conditions",
            "a segment has no field `conditions`; did you mean `condition`? it takes `condition`, `included`, `excluded`",
        ),
        (
            json!({"condition": "always", "included": "u1"}),
            "/included",
            r#"this is the text "u1"; write a list of targeting keys"#,
        ),
        (
            json!({"condition": "always", "included": ["u1", 2]}),
            "/included/1",
            "this is the number 2; write a targeting key, which is a text",
        ),
        (
            json!({"condition": "always", "excluded": [["u1"]]}),
            "/excluded/0",
            "this is a list; write a targeting key, which is a text",
        ),
        // What is read and contradicts something is refused at its place in the request, too.
        (
            json!({"condition": {"not": {"segment": "none"}}}),
            "/condition/not/segment",
            "there is no segment none",
        ),
    ] {
        cases.push((segment, place.to_owned(), said));
    }
    for (segment, place, said) in cases {
        refused(&app, "PUT", &address, json!({"segment": segment}), &format!("/segment{place}"), said).await;
    }
    assert_eq!(app.get(&address).await.problem(), "not_found", "nothing was changed");
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn a_flag_or_an_audience_that_cannot_be_read_is_refused_at_its_place() {
    let app = TestApp::start().await;
    app.flag("checkout").await;
    let flag = |changes: Value| {
        let mut flag = json!({"type": "boolean", "variants": {"on": true, "off": false}});
        flag.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        json!({"flag": flag})
    };
    let layer = |changes: Value| {
        let mut layer = json!({"layer": "l", "salt": "l1", "from": 0, "width": 1});
        layer.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        flag(json!({"layer": layer}))
    };
    for (body, place, said) in [
        (
            flag(json!({"type": "bool"})),
            "/flag/type",
            "`bool` is not a type; did you mean `boolean`? write one of `boolean`, `string`, `integer`, `number`, `object`",
        ),
        (flag(json!({"type": "strnig"})), "/flag/type", "did you mean `string`? "),
        (
            flag(json!({"variants": {"on": true, "off": 0}})),
            "/flag/variants/off",
            "0 is not of the declared type boolean; use true or false",
        ),
        (
            flag(json!({"variants": {"on": true, "o/ff": false}})),
            "/flag/variants/o~1ff",
            "variant key \"o/ff\" has '/' at character 2",
        ),
        (flag(json!({"unit": ""})), "/flag/unit", "attribute name is empty"),
        (flag(json!({"salt": "a:b"})), "/flag/salt", "has ':' at character 2"),
        (
            flag(json!({"bucketing": "flagd-v4"})),
            "/flag/bucketing",
            "`flagd-v4` is not a bucketing; did you mean `flagd-v3`? write one of `flagd-v3`",
        ),
        (
            flag(json!({"layer": "pricing"})),
            "/flag/layer",
            "write a slice of a layer, which is an object with `layer`, `salt`, `from`, `width`",
        ),
        (
            layer(json!({"from": -1})),
            "/flag/layer/from",
            "this is the number -1; write a bucket, which is a whole number from 0 to 99999",
        ),
        (layer(json!({"until": 5})), "/flag/layer/until", "a slice of a layer has no field `until`"),
        (
            json!({"flag": {"type": "boolean", "variants": {"on": true}}, "about": {"tag": []}}),
            "/about/tag",
            "`about` has no field `tag`; did you mean `tags`? ",
        ),
        (
            json!({"flag": {"type": "boolean", "variants": {"on": true}}, "about": {"kind": "releese"}}),
            "/about/kind",
            "`releese` is not a kind of flag; did you mean `release`? ",
        ),
        (
            json!({"flag": {"type": "boolean", "variants": {"on": true}}, "about": {"expected_lifetime_days": 1.5}}),
            "/about/expected_lifetime_days",
            "this is the number 1.5; write a whole number of days",
        ),
    ] {
        refused(&app, "PUT", &format!("{PROJECT}/flags/other"), body, place, said).await;
    }
    let rollout = json!({"flag": "checkout", "baseline": "off", "candidate": "on", "ladder": {"stages": [{"share": 95_000}]}});
    for (field, value, place, said) in [
        ("audience", json!({"any": [{"segmnt": "a"}]}), "/audience/any/0/segmnt", "did you mean `segment`? "),
        (
            "prerequisites",
            json!([{"flag": "a", "variants": "on"}]),
            "/prerequisites/0/variants",
            "write a list of names of variants",
        ),
    ] {
        let mut body = rollout.clone();
        body[field] = value;
        refused(&app, "POST", &format!("{PRODUCTION}/rollouts"), body, place, said).await;
    }
}
