//! What serde derives is read as `serde_json` reads it, and what cannot be read is refused in our words at its place.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    name: String,
    #[serde(default)]
    count: Option<u32>,
    #[serde(default)]
    small: u8,
    #[serde(default)]
    below: i64,
    #[serde(default)]
    ratio: f64,
    #[serde(default)]
    is_on: bool,
    #[serde(default)]
    parts: Vec<Part>,
    #[serde(default)]
    by_name: BTreeMap<String, Part>,
    #[serde(default)]
    word: Option<Word>,
    #[serde(default)]
    any: Option<Value>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    size: u64,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Word {
    Alone,
    Of(Part),
    With { size: u64 },
}

#[test]
fn what_is_right_is_read_as_serde_json_reads_it() {
    for json in [
        json!({"name": ""}),
        json!({"name": "é", "count": 7, "small": 255, "below": -1, "ratio": 1.5, "is_on": true, "parts": [{"size": 1}]}),
        json!({"name": "", "count": null, "ratio": 1, "by_name": {"a/b": {"size": u64::MAX}}, "word": "alone"}),
        json!({"name": "", "word": {"of": {"size": 1}}, "any": {"a": [null, -1, 1.5]}}),
        json!({"name": "", "word": {"with": {"size": 1}}, "any": null}),
    ] {
        let derived: Whole = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(shape::<Whole>(Spot::new("", &json)).unwrap(), derived, "{json}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn what_is_wrong_is_refused_in_our_words_at_its_place() {
    const FIELDS: &str =
        "`name`, `count`, `small`, `below`, `ratio`, `is_on`, `parts`, `by_name`, `word`, `any`";
    let with = |field: &str, value: Value| json!({"name": "", field: value});
    for (json, path, said) in [
        (json!([]), "", format!("this is an empty list; write an object with {FIELDS}")),
        (json!(null), "", format!("this is `null`; write an object with {FIELDS}")),
        (json!({"count": 1}), "", "this object needs `name`, which is missing; add it".to_owned()),
        (
            json!({"nane": ""}),
            "/nane",
            format!("this object has no field `nane`; did you mean `name`? it takes {FIELDS}"),
        ),
        (json!({"name": 5}), "/name", "this is the number 5; write a text".to_owned()),
        (
            with("count", json!(10.5)),
            "/count",
            "this is the number 10.5; write a whole number from 0 to 4294967295".to_owned(),
        ),
        (
            with("count", json!(-1)),
            "/count",
            "this is the number -1; write a whole number from 0 to 4294967295".to_owned(),
        ),
        (
            with("small", json!(256)),
            "/small",
            "this is the number 256; write a whole number from 0 to 255".to_owned(),
        ),
        (with("below", json!("x")), "/below", "this is the text \"x\"; write a whole number".to_owned()),
        (with("ratio", json!([1])), "/ratio", "this is a list; write a number".to_owned()),
        (
            with("is_on", json!("yes")),
            "/is_on",
            "this is the text \"yes\"; write `true` or `false`".to_owned(),
        ),
        (with("parts", json!({})), "/parts", "this is an empty object; write a list".to_owned()),
        (
            with("parts", json!([{"size": 1}, [2]])),
            "/parts/1",
            "this is a list; write an object with `size`".to_owned(),
        ),
        (
            with("parts", json!([{"size": 1}, {}])),
            "/parts/1",
            "this object needs `size`, which is missing; add it".to_owned(),
        ),
        (
            with("parts", json!([{"size": 1, "sizes": 2}])),
            "/parts/0/sizes",
            "this object has no field `sizes`; did you mean `size`? it takes `size`".to_owned(),
        ),
        (with("by_name", json!([])), "/by_name", "this is an empty list; write an object".to_owned()),
        (
            with("by_name", json!({"a/b": {}})),
            "/by_name/a~1b",
            "`a/b` needs `size`, which is missing; add it".to_owned(),
        ),
        (
            with("word", json!("allone")),
            "/word",
            "`allone` is not one of the words; did you mean `alone`? write one of `alone`, `of`, `with`"
                .to_owned(),
        ),
        (
            with("word", json!(5)),
            "/word",
            "this is the number 5; write one of `alone`, `of`, `with`".to_owned(),
        ),
        (
            with("word", json!({"of": {"size": -1}})),
            "/word/of/size",
            "this is the number -1; write a whole number, 0 or more".to_owned(),
        ),
    ] {
        assert_eq!(shape::<Whole>(Spot::new("", &json)).unwrap_err(), Fault::new(path, said), "{json}");
    }
    let json = json!({"size": "x"});
    let fault = shape::<Part>(Spot::new("/part", &json)).unwrap_err();
    assert_eq!(fault.path, "/part/size");
}
