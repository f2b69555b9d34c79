//! Why a chore could not be done, in words a person can act on.

use std::fmt;
use std::io;

/// What went wrong; every variant prints as one complete sentence.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line of the chore itself was wrong.
    Usage(String),
    /// A tool is not on this machine and could not be installed from here.
    Missing { tool: String, install: String },
    /// A command ran and said no.
    Command { line: String, status: String },
    /// The operating system refused.
    Io { doing: String, source: io::Error },
    /// The chore looked and found something wrong.
    Found(String),
}

impl Failure {
    pub(crate) fn usage(message: &str) -> Self {
        Self::Usage(message.to_owned())
    }

    pub(crate) fn missing(tool: &str, install: &str) -> Self {
        Self::Missing { tool: tool.to_owned(), install: install.to_owned() }
    }

    /// Wraps an I/O error with what was being done: `map_err(Failure::io("reading x"))`.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Found(message) => f.write_str(message),
            Self::Missing { tool, install } => write!(f, "{tool} is missing; {install}"),
            Self::Command { line, status } => write!(f, "`{line}` failed ({status})"),
            Self::Io { doing, source } => write!(f, "{doing}: {source}"),
        }
    }
}

impl std::error::Error for Failure {}
