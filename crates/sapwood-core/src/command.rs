//! What somebody asks for. People, command line, console, API and controller all speak these words.

use sapwood_eval::{FlagKey, RolloutId, Segment, SegmentKey, VariantKey};
use uuid::Uuid;

use crate::event::{About, Because, MetricKind};
use crate::id::{EnvironmentKey, GuardrailKey, LadderKey, MetricKey, ProjectKey};
use crate::rollout::{Guardrail, GuardrailTemplate, HoldCause, Ladder, RolloutSpec};
use crate::time::Timestamp;
use crate::token::Token;
use crate::wanted::{WantedFlag, WantedTargeting};

/// A change somebody asks for, in one project.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Name the project; the first command of its stream.
    DefineProject {
        /// Its key.
        project: ProjectKey,
        /// What people call it.
        name: String,
    },
    /// Make or rename an environment.
    DefineEnvironment {
        /// Its key.
        key: EnvironmentKey,
        /// What people call it.
        name: String,
        /// Whether real users are behind it.
        production: bool,
    },
    /// Make a flag, or give it a new definition.
    DefineFlag {
        /// What evaluation reads.
        flag: WantedFlag,
        /// What people read.
        about: About,
    },
    /// End a flag; its key is never used again.
    RetireFlag {
        /// Which.
        flag: FlagKey,
    },
    /// Give a flag its rules in one environment.
    SetTargeting {
        /// Where.
        environment: EnvironmentKey,
        /// Which flag.
        flag: FlagKey,
        /// All of its rules.
        targeting: WantedTargeting,
    },
    /// Serve a flag no longer in one environment.
    RemoveTargeting {
        /// Where.
        environment: EnvironmentKey,
        /// Which flag.
        flag: FlagKey,
    },
    /// Make or change a segment.
    DefineSegment {
        /// All of it.
        segment: Segment,
    },
    /// End a segment nothing names.
    RemoveSegment {
        /// Which.
        key: SegmentKey,
    },
    /// Make or change a metric.
    DefineMetric {
        /// Its key.
        key: MetricKey,
        /// What it counts.
        metric: MetricKind,
        /// What it means.
        description: String,
    },
    /// End a metric nothing measures.
    RemoveMetric {
        /// Which.
        key: MetricKey,
    },
    /// Keep a ladder for rollouts to come, or change one.
    DefineLadder {
        /// Its key.
        key: LadderKey,
        /// Its stages.
        ladder: Ladder,
        /// What it is for.
        description: String,
    },
    /// Offer a ladder no longer.
    RemoveLadder {
        /// Which.
        key: LadderKey,
    },
    /// Keep a guardrail for rollouts to come, or change one.
    DefineGuardrail {
        /// Its key.
        key: GuardrailKey,
        /// What it watches, and what it does.
        guardrail: GuardrailTemplate,
        /// What it is for.
        description: String,
    },
    /// Offer a guardrail no longer.
    RemoveGuardrail {
        /// Which.
        key: GuardrailKey,
    },
    /// Make a token.
    IssueToken {
        /// Without its secret.
        token: Token,
    },
    /// End a token.
    RevokeToken {
        /// Which.
        token: Uuid,
    },
    /// Write down what was said beside the log.
    RecordBreakGlass {
        /// Where.
        environment: EnvironmentKey,
        /// Which flag.
        flag: FlagKey,
        /// What everybody gets; `None` when the override is over.
        variant: Option<VariantKey>,
        /// The id of what was said.
        record: Uuid,
        /// When it was said.
        said_at: Timestamp,
        /// Why.
        because: Because,
    },
    /// Start a rollout.
    StartRollout {
        /// Where.
        environment: EnvironmentKey,
        /// What is agreed.
        rollout: Box<RolloutSpec>,
    },
    /// Agree anew on what a live rollout climbs and watches. It stands still until a person resumes it.
    AmendRollout {
        /// Where.
        environment: EnvironmentKey,
        /// Which.
        rollout: RolloutId,
        /// All of its stages from now on.
        ladder: Ladder,
        /// All of its guardrails from now on. Revision and beginning are [`crate::decide`]'s to say.
        guardrails: Vec<Guardrail>,
        /// Why.
        because: Box<Because>,
    },
    /// One step for a rollout.
    Step {
        /// Where.
        environment: EnvironmentKey,
        /// Which.
        rollout: RolloutId,
        /// Which step.
        step: Step,
        /// Why, with the numbers if the controller decided.
        because: Box<Because>,
    },
}

/// One step of a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// To the next stage, if it still stands on `from` (counted from 0).
    Advance {
        /// The stage the caller saw.
        from: usize,
    },
    /// Stop advancing, keep exposure.
    Hold {
        /// What sort of hold.
        cause: HoldCause,
    },
    /// Go on after a hold.
    Resume,
    /// Back to an earlier stage, and stand still there.
    Shrink {
        /// The stage to go back to, counted from 0.
        to: usize,
    },
    /// Agree to leave the stage `stage` (counted from 0).
    Approve {
        /// The stage the caller saw.
        stage: usize,
    },
    /// Everyone back to the baseline.
    RollBack,
    /// The whole audience gets the candidate.
    Complete,
}

impl Step {
    /// Whether more people get the candidate: such a step must be decided on fresh knowledge.
    pub const fn expands(self) -> bool {
        matches!(self, Self::Advance { .. } | Self::Complete)
    }
}
