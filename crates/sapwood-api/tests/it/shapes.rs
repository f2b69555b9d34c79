//! Every shape against its fixture.

use sapwood_api::events::{BatchResponse, EventBatch, EventItem};
use sapwood_api::explain::{ExplainRequest, ExplainResponse};
use sapwood_api::log::LogDiff;
use sapwood_api::manage::{
    Changed, FlagRequest, LogEntry, MetricRequest, Page, RolloutRequest, RolloutResponse, SegmentRequest,
    StepRequest, TargetingRequest, TokenRequest, TokenResponse,
};
use sapwood_api::ofrep::{
    BulkEvaluation, EvaluateRequest, EvaluationEntry, EvaluationFailure, EvaluationSuccess, GeneralFailure,
    StreamNotice,
};
use sapwood_api::stream::{Activity, FlagsMessage, MIN_READER_VERSION};

use crate::fixture::{frozen, reads_without, request, response};

#[test]
fn event_batches() {
    let batch: EventBatch = request("event_batch", &["", "/items/0", "/items/1", "/items/2", "/items/3"]);
    let kinds = batch.items.iter().map(|item| match item {
        EventItem::Exposure { .. } => "exposure",
        EventItem::Metric { value: None, .. } => "metric",
        EventItem::Metric { value: Some(_), .. } => "metric with a value",
        EventItem::Alive { .. } => "alive",
    });
    assert_eq!(kinds.collect::<Vec<_>>(), ["exposure", "metric", "metric with a value", "alive"]);
    assert!(reads_without::<EventBatch>("event_batch", "", "sent_at"));
    for (object, field) in [("", "batch"), ("/items/0", "version"), ("/items/1", "unit"), ("/items/3", "at")]
    {
        assert!(!reads_without::<EventBatch>("event_batch", object, field), "{object}/{field}");
    }
    let _: BatchResponse = response("event_batch_response", &["", "/rejected/0"]);
}

#[test]
fn an_unknown_item_is_refused_and_the_known_ones_are_named() {
    let text = crate::fixture::text("event_batch").replace("\"alive\"", "\"heartbeat\"");
    let error = serde_json::from_str::<EventBatch>(&text).unwrap_err().to_string();
    for word in ["heartbeat", "exposure", "metric", "alive"] {
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn evaluation_speaks_ofrep() {
    // Requests of the protocol may carry what this version does not know.
    let _: EvaluateRequest = response("ofrep_request", &[""]);
    let success: EvaluationSuccess = response("ofrep_success", &[""]);
    let scalars = success.metadata.values().all(|value| !value.is_object() && !value.is_array());
    assert!(scalars, "metadata holds scalars only");
    assert_eq!(success.metadata.keys().collect::<Vec<_>>(), ["flagSetId", "ruleId", "version"]);
    let _: EvaluationFailure = response("ofrep_failure", &[""]);
    let bulk: BulkEvaluation =
        response("ofrep_bulk", &["", "/flags/0", "/flags/1", "/eventStreams/0", "/eventStreams/0/endpoint"]);
    assert!(matches!(*bulk.flags, [EvaluationEntry::Failure(_), EvaluationEntry::Success(_)]));
    assert!(reads_without::<BulkEvaluation>("ofrep_bulk", "", "eventStreams"));
    let _: StreamNotice = response("ofrep_notice", &[""]);
    let _: GeneralFailure = response("ofrep_general_failure", &[""]);
    assert!(reads_without::<GeneralFailure>("ofrep_general_failure", "", "errorCode"));
}

#[test]
fn definitions() {
    let _: FlagRequest = request("flag_request", &["", "/flag"]);
    for field in ["unit", "client_visible", "layer"] {
        assert!(reads_without::<FlagRequest>("flag_request", "/flag", field), "{field}");
    }
    assert!(reads_without::<FlagRequest>("flag_request", "", "about"));
    let _: TargetingRequest = request("targeting_request", &[""]);
    let _: SegmentRequest = request("segment_request", &[""]);
    let _: MetricRequest = request("metric_request", &[""]);
    let _: Changed = response("changed", &[""]);
    let objects = ["", "/moves/0", "/moves/0/between/0"];
    let _: Changed = response("changed_and_moved", &objects);
    let _: TokenRequest = request("token_request", &[""]);
    let _: TokenResponse = response("token_response", &[""]);
}

#[test]
fn rollouts() {
    let objects = ["", "/ladder", "/ladder/stages/0", "/ladder/stages/1", "/guardrails/0"];
    let _: RolloutRequest = request("rollout_request", &objects);
    let free = [
        ("", "id"),
        ("", "after"),
        ("", "prerequisites"),
        ("", "audience"),
        ("", "holdback"),
        ("", "guardrails"),
        ("", "false_rollback_ppm"),
        ("", "exposure_source"),
        ("", "owner"),
        ("/ladder/stages/0", "bake_seconds"),
        ("/ladder/stages/0", "subjects_min"),
        ("/ladder/stages/0", "approval"),
        ("/guardrails/0", "margin_permille"),
        ("/guardrails/0", "action"),
        ("/guardrails/0", "weight"),
    ];
    for (object, field) in free {
        assert!(reads_without::<RolloutRequest>("rollout_request", object, field), "{object}/{field}");
    }
    let _: StepRequest = request("step_request", &[""]);
    let objects = ["", "/stages/0", "/stages/2", "/gate", "/guardrails/0"];
    let _: RolloutResponse = response("rollout_response", &objects);
    let start: RolloutResponse = response("rollout_response_at_start", &["", "/guardrails/0"]);
    assert_eq!((start.cause, start.gate, start.guardrails[0].ratio), (None, None, None));
    let _: Page<Changed> = response("rollouts_page", &["", "/items/0"]);
    assert!(reads_without::<Page<Changed>>("rollouts_page", "", "next"));
}

#[test]
fn entries_of_the_log() {
    let _: LogEntry = response("log_entry", &[""]);
    let of_project: LogEntry = response("log_entry_of_the_project", &[""]);
    assert_eq!(of_project.environment, None);
    let diff: LogDiff = response("log_diff", &["", "/changes/0", "/changes/0/fields/0"]);
    assert_eq!(diff.changes[1].before, None);
}

#[test]
fn explanations() {
    let _: ExplainRequest = request("explain_request", &[""]);
    for field in ["context", "at", "targeting"] {
        assert!(reads_without::<ExplainRequest>("explain_request", "", field), "{field}");
    }
    let _: ExplainResponse = response("explain_response", &[""]);
    let _: ExplainRequest = request("explain_request_whole_draft", &["", "/flag"]);
    for field in ["flag", "segments"] {
        assert!(reads_without::<ExplainRequest>("explain_request_whole_draft", "", field), "{field}");
    }
    let _: ExplainResponse = response("explain_response_not_served", &["", "/would/0"]);
}

#[test]
fn streams() {
    let _: Activity = response("stream_activity_entry", &["", "/entry"]);
    let _: Activity = response("stream_activity_rollout", &["", "/rollout"]);
    let _: Activity = response("stream_activity_turned", &[""]);
    let objects: [(&str, &[&str]); 3] =
        [("stream_flags_put", &[""]), ("stream_flags_patch", &[""]), ("stream_flags_delete", &[""])];
    for (name, objects) in objects {
        let message: FlagsMessage = response(name, objects);
        let (FlagsMessage::Put { min_reader_version, .. }
        | FlagsMessage::Patch { min_reader_version, .. }
        | FlagsMessage::Delete { min_reader_version, .. }) = message;
        assert_eq!(min_reader_version, MIN_READER_VERSION, "{name}");
    }
}

#[test]
fn every_fixture_is_read_by_somebody() {
    let source = include_str!("shapes.rs");
    let folder = crate::fixture::repository().join("fixtures/api/v1");
    let names = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let stems = names.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned());
    // The server's description of itself is held against its router, where that is.
    let others = ["problems", "openapi"];
    let unread: Vec<_> = stems
        .filter(|stem| !others.contains(&stem.as_str()) && !source.contains(&format!("\"{stem}\"")))
        .collect();
    assert_eq!(unread, Vec::<String>::new());
    let _: Vec<sapwood_api::problem::Problem> = frozen("problems");
}
