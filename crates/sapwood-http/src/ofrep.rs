//! The OpenFeature Remote Evaluation Protocol. Its answers are the protocol's own, not problem details: clients read
//! `errorCode` and `errorDetails`, and all of them want both where there is a body.
//!
//! Handler, snapshot, evaluation, body: no lock, no storage, and nothing is waited for once the body is there.

pub(crate) mod bulk;
mod etag;
pub(crate) mod stream;

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use sapwood_api::ofrep::{EvaluationFailure, GeneralFailure};
use sapwood_api::problem::Code;
use sapwood_core::token::TokenKind;
use sapwood_engine::Snapshot;
use sapwood_eval::{Context, Outcome};
use sapwood_words::{Fault, Spot, cut, is_deep, shape, tree};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::app::App;
use crate::auth;
use crate::json::arrive_within;
use crate::limits::EVALUATE_BYTES_MAX;
use crate::metrics::Ended;
use crate::problem::Refusal;

/// Where single flags are.
const FLAGS: &str = "/ofrep/v1/evaluate/flags/";
/// Room for the headers of an evaluation.
const HEADERS: usize = 10;

/// A refusal in the protocol's own words.
#[derive(Debug)]
pub(crate) struct Failed(Refusal);

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let Self(refusal) = self;
        // Most of these clients know by their status, but some take no answer for one of the protocol without a code.
        let error_code = if refusal.code == Code::MalformedBody { "PARSE_ERROR" } else { "GENERAL" };
        let body =
            GeneralFailure { error_code: Some(error_code.to_owned()), error_details: refusal.detail.clone() };
        let mut response = answer(refusal.status(), &body);
        refusal.manners(response.headers_mut());
        response
    }
}

/// [`auth::Evaluate`] with refusals in the protocol's words.
pub(crate) struct Evaluate(auth::Evaluate);

impl FromRequestParts<App> for Evaluate {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failed> {
        let evaluate = auth::Evaluate::of(parts, &app.engine)?;
        app.meter(&evaluate.caller)?;
        Ok(Self(evaluate))
    }
}

/// The body, unread.
pub(crate) struct Arrived(Bytes);

impl FromRequest<App> for Arrived {
    type Rejection = Failed;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failed> {
        is_json(request.headers())?;
        arrive_within(request.into_body(), EVALUATE_BYTES_MAX).await.map(Self).map_err(Failed)
    }
}

/// The flag that an address names, or what was written where that is no text. Decoded once, as a whole, so that a key
/// with a slash reaches a clean answer however it was written.
pub(crate) struct Named(Result<String, String>);

impl FromRequestParts<App> for Named {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        let name = parts.uri.path().strip_prefix(FLAGS).unwrap_or_default();
        let decoded = percent_decode_str(name).decode_utf8();
        Ok(Self(decoded.map(std::borrow::Cow::into_owned).map_err(|_| cut(name).into_owned())))
    }
}

/// The part of the request body that is read; unknown fields are tolerated, as the protocol asks.
#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    context: Option<Context>,
}

/// `POST /ofrep/v1/evaluate/flags/{key}`.
pub(crate) async fn evaluate(
    State(app): State<App>,
    Evaluate(caller): Evaluate,
    Named(key): Named,
    Arrived(body): Arrived,
) -> Response {
    let key = match key {
        Ok(key) => key,
        Err(written) => return no_key(&app, &written),
    };
    let context = match context(&body) {
        Ok(context) => context,
        Err((code, details)) => return failure(StatusCode::BAD_REQUEST, &key, code, details),
    };
    let snapshot = caller.outlet.look();
    let place = snapshot.flags.position(&key);
    let flag = place.and_then(|place| snapshot.flags.flags().nth(place));
    // What a client does not see is answered like what is not there, to the byte.
    let Some(flag) = flag.filter(|flag| flag.config().flag.client_visible || caller.inspects()) else {
        return no_flag(&app, &key);
    };
    let now = app.engine.now();
    let outcome = snapshot.flags.evaluate_flag(flag, &context, now.ms());
    let (status, ended) = match &outcome {
        Outcome::Found(found) => {
            // Asking with a server token is what counts; an administrator who looks is not a subject.
            if found.rollout().is_some()
                && caller.caller.token.kind == TokenKind::Server
                && let Some(unit) = context.unit(flag.config().flag.unit.as_str())
            {
                app.engine.expose(&snapshot, found, unit, now);
            }
            (StatusCode::OK, Ended::Served)
        }
        Outcome::Failed(_) => (StatusCode::BAD_REQUEST, Ended::Failed),
        Outcome::NotFound => return no_flag(&app, &key),
    };
    let written = place.zip(outcome.answer());
    let written = written.and_then(|(place, answer)| snapshot.written(place, answer, caller.audience()));
    let Some(written) = written else { return no_flag(&app, &key) };
    app.metrics.evaluated(ended);
    ready(status, Bytes::copy_from_slice(written.json()))
}

/// An answer that is JSON already.
fn ready(status: StatusCode, json: impl Into<Body>) -> Response {
    let mut response = Response::new(json.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(HEADERS);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// For addresses below `/ofrep` that are not served.
pub(crate) fn not_found(request: &Request) -> Response {
    Failed(crate::problem::not_found(request)).into_response()
}

/// For defects: clients read the protocol's words even then.
pub(crate) fn defect(cause: Box<dyn std::any::Any + Send + 'static>) -> Response {
    Failed(crate::problem::defect(cause)).into_response()
}

/// What says that it is something else than JSON is not read as if it were. Who says nothing is taken at their word.
fn is_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let said = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default().to_ascii_lowercase());
    let kind = said(header::CONTENT_TYPE).unwrap_or_else(|| "application/json".to_owned());
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let coding = said(header::CONTENT_ENCODING).unwrap_or_default();
    let is_json = kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"));
    if is_json && matches!(coding.trim(), "" | "identity") {
        return Ok(());
    }
    let detail = "send the body as `Content-Type: application/json`, and not compressed";
    Err(Refusal::new(Code::UnsupportedMediaType, detail))
}

fn context(body: &[u8]) -> Result<Context, (&'static str, String)> {
    // An array would pass for the fields in their order.
    let is_object = body.trim_ascii_start().first() == Some(&b'{');
    if is_object
        && !is_deep(body)
        && let Ok(asked) = serde_json::from_slice::<Asked>(body)
    {
        return Ok(asked.context.unwrap_or_default());
    }
    Err(why_not(body))
}

/// Why a body cannot be used: the protocol tells what is no JSON from a context that does not make sense.
fn why_not(body: &[u8]) -> (&'static str, String) {
    let said = |fault: &Fault| match fault.path.as_str() {
        "" => fault.message.clone(),
        path => format!("at `{path}`, {}", fault.message),
    };
    match tree(body) {
        Err(fault) if fault.is_of_the_value => {
            ("INVALID_CONTEXT", format!("the context cannot be used: {}", said(&fault)))
        }
        Err(fault) => ("PARSE_ERROR", said(&fault)),
        Ok(json) if !json.is_object() => {
            ("PARSE_ERROR", "the body is not a JSON object; send one with `context`".to_owned())
        }
        Ok(json) => match shape::<Asked>(Spot::new("", &json)) {
            Err(fault) => ("INVALID_CONTEXT", format!("the context cannot be used: {}", said(&fault))),
            Ok(_) => ("INVALID_CONTEXT", "the context cannot be used; please report this".to_owned()),
        },
    }
}

fn metadata(snapshot: &Snapshot, version: u64) -> Map<String, Value> {
    let set = ("flagSetId".to_owned(), Value::from(snapshot.flag_set.as_str()));
    Map::from_iter([set, ("version".to_owned(), Value::from(version))])
}

fn no_flag(app: &App, key: &str) -> Response {
    app.metrics.evaluated(Ended::NotFound);
    let details = format!("there is no flag `{key}` in this environment");
    failure(StatusCode::NOT_FOUND, key, "FLAG_NOT_FOUND", details)
}

fn no_key(app: &App, written: &str) -> Response {
    app.metrics.evaluated(Ended::NotFound);
    let details = format!(
        "`{written}` is not UTF-8 once decoded, so it is no flag's key; encode the bytes of its UTF-8"
    );
    failure(StatusCode::NOT_FOUND, written, "FLAG_NOT_FOUND", details)
}

fn failure(status: StatusCode, key: &str, code: &str, details: String) -> Response {
    let body = EvaluationFailure { key: key.to_owned(), error_code: code.to_owned(), error_details: details };
    answer(status, &body)
}

fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    ready(status, json(body))
}

fn json(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).unwrap_or_else(|error| {
        tracing::error!("an answer could not be written: {error}");
        br#"{"errorCode":"GENERAL","errorDetails":"the answer could not be written; please report it"}"#
            .to_vec()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_defect_is_answered_in_the_words_of_the_protocol() {
        let response = defect(Box::new("a case that cannot happen"));
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body.get("errorCode"), Some(&Value::from("GENERAL")));
        assert!(body.get("errorDetails").is_some_and(Value::is_string), "{body}");
    }
}
