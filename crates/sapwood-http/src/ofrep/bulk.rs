//! All flags at once, as browsers and apps ask: every flag is an entry, whether it could be evaluated or not, and who
//! has the answer already is told so without a body.

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sapwood_api::ofrep::GeneralFailure;
use sapwood_core::time::Timestamp;
use sapwood_engine::{Audience, Engine, Mark, Scope, Snapshot, Written};
use sapwood_eval::{Context, Which};
use tokio::time::timeout;

use super::etag::{Etag, Had, Half};
use super::stream::{Address, Known};
use super::{Arrived, Evaluate, answer, context, json, metadata, ready};
use crate::app::App;
use crate::auth;
use crate::limits::CHANGE_ARRIVES_WITHIN;

/// Bytes around flags and metadata.
const AROUND: usize = 64;
/// Odd, so that it loses nothing of what it is multiplied with. The fraction of the golden ratio, for want of a reason for
/// any other.
const FACTOR: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;

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
    let is_current = arrived(&app.engine, caller.outlet.scope(), query.as_deref()).await;
    let snapshot = caller.outlet.look();
    let now = app.engine.now();
    let address = Address::new(&app.engine, &caller);
    // Who was told of a change that is not here yet is never told that nothing changed.
    let had = if is_current { Had::of(&headers) } else { Had::default() };
    let asked = question(&snapshot, now, &caller, &address, &body);
    if let Some(tag) = had.asked(asked) {
        return nothing_new(tag);
    }
    let context = match context(&body) {
        Ok(context) => context,
        Err((code, error_details)) => {
            let failure = GeneralFailure { error_code: Some(code.to_owned()), error_details };
            return answer(StatusCode::BAD_REQUEST, &failure);
        }
    };
    let entries = Entries::of(&snapshot, &context, now.ms(), &caller);
    app.metrics.evaluated_all(entries.served, entries.failed);
    // The stream's address belongs to the answer: a client that keeps the answer for weeks would otherwise never hear
    // that its ticket has expired, since 304 brings no new one.
    let answered = Half::of(&[&entries.digest.to_be_bytes(), address.stable.as_bytes()]);
    let tag = Etag { asked, answered };
    if had.answered(tag) {
        return nothing_new(tag);
    }
    let mut response = ready(StatusCode::OK, entries.body(&snapshot, Mark::of(&snapshot, now), &address));
    response.headers_mut().insert(header::ETAG, tag.header());
    response
}

/// All that an answer is made of: equal questions have equal answers. The version of this program is part of it, since
/// another may answer otherwise.
fn question(
    snapshot: &Snapshot,
    now: Timestamp,
    caller: &auth::Evaluate,
    address: &Address,
    body: &[u8],
) -> Half {
    let turned_ms = snapshot.flags.last_boundary(now.ms()).unwrap_or(i64::MIN);
    let audience = match caller.audience() {
        Audience::Server => b"server",
        Audience::Client => b"client",
    };
    Half::of(&[
        env!("CARGO_PKG_VERSION").as_bytes(),
        snapshot.flag_set.as_bytes(),
        snapshot.fingerprint.as_bytes(),
        &turned_ms.to_be_bytes(),
        audience,
        address.stable.as_bytes(),
        body,
    ])
}

fn nothing_new(tag: Etag) -> Response {
    (StatusCode::NOT_MODIFIED, [(header::ETAG, tag.header())]).into_response()
}

/// What each flag that the caller may see serves to one context: nothing is written, everything is chosen.
struct Entries<'s> {
    chosen: Vec<&'s Written>,
    /// Stands for what was chosen, in its order: a polynomial of the digests, which are hashes themselves.
    digest: u128,
    bytes: usize,
    served: u64,
    failed: u64,
}

impl<'s> Entries<'s> {
    fn of(snapshot: &'s Snapshot, context: &Context, now_ms: i64, caller: &auth::Evaluate) -> Self {
        let which = if caller.inspects() { Which::All } else { Which::ClientVisible };
        let audience = caller.audience();
        let chosen = Vec::with_capacity(snapshot.flags.len());
        let mut entries = Self { chosen, digest: 1, bytes: 0, served: 0, failed: 0 };
        for (place, answer) in snapshot.flags.prepare(context).answers(which, now_ms) {
            let Some(written) = snapshot.written(place, answer, audience) else { continue };
            entries.digest = entries.digest.wrapping_mul(FACTOR).wrapping_add(written.digest());
            entries.bytes = entries.bytes.saturating_add(written.json().len()).saturating_add(1);
            entries.failed = entries.failed.saturating_add(u64::from(written.is_failure()));
            entries.chosen.push(written);
        }
        let all = u64::try_from(entries.chosen.len()).unwrap_or(u64::MAX);
        entries.served = all.saturating_sub(entries.failed);
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
async fn arrived(engine: &Engine, scope: &Scope, query: Option<&str>) -> bool {
    let known = Known::of(query);
    if known.is_nothing() {
        return true;
    }
    let reached = engine.reach(scope, |standing| known.is_reached(standing.mark, standing.changed_at()));
    timeout(CHANGE_ARRIVES_WITHIN, reached).await.is_ok()
}
