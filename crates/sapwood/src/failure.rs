//! What a command ends with when it cannot do its work: a message, its causes, and an exit code scripts can read.

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use sapwood_api::problem::Problem;
use sapwood_core::rejection::Rejection;
use sapwood_engine::{HistoryError, SubmitError};

/// Exit codes beyond success (0) and usage (2, clap's own).
pub(crate) mod code {
    /// There was nothing to do it with; clap's own code for usage.
    pub(crate) const USAGE: u8 = 2;
    /// Something failed.
    pub(crate) const FAILED: u8 = 1;
    /// The request was refused.
    pub(crate) const INVALID: u8 = 3;
    /// There is no such thing.
    pub(crate) const NOT_FOUND: u8 = 4;
    /// Somebody was quicker, or the state does not allow it.
    pub(crate) const CONFLICT: u8 = 5;
    /// The rollout was rolled back, or the scenario ended otherwise than expected.
    pub(crate) const ROLLED_BACK: u8 = 6;
    /// The token is missing, wrong or may not do this.
    pub(crate) const AUTH: u8 = 7;
    /// The server cannot be reached.
    pub(crate) const UNREACHABLE: u8 = 8;
}

/// A command could not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A sentence that says it all.
    #[error("{0}")]
    Said(String),
    /// What was given cannot be used.
    #[error("{0}")]
    Invalid(String),
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
    #[error("{} ({})", .0.detail, .0.code)]
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
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Problem(problem) => match problem.status {
                401 | 403 => code::AUTH,
                404 => code::NOT_FOUND,
                409 | 412 => code::CONFLICT,
                400..=499 => code::INVALID,
                _ => code::FAILED,
            },
            Self::Unreachable { .. } => code::UNREACHABLE,
            Self::Invalid(_) => code::INVALID,
            Self::Rejected(rejection)
            | Self::History(HistoryError::Submit(SubmitError::Rejected(rejection))) => {
                of_rejection(rejection)
            }
            Self::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound => code::NOT_FOUND,
            Self::History(HistoryError::BeyondHead { .. }) | Self::Absent(_) => code::NOT_FOUND,
            Self::Exists(_) => code::CONFLICT,
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
            | Self::Json(_) => code::FAILED,
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

    /// Prints the message with its causes to standard error.
    pub(crate) fn report(&self) -> ExitCode {
        // If standard error is gone there is nobody left to tell.
        let _ = writeln!(std::io::stderr(), "sapwood: {}", self.sentence());
        ExitCode::from(self.exit_code())
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

/// A thing that is not there, something that stands in the way, or a request that makes no sense.
const fn of_rejection(rejection: &Rejection) -> u8 {
    if matches!(rejection, Rejection::UnknownEntry { .. }) {
        code::NOT_FOUND
    } else if matches!(rejection, Rejection::NeverReverted { .. } | Rejection::TouchedLater { .. }) {
        code::CONFLICT
    } else {
        code::INVALID
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
