//! Every limit of this crate, in one place.

/// Slices a plan may have.
pub const SLICES_MAX: usize = 2_000;
/// Requirements, together groups and apart groups a plan may have, each.
pub const RULES_MAX: usize = 20_000;
/// Surfaces a slice may touch.
pub const SURFACES_PER_SLICE_MAX: usize = 100;
/// Teams that may build at the same time.
pub const TEAMS_MAX: u32 = 100;
/// Longest effort, overhead, settle window or date, in days.
pub const DAYS_MAX: u64 = 100_000;
/// Highest value of one slice, per day.
pub const VALUE_MAX: u64 = 1_000_000_000;
/// The sum of all values times the longest any order can take stays below this, so that sums of costs fit into 64 bits.
pub const COST_MAX: u64 = 1 << 60;
/// Absences a plan may have.
pub const ABSENCES_MAX: usize = 1_000;

/// Bundles up to which the exact solvers are tried at all; sets of bundles are kept in 64 bits.
pub const EXACT_BUNDLES_MAX: usize = 64;
/// Down-closed sets up to which the exact solvers look at every one.
pub const IDEALS_MAX: usize = 2_000_000;
/// Steps of the exact solvers before they give up and leave the answer to the search.
pub const EXACT_STEPS: u64 = 60_000_000;
/// Partial plans an exact solver may hold at once.
pub const EXACT_STATES_MAX: usize = 1_000_000;
/// Steps of the search; a step is one release looked at.
pub const SEARCH_STEPS: u64 = 60_000_000;
/// Steps between two questions whether to go on.
pub const STEPS_BETWEEN_QUESTIONS: u64 = 200_000;
/// Draws of the question how stable the order is.
pub const DRAWS_MAX: u32 = 1_000;
