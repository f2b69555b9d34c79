//! All flags at once, as browsers and apps ask: every flag is an entry, whether it could be evaluated or not, and who
//! has the answer already is told so without a body.

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sapwood_api::ofrep::GeneralFailure;
use sapwood_core::time::Timestamp;
use sapwood_engine::{Audience, Engine, Mark, Scope, Snapshot};
use sapwood_eval::{Context, Which};
use tokio::time::timeout;

use super::etag::{Etag, Had, Half};
use super::stream::{Address, Known};
use super::{Arrived, Evaluate, answer, context, json, metadata, ready};
use crate::app::App;
use crate::auth;
use crate::limits::CHANGE_ARRIVES_WITHIN;

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
    let body = entries.body(&caller, &snapshot, Mark::of(&snapshot, now), &address);
    let mut response = ready(StatusCode::OK, body);
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

/// What each flag that the caller may see serves to one context.
struct Entries {
    /// The body up to the last flag.
    json: Vec<u8>,
    /// Stands for what was chosen, in its order: a polynomial of the digests, which are hashes themselves.
    digest: u128,
    served: u64,
    failed: u64,
}

impl Entries {
    fn of(snapshot: &Snapshot, context: &Context, now_ms: i64, caller: &auth::Evaluate) -> Self {
        let which = if caller.inspects() { Which::All } else { Which::ClientVisible };
        let audience = caller.audience();
        let mut json = Vec::with_capacity(caller.outlet.room());
        json.extend_from_slice(b"{\"flags\":[");
        let (mut digest, mut all, mut failed) = (1_u128, 0_u64, 0_u64);
        for (place, answer) in snapshot.flags.prepare(context).answers(which, now_ms) {
            let Some(written) = snapshot.written(place, answer, audience) else { continue };
            if all > 0 {
                json.push(b',');
            }
            json.extend_from_slice(written.json());
            digest = digest.wrapping_mul(FACTOR).wrapping_add(written.digest());
            failed = failed.saturating_add(u64::from(written.is_failure()));
            all = all.saturating_add(1);
        }
        Self { json, digest, served: all.saturating_sub(failed), failed }
    }

    fn body(self, caller: &auth::Evaluate, snapshot: &Snapshot, mark: Mark, address: &Address) -> Vec<u8> {
        let metadata = json(&metadata(snapshot, snapshot.revision));
        let streams = json(&[address.stream(mark)]);
        let mut body = self.json;
        for part in [b"],\"metadata\":", &*metadata, b",\"eventStreams\":", &*streams, b"}"] {
            body.extend_from_slice(part);
        }
        caller.outlet.took(body.len());
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
