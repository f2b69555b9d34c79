//! The OpenFeature Remote Evaluation Protocol. Its answers are the protocol's own, not problem details: clients read
//! `errorCode` and `errorDetails`, and all of them want both where there is a body.
//!
//! Handler, snapshot, evaluation, body: no lock, no storage, and nothing is waited for once the body is there.

pub(crate) mod bulk;
mod etag;
pub(crate) mod stream;

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sapwood_api::ofrep::{EvaluationFailure, EvaluationSuccess, GeneralFailure};
use sapwood_api::problem::Code;
use sapwood_core::token::TokenKind;
use sapwood_engine::{Engine, Snapshot};
use sapwood_eval::{Context, Evaluation, Outcome, RuleRef};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::app::App;
use crate::auth;
use crate::json::{arrive, is_deep};
use crate::limits::JSON_DEPTH_MAX;
use crate::problem::Refusal;

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
        let evaluate = auth::Evaluate::from_request_parts(parts, app).await?;
        app.meter(&evaluate.caller)?;
        Ok(Self(evaluate))
    }
}

/// The body, unread.
pub(crate) struct Arrived(Bytes);

impl FromRequest<App> for Arrived {
    type Rejection = Failed;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failed> {
        is_json(request.headers())?;
        arrive(request, app).await.map(Self).map_err(Failed)
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
    State(engine): State<Engine>,
    Evaluate(caller): Evaluate,
    key: Result<Path<String>, PathRejection>,
    Arrived(body): Arrived,
) -> Response {
    let Ok(Path(key)) = key else { return no_flag("") };
    let context = match context(&body) {
        Ok(context) => context,
        Err((code, details)) => return failure(StatusCode::BAD_REQUEST, &key, code, details),
    };
    let Some(snapshot) = engine.snapshot(&caller.scope) else { return no_flag(&key) };
    let flag = snapshot.flags.get(&key);
    // What a client does not see is answered like what is not there, to the byte.
    let Some(flag) = flag.filter(|flag| flag.config().flag.client_visible || caller.inspects()) else {
        return no_flag(&key);
    };
    match snapshot.flags.evaluate_flag(flag, &context, engine.now().ms()) {
        Outcome::Found(found) => {
            if caller.caller.token.kind == TokenKind::Server {
                expose(&engine, &caller, &snapshot, &key, &found, &context);
            }
            answer(StatusCode::OK, &success(&key, &snapshot, &found, caller.inspects()))
        }
        Outcome::NotFound => no_flag(&key),
        Outcome::Failed(failed) => {
            failure(StatusCode::BAD_REQUEST, &key, failed.code.as_str(), failed.code.details().to_owned())
        }
    }
}

/// For addresses below `/ofrep` that are not served.
pub(crate) fn not_found(request: &Request) -> Response {
    Failed(crate::problem::not_found(request)).into_response()
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
    if is_deep(body) {
        let details = format!("the JSON is nested deeper than {JSON_DEPTH_MAX} levels, which is the limit");
        return Err(("PARSE_ERROR", details));
    }
    let asked: Asked = serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => {
            ("INVALID_CONTEXT", format!("the context cannot be used: {error}"))
        }
        serde_json::error::Category::Io
        | serde_json::error::Category::Syntax
        | serde_json::error::Category::Eof => ("PARSE_ERROR", format!("the body is not JSON: {error}")),
    })?;
    // An array would pass for the fields in their order.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(("PARSE_ERROR", "the body is not a JSON object".to_owned()));
    }
    Ok(asked.context.unwrap_or_default())
}

/// A subject met the flag. Asking with a server token is what counts; an administrator who looks is not a subject.
fn expose(
    engine: &Engine,
    caller: &auth::Evaluate,
    snapshot: &Snapshot,
    key: &str,
    found: &Evaluation<'_>,
    context: &Context,
) {
    let flag = found.rollout.and_then(|_| snapshot.flags.get(key));
    if let Some(unit) = flag.and_then(|flag| context.unit(flag.config().flag.unit.as_str())) {
        engine.expose(&caller.scope, snapshot, found, unit);
    }
}

fn success(key: &str, snapshot: &Snapshot, found: &Evaluation<'_>, inspects: bool) -> EvaluationSuccess {
    let mut metadata = metadata(snapshot, found.revision);
    let rule = found.rule.filter(|_| inspects).map(|rule| match rule {
        RuleRef::BreakGlass => "break-glass",
        RuleRef::Rule(id) => id.as_str(),
        RuleRef::Rollout(id) => id.as_str(),
    });
    metadata.extend(rule.map(|rule| ("ruleId".to_owned(), Value::from(rule))));
    EvaluationSuccess {
        key: key.to_owned(),
        reason: found.reason.as_str().to_owned(),
        variant: found.variant.as_str().to_owned(),
        value: found.value.to_json(),
        metadata,
    }
}

fn metadata(snapshot: &Snapshot, version: u64) -> Map<String, Value> {
    let set = ("flagSetId".to_owned(), Value::from(snapshot.flag_set.as_str()));
    Map::from_iter([set, ("version".to_owned(), Value::from(version))])
}

fn no_flag(key: &str) -> Response {
    let details = format!("there is no flag `{key}` in this environment");
    failure(StatusCode::NOT_FOUND, key, "FLAG_NOT_FOUND", details)
}

fn failure(status: StatusCode, key: &str, code: &str, details: String) -> Response {
    let body = EvaluationFailure { key: key.to_owned(), error_code: code.to_owned(), error_details: details };
    answer(status, &body)
}

fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    let mut response = (status, json(body)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn json(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).unwrap_or_else(|error| {
        tracing::error!("an answer could not be written: {error}");
        br#"{"errorCode":"GENERAL","errorDetails":"the answer could not be written; please report it"}"#
            .to_vec()
    })
}
