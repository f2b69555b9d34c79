//! Every limit of this crate, in one place.

/// Largest file, in bytes.
pub const FILE_BYTES_MAX: usize = 8 << 20;
/// Values, lists and maps a file may hold, each use of an alias counted.
pub const NODES_MAX: usize = 200_000;
/// How deep values may be nested.
pub const DEPTH_MAX: usize = 72;
/// Mistakes that are reported at once; a file with more has one cause for most of them.
pub const FINDINGS_MAX: usize = 50;
/// Longest text of a field, in characters.
pub const TEXT_MAX: usize = 2_000;
/// Longest name.
pub const NAME_MAX: usize = 100;
/// Entries of a list or map, where nothing smaller is said.
pub const ENTRIES_MAX: usize = 2_000;
/// Entries of a list that may be long: the subjects of a segment, the definitions of a file.
pub const LONG_LIST_MAX: usize = 10_000;
/// Keys of one map.
pub const KEYS_MAX: usize = 10_000;
/// Stages of a ladder.
pub const STAGES_MAX: usize = 50;
/// Instances in one file.
pub const INSTANCES_MAX: usize = 2_000;
