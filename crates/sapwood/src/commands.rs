//! Commands, one module each.

pub(crate) mod apply;
pub(crate) mod backup;
pub(crate) mod design;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod kill;
pub(crate) mod log;
pub(crate) mod stats;
pub(crate) mod watch;
