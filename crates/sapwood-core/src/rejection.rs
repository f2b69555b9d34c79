//! Why the control plane said no: a fact, where it is, and what to do. HTTP gives each a status and a page.

use sapwood_eval::{FlagKey, Problem, ProblemKind, RolloutId, SegmentKey, VariantKey};

use crate::id::{EnvironmentKey, MetricKey};

/// The domain said no; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// No such environment.
    #[error("there is no environment `{0}` in this project")]
    UnknownEnvironment(EnvironmentKey),
    /// No such flag, or not in this environment.
    #[error("there is no flag `{0}`; define it first")]
    UnknownFlag(FlagKey),
    /// The key belonged to a retired flag.
    #[error("`{0}` was the key of a flag that is retired, and keys are never reused; choose another")]
    KeyRetired(FlagKey),
    /// No such segment.
    #[error("there is no segment `{0}`; define it first")]
    UnknownSegment(SegmentKey),
    /// No such metric.
    #[error("there is no metric `{0}`; define it first")]
    UnknownMetric(MetricKey),
    /// No such rollout.
    #[error("there is no rollout {0} in this environment")]
    UnknownRollout(RolloutId),
    /// No such token.
    #[error("there is no token {0} in this project")]
    UnknownToken(uuid::Uuid),
    /// What is to be taken away is not there.
    #[error("there is no {what} `{key}` in this project")]
    Nothing {
        /// Of what sort.
        what: &'static str,
        /// Its name.
        key: String,
    },
    /// What is to be taken away is named by something else.
    #[error("{what} `{key}` is used by {by}; change that first")]
    InUse {
        /// Of what sort.
        what: &'static str,
        /// Its name.
        key: String,
        /// What names it.
        by: String,
    },
    /// Nobody could manage the project any more.
    #[error("token {0} is the last admin token of this project; issue another before revoking it")]
    LastAdmin(uuid::Uuid),
    /// The definition contradicts itself or something it names.
    #[error("{path}: {message}")]
    Invalid {
        /// Where, as a path into the request.
        path: String,
        /// What is wrong and what to do.
        message: String,
    },
    /// Over a limit.
    #[error("{}{message}", placed(path))]
    OverLimit {
        /// Where, as a path into the request; empty where no one place is at fault.
        path: String,
        /// Of what there is too much, how much there is, and how much there may be.
        message: String,
    },
    /// A flag or segment named in a definition does not exist.
    #[error("{path}: {message}")]
    UnknownReference {
        /// Where, as a path into the request.
        path: String,
        /// What does not exist, and what to do.
        message: String,
    },
    /// The log has no such entry.
    #[error("there is no entry {version}; the log of this project ends at {head}")]
    UnknownEntry {
        /// The entry asked for.
        version: u64,
        /// The last one there is.
        head: u64,
    },
    /// An entry of this kind is not taken back.
    #[error("entry {version} is a `{kind}` and is not taken back: {why}")]
    NeverReverted {
        /// Which entry.
        version: u64,
        /// Its kind.
        kind: String,
        /// Why, and what to do instead.
        why: String,
    },
    /// Something else was decided about the same thing since.
    #[error(
        "entry {version} is not taken back, because `{resource}` was changed again by {}; take those back first, \
         the last one first, or give it the value you want",
        entries(later)
    )]
    TouchedLater {
        /// The entry asked for.
        version: u64,
        /// What it is about.
        resource: String,
        /// Versions of the later entries about it, ascending.
        later: Vec<u64>,
    },
    /// A live rollout of the same flag stands in the way.
    #[error(
        "flag `{flag}` already has the live rollout {rollout} in this environment; finish or roll it back first"
    )]
    RolloutLive {
        /// Which flag.
        flag: FlagKey,
        /// The rollout that is live.
        rollout: RolloutId,
    },
    /// The edit would change what a live rollout is about.
    #[error(
        "`{what}` of flag `{flag}` cannot change while rollout {rollout} is live; roll it back and start a new one"
    )]
    FixedByRollout {
        /// Which section.
        what: &'static str,
        /// Which flag.
        flag: FlagKey,
        /// The rollout that is live.
        rollout: RolloutId,
    },
    /// What a flag and its variants are never changes.
    #[error("{what} of flag `{flag}` cannot change after it was defined; {remedy}")]
    FixedForLife {
        /// Where, as a path into the request.
        path: String,
        /// What does not change.
        what: String,
        /// Which flag.
        flag: FlagKey,
        /// What to do instead.
        remedy: &'static str,
    },
    /// The name belonged to a variant that is gone and had another value.
    #[error(
        "`{variant}` was a variant of flag `{flag}` with another value, and names are never given another meaning; \
         choose another name"
    )]
    VariantRetired {
        /// Which flag.
        flag: FlagKey,
        /// Which name.
        variant: VariantKey,
    },
    /// The rollout ended.
    #[error("rollout {rollout} has ended ({how}); start a new one")]
    RolloutEnded {
        /// Which.
        rollout: RolloutId,
        /// `rolled back` or `completed`.
        how: &'static str,
    },
    /// The rollout is held by something this command does not lift.
    #[error("rollout {rollout} is held: {reason}; resume it first")]
    RolloutHeld {
        /// Which.
        rollout: RolloutId,
        /// Why it is held.
        reason: String,
    },
    /// The rollout is not held.
    #[error("rollout {0} is not held; there is nothing to resume")]
    NotHeld(RolloutId),
    /// Somebody moved the rollout meanwhile.
    #[error(
        "rollout {rollout} stands on stage {actual}, not {expected}; look again and repeat if you still want to"
    )]
    StageMoved {
        /// Which.
        rollout: RolloutId,
        /// Where the caller thought it stands, from 1.
        expected: usize,
        /// Where it stands, from 1.
        actual: usize,
    },
    /// There is no stage after this one.
    #[error("rollout {0} stands on its last stage; complete it or roll it back")]
    LastStage(RolloutId),
    /// There are stages left.
    #[error(
        "rollout {rollout} stands on stage {stage} of {stages}; advance it to the last stage before completing"
    )]
    NotLastStage {
        /// Which.
        rollout: RolloutId,
        /// Where it stands, from 1.
        stage: usize,
        /// How many stages there are.
        stages: usize,
    },
    /// A prerequisite would give this slice to people who do not have the other.
    #[error("flag `{flag}` needs `{needs}`: {detail}")]
    Dependency {
        /// The flag that needs.
        flag: FlagKey,
        /// The flag that is needed.
        needs: FlagKey,
        /// What is in the way and what to do.
        detail: String,
    },
    /// A person's reason is missing.
    #[error("say why: `reason` must not be empty")]
    ReasonMissing,
}

/// What evaluation would not compile is refused in the same words, with what to do.
impl From<Problem> for Rejection {
    fn from(problem: Problem) -> Self {
        let Problem { kind, path, message, remedy } = problem;
        let message = format!("{message}; {remedy}");
        match kind {
            ProblemKind::Invalid => Self::Invalid { path, message },
            ProblemKind::OverLimit => Self::OverLimit { path, message },
            ProblemKind::Unknown => Self::UnknownReference { path, message },
        }
    }
}

impl Rejection {
    /// The same where the definition at fault is a part of a larger request.
    #[must_use]
    pub fn moved(mut self, to: impl FnOnce(&str) -> String) -> Self {
        if let Self::Invalid { path, .. }
        | Self::OverLimit { path, .. }
        | Self::UnknownReference { path, .. } = &mut self
        {
            *path = to(path);
        }
        self
    }

    /// There is nothing to take away.
    pub fn nothing(what: &'static str, key: &str) -> Self {
        Self::Nothing { what, key: key.to_owned() }
    }

    /// More of something than is allowed; the message has both figures.
    pub fn over_limit(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::OverLimit { path: path.into(), message: message.into() }
    }

    /// A refusal of one field.
    pub fn invalid(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { path: path.into(), message: message.into() }
    }
}

impl From<sapwood_words::Fault> for Rejection {
    fn from(fault: sapwood_words::Fault) -> Self {
        Self::invalid(fault.path, fault.message)
    }
}

/// The place before a message, if there is one.
fn placed(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{path}: ") }
}

/// `entry 7`, `entries 7, 9 and 12`, or the first ten and how many more.
fn entries(versions: &[u64]) -> String {
    const NAMED_MAX: usize = 10;
    let mut named: Vec<String> = versions.iter().take(NAMED_MAX).map(ToString::to_string).collect();
    let more = versions.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        return format!("entries {} and {more} more", named.join(", "));
    }
    match named.pop() {
        Some(last) if named.is_empty() => format!("entry {last}"),
        Some(last) => format!("entries {} and {last}", named.join(", ")),
        None => "nothing".to_owned(),
    }
}
