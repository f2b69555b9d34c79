//! Why something could not be measured.

use std::fmt;

/// One sentence: what happened, where, and what to do next.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Failure {
    /// Wraps a cause with what was being done: `map_err(Failure::while_doing("starting wrk"))`.
    pub(crate) fn while_doing<E: fmt::Display>(doing: impl Into<String>) -> impl FnOnce(E) -> Self {
        let doing = doing.into();
        move |cause| Self(format!("{doing}: {cause}"))
    }
}
