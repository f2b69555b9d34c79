//! What the measurements share: workloads, the engines that run them, and a table of what was found.

pub mod eval;
pub mod rounds;
