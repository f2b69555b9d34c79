//! What is measured: flags of four kinds, from a constant to ten rules, and subjects who ask for them.

use serde_json::{Value, json};

use crate::api::Api;
use crate::failure::Failure;

const PROJECT: &str = "/api/v1/projects/default";
const ENVIRONMENT: &str = "/api/v1/projects/default/environments/production";
const COUNTRIES: [&str; 8] = ["DE", "FR", "US", "GB", "NL", "ES", "IT", "PL"];
const PLANS: [&str; 3] = ["free", "team", "business"];
/// Connections that seed at once: changes are appended one after another, but their answers travel side by side.
const SEEDERS: usize = 4;
/// The flag that a rollout is live for.
pub(crate) const ROLLED_OUT: &str = "rolled-out";

/// The key of the flag of this number.
pub(crate) fn key(number: usize) -> String {
    format!("flag-{number:05}")
}

/// Defines flags from one number to another.
pub(crate) fn flags(api: &Api, from: usize, to: usize) -> Result<(), Failure> {
    std::thread::scope(|scope| {
        let seeders: Vec<_> = (0..SEEDERS)
            .map(|seeder| {
                scope.spawn(move || (from + seeder..to).step_by(SEEDERS).try_for_each(|n| flag(api, n)))
            })
            .collect();
        seeders.into_iter().try_for_each(|seeder| {
            seeder.join().unwrap_or_else(|_| Err(Failure("a seeding thread panicked".to_owned())))
        })
    })
}

fn flag(api: &Api, number: usize) -> Result<(), Failure> {
    let key = key(number);
    let three = Kind::of(number) == Kind::TenRules;
    let (declared, variants) = if three {
        ("string", json!({"a": "blue", "b": "green", "c": "red"}))
    } else {
        ("boolean", json!({"on": true, "off": false}))
    };
    let flag = json!({"flag": {"type": declared, "variants": variants, "client_visible": true}});
    api.put(&format!("{PROJECT}/flags/{key}"), &flag)?;
    put_targeting(api, number, 0)
}

/// Gives a flag its targeting; `edition` is in it, so that the same flag can be changed again and again.
pub(crate) fn put_targeting(api: &Api, number: usize, edition: usize) -> Result<(), Failure> {
    let (rules, default) = match Kind::of(number) {
        Kind::Constant => (vec![], json!({"variant": "on"})),
        Kind::OneRule => {
            let of_five = one_of("country", COUNTRIES.get(..5).unwrap_or_default());
            (vec![rule("countries", &of_five, &json!({"variant": "on"}))], json!({"variant": "off"}))
        }
        Kind::Split => (vec![], slots(&[("on", 50_000), ("off", 50_000)])),
        Kind::TenRules => (ten_rules(), json!({"variant": "a"})),
    };
    let mut rules = rules;
    if edition > 0 {
        let never = json!({"attribute": {"name": "edition", "test": {"equals": edition}}});
        rules.insert(0, rule("edition", &never, &json!({"variant": off_variant(number)})));
    }
    let targeting = json!({"targeting": {"on": true, "off_variant": off_variant(number), "rules": rules, "default": default}});
    api.put(&format!("{ENVIRONMENT}/flags/{}", key(number)), &targeting)
}

const fn off_variant(number: usize) -> &'static str {
    match Kind::of(number) {
        Kind::TenRules => "a",
        Kind::Constant | Kind::OneRule | Kind::Split => "off",
    }
}

/// The kinds of flags. Of ten, three are constant, three have a rule, three split and one has ten rules: the mixture
/// that evaluation in process is measured with, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Constant,
    OneRule,
    Split,
    TenRules,
}

impl Kind {
    const fn of(number: usize) -> Self {
        match number % 10 {
            0..=2 => Self::Constant,
            3..=5 => Self::OneRule,
            6..=8 => Self::Split,
            _ => Self::TenRules,
        }
    }
}

/// Ten rules of three conditions, of which only the last matches anybody, and splits three ways.
fn ten_rules() -> Vec<Value> {
    let list: Vec<String> = (0..20).map(|item| format!("tier-{item}")).collect();
    let condition = |number: usize| {
        let oldest = if number == 9 { 0 } else { 200 };
        json!({"all": [
            {"attribute": {"name": "tier", "test": {"one_of": list}}},
            {"attribute": {"name": "app_version", "test": {"semver": {"gte": "1.0.0"}}}},
            {"attribute": {"name": "age", "test": {"number": {"gte": oldest}}}},
        ]})
    };
    let split = slots(&[("a", 34_000), ("b", 33_000), ("c", 33_000)]);
    (0..10).map(|number| rule(&format!("rule-{number}"), &condition(number), &split)).collect()
}

fn rule(id: &str, when: &Value, serve: &Value) -> Value {
    json!({"id": id, "when": when, "serve": serve})
}

fn one_of(attribute: &str, values: &[&str]) -> Value {
    json!({"attribute": {"name": attribute, "test": {"one_of": values}}})
}

fn slots(of: &[(&str, u32)]) -> Value {
    let slots: Vec<Value> =
        of.iter().map(|(variant, width)| json!({"serve": variant, "width": width})).collect();
    json!({"slots": slots})
}

/// A flag with a live rollout to half of everybody, whose exposures come from evaluations.
pub(crate) fn rollout(api: &Api) -> Result<(), Failure> {
    let flag =
        json!({"flag": {"type": "boolean", "variants": {"on": true, "off": false}, "client_visible": true}});
    api.put(&format!("{PROJECT}/flags/{ROLLED_OUT}"), &flag)?;
    let targeting =
        json!({"targeting": {"on": true, "off_variant": "off", "rules": [], "default": {"variant": "off"}}});
    api.put(&format!("{ENVIRONMENT}/flags/{ROLLED_OUT}"), &targeting)?;
    api.put(&format!("{PROJECT}/metrics/checkout_error"), &json!({"metric": {"kind": "event_rate"}}))?;
    let rollout = json!({
        "flag": ROLLED_OUT, "baseline": "off", "candidate": "on",
        "ladder": {"stages": [{"share": 50_000, "approval": true}, {"share": 95_000}]},
        "guardrails": [{"key": "errors", "metric": "checkout_error", "harm": "up"}],
    });
    api.post(&format!("{ENVIRONMENT}/rollouts"), &rollout).map(drop)
}

/// What one subject says: eight attributes.
pub(crate) fn context(subject: usize) -> Value {
    let pick = |from: &[&str], step: usize| {
        from.get(subject / step % from.len()).copied().unwrap_or_default().to_owned()
    };
    json!({
        "targetingKey": format!("user-{subject:06}"),
        "country": pick(&COUNTRIES, 1),
        "plan": pick(&PLANS, 3),
        "age": 18 + subject % 60,
        "tier": format!("tier-{}", subject % 30),
        "app_version": format!("{}.{}.0", 1 + subject % 4, subject % 10),
        "email": format!("user-{subject:06}@example.com"),
        "beta": subject.is_multiple_of(7),
    })
}
