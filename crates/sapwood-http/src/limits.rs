//! Every limit of this crate, in one place. Over a limit there is a clear refusal with the figure.

use std::time::Duration;

pub(crate) use sapwood_api::events::BATCH_BYTES_MAX;

/// Bytes of an evaluation request.
pub(crate) const EVALUATE_BYTES_MAX: usize = 256 << 10;
/// Bytes of a definition: enough for the largest segment with ordinary keys.
pub(crate) const MANAGE_BYTES_MAX: usize = 4 << 20;
/// Bytes of a form of the console.
pub(crate) const FORM_BYTES_MAX: usize = 16 << 10;
/// Nested arrays and objects of a JSON body, checked before anything is built from it.
pub(crate) const JSON_DEPTH_MAX: usize = 64;
/// How long a body may take to arrive.
pub(crate) const BODY_ARRIVES_WITHIN: Duration = Duration::from_secs(20);

/// Items of a page of a list, if not asked otherwise.
pub(crate) const PAGE_ITEMS: usize = 50;
/// Items of a page of a list at most.
pub(crate) const PAGE_ITEMS_MAX: usize = 500;

/// Console sessions at once; the one that was quiet for longest makes room.
pub(crate) const SESSIONS_MAX: usize = 1_000;
/// A session ends after so many seconds without a request.
pub(crate) const SESSION_IDLE_SECONDS: i64 = 8 * 3_600;
/// Entries of the log a rollout's page looks through.
pub(crate) const STORY_ENTRIES_MAX: usize = 2_000;

/// Quiet time after which a stream says that it is alive.
pub(crate) const BEAT_EVERY: Duration = Duration::from_secs(10);
/// A stream ends after this and is opened again, with the token looked at anew.
pub(crate) const STREAM_LASTS: Duration = Duration::from_mins(30);
/// How long a client waits before it opens a broken stream again.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(2);
