//! What a command ends with when it cannot do its work: a message, its causes, and how it exits.

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use sapwood_api::problem::Problem;
use sapwood_core::rejection::Rejection;
use sapwood_engine::{HistoryError, SubmitError};
use serde_json::json;

use crate::exit::{self, Exit};

/// Version of the shape of an error; it changes only if a program could misread it.
const FORMAT: u32 = 1;

/// A command could not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A sentence that says it all.
    #[error("{0}")]
    Said(String),
    /// What was given cannot be used.
    #[error("{0}")]
    Invalid(String),
    /// The command line leaves out what is needed.
    #[error("{0}")]
    Usage(String),
    /// What was written cannot be used, at one place of it.
    #[error("{name}: {fault}")]
    Written {
        /// Which file.
        name: String,
        /// What is wrong, and where.
        fault: sapwood_words::Fault,
    },
    /// There is no such thing.
    #[error("{0}")]
    Absent(String),
    /// A file cannot be read or written.
    #[error("{path} cannot be used")]
    File {
        /// Which.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is there already.
    #[error("{0} is there already; name another file, or move it away")]
    Exists(String),
    /// The server answered with a problem.
    #[error("{}", of_problem(.0))]
    Problem(Box<Problem>),
    /// The server did not answer.
    #[error("{url} cannot be reached; is `sapwood serve` running there?")]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The operating system said no.
    #[error("the operating system said no")]
    Io(#[from] std::io::Error),
    /// The engine could not open.
    #[error("the data directory cannot be opened")]
    Open(#[from] sapwood_engine::OpenError),
    /// The data directory cannot be used.
    #[error("the data directory cannot be used")]
    Directory(#[from] sapwood_store::OpenError),
    /// The store said no.
    #[error("the data could not be read or written")]
    Store(#[from] sapwood_engine::StoreError),
    /// What is stored is not what was written.
    #[error("not as it was written: {0}; do not go on writing to it, keep a copy, and restore a backup")]
    Damaged(String),
    /// The log could not be looked through, or an entry not taken back.
    #[error(transparent)]
    History(sapwood_engine::HistoryError),
    /// A backup was not made, not restored, or is not good.
    #[error(transparent)]
    Backup(#[from] sapwood_store::backup::BackupError),
    /// A change was not made.
    #[error("a change could not be made")]
    Submit(#[from] sapwood_engine::SubmitError),
    /// The domain said no.
    #[error(transparent)]
    Rejected(#[from] sapwood_core::rejection::Rejection),
    /// JSON that cannot be read or written.
    #[error("an answer could not be read")]
    Json(#[from] serde_json::Error),
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Problem(problem) => match problem.status {
                401 | 403 => exit::AUTH,
                404 => exit::NOT_FOUND,
                409 | 412 => exit::CONFLICT,
                400..=499 => exit::REFUSED,
                _ => exit::FAILED,
            },
            Self::Unreachable { .. } => exit::UNREACHABLE,
            Self::Invalid(_) | Self::Written { .. } => exit::REFUSED,
            Self::Usage(_) => exit::USAGE,
            Self::Rejected(rejection)
            | Self::History(HistoryError::Submit(SubmitError::Rejected(rejection))) => {
                of_rejection(rejection)
            }
            Self::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound => exit::NOT_FOUND,
            Self::History(HistoryError::BeyondHead { .. }) | Self::Absent(_) => exit::NOT_FOUND,
            Self::Exists(_) => exit::CONFLICT,
            Self::History(HistoryError::Unreadable(_) | HistoryError::Submit(_) | HistoryError::Store(_))
            | Self::Damaged(_)
            | Self::Backup(_)
            | Self::Said(_)
            | Self::File { .. }
            | Self::Io(_)
            | Self::Open(_)
            | Self::Directory(_)
            | Self::Store(_)
            | Self::Submit(_)
            | Self::Json(_) => exit::FAILED,
        }
    }

    /// Whether it is the data that cannot be used, and not the way the program was started: then what was served last
    /// can still be served.
    pub(crate) const fn is_of_the_data(&self) -> bool {
        match self {
            Self::Open(_) | Self::Store(_) => true,
            Self::Directory(error) => error.is_of_the_data(),
            Self::Said(_)
            | Self::Invalid(_)
            | Self::Usage(_)
            | Self::Written { .. }
            | Self::Absent(_)
            | Self::File { .. }
            | Self::Exists(_)
            | Self::Problem(_)
            | Self::Unreachable { .. }
            | Self::Io(_)
            | Self::Damaged(_)
            | Self::History(_)
            | Self::Backup(_)
            | Self::Submit(_)
            | Self::Rejected(_)
            | Self::Json(_) => false,
        }
    }

    /// Prints the message with its causes to standard error, and for programs as an object to standard output.
    pub(crate) fn report(&self, as_json: bool) -> ExitCode {
        // If standard error is gone there is nobody left to tell.
        let _ = writeln!(std::io::stderr(), "sapwood: {}", self.sentence());
        if as_json {
            tell(self.exit(), &self.sentence(), self.place(), self.problem());
        }
        self.exit().into()
    }

    fn problem(&self) -> Option<&Problem> {
        if let Self::Problem(problem) = self { Some(problem) } else { None }
    }

    /// The place in what was given, where it is one.
    fn place(&self) -> Option<&str> {
        let written = if let Self::Written { fault, .. } = self { Some(fault.path.as_str()) } else { None };
        written.or_else(|| self.problem()?.path.as_deref())
    }

    /// The message with its causes.
    pub(crate) fn sentence(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let line = error.to_string();
            if !text.ends_with(&line) {
                text.push_str(": ");
                text.push_str(&line);
            }
            cause = error.source();
        }
        text
    }
}

/// An error as programs read it; the reference of the command line has the shape.
pub(crate) fn tell(exit: Exit, detail: &str, path: Option<&str>, problem: Option<&Problem>) {
    let mut error = vec![("exit", json!(exit.code)), ("code", json!(exit.word)), ("detail", json!(detail))];
    error.extend(path.map(|path| ("path", json!(path))));
    error.extend(problem.map(|problem| ("problem", json!(problem))));
    let error: serde_json::Map<_, _> =
        error.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    // If standard output is gone, the exit code still says it.
    let _ = writeln!(std::io::stdout(), "{}", json!({ "format": FORMAT, "error": error }));
}

/// A problem with its place, and everything that is wrong where that is several things.
fn of_problem(problem: &Problem) -> String {
    let placed = |path: Option<&String>| path.map(|path| format!("{path}: ")).unwrap_or_default();
    let first = format!("{}{} ({})", placed(problem.path.as_ref()), problem.detail, problem.code);
    let faults = problem.errors.iter().flatten();
    let faults = faults.map(|fault| format!("  {}{}", placed(fault.path.as_ref()), fault.detail));
    std::iter::once(first).chain(faults).collect::<Vec<_>>().join("\n")
}

/// A thing that is not there, something that stands in the way, or a request that makes no sense.
const fn of_rejection(rejection: &Rejection) -> Exit {
    if matches!(rejection, Rejection::UnknownEntry { .. }) {
        exit::NOT_FOUND
    } else if matches!(rejection, Rejection::NeverReverted { .. } | Rejection::TouchedLater { .. }) {
        exit::CONFLICT
    } else {
        exit::REFUSED
    }
}

impl From<HistoryError> for Failure {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Store(error) => error.into(),
            other @ (HistoryError::BeyondHead { .. }
            | HistoryError::Unreadable(_)
            | HistoryError::Submit(_)) => Self::History(other),
        }
    }
}
