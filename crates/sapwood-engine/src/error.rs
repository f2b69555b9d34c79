//! Why the engine could not do something, free of HTTP.

use sapwood_core::id::ProjectKey;
use sapwood_core::rejection::Rejection;
use sapwood_core::state::FoldError;
use sapwood_eval::FlagKey;
use sapwood_store::StoreError;

/// Why the engine could not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store said no.
    #[error("the log cannot be read")]
    Store(#[from] StoreError),
    /// Entries were lost.
    #[error(
        "entry {version} of project `{project}` was served and is not in the log any more: the log lost entries, or an \
         older one was put in its place. Restore a backup; if going back is what you want, remove last-known-good.json"
    )]
    Behind {
        /// Which project.
        project: ProjectKey,
        /// The entry that is missing.
        version: u64,
    },
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The domain said no.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// Some of several commands were refused, so that none of them happened.
    #[error("{} of the definitions are refused", .0.len())]
    Refused(Vec<(Option<usize>, Rejection)>),
    /// The resource does not have the revision that was expected; the one it has, if there is such a thing.
    #[error("{}", moved(*.0))]
    RevisionMoved(Option<u64>),
    /// There is no such project.
    #[error("there is no project `{0}`")]
    UnknownProject(ProjectKey),
    /// The project's log holds something this version cannot read.
    #[error("this project is read-only: {0}")]
    Halted(FoldError),
    /// The project is not at the version this was decided at.
    #[error("somebody changed the project meanwhile; look again")]
    Moved,
    /// Others kept changing the project meanwhile.
    #[error("too many changes at once; try again")]
    Busy,
    /// The event could not be written as JSON, which is a defect.
    #[error("the event could not be written")]
    Encode(#[from] serde_json::Error),
    /// The store said no.
    #[error("the change could not be stored")]
    Store(#[from] StoreError),
}

/// Why there is no explanation.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// There is no flag of this name.
    #[error("there is no flag `{key}`; {}", hint(.near.as_ref()))]
    NoSuchFlag {
        /// The name.
        key: FlagKey,
        /// The one that was probably meant.
        near: Option<FlagKey>,
    },
    /// The flag is retired.
    #[error("flag `{0}` is retired and serves nobody; its key is never used again")]
    Retired(FlagKey),
    /// The question cannot be read, or putting the draft would be refused.
    #[error(transparent)]
    Refused(#[from] SubmitError),
}

impl From<Rejection> for ExplainError {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(rejection.into())
    }
}

fn hint(near: Option<&FlagKey>) -> String {
    match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "define it first, or check the name".to_owned(),
    }
}

fn moved(revision: Option<u64>) -> String {
    match revision {
        Some(revision) => format!(
            "it has revision {revision} now, which is not what the request expects; read it again, and repeat \
             if the change still makes sense"
        ),
        None => {
            "there is no such thing now, and the request expects one; read again what there is".to_owned()
        }
    }
}

/// Why a batch was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// There is no such environment.
    #[error("there is no such environment")]
    UnknownScope,
    /// Too many items.
    #[error("{found} items are over the limit of {limit} for one batch; send several")]
    TooMany {
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// `sent_at` is not a time.
    #[error("`sent_at`: {0}")]
    SentAt(String),
    /// The store said no; nothing of the batch was taken.
    #[error("the batch could not be stored")]
    Store(#[from] StoreError),
}

/// Why the log could not be looked through, or an entry not taken back.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The log is shorter.
    #[error("there is no version {version}; the log of this project ends at {head}")]
    BeyondHead {
        /// The version asked for.
        version: u64,
        /// The last one there is.
        head: u64,
    },
    /// The log holds what this version cannot read.
    #[error("the log cannot be read: {0}")]
    Unreadable(#[from] FoldError),
    /// The change was not made.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// The store said no.
    #[error("the log cannot be read")]
    Store(#[from] StoreError),
}
