//! What is wrong with a definition, said so that it can be put right: where, what and what to do.

use std::fmt;

use crate::key::{FlagKey, SegmentKey};

/// One thing wrong with a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Of what sort.
    pub kind: ProblemKind,
    /// Where, as a JSON pointer into the definition: `/targeting/rules/2/serve/slots`.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// The sorts of things that can be wrong, for callers that answer each with a code of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// A value contradicts itself or something else.
    Invalid,
    /// There is more of something than its limit; the message has both figures.
    OverLimit,
    /// A flag or a segment is named that does not exist.
    Unknown,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.path, self.message, self.remedy)
    }
}

/// A definition that does not compile and what evaluation does without it. Everything else advances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What does not compile.
    pub subject: Subject,
    /// Why.
    pub problem: Problem,
    /// Whether its previous version stays in force; otherwise it is absent.
    pub kept_previous: bool,
}

/// What a warning is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A flag.
    Flag(FlagKey),
    /// A segment.
    Segment(SegmentKey),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(key) => write!(f, "flag {key}"),
            Self::Segment(key) => write!(f, "segment {key}"),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.kept_previous { "keeps its previous version" } else { "is not served" };
        write!(f, "{} {state}: {}", self.subject, self.problem)
    }
}

/// One step into a definition; rendered only when something is wrong there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part<'a> {
    Field(&'static str),
    At(usize),
    Key(&'a str),
}

/// The JSON pointer of these steps.
pub(crate) fn pointer(parts: &[Part<'_>]) -> String {
    use fmt::Write;
    let mut path = String::new();
    for part in parts {
        // Writing to a string cannot fail.
        let _ = match part {
            Part::Field(name) => write!(path, "/{name}"),
            Part::At(index) => write!(path, "/{index}"),
            Part::Key(key) => write!(path, "/{}", key.replace('~', "~0").replace('/', "~1")),
        };
    }
    path
}
