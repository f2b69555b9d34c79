//! The limits of the command line's own commands; over one there is a refusal with the figure.

/// Bytes of one question of `stats eval`.
pub(crate) const STATS_LINE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Entries of one list in a question of `stats eval`.
pub(crate) const STATS_LIST_MAX: usize = 100_000;
/// Metrics of one question of `rollout design`.
pub(crate) const DESIGN_METRICS_MAX: usize = 20;
/// Stages of one ladder in `rollout design`.
pub(crate) const DESIGN_STAGES_MAX: usize = 32;
