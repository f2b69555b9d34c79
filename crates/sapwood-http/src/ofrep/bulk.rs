//! All flags at once, as browsers and apps ask: every flag is an entry, whether it could be evaluated or not, and who
//! has the answer already is told so without a body.

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sapwood_api::ofrep::{EvaluationEntry, EvaluationFailure, GeneralFailure};
use sapwood_engine::{Engine, Mark, Scope, Snapshot};
use sapwood_eval::{Context, Outcome};
use tokio::time::timeout;

use super::etag::Etag;
use super::stream::{Address, Known};
use super::{Arrived, Evaluate, answer, context, json, metadata, success};
use crate::auth;
use crate::limits::CHANGE_ARRIVES_WITHIN;

/// `POST /ofrep/v1/evaluate/flags`.
///
/// Counts as nobody's exposure: who asks for everything has met nothing yet.
pub(crate) async fn evaluate_all(
    State(engine): State<Engine>,
    Evaluate(caller): Evaluate,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    Arrived(body): Arrived,
) -> Response {
    let context = match context(&body) {
        Ok(context) => context,
        Err((code, error_details)) => {
            let failure = GeneralFailure { error_code: Some(code.to_owned()), error_details };
            return answer(StatusCode::BAD_REQUEST, &failure);
        }
    };
    let is_current = arrived(&engine, &caller.scope, Known::of(query.as_deref())).await;
    let snapshot = engine.snapshot(&caller.scope).unwrap_or_default();
    let now = engine.now();
    let flags = json(&entries(&snapshot, &context, now.ms(), &caller));
    let address = Address::new(&engine, &caller.caller, &caller.scope);
    // The stream's address belongs to the answer: a client that keeps the answer for weeks would otherwise never hear
    // that its ticket has expired, since 304 brings no new one.
    let tag = Etag::of(&[&flags, address.stable.as_bytes()]);
    if is_current && tag.is_in(&headers) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag.header())]).into_response();
    }
    let body = body_of(&flags, &snapshot, Mark::of(&snapshot, now), &address);
    let kind = HeaderValue::from_static("application/json");
    (StatusCode::OK, [(header::ETAG, tag.header()), (header::CONTENT_TYPE, kind)], body).into_response()
}

/// What each flag that the caller may see serves to this context.
fn entries(
    snapshot: &Snapshot,
    context: &Context,
    now_ms: i64,
    caller: &auth::Evaluate,
) -> Vec<EvaluationEntry> {
    let inspects = caller.inspects();
    let seen = snapshot.flags.flags().filter(|flag| inspects || flag.config().flag.client_visible);
    seen.filter_map(|flag| match snapshot.flags.evaluate_flag(flag, context, now_ms) {
        Outcome::Found(found) => {
            Some(EvaluationEntry::Success(success(flag.key().as_str(), snapshot, &found, inspects)))
        }
        Outcome::Failed(failed) => Some(EvaluationEntry::Failure(EvaluationFailure {
            key: flag.key().to_string(),
            error_code: failed.code.as_str().to_owned(),
            error_details: failed.code.details().to_owned(),
        })),
        // Only said of keys that are looked up.
        Outcome::NotFound => None,
    })
    .collect()
}

fn body_of(flags: &[u8], snapshot: &Snapshot, mark: Mark, address: &Address) -> Vec<u8> {
    let metadata = json(&metadata(snapshot, snapshot.revision));
    let streams = json(&[address.stream(mark)]);
    [b"{\"flags\":", flags, b",\"metadata\":", &*metadata, b",\"eventStreams\":", &*streams, b"}"].concat()
}

/// Waits a moment for a change that the client was told of and that is not served here yet. If it does not come, the
/// client gets what there is, but is never told that nothing changed.
async fn arrived(engine: &Engine, scope: &Scope, known: Known) -> bool {
    let reached = engine.reach(scope, |standing| known.is_reached(standing.mark, standing.changed_at()));
    timeout(CHANGE_ARRIVES_WITHIN, reached).await.is_ok()
}
