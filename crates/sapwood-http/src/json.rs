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
use sapwood_words::{Spot, is_deep};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::limits::{BODY_ARRIVES_WITHIN, EVALUATE_BYTES_MAX};
use crate::problem::Refusal;

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

/// A body of one shape. Whatever is wrong with it is said with its place.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let json = sapwood_words::tree(body)?;
    Ok(sapwood_words::shape(Spot::new("", &json))?)
}

/// The same, read as fast as can be if nothing is wrong.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let is_object = body.trim_ascii_start().first() == Some(&b'{');
    let read = if is_object && !is_deep(body) { serde_json::from_slice(body).ok() } else { None };
    read.map_or_else(|| parse(body), Ok)
}

#[cfg(test)]
mod tests {
    use sapwood_api::manage::RolloutRequest;

    use super::*;

    #[test]
    fn a_refusal_names_the_place() {
        let body = br#"{"flag":"a","baseline":"off","candidate":"on","ladder":{"stages":[{"share":1000},{"shar":2}]}}"#;
        let refusal = parse::<RolloutRequest>(body).unwrap_err();
        let said = format!("{refusal:?}");
        assert!(said.contains("/ladder/stages/1/shar"), "{said}");
        assert!(said.contains("has no field `shar`; did you mean `share`?"), "{said}");
    }
}
