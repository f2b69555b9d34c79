//! Definitions made up from a seed: valid, and full of texts that files have trouble with.

use serde_json::{Map, Value, json};

/// Texts that other formats take for something else, that break lines, or that need care.
const TEXTS: &[&str] = &[
    "plain",
    "two words",
    "yes",
    "No",
    "on",
    "null",
    "~",
    "true",
    "007",
    "1e3",
    "0x1F",
    ".5",
    "1_000",
    "-",
    "- a",
    "a: b",
    "a #b",
    "# a",
    " lead",
    "trail ",
    "[x]",
    "{x}",
    "'single'",
    "\"double\"",
    "back\\slash",
    "tab\there",
    "two\nlines",
    "two\nlines\n",
    "\n",
    "  two\n    indents",
    "trailing \nspace",
    "cr\r\nlf",
    "ünï ☃ 𝄞",
    "nel\u{85}",
    "ls\u{2028}",
    "bom\u{feff}",
    "del\u{7f}",
    "bell\u{7}",
    "%",
    "&a",
    "*a",
    "!tag",
    "|",
    ">",
    "@",
    "`",
    "a,b",
    "?",
    ": ",
    "a:",
    "10:30",
    "2026-11-01",
    "=",
    "<<",
];

/// A sequence that the seed alone decides (`splitmix64`).
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(most).unwrap()).unwrap()
    }

    fn chance(&mut self) -> bool {
        self.below(2) == 0
    }

    fn text(&mut self) -> &'static str {
        TEXTS[self.below(TEXTS.len())]
    }

    fn texts(&mut self) -> Vec<&'static str> {
        (0..=self.below(4)).map(|_| self.text()).filter(|text| !text.is_empty()).collect()
    }

    fn scalar(&mut self) -> Value {
        match self.below(4) {
            0 => json!(self.chance()),
            1 => json!([0.0, -1.5, 1e300, 5.0, 9_007_199_254_740_991.0][self.below(5)]),
            _ => json!(self.text()),
        }
    }

    fn any(&mut self, depth: usize) -> Value {
        match self.below(if depth > 3 { 3 } else { 6 }) {
            0 => Value::Null,
            1 => json!([0, -7, 9_007_199_254_740_991_i64][self.below(3)]),
            2 | 3 => self.scalar(),
            4 => (0..self.below(4)).map(|_| self.any(depth + 1)).collect(),
            _ => Value::Object(
                (0..self.below(4)).map(|_| (self.text().to_owned(), self.any(depth + 1))).collect(),
            ),
        }
    }

    fn instant(&mut self) -> Value {
        let at = ["2026-11-01T09:00:00Z", "2030-01-01T00:00:00.123+01:00"][self.below(2)];
        if self.chance() { json!({ "before": at }) } else { json!({ "after": at }) }
    }

    fn test(&mut self) -> Value {
        match self.below(12) {
            0 => json!("present"),
            1 => json!("absent"),
            2 => json!({ "equals": self.scalar() }),
            3 => json!({ "one_of": [self.scalar(), self.scalar()] }),
            4 => json!({ "contains": self.texts() }),
            5 => json!({ "starts_with": self.texts() }),
            6 => json!({ "ends_with": self.texts() }),
            7 => {
                let (how, operand) =
                    (["lt", "lte", "eq", "gte", "gt"][self.below(5)], [18.0, -2.5, 1e-7][self.below(3)]);
                json!({ "number": { how: operand } })
            }
            8 => json!({ "semver": { "lt": "2.0.0" } }),
            9 => json!({ "date_time": self.instant() }),
            10 => json!({ "cidr": ["10.0.0.0/8", "2001:db8::/32"] }),
            _ => json!({ "matches": "^a+: #$" }),
        }
    }

    fn condition(&mut self, depth: usize) -> Value {
        match self.below(if depth > 2 { 5 } else { 8 }) {
            0 => json!("always"),
            1 => json!({ "segment": "internal" }),
            2 => json!({ "now": self.instant() }),
            3 => json!({ "serves": { "flag": "base", "variants": ["on"] } }),
            4 => {
                json!({ "attribute": { "name": (["plan", "yes", "a b"])[self.below(3)], "test": self.test() } })
            }
            5 => json!({ "not": self.condition(depth + 1) }),
            6 => json!({ "all": [self.condition(depth + 1), self.condition(depth + 1)] }),
            _ => json!({ "any": [self.condition(depth + 1)] }),
        }
    }

    fn serve(&mut self, is_last: bool) -> Value {
        if self.chance() {
            return json!({ "variant": "on" });
        }
        let width = [1, 250, 33_333, 50_000][self.below(4)];
        let rest = if is_last || self.chance() { json!("off") } else { Value::Null };
        json!({ "slots": [{ "serve": "on", "width": width }, { "serve": rest, "width": 100_000 - width }] })
    }

    fn targeting(&mut self) -> Value {
        let rules: Vec<Value> = (0..self.below(4))
            .map(|rule| json!({ "id": format!("r{rule}"), "when": self.condition(0), "serve": self.serve(false) }))
            .collect();
        json!({ "on": self.chance(), "off_variant": "off", "rules": rules, "default": self.serve(true) })
    }

    fn flag(&mut self, key: &str) -> Value {
        let (kind, on, off) = match self.below(5) {
            0 => ("boolean", json!(true), json!(false)),
            1 => ("string", json!(self.text()), json!(self.text())),
            2 => ("integer", json!(-3), json!(9_007_199_254_740_991_u64)),
            3 => ("number", json!(2.5), json!(1.0)),
            _ => ("object", json!({ self.text(): self.any(0) }), json!({})),
        };
        let mut about = Map::new();
        about.insert("description".to_owned(), json!(self.text()));
        about.insert("tags".to_owned(), json!(self.texts()));
        if self.chance() {
            about.insert("owner".to_owned(), json!(self.text()));
            about.insert("kind".to_owned(), json!(["experiment", "ops", "permission"][self.below(3)]));
            about.insert("expected_lifetime_days".to_owned(), json!(self.below(1_000)));
        }
        let mut flag =
            json!({ "type": kind, "variants": { "on": on, "off": off }, "client_visible": self.chance() });
        if self.chance() {
            flag["unit"] = json!("accountId");
            flag["salt"] = json!("kept.salt-1");
        }
        let places: &[&str] = [&["production"][..], &["production", "on"], &[]][self.below(3)];
        let environments: Map<String, Value> =
            places.iter().map(|place| ((*place).to_owned(), self.targeting())).collect();
        json!({ "kind": "flag", "key": key, "flag": flag, "about": about, "environments": environments })
    }
}

/// All definitions of a project, as a body to put.
pub(crate) fn definitions(seed: u64) -> Value {
    let mut seeded = Seeded(seed);
    let mut items = vec![
        json!({ "kind": "environment", "key": "production", "name": seeded.text(), "production": true }),
        json!({ "kind": "environment", "key": "on", "name": "called on" }),
        json!({ "kind": "metric", "key": "errors", "metric": { "kind": "event_rate" }, "description": seeded.text() }),
        json!({ "kind": "metric", "key": "Errors", "metric": { "kind": "event_rate" } }),
        json!({ "kind": "segment", "key": "internal", "segment": { "condition": { "any": [] }, "included": seeded.texts(), "excluded": ["007", "null"] } }),
        json!({ "kind": "flag", "key": "base", "flag": { "type": "boolean", "variants": { "on": true, "off": false } }, "environments": {
            "production": { "on": true, "off_variant": "off", "rules": [], "default": { "variant": "on" } },
            "on": { "on": true, "off_variant": "off", "rules": [], "default": { "variant": "on" } },
        } }),
        json!({ "kind": "flag", "key": "layered", "flag": {
            "type": "boolean", "variants": { "on": true, "off": false },
            "layer": { "layer": "pricing", "salt": "l1", "from": 123, "width": 20_000 },
        } }),
        json!({ "kind": "ladder", "key": "slow", "description": seeded.text(), "ladder": { "stages": [
            { "ring": "internal", "bake_seconds": 61 }, { "share": 1_234, "subjects_min": 7, "approval": true }, { "share": 100_000, "bake_seconds": 7_776_000 },
        ] } }),
    ];
    for (place, (harm, margin)) in
        [("up", 1_000), ("up", 1_255), ("down", 950), ("down", 1_100)].iter().enumerate()
    {
        let mut guardrail = json!({ "metric": "errors", "harm": harm, "margin_permille": margin });
        if seeded.chance() {
            guardrail["weight"] = json!(125);
            guardrail["action"] = json!("hold");
        }
        items.push(json!({ "kind": "guardrail", "key": format!("g{place}"), "guardrail": guardrail, "description": seeded.text() }));
    }
    // Other names for other seeds, because a retired key is never used again.
    items.extend((0..25).map(|flag| seeded.flag(&format!("s{seed}.f{flag}"))));
    json!({ "items": items })
}
