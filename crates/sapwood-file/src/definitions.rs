//! Definition files: environments, metrics, segments, flags, guardrails and ladders as people write them, turned into
//! the server's words and back without loss.

mod keys;
mod place;
mod publish;
mod read;
mod wire;
mod write;

use serde_json::Value as Json;

use crate::source::Span;
use crate::tree::Node;

pub use place::{mention, place};
pub use publish::{json_schema, reference};
pub use read::read;
pub use write::{Unwritable, write};

/// What can be defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A place where flags are served.
    Environment,
    /// What is measured.
    Metric,
    /// A named set of subjects.
    Segment,
    /// A switch with its rules everywhere.
    Flag,
    /// What must not get worse.
    Guardrail,
    /// Stages of a rollout.
    Ladder,
}

impl Kind {
    /// All of them: what comes later may name what comes earlier.
    pub const ALL: &[Self] =
        &[Self::Environment, Self::Metric, Self::Segment, Self::Flag, Self::Guardrail, Self::Ladder];

    /// The word in files and on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Metric => "metric",
            Self::Segment => "segment",
            Self::Flag => "flag",
            Self::Guardrail => "guardrail",
            Self::Ladder => "ladder",
        }
    }

    /// The folder an export puts such definitions into.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Environment => "environments",
            Self::Metric => "metrics",
            Self::Segment => "segments",
            Self::Flag => "flags",
            Self::Guardrail => "guardrails",
            Self::Ladder => "ladders",
        }
    }

    /// The kind of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.word() == word)
    }
}

/// One definition of a file.
#[derive(Debug, Clone)]
pub struct Definition {
    /// What is defined.
    pub kind: Kind,
    /// Its name.
    pub key: String,
    /// Where the file names it.
    pub at: Span,
    /// In the server's words.
    pub wire: Json,
    node: Node,
}

/// What a file holds.
#[derive(Debug, Clone)]
pub enum Contents {
    /// Definitions, at least one.
    Definitions(Vec<Definition>),
    /// A plan: another reader's business.
    Plan,
}
