//! What is published about plan files is what is checked.

use sapwood_file::definitions;
use sapwood_file::plan::{json_schema, reference};
use serde_json::Value;

#[test]
fn the_schema_in_the_docs_is_the_one_that_is_checked() {
    let published: Value = serde_json::from_str(include_str!("../../../../docs/plan.schema.json")).unwrap();
    assert!(
        published == json_schema(),
        "run: cargo run -p sapwood-file --example schema > docs/plan.schema.json"
    );
}

#[test]
fn the_reference_lists_every_key() {
    let page = include_str!("../../../../docs/reference/plan-file.md");
    assert!(
        page.contains(&reference()),
        "put what `cargo run -p sapwood-file --example schema keys` prints into it"
    );
}

#[test]
fn the_schema_of_definitions_is_the_one_that_is_checked() {
    let published: Value =
        serde_json::from_str(include_str!("../../../../docs/definitions.schema.json")).unwrap();
    assert!(
        published == definitions::json_schema(),
        "run: cargo run -p sapwood-file --example schema definitions > docs/definitions.schema.json"
    );
}

#[test]
fn the_reference_lists_every_key_of_definitions() {
    let page = include_str!("../../../../docs/reference/files.md");
    assert!(
        page.contains(&definitions::reference()),
        "put what `cargo run -p sapwood-file --example schema definition-keys` prints into it"
    );
}
