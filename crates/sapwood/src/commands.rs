//! Commands, one module each.

pub(crate) mod stats;
pub(crate) mod watch;
