//! Reading fixtures, and the two promises: a request refuses what it does not know, a reader of answers does not mind.

use std::fmt::Debug;
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub(crate) fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn text(name: &str) -> String {
    let path = repository().join("fixtures/api/v1").join(name).with_extension("json");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The bytes a shape is written as, in the fixtures' layout.
pub(crate) fn written(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap();
    text.push('\n');
    text
}

/// Reads a fixture and writes it again: nothing is lost, added, renamed or moved.
pub(crate) fn frozen<T: Serialize + DeserializeOwned>(name: &str) -> T {
    let text = text(name);
    let value: T = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(written(&value), text, "{name}");
    value
}

/// The fixture with a field that nobody knows at `pointer`.
fn grown(name: &str, pointer: &str) -> Value {
    let mut json: Value = serde_json::from_str(&text(name)).unwrap();
    let place = json.pointer_mut(pointer).unwrap_or_else(|| panic!("{name}: nothing at {pointer}"));
    place.as_object_mut().unwrap().insert("grown".to_owned(), json!({"later": true}));
    json
}

/// A request: frozen, and an unknown field is refused by name, in each of its own objects.
pub(crate) fn request<T: Serialize + DeserializeOwned + Debug>(name: &str, objects: &[&str]) -> T {
    for pointer in objects {
        let error = serde_json::from_value::<T>(grown(name, pointer)).unwrap_err().to_string();
        assert!(error.contains("unknown field `grown`"), "{name} {pointer}: {error}");
    }
    frozen(name)
}

/// An answer: frozen, and a reader of today reads what a later server adds to any of its own objects.
pub(crate) fn response<T: Serialize + DeserializeOwned + Debug + PartialEq>(
    name: &str,
    objects: &[&str],
) -> T {
    let value: T = frozen(name);
    for pointer in objects {
        let read: T = serde_json::from_value(grown(name, pointer)).unwrap();
        assert_eq!(read, value, "{name} {pointer}");
    }
    value
}

/// Whether a shape can be read from the fixture without the field at `pointer`.
pub(crate) fn reads_without<T: DeserializeOwned>(name: &str, object: &str, field: &str) -> bool {
    let mut json: Value = serde_json::from_str(&text(name)).unwrap();
    let removed = json.pointer_mut(object).and_then(Value::as_object_mut).unwrap().remove(field);
    assert!(removed.is_some(), "{name}: no {object}/{field}");
    serde_json::from_value::<T>(json).is_ok()
}
