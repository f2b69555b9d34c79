//! Every limit of this crate, in one place.

/// Nested arrays and objects of JSON, checked before anything is built from it.
pub const JSON_DEPTH_MAX: usize = 64;
/// Characters of what somebody sent that a message repeats.
pub const ECHO_CHARACTERS_MAX: usize = 64;
/// Names of what was found that a message repeats.
pub const SHOWN_NAMES_MAX: usize = 4;
