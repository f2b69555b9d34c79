//! The limits of the command line's own commands; over one there is a refusal with the figure.

/// Bytes of one question of `stats eval`.
pub(crate) const STATS_LINE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Entries of one list in a question of `stats eval`.
pub(crate) const STATS_LIST_MAX: usize = 100_000;
/// Metrics of one question of `rollout design`.
pub(crate) const DESIGN_METRICS_MAX: usize = 20;
/// Stages of one ladder in `rollout design`.
pub(crate) const DESIGN_STAGES_MAX: usize = 32;
/// Files that one `apply` reads.
pub(crate) const FILES_MAX: usize = 50_000;
/// Folders in folders that are looked into.
pub(crate) const FOLDERS_DEEP_MAX: usize = 16;
/// How often `apply` tries again when the project moved on without touching what it is about.
pub(crate) const APPLY_ATTEMPTS_MAX: usize = 5;
/// Entries of the log that are named when somebody else was quicker.
pub(crate) const ENTRIES_NAMED_MAX: usize = 20;
