//! Commands that talk to a server.

pub(crate) mod watch;
