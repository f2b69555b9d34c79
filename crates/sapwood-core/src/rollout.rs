//! One walk up a ladder: what was agreed at its start, and where it stands now.

use sapwood_eval::{Condition, FlagKey, RolloutId, RuleId, Salt, SegmentKey, Serves, Share, VariantKey};
use sapwood_stats::Harm;
use serde::{Deserialize, Serialize};

use crate::id::{GuardrailKey, MetricKey};
use crate::time::Timestamp;

/// What was agreed when a rollout started. Everything but ladder and guardrails stands for its life.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RolloutSpec {
    /// UUID version 7, minted at the edge.
    pub id: RolloutId,
    /// The flag that is rolled out.
    pub flag: FlagKey,
    /// What people have without the slice.
    pub baseline: VariantKey,
    /// What the slice gives them.
    pub candidate: VariantKey,
    /// This rollout's own; a new attempt has a new one.
    pub salt: Salt,
    /// The rule the rollout sits below; `None` puts it above all rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<RuleId>,
    /// Flags a subject must have before it can reach this rollout.
    #[serde(default)]
    pub prerequisites: Vec<Serves>,
    /// Who the slice is for.
    pub audience: Condition,
    /// The stages, in order.
    pub ladder: Ladder,
    /// Share kept on the baseline until the last bake ends, so that there is something left to compare with.
    pub holdback: Share,
    /// What must not get worse.
    pub guardrails: Vec<Guardrail>,
    /// Chance of rolling back a harmless slice, over all guardrails, stages and looks; in parts per million.
    pub false_rollback_ppm: u32,
    /// Where exposures come from; one source per rollout.
    pub exposure_source: ExposureSource,
    /// Who is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// Ordered stages of a rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ladder {
    /// From the first to the last.
    pub stages: Vec<Stage>,
}

/// One step of a ladder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Who joins at this stage.
    pub who: Who,
    /// Minutes with fresh data before the stage may end, in seconds; rounded up to whole minutes.
    pub bake_seconds: u32,
    /// Subjects of each arm that must have been seen in the stage before it may end.
    pub subjects_min: u64,
    /// Whether a person must agree before the next stage.
    #[serde(default)]
    pub approval: bool,
}

/// Who joins at a stage: a ring of named people, or a share of everybody eligible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// Members of a segment; not randomised, so they never enter relative evidence.
    Ring(SegmentKey),
    /// A share of the eligible subjects, before the holdback is taken off.
    Share(Share),
}

/// Where a rollout's exposures come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExposureSource {
    /// A single-flag evaluation with a server token that reached the slots is an exposure.
    ServerEval,
    /// The Rust client reports them.
    Sdk,
    /// The application reports them itself.
    Track,
}

/// A metric with a direction of harm, a margin and an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guardrail {
    /// Its name in this rollout.
    pub key: GuardrailKey,
    /// Counts changes of this guardrail; evidence of another revision is not read.
    pub revision: u32,
    /// What is measured.
    pub metric: MetricKey,
    /// Which way is worse.
    #[serde(with = "harm")]
    pub harm: Harm,
    /// Tolerated ratio treated : control, in thousandths; 1000 tolerates no harm.
    pub margin_permille: u32,
    /// What to do when the limit is crossed.
    pub action: GuardrailAction,
    /// Its part of the false-rollback budget, in thousandths. The sum over guardrails is at most 800:
    /// the rest is kept for guardrails added later.
    pub weight_permille: u32,
    /// Since when it counts; earlier events were not bet on.
    pub since: Timestamp,
}

/// A guardrail as it is kept for rollouts to come; each copies it when it starts or is amended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardrailTemplate {
    /// What is measured.
    pub metric: MetricKey,
    /// Which way is worse.
    #[serde(with = "harm")]
    pub harm: Harm,
    /// Tolerated ratio treated : control, in thousandths; 1000 tolerates no harm.
    pub margin_permille: u32,
    /// What to do when the limit is crossed.
    pub action: GuardrailAction,
    /// Its part of the false-rollback budget, in thousandths; `None` takes an equal part of what is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_permille: Option<u32>,
}

/// What a guardrail does when its limit is crossed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardrailAction {
    /// Everyone back to the baseline.
    RollBack,
    /// Stop advancing; keep exposure.
    Hold,
    /// Say so, and nothing else.
    Notify,
}

/// Why a rollout does not advance although nobody ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldCause {
    /// Evidence of harm too weak to roll back on, a crossed hold guardrail, or a sample-ratio mismatch.
    Guardrail,
    /// Missing, stale or one-sided data.
    NoData,
    /// A person said so.
    Operator,
    /// A person must agree first.
    Approval,
    /// A rollout this one needs, or that needs this one, stands in the way.
    Dependency,
    /// Inside a freeze window.
    Freeze,
    /// A person edited what the rollout stands on.
    Edit,
}

impl HoldCause {
    /// Whether the controller may lift the hold by itself once the cause is gone.
    pub const fn lifts_itself(self) -> bool {
        match self {
            Self::Guardrail | Self::NoData | Self::Dependency | Self::Freeze => true,
            Self::Operator | Self::Approval | Self::Edit => false,
        }
    }
}

/// Where a rollout stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Climbing.
    Running,
    /// Standing still; exposure is kept.
    Held {
        /// Why.
        cause: HoldCause,
        /// Why, in a sentence.
        reason: String,
        /// Since when.
        since: Timestamp,
    },
    /// Taken back; the candidate is barred.
    RolledBack {
        /// Why, in a sentence.
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// The audience has the candidate.
    Completed {
        /// When.
        at: Timestamp,
    },
}

/// A span in which share, audience, prerequisites, referenced segments and variant values stand still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epoch {
    /// From 1.
    pub number: u32,
    /// The stage it belongs to, from 0.
    pub stage: usize,
    /// When it began.
    pub from: Timestamp,
    /// Version of the entry that opened it: what an exposure names.
    pub version: u64,
    /// Effective share of the eligible subjects that is treated; zero while only rings are open.
    pub share: Share,
}

/// A rollout, folded from the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Rollout {
    /// What was agreed.
    pub spec: RolloutSpec,
    /// When it started.
    pub started_at: Timestamp,
    /// Version of the last entry that touched it.
    pub revision: u64,
    /// Where it stands.
    pub phase: Phase,
    /// All epochs so far, oldest first; never empty.
    pub epochs: Vec<Epoch>,
    /// The last stage a person approved, if any.
    pub approved_stage: Option<usize>,
    /// Weights of guardrails that amendments ended, in thousandths: what they could have acted on is spent, so that
    /// the chance of a false rollback stays what was agreed.
    pub weight_spent_permille: u32,
}

impl Rollout {
    /// Whether it still decides who gets what: running or held.
    pub const fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Running | Phase::Held { .. })
    }

    /// The epoch now in force.
    pub fn epoch(&self) -> Epoch {
        self.epochs.last().cloned().unwrap_or(Epoch {
            number: 0,
            stage: 0,
            from: self.started_at,
            version: 0,
            share: Share::NONE,
        })
    }

    /// The stage it stands on.
    pub fn stage(&self) -> Option<&Stage> {
        self.spec.ladder.stages.get(self.epoch().stage)
    }

    /// The stage after this one, with its number; `None` on the last.
    pub fn next_stage(&self) -> Option<(usize, &Stage)> {
        let next = self.epoch().stage.saturating_add(1);
        self.spec.ladder.stages.get(next).map(|stage| (next, stage))
    }

    /// The epoch in force at `at`; `None` before the start.
    pub fn epoch_at(&self, at: Timestamp) -> Option<&Epoch> {
        self.epochs.iter().rev().find(|epoch| epoch.from <= at)
    }

    /// The epoch in force under configuration `version`; `None` before the start.
    pub fn epoch_under(&self, version: u64) -> Option<&Epoch> {
        self.epochs.iter().rev().find(|epoch| epoch.version <= version)
    }

    /// The epoch with this number.
    pub fn epoch_numbered(&self, number: u32) -> Option<&Epoch> {
        self.epochs.iter().find(|epoch| epoch.number == number)
    }

    /// The weights of those guardrails that `guardrails` do not carry on, in thousandths.
    pub fn weight_ended_by(&self, guardrails: &[Guardrail]) -> u32 {
        let carried_on = |of: &Guardrail| {
            guardrails.iter().any(|other| (&other.key, other.revision) == (&of.key, of.revision))
        };
        let ended = self.spec.guardrails.iter().filter(|of| !carried_on(of));
        ended.fold(0, |sum, of| sum.saturating_add(of.weight_permille))
    }

    /// Segments whose members have the candidate by now: the rings of this stage and those before it.
    pub fn rings_entered(&self) -> Vec<SegmentKey> {
        let entered = self.epoch().stage.saturating_add(1);
        self.spec.ladder.stages.iter().take(entered).filter_map(|stage| stage.who.ring().cloned()).collect()
    }
}

impl RolloutSpec {
    /// What share of the eligible subjects is treated on stage `stage`: the stage's own share, at most what
    /// the holdback leaves, and at least what an earlier stage gave (a ring after a share keeps it).
    pub fn effective_share(&self, stage: usize) -> Share {
        let reached = self.ladder.stages.iter().take(stage.saturating_add(1));
        let share = reached.rev().find_map(|stage| stage.who.share()).unwrap_or(Share::NONE);
        share.min(self.share_max())
    }

    /// 100 % less the holdback.
    pub fn share_max(&self) -> Share {
        Share::from_parts(Share::WHOLE.parts().saturating_sub(self.holdback.parts())).unwrap_or(Share::WHOLE)
    }

    /// Chance of a false rollback, as a fraction.
    pub fn alpha(&self) -> f64 {
        f64::from(self.false_rollback_ppm) / 1e6
    }
}

impl Who {
    /// The ring's segment, if it is a ring.
    pub const fn ring(&self) -> Option<&SegmentKey> {
        match self {
            Self::Ring(segment) => Some(segment),
            Self::Share(_) => None,
        }
    }

    /// The share, if it is one.
    pub const fn share(&self) -> Option<Share> {
        match self {
            Self::Ring(_) => None,
            Self::Share(share) => Some(*share),
        }
    }
}

/// [`Harm`] as the words `up` and `down`.
mod harm {
    use sapwood_stats::Harm;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    pub(super) fn serialize<S: Serializer>(harm: &Harm, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match harm {
            Harm::Up => "up",
            Harm::Down => "down",
        })
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Harm, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Word {
            Up,
            Down,
        }
        Ok(match Word::deserialize(deserializer)? {
            Word::Up => Harm::Up,
            Word::Down => Harm::Down,
        })
    }
}
