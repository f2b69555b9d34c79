//! All flags at once, as browsers and apps ask: every flag is an entry, whether it could be evaluated or not, and who
//! has the answer already is told so without a body.

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sapwood_api::ofrep::GeneralFailure;
use sapwood_engine::{Engine, Mark, Scope, Snapshot, Written};
use sapwood_eval::{Context, Which};
use tokio::time::timeout;

use super::etag::Etag;
use super::stream::{Address, Known};
use super::{Arrived, Evaluate, answer, context, json, metadata, ready};
use crate::app::App;
use crate::auth;
use crate::limits::CHANGE_ARRIVES_WITHIN;

/// Bytes of one digest.
const DIGEST: usize = 16;
/// Bytes around flags and metadata.
const AROUND: usize = 64;

/// `POST /ofrep/v1/evaluate/flags`.
///
/// Counts as nobody's exposure: who asks for everything has met nothing yet.
pub(crate) async fn evaluate_all(
    State(app): State<App>,
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
    let is_current = arrived(&app.engine, caller.outlet.scope(), Known::of(query.as_deref())).await;
    let snapshot = caller.outlet.look();
    let now = app.engine.now();
    let entries = Entries::of(&snapshot, &context, now.ms(), &caller);
    app.metrics.evaluated_all(entries.served, entries.failed);
    let address = Address::new(&app.engine, &caller.caller, caller.outlet.scope());
    // The stream's address belongs to the answer: a client that keeps the answer for weeks would otherwise never hear
    // that its ticket has expired, since 304 brings no new one.
    let tag = Etag::of(&[&entries.digests, address.stable.as_bytes()]);
    if is_current && tag.is_in(&headers) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag.header())]).into_response();
    }
    let mut response = ready(StatusCode::OK, entries.body(&snapshot, Mark::of(&snapshot, now), &address));
    response.headers_mut().insert(header::ETAG, tag.header());
    response
}

/// What each flag that the caller may see serves to one context: nothing is written, everything is chosen.
struct Entries<'s> {
    chosen: Vec<&'s Written>,
    /// One after another, the digests of what was chosen. They are the same if and only if the body's `flags` are:
    /// whole JSON objects, one after another, can be taken apart in one way only.
    digests: Vec<u8>,
    bytes: usize,
    served: u64,
    failed: u64,
}

impl<'s> Entries<'s> {
    fn of(snapshot: &'s Snapshot, context: &Context, now_ms: i64, caller: &auth::Evaluate) -> Self {
        let which = if caller.inspects() { Which::All } else { Which::ClientVisible };
        let audience = caller.audience();
        let flags = snapshot.flags.len();
        let (chosen, digests) = (Vec::with_capacity(flags), Vec::with_capacity(flags.saturating_mul(DIGEST)));
        let mut entries = Self { chosen, digests, bytes: 0, served: 0, failed: 0 };
        for (place, answer) in snapshot.flags.prepare(context).answers(which, now_ms) {
            let Some(written) = snapshot.written(place, answer, audience) else { continue };
            entries.digests.extend_from_slice(written.digest());
            entries.bytes = entries.bytes.saturating_add(written.json().len()).saturating_add(1);
            let count = if written.is_failure() { &mut entries.failed } else { &mut entries.served };
            *count = count.saturating_add(1);
            entries.chosen.push(written);
        }
        entries
    }

    fn body(&self, snapshot: &Snapshot, mark: Mark, address: &Address) -> Vec<u8> {
        let metadata = json(&metadata(snapshot, snapshot.revision));
        let streams = json(&[address.stream(mark)]);
        let around = metadata.len().saturating_add(streams.len()).saturating_add(AROUND);
        let mut body = Vec::with_capacity(self.bytes.saturating_add(around));
        body.extend_from_slice(b"{\"flags\":[");
        for (place, written) in self.chosen.iter().enumerate() {
            if place > 0 {
                body.push(b',');
            }
            body.extend_from_slice(written.json());
        }
        for part in [b"],\"metadata\":", &*metadata, b",\"eventStreams\":", &*streams, b"}"] {
            body.extend_from_slice(part);
        }
        body
    }
}

/// Waits a moment for a change that the client was told of and that is not served here yet. If it does not come, the
/// client gets what there is, but is never told that nothing changed.
async fn arrived(engine: &Engine, scope: &Scope, known: Known) -> bool {
    let reached = engine.reach(scope, |standing| known.is_reached(standing.mark, standing.changed_at()));
    timeout(CHANGE_ARRIVES_WITHIN, reached).await.is_ok()
}
