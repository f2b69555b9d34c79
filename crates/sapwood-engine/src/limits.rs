//! Every limit of the engine, in one place.

/// Times a decision is made again after somebody else appended first.
pub const DECIDE_ATTEMPTS_MAX: usize = 5;
/// Open streams at most, over all environments.
pub const STREAMS_MAX: usize = 10_000;
/// How an environment stood that often is remembered for readers that come back; who was away for longer gets it whole.
pub const STANDINGS_KEPT: usize = 16;
/// Messages a slow reader of a stream may fall behind before it is told to look again.
pub const STREAM_BACKLOG_MAX: usize = 256;
/// Automatic exposures that wait to be journaled; more are dropped and counted.
pub const EXPOSURES_WAITING_MAX: usize = 262_144;
/// Subjects remembered as already exposed; beyond, the memory starts anew and repetitions are journaled again.
pub const EXPOSURES_REMEMBERED_MAX: usize = 1_000_000;
/// Records of one journal batch made of automatic exposures.
pub const RECORDS_PER_BATCH_MAX: usize = 10_000;
/// Journal batches folded at a time; together they must fit into memory.
pub const FOLD_BATCHES_MAX: usize = 64;
/// Rollouts that ended before this process began, whose ledgers are read again in one look.
pub const ENDED_READ_PER_LOOK: usize = 16;
/// Flags changed at once that are compiled one by one; with more, all are.
pub const FLAGS_REPUBLISHED_SINGLY_MAX: usize = 100;
/// Entries read from the log at a time.
pub const ENTRIES_PER_READ: usize = 1_000;
/// Entries of one page of the log.
pub const LOG_PAGE_MAX: usize = 500;
/// Flags with a local override, over all projects and environments, those lifted included.
pub const OVERRIDES_MAX: usize = 1_000;
/// Entries one search of the log looks at before it answers with what it found.
pub const ENTRIES_SEARCHED_MAX: usize = 20_000;
/// An event this much older than its arrival is refused, in seconds.
pub const EVENT_AGE_SECONDS_MAX: i64 = 7 * 86_400;
/// An event this much later than its arrival is refused, in seconds.
pub const EVENT_AHEAD_SECONDS_MAX: i64 = 300;
/// Clocks that differ by more than this are not corrected for but refused, in seconds.
pub const SKEW_SECONDS_MAX: i64 = 86_400;
/// Clocks that differ by more than this are corrected for, in seconds.
pub const SKEW_SECONDS_TOLERATED: i64 = 5;
/// Seconds between two looks of the controller.
pub const LOOK_SECONDS: u64 = 1;
