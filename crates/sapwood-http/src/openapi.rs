//! The server's own description: kept by hand, and held against the router, the shapes and the problems by tests.

use axum::http::header;
use axum::response::IntoResponse;

/// OpenAPI 3.1 for the management API, evaluation, events and streams.
const DOCUMENT: &str = include_str!("../../../fixtures/api/v1/openapi.json");

/// `GET /api/v1/openapi.json`.
pub(crate) async fn document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")], DOCUMENT)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;

    use sapwood_api::events::EventBatch;
    use sapwood_api::manage::{
        AmendRequest, FlagBody, FlagRequest, GuardrailBody, LadderBody, MetricRequest, RolloutRequest,
        SegmentRequest, StageBody, StepRequest, TargetingRequest, TokenRequest,
    };
    use sapwood_api::problem::Code;
    use sapwood_api::resources::{
        DefinitionsRequest, EnvironmentRequest, GuardrailRequest, GuardrailTemplateBody, LadderRequest,
        ProjectRequest,
    };
    use sapwood_core::event::About;
    use sapwood_eval::{LayerSlice, Rule, Segment, Serves, Slot, Targeting};
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use super::*;

    fn parsed() -> Value {
        serde_json::from_str(DOCUMENT).unwrap()
    }

    /// Path, method and description of every operation.
    pub(crate) fn operations() -> Vec<(String, String, Value)> {
        let document = parsed();
        let mut all = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            let methods = item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters");
            all.extend(methods.map(|(method, operation)| (path.clone(), method.clone(), operation.clone())));
        }
        all.sort_by_key(|(path, method, _)| (path.clone(), method.clone()));
        all
    }

    /// Every `$ref` below a value.
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn it_refers_to_what_it_has_and_has_nothing_else() {
        let document = parsed();
        let mut named = BTreeSet::new();
        references(&document, &mut named);
        for name in &named {
            assert!(document.pointer(name.trim_start_matches('#')).is_some(), "{name} is not there");
        }
        for part in ["schemas", "parameters", "responses"] {
            for name in document["components"][part].as_object().unwrap().keys() {
                // A wrong method is no operation, and of media types only evaluation speaks, in words of its own.
                let is_elsewhere = matches!(name.as_str(), "Problem405" | "Problem415");
                let is_named = is_elsewhere || named.contains(&format!("#/components/{part}/{name}"));
                assert!(is_named, "nothing refers to {part}/{name}");
            }
        }
    }

    #[test]
    fn every_operation_says_who_may_and_how_it_is_refused() {
        let mut ids = BTreeSet::new();
        for (path, method, operation) in operations() {
            let at = format!("{method} {path}");
            assert!(ids.insert(operation["operationId"].to_string()), "{at}: its id is there twice");
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{at}");
            let is_open = operation["security"].as_array().unwrap().is_empty();
            assert_eq!(is_open, operation["x-token"].is_null(), "{at}");
            for status in ["401", "403"].iter().filter(|_| !is_open) {
                assert!(operation["responses"][status].is_object(), "{at} does not say {status}");
            }
        }
    }

    #[test]
    fn every_problem_is_there_with_its_status() {
        let document = parsed();
        let words: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"], json!(words));
        let statuses: BTreeSet<u16> = Code::ALL.iter().map(|code| code.status()).collect();
        for status in &statuses {
            let codes: Vec<&str> =
                Code::ALL.iter().filter(|code| code.status() == *status).map(|code| code.as_str()).collect();
            assert_eq!(
                document["components"]["responses"][format!("Problem{status}")]["x-codes"],
                json!(codes)
            );
        }
        assert_eq!(document["components"]["responses"].as_object().unwrap().len(), statuses.len());
    }

    /// The fields of a request that refuses others, in its own words.
    fn fields<T: DeserializeOwned>(tag: Option<(&str, &str)>) -> BTreeSet<String> {
        let mut probe = json!({ "?": 1 });
        if let Some((name, word)) = tag {
            probe[name] = json!(word);
        }
        let said = serde_json::from_value::<T>(probe).err().map(|error| error.to_string()).unwrap();
        assert!(said.starts_with("unknown field `?`"), "{said}");
        said.split('`').skip(3).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn requests_have_the_fields_that_are_read_and_no_others() {
        let document = parsed();
        let properties = |name: &str| -> BTreeSet<String> {
            let schema = &document["components"]["schemas"][name];
            assert_eq!(schema["additionalProperties"], false, "{name}");
            schema["properties"].as_object().unwrap().keys().cloned().collect()
        };
        macro_rules! check {
            ($($name:literal: $shape:ty,)*) => { $(assert_eq!(properties($name), fields::<$shape>(None), $name);)* };
        }
        check! {
            "ProjectRequest": ProjectRequest, "EnvironmentRequest": EnvironmentRequest, "FlagRequest": FlagRequest,
            "FlagBody": FlagBody, "Layer": LayerSlice, "TargetingRequest": TargetingRequest, "Targeting": Targeting,
            "Rule": Rule, "Slot": Slot, "SegmentRequest": SegmentRequest, "MetricRequest": MetricRequest,
            "LadderRequest": LadderRequest, "LadderBody": LadderBody, "Stage": StageBody,
            "GuardrailRequest": GuardrailRequest, "GuardrailTemplate": GuardrailTemplateBody,
            "GuardrailBody": GuardrailBody, "RolloutRequest": RolloutRequest, "StepRequest": StepRequest,
            "AmendRequest": AmendRequest, "TokenRequest": TokenRequest, "EventBatch": EventBatch,
            "DefinitionsRequest": DefinitionsRequest, "ExplainRequest": sapwood_api::explain::ExplainRequest,
        }
        let mut segment = fields::<Segment>(None);
        segment.remove("key");
        assert_eq!(properties("SegmentBody"), segment);
        let about =
            json!(About { owner: Some(String::new()), expected_lifetime_days: Some(1), ..About::default() });
        assert_eq!(properties("About"), about.as_object().unwrap().keys().cloned().collect());
        let serves = &document["components"]["schemas"]["Condition"]["oneOf"][1]["properties"]["serves"];
        assert_eq!(
            serves["properties"].as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>(),
            fields::<Serves>(None)
        );
        for kind in ["environment", "metric", "segment", "flag", "guardrail", "ladder"] {
            let name = format!("Defined{}{}", kind[..1].to_uppercase(), &kind[1..]);
            let mut known = fields::<sapwood_api::resources::Definition>(Some(("kind", kind)));
            known.insert("kind".to_owned());
            assert_eq!(properties(&name), known, "{name}");
        }
    }

    /// The table of the reference page.
    fn table() -> String {
        let mut out = String::from("| address | | token |\n|---|---|---|\n");
        for (path, method, operation) in operations() {
            let token = operation["x-token"].as_str().unwrap_or("none");
            let summary = operation["summary"].as_str().unwrap();
            let _ = writeln!(out, "| `{} {path}` | {summary} | {token} |", method.to_uppercase());
        }
        out
    }

    #[test]
    fn the_reference_page_has_every_address() {
        let page = include_str!("../../../docs/reference/api.md");
        let table = table();
        assert!(page.contains(&table), "put this into docs/reference/api.md:\n{table}");
    }
}
