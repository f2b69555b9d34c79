//! Every limit of the control plane, in one place. Over a limit there is a clear refusal with the figure.

use sapwood_eval::limits::Limits;

/// Stages of a ladder.
pub const STAGES_MAX: usize = 32;
/// Guardrails of a rollout.
pub const GUARDRAILS_MAX: usize = 20;
/// Sum of guardrail weights, in thousandths; the rest is kept for guardrails added later.
pub const WEIGHT_PERMILLE_MAX: u32 = 800;
/// Flags of a project: all of them may be served in one environment.
pub const FLAGS_MAX: usize = Limits::PUBLISH.flags;
/// Segments of a project.
pub const SEGMENTS_MAX: usize = 1_000;
/// Metrics of a project.
pub const METRICS_MAX: usize = 1_000;
/// Ladders kept for rollouts to come.
pub const LADDERS_MAX: usize = 200;
/// Guardrails kept for rollouts to come.
pub const GUARDRAILS_KEPT_MAX: usize = 500;
/// Sum of the weights of all guardrails a rollout ever had, in thousandths: the whole budget.
pub const WEIGHT_PERMILLE_EVER_MAX: u32 = 1_000;
/// Bytes of what one environment serves, as the log has it: definitions and targeting of its flags, and all segments.
pub const SNAPSHOT_BYTES_MAX: u64 = 16 << 20;
/// Growth of that in one change which is pointed out, if it is also this part of what there was: a quarter.
pub const GROWTH_NOTED_PERCENT: u64 = 25;
/// Growth in one change beyond which it has to be confirmed: as much again as there was.
pub const GROWTH_CONFIRMED_PERCENT: u64 = 100;
/// Bytes up to which an environment may grow by any factor, and by which growth is pointed out whatever there was.
pub const GROWTH_FREE_BYTES: u64 = 1 << 20;
/// Names of variants that a flag once had, whose meaning is remembered.
pub const VARIANTS_GONE_MAX: usize = 1_000;
/// Tags of a flag.
pub const TAGS_MAX: usize = 50;
/// Environments of a project.
pub const ENVIRONMENTS_MAX: usize = 50;
/// Tokens of a project that are not revoked.
pub const TOKENS_MAX: usize = 500;
/// Characters of a reason, a name or a description.
pub const TEXT_MAX: usize = 2_000;
/// How long an event waits for its subject's exposure, in seconds.
pub const LATENESS_SECONDS: i64 = 300;
/// Events that wait for one subject's exposure, per guardrail; more are dropped, the latest first. Beyond it an
/// exposure that arrives after them may find the event dropped that should have counted.
pub const PENDING_PER_SUBJECT_MAX: usize = 16;
/// A ladder whose last stage reaches less than this, in parts per 100 000, completes only with a person's approval:
/// completing gives the slice to the whole audience, most of whom nobody has watched with it.
pub const COMPLETES_ITSELF_FROM: u32 = 50_000;
/// Longest bake of a stage, in seconds (90 days).
pub const BAKE_SECONDS_MAX: u32 = 90 * 86_400;
/// Data older than this is stale, in minutes, or a tenth of the stage's bake if that is more.
pub const STALE_MINUTES_MIN: i64 = 2;
/// Evidence at which a hold begins, as an e-value.
pub const HOLD_ENTER: f64 = 3.0;
/// Evidence below which that hold ends.
pub const HOLD_LEAVE: f64 = 1.5;
/// Chance of a false sample-ratio alarm per rollout, apart from the rollback budget.
pub const SRM_ALPHA: f64 = 0.001;
/// Chance at which an empty treated arm is called silent.
pub const SILENT_ALPHA: f64 = 0.001;
/// How long a base waits after its dependent was rolled back while both were suspect, in seconds.
pub const COOL_DOWN_SECONDS: i64 = 600;
/// A source that reported is down when it was quiet for this many of its own mean gaps: under steady reporting
/// a gap that long has a chance of e^-14, about one in a million.
pub const SOURCE_DOWN_GAPS: i64 = 14;
