//! Where rollouts and stages stand, as the page shows it: each state has a word, a shape and a class for its colour.

use sapwood_api::manage::{RolloutResponse, StageResponse};

/// Where a rollout stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Running,
    Held,
    RolledBack,
    Completed,
}

impl Standing {
    pub(super) fn of(rollout: &RolloutResponse) -> Self {
        match rollout.state.as_str() {
            "rolled_back" => Self::RolledBack,
            "completed" => Self::Completed,
            "running" => Self::Running,
            // A word this page does not know must not look like good news.
            _ => Self::Held,
        }
    }

    pub(super) const fn is_live(self) -> bool {
        matches!(self, Self::Running | Self::Held)
    }

    /// What people read.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Running => "growing",
            Self::Held => "held",
            Self::RolledBack => "rolled back",
            Self::Completed => "complete",
        }
    }

    /// The class that carries colour and shape; also the name of its icon.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Running => "growing",
            Self::Held => "held",
            Self::RolledBack => "harmed",
            Self::Completed => "done",
        }
    }
}

/// Where a stage stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Passed,
    Growing,
    Held,
    Lost,
    Coming,
}

impl Fate {
    pub(super) fn of(stage: &StageResponse, standing: Standing) -> Self {
        match stage.state.as_str() {
            "passed" => Self::Passed,
            // The last stage of a finished rollout has nothing left to grow.
            "growing" | "held" if standing == Standing::Completed => Self::Passed,
            "growing" => Self::Growing,
            "held" => Self::Held,
            "lost" => Self::Lost,
            _ => Self::Coming,
        }
    }

    /// What people read.
    pub(super) const fn word(self, standing: Standing) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Growing => "growing",
            Self::Held => "held",
            Self::Lost => "lost",
            Self::Coming if standing.is_live() => "to come",
            Self::Coming => "never reached",
        }
    }

    /// The class that carries colour and shape.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Passed => "done",
            Self::Growing => "growing",
            Self::Held => "held",
            Self::Lost => "harmed",
            Self::Coming => "coming",
        }
    }

    /// Whether the stage is the one the rollout stands on.
    pub(super) const fn is_here(self) -> bool {
        matches!(self, Self::Growing | Self::Held)
    }
}

/// Why a held rollout is held, for people.
pub(super) fn cause(word: &str) -> &str {
    match word {
        "guardrail" => "a guardrail",
        "no_data" => "missing data",
        "operator" => "a person",
        "approval" => "an approval",
        "dependency" => "a dependency",
        "freeze" => "a freeze",
        "edit" => "an edit",
        other => other,
    }
}
