//! Every limit of this crate, in one place. Over a limit there is a clear refusal with the figure.

use std::time::Duration;

pub(crate) use sapwood_api::events::BATCH_BYTES_MAX;

/// Bytes of an evaluation request.
pub(crate) const EVALUATE_BYTES_MAX: usize = 256 << 10;
/// Bytes of a definition: enough for the largest segment with ordinary keys.
pub(crate) const MANAGE_BYTES_MAX: usize = 4 << 20;
/// Bytes of all definitions of a project at once: ten thousand flags with a few rules in each of two environments.
pub(crate) const DEFINITIONS_BYTES_MAX: usize = 64 << 20;
/// Bytes of a form of the console.
pub(crate) const FORM_BYTES_MAX: usize = 16 << 10;
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
/// Quiet time after which a stream of changes says that it is alive; proxies cut what is silent for longer.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(15);
/// A stream of changes ends after this, up to twice this, and is opened again. Its token is looked at all the time.
pub(crate) const FOLLOW_LASTS: Duration = Duration::from_hours(6);
/// The least time a client waits before it opens a broken stream of changes again, and half of how much it varies.
pub(crate) const RETRY_MIN: Duration = Duration::from_secs(1);
/// For each open stream, the wait of everybody varies by so much more: some 400 streams are opened again a second.
pub(crate) const RETRY_SPREAD: Duration = Duration::from_micros(2_400);
/// The official provider for the web gives a broken stream up after 30 seconds.
pub(crate) const RETRY_SPREAD_MAX: Duration = Duration::from_secs(24);
/// How long who is refused a stream is to wait at least; twice this at most.
pub(crate) const REFUSED_STREAM_WAITS: Duration = Duration::from_secs(10);
/// A page that nobody looks at for this long closes its stream.
pub(crate) const PAGE_HIDDEN_MAX: Duration = Duration::from_mins(2);
/// How long an evaluation waits for a change that its client was told of and that is not served here yet.
pub(crate) const CHANGE_ARRIVES_WITHIN: Duration = Duration::from_secs(2);
/// Tokens whose requests are counted at once.
pub(crate) const METERED_TOKENS_MAX: usize = 10_000;
/// How long a client waits before it opens a broken stream again.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(2);
/// How long a reader of a stream may take nothing of what it is sent.
pub(crate) const READER_TAKES_WITHIN: Duration = Duration::from_secs(30);
/// Bytes that a reader may send while it is to listen; they are not read.
pub(crate) const READER_SPEAKS_MAX: usize = 64 << 10;
/// How long no connection is taken after one could not be.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
