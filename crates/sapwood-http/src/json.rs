//! Bodies: limited in size, in time and in depth before anything is built from them, and refused with the place that
//! is wrong.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http_body_util::LengthLimitError;
use sapwood_api::problem::Code;
use sapwood_engine::echo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use crate::limits::{BODY_ARRIVES_WITHIN, EVALUATE_BYTES_MAX, JSON_DEPTH_MAX};
use crate::problem::Refusal;

mod unrepeated;

/// A body read as JSON of one shape; as an answer, the other way round.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

/// The same of a shape that names all its fields, down to the innermost: its reader refuses a field that is there twice, and
/// nobody needs to look for one first.
#[derive(Debug)]
pub(crate) struct Flat<T>(pub(crate) T);

/// A body that may be left out altogether.
#[derive(Debug)]
pub(crate) struct OptionalJson<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        parse(&arrive(request).await?).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Flat<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        read(&arrive(request).await?).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalJson<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let body = arrive(request).await?;
        if body.iter().all(u8::is_ascii_whitespace) { Ok(Self(T::default())) } else { parse(&body).map(Self) }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => {
                ([("content-type", "application/json"), ("cache-control", "no-store")], body).into_response()
            }
            Err(error) => {
                tracing::error!("an answer could not be written: {error}");
                Refusal::new(Code::Internal, "the answer could not be written; please report it")
                    .into_response()
            }
        }
    }
}

/// How many bytes a body at this address may have, as a layer of its route says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BytesMax(pub(crate) usize);

/// The whole body, if it is small and quick enough.
async fn arrive(request: Request) -> Result<Bytes, Refusal> {
    let bytes_max = request.extensions().get().map_or(EVALUATE_BYTES_MAX, |BytesMax(bytes_max)| *bytes_max);
    arrive_within(request.into_body(), bytes_max).await
}

/// The whole body, if it has at most so many bytes and is quick enough. One that says it has more is not waited for.
pub(crate) async fn arrive_within(body: Body, bytes_max: usize) -> Result<Bytes, Refusal> {
    let said = body.size_hint().lower();
    if usize::try_from(said).is_ok_and(|said| said > bytes_max) {
        let detail =
            format!("the body has {said} bytes, which is over the limit of {bytes_max} bytes; send less");
        return Err(Refusal::new(Code::BodyTooLarge, detail));
    }
    let arriving = in_time(to_bytes(body, bytes_max)).await?;
    arriving.map_err(|error| match std::error::Error::source(&error) {
        Some(cause) if cause.is::<LengthLimitError>() => {
            let detail = format!("the body is over the limit of {bytes_max} bytes; send less");
            Refusal::new(Code::BodyTooLarge, detail)
        }
        Some(_) | None => broke_off(),
    })
}

/// Waits as long as a body may take. Most are there already when they are asked for, and need no clock.
async fn in_time<T>(arriving: impl Future<Output = T>) -> Result<T, Refusal> {
    let mut arriving = pin!(arriving);
    if let Some(there) = std::future::poll_fn(|context| match arriving.as_mut().poll(context) {
        Poll::Ready(there) => Poll::Ready(Some(there)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
    {
        return Ok(there);
    }
    tokio::time::timeout(BODY_ARRIVES_WITHIN, arriving).await.map_err(|_| {
        let seconds = BODY_ARRIVES_WITHIN.as_secs();
        Refusal::new(
            Code::MalformedBody,
            format!("the body did not arrive within {seconds} s; send it again"),
        )
    })
}

fn broke_off() -> Refusal {
    Refusal::new(Code::MalformedBody, "the body broke off; send it again")
}

/// Why something cannot be used though the grammar of JSON allows it: such numbers and texts have no value here. `None`
/// for every other error.
pub(crate) fn unusable(error: &serde_json::Error) -> Option<String> {
    let said = error.to_string();
    let (line, column) = (error.line(), error.column());
    if said.starts_with("number out of range") {
        return Some(format!(
            "a number is beyond the range of 64-bit floats, ±1.8e308, at line {line} column {column}; send a smaller one, \
             or a text"
        ));
    }
    let half = ["lone leading surrogate", "unexpected end of hex escape"];
    half.iter().any(|half| said.starts_with(half)).then(|| {
        format!(
            "a text has half a surrogate pair, such as \\ud83d without what follows it, at line {line} column {column}; \
             that is no character, so send both halves or leave it out"
        )
    })
}

/// The place at which a body stops being read, as a pointer into it.
pub(crate) fn place(body: &[u8]) -> Option<String> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read: Result<serde_json::Value, _> = serde_path_to_error::deserialize(&mut reader);
    read.err().map(|error| pointer(error.path()))
}

/// A body of one shape, in which no object has two fields of one name: whichever of them counted, the other was meant.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    refuse_deep(body)?;
    if let Some(path) = unrepeated::first_repeated(body) {
        let name = path.rsplit('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~");
        let detail =
            format!("`{name}` is written twice in one object, and only one of them can count; keep one");
        return Err(Refusal::new(Code::MalformedBody, detail).at(path));
    }
    read(body)
}

fn refuse_deep(body: &[u8]) -> Result<(), Refusal> {
    if is_deep(body) {
        let detail = format!("the JSON is nested deeper than {JSON_DEPTH_MAX} levels, which is the limit");
        return Err(Refusal::new(Code::MalformedBody, detail));
    }
    Ok(())
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    refuse_deep(body)?;
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = pointer(error.path());
        let error = error.into_inner();
        let said = unusable(&error).unwrap_or_else(|| echo::bounded(&error.to_string()));
        Refusal::new(Code::MalformedBody, format!("not what this address takes: {said}")).at(path)
    })?;
    reader
        .end()
        .map_err(|error| Refusal::new(Code::MalformedBody, format!("more than one JSON value: {error}")))?;
    Ok(value)
}

/// Whether arrays and objects are nested deeper than the limit. Only counts brackets; whether they match is the
/// parser's business.
pub(crate) fn is_deep(body: &[u8]) -> bool {
    // Nearly every body has fewer brackets than the limit, which is counted many bytes at a time.
    if body.iter().filter(|byte| matches!(byte, b'[' | b'{')).count() <= JSON_DEPTH_MAX {
        return false;
    }
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in body {
        match (in_text, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_text = !in_text,
            (false, b'[' | b'{') => depth = depth.saturating_add(1),
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            (true | false, _) => {}
        }
        if depth > JSON_DEPTH_MAX {
            return true;
        }
    }
    false
}

/// `/items/3/at`.
fn pointer(path: &Path) -> String {
    path.iter().fold(String::new(), |mut text, segment| {
        let step = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => escaped(key),
            Segment::Enum { .. } | Segment::Unknown => return text,
        };
        text.push('/');
        text.push_str(&step);
        text
    })
}

/// A name as a step of a JSON pointer.
fn escaped(name: &str) -> String {
    echo::cut(name).replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use sapwood_api::manage::RolloutRequest;

    use super::*;

    #[test]
    fn depth_is_counted_outside_of_texts() {
        let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert!(!is_deep(nested(JSON_DEPTH_MAX).as_bytes()));
        assert!(is_deep(nested(JSON_DEPTH_MAX + 1).as_bytes()));
        assert!(!is_deep(format!("{:?}", "[".repeat(200)).as_bytes()));
        assert!(!is_deep(br#"{"a":"\"[[["}"#));
        assert!(is_deep("[".repeat(1 << 20).as_bytes()));
    }

    #[test]
    fn a_refusal_names_the_place() {
        let body = br#"{"flag":"a","baseline":"off","candidate":"on","ladder":{"stages":[{"share":1000},{"shar":2}]}}"#;
        let refusal = parse::<RolloutRequest>(body).unwrap_err();
        let said = format!("{refusal:?}");
        assert!(said.contains("/ladder/stages/1"), "{said}");
        assert!(said.contains("unknown field `shar`"), "{said}");
    }

    #[test]
    fn what_json_allows_and_has_no_value_is_named_with_its_place() {
        for (value, said) in [
            ("1e400", "a number is beyond the range"),
            ("-1e400", "a number is beyond the range"),
            (r#""\ud800""#, "half a surrogate pair"),
            (r#""\udc00x""#, "half a surrogate pair"),
            (r#""\ud800\ud800""#, "half a surrogate pair"),
        ] {
            let body = format!(r#"{{"targeting":{{"rules":[1,{value}]}}}}"#);
            let refusal = parse::<sapwood_api::manage::TargetingRequest>(body.as_bytes()).unwrap_err();
            let refused = format!("{refusal:?}");
            assert!(refused.contains(said) && refused.contains("/targeting/rules/1"), "{refused}");
        }
        assert!(parse::<serde_json::Value>(br#"["\ud83d\ude00", 1e308]"#).is_ok());
        let broken = parse::<serde_json::Value>(b"[1e]").unwrap_err();
        assert!(!format!("{broken:?}").contains("beyond"), "{broken:?}");
    }

    #[test]
    fn one_body_is_one_value() {
        assert!(parse::<serde_json::Value>(b"{} {}").is_err());
        assert!(parse::<serde_json::Value>(b" {} ").is_ok());
    }
}
