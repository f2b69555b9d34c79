//! Every request body the description of the API has, and every place in it: something else stands there, `null` does, a
//! field beside it that nobody knows, a field that is missing, one that is there twice. Each is refused with the place, what
//! to do, and none of our parser's words.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::app::{PRODUCTION, PROJECT, TestApp};

pub(crate) const DOCUMENT: &str = include_str!("../../../../fixtures/api/v1/openapi.json");
const ID: &str = "0197a3c0-0000-7000-8000-000000000001";
const UNKNOWN: &str = "zyzzyva";
/// Words of serde and of our language, which are no help to anybody.
pub(crate) const PARSERS_WORDS: [&str; 13] = [
    "parsing failed",
    "invalid type",
    "invalid value",
    "invalid length",
    "missing field",
    "unknown field",
    "unknown variant",
    "duplicate field",
    "expected ",
    "struct",
    "enum",
    "at line",
    "u32",
];
/// One of these is in everything that says what to do.
const REMEDIES: [&str; 10] = [
    "write ",
    "add ",
    "keep ",
    "leave ",
    "use ",
    "send ",
    "it takes ",
    "choose ",
    " is \"",
    " is an object whose",
];

/// A body that every property occurs in, and where it goes.
pub(crate) struct Sample {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    /// Its path in the description.
    pub(crate) described: &'static str,
    pub(crate) body: Value,
}

fn sample(method: &'static str, path: String, described: &'static str, body: Value) -> Sample {
    Sample { method, path, described, body }
}

fn everything_of_a_flag() -> Value {
    json!({
        "type": "boolean", "variants": {"on": true, "off": false}, "unit": "accountId", "client_visible": true,
        "layer": {"layer": "l", "salt": "l1", "from": 0, "width": 20_000}, "salt": "s", "bucketing": "flagd-v3",
    })
}

fn everything_about_a_flag() -> Value {
    json!({"description": "d", "owner": "o", "tags": ["t"], "kind": "release", "expected_lifetime_days": 5})
}

fn every_condition() -> Value {
    let test = |test: Value| json!({"attribute": {"name": "x", "test": test}});
    let numbers = ["lt", "lte", "eq", "gte", "gt"].map(|of| test(json!({"number": {of: 1.5}})));
    let versions = ["lt", "lte", "eq", "gte", "gt"].map(|of| test(json!({"semver": {of: "1.0.0"}})));
    json!({"all": [
        "always", {"not": {"any": [{"segment": "s"}, {"serves": {"flag": "other", "variants": ["on"]}}]}},
        {"now": {"after": "2026-11-01T09:00:00Z"}}, {"now": {"before": "2026-11-01T09:00:00Z"}},
        test(json!("present")), test(json!({"equals": true})), test(json!({"one_of": ["DE", 5.5]})),
        test(json!({"contains": ["a"]})), test(json!({"starts_with": ["a"]})), test(json!({"ends_with": ["a"]})),
        test(json!({"date_time": {"before": "2026-11-01T09:00:00Z"}})), test(json!({"cidr": ["10.0.0.0/8"]})),
        test(json!({"matches": "^a+$"})), {"any": numbers}, {"any": versions},
    ]})
}

fn everything_of_targeting() -> Value {
    let slots = json!([{"serve": "on", "width": 50_000}, {"serve": null, "width": 50_000}]);
    json!({"on": true, "off_variant": "off", "default": {"variant": "off"}, "rules": [
        {"id": "a", "when": every_condition(), "serve": {"slots": slots}},
        {"id": "b", "when": "always", "serve": {"shares": {"on": 10_000, "off": "5%"}, "rest": null}},
    ]})
}

fn everything_of_a_ladder() -> Value {
    json!({"stages": [
        {"ring": "s", "bake_seconds": 60, "subjects_min": 100, "approval": false}, {"share": 10_000}, {"share": 95_000}
    ]})
}

fn everything_of_a_guardrail() -> Value {
    json!({"metric": "checkout_error", "harm": "up", "margin_permille": 1_100, "action": "hold", "weight": 100})
}

fn named(mut body: Value, field: &str, name: &str) -> Value {
    body[field] = json!(name);
    body
}

fn definitions(targeting: &Value, segment: &Value) -> Value {
    json!({"items": [
        {"kind": "environment", "key": "production", "name": "Production", "production": true},
        {"kind": "environment", "key": "staging", "name": "Staging"},
        {"kind": "metric", "key": "checkout_error", "metric": {"kind": "event_rate"}, "description": "d"},
        {"kind": "segment", "key": "s", "segment": segment},
        {"kind": "flag", "key": "new", "flag": everything_of_a_flag(), "about": everything_about_a_flag(),
            "environments": {"production": targeting}, "corrects": []},
        {"kind": "guardrail", "key": "g", "guardrail": everything_of_a_guardrail(), "description": "d"},
        {"kind": "ladder", "key": "l", "ladder": everything_of_a_ladder(), "description": "d"},
    ]})
}

#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn samples(rollout: &str) -> Vec<Sample> {
    let (targeting, flag) = (everything_of_targeting(), everything_of_a_flag());
    let segment = json!({"condition": {"any": []}, "included": ["u"], "excluded": ["v"]});
    let ladder = everything_of_a_ladder();
    let guardrail = named(everything_of_a_guardrail(), "key", "errors");
    vec![
        sample("put", PROJECT.to_owned(), "/api/v1/projects/{project}", json!({"name": "Other shop"})),
        sample(
            "put",
            format!("{PROJECT}/environments/qa"),
            "/api/v1/projects/{project}/environments/{environment}",
            json!({"name": "QA", "production": false}),
        ),
        sample(
            "put",
            format!("{PROJECT}/flags/new"),
            "/api/v1/projects/{project}/flags/{key}",
            json!({"flag": flag, "about": everything_about_a_flag(), "corrects": ["on"]}),
        ),
        sample(
            "put",
            format!("{PRODUCTION}/flags/checkout"),
            "/api/v1/projects/{project}/environments/{environment}/flags/{key}",
            json!({"targeting": targeting}),
        ),
        sample(
            "post",
            format!("{PRODUCTION}/flags/draft/explain"),
            "/api/v1/projects/{project}/environments/{environment}/flags/{key}/explain",
            json!({"context": {"plan": "pro"}, "at": "2026-11-22T14:00:00.000Z", "flag": flag, "targeting": targeting,
                "segments": {"s": segment}}),
        ),
        sample(
            "put",
            format!("{PROJECT}/segments/t"),
            "/api/v1/projects/{project}/segments/{key}",
            json!({"segment": segment}),
        ),
        sample(
            "put",
            format!("{PROJECT}/metrics/m"),
            "/api/v1/projects/{project}/metrics/{key}",
            json!({"metric": {"kind": "event_rate"}, "description": "d"}),
        ),
        sample(
            "put",
            format!("{PROJECT}/ladders/l"),
            "/api/v1/projects/{project}/ladders/{key}",
            json!({"ladder": ladder, "description": "d"}),
        ),
        sample(
            "put",
            format!("{PROJECT}/guardrails/g"),
            "/api/v1/projects/{project}/guardrails/{key}",
            json!({"guardrail": everything_of_a_guardrail(), "description": "d"}),
        ),
        sample(
            "put",
            format!("{PROJECT}/definitions"),
            "/api/v1/projects/{project}/definitions",
            definitions(&targeting, &segment),
        ),
        sample(
            "post",
            format!("{PRODUCTION}/rollouts"),
            "/api/v1/projects/{project}/environments/{environment}/rollouts",
            json!({"id": ID, "flag": "other", "baseline": "off", "candidate": "on", "after": "", "audience": "always",
                "prerequisites": [{"flag": "checkout", "variants": ["on"]}], "ladder": ladder, "holdback": 5_000,
                "guardrails": [guardrail], "false_rollback_ppm": 10_000, "exposure_source": "track", "owner": "o"}),
        ),
        sample(
            "post",
            format!("{PRODUCTION}/rollouts/{rollout}/amend"),
            "/api/v1/projects/{project}/environments/{environment}/rollouts/{id}/amend",
            json!({"reason": "r", "ladder": {"stages": [{"share": 50_000}, {"share": 95_000}]},
                "guardrails": [named(json!({"metric": "checkout_error", "harm": "up", "action": "hold"}), "key", "errors")]}),
        ),
        sample(
            "post",
            format!("{PRODUCTION}/rollouts/{rollout}/shrink"),
            "/api/v1/projects/{project}/environments/{environment}/rollouts/{id}/{step}",
            json!({"reason": "r", "stage": 2, "to": 1}),
        ),
        sample(
            "post",
            format!("{PROJECT}/tokens"),
            "/api/v1/projects/{project}/tokens",
            json!({"kind": "server", "name": "n", "environment": "production"}),
        ),
        sample(
            "post",
            "/api/v1/events".to_owned(),
            "/api/v1/events",
            json!({"batch": ID, "sent_at": "2026-11-22T14:00:00.000Z", "items": [
                {"type": "exposure", "flag": "f", "rollout": ID, "version": 1, "unit": "u", "variant": "on",
                    "at": "2026-11-22T14:00:00.000Z"},
                {"type": "metric", "metric": "m", "unit": "u", "at": "2026-11-22T14:00:00.000Z", "value": 1.5},
                {"type": "alive", "metric": "m", "at": "2026-11-22T14:00:00.000Z"},
            ]}),
        ),
    ]
}

struct Description(Value);

impl Description {
    /// The parts a schema is one of, references followed.
    fn parts<'a>(&'a self, schema: &'a Value) -> Vec<&'a Value> {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.parts(self.0.pointer(reference.trim_start_matches('#')).unwrap());
        }
        let several = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array());
        match several.filter(|_| schema["properties"].is_null()) {
            Some(parts) => parts.iter().flat_map(|part| self.parts(part)).collect(),
            None => vec![schema],
        }
    }

    /// The part that a value is.
    fn part<'a>(&'a self, schema: &'a Value, value: &Value) -> Option<&'a Value> {
        let fits = |part: &&Value| {
            types(part).contains(type_of(value))
                && part["properties"].as_object().is_none_or(|properties| {
                    properties.iter().all(|(name, of)| {
                        of["const"].is_null() || value.get(name).is_none_or(|value| *value == of["const"])
                    })
                })
        };
        self.parts(schema).into_iter().find(fits)
    }

    fn body(&self, sample: &Sample) -> &Value {
        &self.0["paths"][sample.described][sample.method]["requestBody"]["content"]["application/json"]["schema"]
    }
}

/// The types of JSON that a schema allows; all, if it does not say.
fn types(part: &Value) -> BTreeSet<&str> {
    match (&part["type"], &part["const"]) {
        (Value::String(one), _) if one == "integer" => BTreeSet::from(["integer"]),
        (Value::String(one), _) if one == "number" => BTreeSet::from(["integer", "number"]),
        (Value::String(one), _) => BTreeSet::from([one.as_str()]),
        (Value::Array(several), _) => {
            let named = several.iter().filter_map(Value::as_str);
            named
                .flat_map(|one| if one == "number" { vec!["integer", "number"] } else { vec![one] })
                .collect()
        }
        (_, Value::String(_)) => BTreeSet::from(["string"]),
        _ => BTreeSet::from(["null", "boolean", "integer", "number", "string", "array", "object"]),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A body that is wrong, and where.
struct Wrong {
    what: String,
    body: String,
    at: Vec<String>,
}

/// Everything that can be wrong at one place and below it, and the properties that were met.
struct Walk<'a> {
    description: &'a Description,
    whole: &'a Value,
    wrong: Vec<Wrong>,
    met: BTreeSet<(usize, String)>,
    /// Schemas met, with their properties.
    known: BTreeSet<(usize, String)>,
}

impl Walk<'_> {
    fn with(&self, at: &str, change: impl FnOnce(&mut Value)) -> Value {
        let mut body = self.whole.clone();
        change(body.pointer_mut(at).unwrap());
        body
    }

    fn note(&mut self, what: impl Into<String>, body: &Value, at: &[&str]) {
        let at = at.iter().map(|at| (*at).to_owned()).collect();
        self.wrong.push(Wrong { what: what.into(), body: body.to_string(), at });
    }

    fn walk(&mut self, schema: &Value, at: &str) {
        let description = self.description;
        let value = self.whole.pointer(at).unwrap().clone();
        let allowed: BTreeSet<&str> = description.parts(schema).into_iter().flat_map(types).collect();
        for other in [json!(null), json!(true), json!(7), json!(10.5), json!("x y"), json!([]), json!({})] {
            if !allowed.contains(type_of(&other)) {
                let body = self.with(at, |spot| *spot = other.clone());
                self.note(format!("{other} at `{at}`"), &body, &[at]);
            }
        }
        if description.parts(schema).iter().any(|part| part["format"] == "uuid") {
            let body = self.with(at, |spot| *spot = json!("x y"));
            self.note(format!("no UUID at `{at}`"), &body, &[at]);
        }
        let part = description.part(schema, &value).unwrap_or_else(|| panic!("{value} is not {schema}"));
        match &value {
            Value::Array(list) => {
                for index in 0..list.len() {
                    self.walk(&part["items"], &format!("{at}/{index}"));
                }
            }
            Value::Object(map) => self.fields(part, map, at),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn fields(&mut self, part: &Value, map: &Map<String, Value>, at: &str) {
        let id = std::ptr::from_ref(part).addr();
        for name in part["properties"].as_object().into_iter().flat_map(Map::keys) {
            self.known.insert((id, name.clone()));
        }
        if part["additionalProperties"] == false {
            let body = self.with(at, |spot| spot[UNKNOWN] = json!(1));
            // Of what is one thing, a second one is no field.
            let path = format!("{at}/{UNKNOWN}");
            self.note(format!("an unknown field in `{at}`"), &body, &[&path, at]);
        }
        for name in part["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let body = self.with(at, |spot| drop(spot.as_object_mut().unwrap().remove(name)));
            self.note(format!("no `{name}` in `{at}`"), &body, &[at]);
        }
        for (name, value) in map {
            let path = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
            let twice = self.with(at, |spot| spot["twice"] = value.clone());
            let text = twice.to_string().replacen("\"twice\":", &format!("{}:", json!(name)), 1);
            self.wrong.push(Wrong { what: format!("`{path}` twice"), body: text, at: vec![path.clone()] });
            let of = &part["properties"][name];
            self.met.insert((id, name.clone()));
            let of = if of.is_null() { &part["additionalProperties"] } else { of };
            if !of.is_null() && *of != json!({}) && *of != json!(true) {
                self.walk(of, &path);
            }
        }
    }
}

/// The places a refusal names.
fn named_places(problem: &Value) -> Vec<String> {
    let own = problem["path"].as_str().map(str::to_owned);
    let of = |fault: &Value| {
        let index = fault["index"].as_u64().map_or(String::new(), |index| format!("/items/{index}"));
        format!("{index}{}", fault["path"].as_str().unwrap_or_default())
    };
    let faults: Vec<String> = problem["errors"].as_array().into_iter().flatten().map(of).collect();
    match (own, faults.is_empty()) {
        (Some(own), _) => vec![own],
        (None, true) => vec![String::new()],
        (None, false) => faults,
    }
}

fn details(problem: &Value) -> Vec<&str> {
    let faults: Vec<&str> = problem["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|fault| fault["detail"].as_str())
        .collect();
    if faults.is_empty() { vec![problem["detail"].as_str().unwrap()] } else { faults }
}

pub(crate) async fn everything_named(app: &TestApp) -> String {
    let rollout = app.rollout("walked").await;
    for flag in ["checkout", "other"] {
        app.flag(flag).await;
    }
    app.manage("PUT", &format!("{PROJECT}/segments/s"), json!({"segment": {"condition": "always"}})).await;
    let step = json!({"reason": "r", "stage": 1});
    app.manage("POST", &format!("{PRODUCTION}/rollouts/{rollout}/advance"), step).await;
    rollout
}

#[tokio::test]
async fn whatever_is_wrong_anywhere_in_any_body_is_refused_at_its_place() {
    let app = TestApp::start().await;
    let rollout = everything_named(&app).await;
    let description = Description(serde_json::from_str(DOCUMENT).unwrap());
    let samples = samples(&rollout);
    let mut faults = Vec::new();
    let (mut met, mut known, mut sent) = (BTreeSet::new(), BTreeSet::new(), 0_usize);
    for sample in &samples {
        let token = if sample.described == "/api/v1/events" { &app.server } else { &app.admin };
        let mut walk = Walk {
            description: &description,
            whole: &sample.body,
            wrong: Vec::new(),
            met: BTreeSet::new(),
            known: BTreeSet::new(),
        };
        walk.walk(description.body(sample), "");
        met.append(&mut walk.met);
        known.append(&mut walk.known);
        let method = sample.method.to_uppercase();
        for Wrong { what, body, at } in walk.wrong {
            sent += 1;
            let answer = app.send(&method, &sample.path, token, &body).await;
            let mut complain = |why: &str| {
                faults.push(format!(
                    "{method} {}: {what}: {why}: {} {}",
                    sample.path, answer.status, answer.text
                ));
            };
            if !matches!(answer.status.as_u16(), 400 | 422) {
                complain("is not refused as what it is");
                continue;
            }
            answer.problem();
            let problem = answer.json();
            if !named_places(&problem).iter().any(|place| at.contains(place)) {
                complain("is refused elsewhere");
            }
            for said in details(&problem) {
                if PARSERS_WORDS.iter().any(|word| said.contains(word)) {
                    complain("is refused in a parser's words");
                }
                if !REMEDIES.iter().any(|remedy| said.contains(remedy)) {
                    complain("is refused without saying what to do");
                }
            }
        }
        // As it is, it is not refused for its shape.
        let tried = format!(
            "{}{}",
            sample.path,
            if sample.described.ends_with("explain") || token == &app.server { "" } else { "?dry_run=true" }
        );
        let answer = app.send(&method, &tried, token, &sample.body.to_string()).await;
        if !answer.status.is_success() && answer.status != 409 {
            faults.push(format!(
                "{method} {}: the sample itself: {} {}",
                sample.path, answer.status, answer.text
            ));
        }
    }
    let unmet: Vec<&(usize, String)> = known.difference(&met).collect();
    assert!(faults.is_empty(), "{} of {sent}:\n{}", faults.len(), faults.join("\n"));
    assert!(unmet.is_empty(), "no sample has {unmet:?}");
    assert!(sent > 2_000, "{sent}");
}

#[test]
fn every_request_body_has_a_sample() {
    let description: Value = serde_json::from_str(DOCUMENT).unwrap();
    let samples = samples(ID);
    let sampled: BTreeSet<(&str, &str)> = samples.iter().map(|of| (of.method, of.described)).collect();
    for (path, item) in description["paths"].as_object().unwrap() {
        let bodies =
            item.as_object().unwrap().iter().filter(|(_, operation)| operation["requestBody"].is_object());
        for (method, _) in bodies {
            // The protocol of evaluation tolerates what it does not know.
            let is_other = path.starts_with("/ofrep/");
            assert!(is_other || sampled.contains(&(method.as_str(), path.as_str())), "{method} {path}");
        }
    }
}
