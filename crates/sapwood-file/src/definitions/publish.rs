//! What is published about definition files: the schema for editors and the tables of the reference.

use serde_json::{Value as Json, json};

use super::{Kind, keys};
use crate::limits::LONG_LIST_MAX;
use crate::schema;

/// The published JSON Schema of definition files.
pub fn json_schema() -> Json {
    let one = |kind: &Kind| json!({ "$ref": format!("#/$defs/{}", kind.word()) });
    let items: Vec<Json> = Kind::ALL.iter().map(one).collect();
    let version = json!({ "required": ["sapwood"] });
    let mut files: Vec<Json> =
        Kind::ALL.iter().map(|kind| json!({ "allOf": [one(kind), version] })).collect();
    files.push(json!({
        "type": "object",
        "properties": {
            "sapwood": { "const": 1 },
            "items": { "type": "array", "items": { "oneOf": items }, "minItems": 1, "maxItems": LONG_LIST_MAX },
        },
        "required": ["sapwood", "items"],
        "additionalProperties": false,
    }));
    let mut definitions = json!({ "condition": schema::json_schema(keys::condition()) });
    if let Some(definitions) = definitions.as_object_mut() {
        definitions
            .extend(Kind::ALL.iter().map(|kind| (kind.word().to_owned(), schema::object(keys::of(*kind)))));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sapwood definition file",
        "oneOf": files,
        "$defs": definitions,
    })
}

/// The keys of definition files as Markdown tables.
pub fn reference() -> String {
    let mut out = String::new();
    for kind in Kind::ALL {
        let mut name = kind.word().to_owned();
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        schema::table(&name, keys::of(*kind), &mut out);
    }
    schema::table("Condition", keys::CONDITIONS, &mut out);
    out
}
