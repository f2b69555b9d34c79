//! All flags at once, as browsers and apps ask: every flag is an entry, whether it could be evaluated or not, and who
//! has the answer already is told so without a body.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sapwood_api::ofrep::{EvaluationEntry, EvaluationFailure, GeneralFailure};
use sapwood_engine::{Engine, Snapshot};
use sapwood_eval::{Context, Outcome};

use super::etag::Etag;
use super::{Arrived, Evaluate, answer, context, json, metadata, success};
use crate::auth;

/// `POST /ofrep/v1/evaluate/flags`.
///
/// Counts as nobody's exposure: who asks for everything has met nothing yet.
pub(crate) async fn evaluate_all(
    State(engine): State<Engine>,
    Evaluate(caller): Evaluate,
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
    let snapshot = engine.snapshot(&caller.scope).unwrap_or_default();
    let flags = json(&entries(&snapshot, &context, engine.now().ms(), &caller));
    let tag = Etag::of(&[&flags]);
    if tag.is_in(&headers) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag.header())]).into_response();
    }
    let body = body_of(&flags, &snapshot);
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

fn body_of(flags: &[u8], snapshot: &Snapshot) -> Vec<u8> {
    let metadata = json(&metadata(snapshot, snapshot.version));
    [b"{\"flags\":", flags, b",\"metadata\":", &*metadata, b"}"].concat()
}
