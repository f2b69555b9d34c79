//! What an evaluation answers: a variant and everything one may ask about why.

use std::fmt;

use crate::key::{AttributeName, RolloutId, RuleId, VariantKey};
use crate::program::{CompiledFlag, Variant};
use crate::target::{By, Served, Who};
use crate::value::Value;

/// The answer for one flag and one context. Borrowed from the set; making one allocates nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// A variant is served.
    Found(Evaluation<'a>),
    /// There is no such flag.
    NotFound,
    /// The flag's default splits by a unit that the context does not have, so no variant can be chosen fairly and the
    /// caller's own default counts.
    Failed(Failure),
}

impl<'a> Outcome<'a> {
    /// The evaluation, if a variant is served.
    #[must_use]
    pub const fn found(&self) -> Option<&Evaluation<'a>> {
        match self {
            Self::Found(evaluation) => Some(evaluation),
            Self::NotFound | Self::Failed(_) => None,
        }
    }

    /// The number of this answer among all that the flag can give; see [`crate::CompiledFlag::answers`].
    #[must_use]
    pub fn answer(&self) -> Option<usize> {
        match self {
            Self::Found(evaluation) => Some(evaluation.answer()),
            Self::Failed(failure) => Some(failure.answer),
            Self::NotFound => None,
        }
    }
}

/// A variant served, and why. Small: it refers to the flag, and says the rest when asked.
#[derive(Clone, Copy)]
pub struct Evaluation<'a> {
    pub(crate) flag: &'a CompiledFlag,
    pub(crate) variant: &'a Variant,
    pub(crate) served: Served,
    pub(crate) by: By,
}

impl<'a> Evaluation<'a> {
    /// The variant.
    #[must_use]
    pub const fn variant(&self) -> &'a VariantKey {
        &self.variant.key
    }

    /// Its value.
    #[must_use]
    pub const fn value(&self) -> &'a Value {
        &self.variant.value
    }

    /// Its place among the flag's variants in order of key, for whoever keeps something ready per variant.
    #[must_use]
    pub fn variant_index(&self) -> usize {
        usize::from(self.served.target().variant())
    }

    /// The place of variant, reason and rule among all answers of the flag, [`crate::CompiledFlag::answers`].
    #[must_use]
    pub fn answer(&self) -> usize {
        usize::from(self.served.target().answer())
    }

    /// Why, in OpenFeature's words.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.served.reason()
    }

    /// What decided, unless it was the default or the flag is off.
    #[must_use]
    pub fn rule(&self) -> Option<RuleRef<'a>> {
        match self.by.who() {
            Who::Default => None,
            Who::BreakGlass => Some(RuleRef::BreakGlass),
            Who::Rule(at) => {
                let rule = self.flag.config.targeting.rules.get(usize::from(at));
                rule.map(|rule| RuleRef::Rule(&rule.id))
            }
            Who::Rollout(at, _) => self.flag.program.rollout(at).map(|rollout| RuleRef::Rollout(&rollout.id)),
        }
    }

    /// The rollout whose arms or rings were reached, for exposures.
    #[must_use]
    pub fn rollout(&self) -> Option<Reached<'a>> {
        let arm = self.served.arm()?;
        let Who::Rollout(at, bucket) = self.by.who() else { return None };
        let rollout = self.flag.program.rollout(at)?;
        let bucket = match arm {
            Arm::Ring => None,
            Arm::Treated | Arm::Control => Some(bucket),
        };
        Some(Reached { rollout: &rollout.id, epoch: rollout.epoch, arm, bucket })
    }

    /// Version of the flag's last change.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.flag.program.revision
    }
}

#[cfg(test)]
impl Evaluation<'_> {
    /// The same without what depends on the subject beyond the answer.
    pub(crate) fn without_arm(self) -> Self {
        let served = Served::new(self.served.target(), self.reason(), None);
        Self { served, ..self }
    }
}

impl PartialEq for Evaluation<'_> {
    /// Whether two say the same, even of flags compiled apart.
    fn eq(&self, other: &Self) -> bool {
        let numbers = |one: &Self| (one.variant_index(), one.answer(), one.reason(), one.revision());
        numbers(self) == numbers(other)
            && (self.variant(), self.value()) == (other.variant(), other.value())
            && (self.rule(), self.rollout()) == (other.rule(), other.rollout())
    }
}

impl Eq for Evaluation<'_> {}

impl fmt::Debug for Evaluation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluation")
            .field("variant", self.variant())
            .field("value", self.value())
            .field("answer", &self.answer())
            .field("reason", &self.reason())
            .field("rule", &self.rule())
            .field("rollout", &self.rollout())
            .field("revision", &self.revision())
            .finish_non_exhaustive()
    }
}

/// What decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleRef<'a> {
    /// The emergency override.
    BreakGlass,
    /// A rule of the flag's targeting.
    Rule(&'a RuleId),
    /// A rollout.
    Rollout(&'a RolloutId),
}

/// That a subject reached a running rollout, and where it stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached<'a> {
    /// The rollout.
    pub rollout: &'a RolloutId,
    /// Its epoch.
    pub epoch: u32,
    /// The arm.
    pub arm: Arm,
    /// The unit's bucket, unless a ring decided without one.
    pub bucket: Option<u32>,
}

/// Where a subject stands in a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arm {
    /// Gets the candidate by its bucket.
    Treated,
    /// Gets the baseline by its bucket.
    Control,
    /// Gets the candidate as a member of a ring; not randomised, never evidence.
    Ring,
}

impl Arm {
    /// Its name: `treated`, `control` or `ring`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Treated => "treated",
            Self::Control => "control",
            Self::Ring => "ring",
        }
    }
}

impl fmt::Display for Arm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a variant was served: OpenFeature's standard reasons, of which no others are ever given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Nothing about the subject could have changed it.
    Static,
    /// A rule or ring matched.
    TargetingMatch,
    /// A bucket decided.
    Split,
    /// There are rules, and none decided.
    Default,
    /// The flag is off.
    Disabled,
}

impl Reason {
    /// The reason as OpenFeature spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Static => "STATIC",
            Self::TargetingMatch => "TARGETING_MATCH",
            Self::Split => "SPLIT",
            Self::Default => "DEFAULT",
            Self::Disabled => "DISABLED",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why no variant can be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What to report.
    pub code: ErrorCode,
    /// The place of this among all answers of the flag, [`crate::CompiledFlag::answers`].
    pub answer: usize,
    /// Version of the flag's last change.
    pub revision: u64,
}

/// OpenFeature's code for what is wrong with a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorCode {
    /// The flag splits by targeting key, and there is none.
    TargetingKeyMissing,
    /// The flag splits by another attribute, which is missing or not a non-empty text.
    InvalidContext,
}

impl ErrorCode {
    /// What to report when there is no such unit to split by.
    pub(crate) fn missing(unit: &AttributeName) -> Self {
        if unit.is_targeting_key() { Self::TargetingKeyMissing } else { Self::InvalidContext }
    }

    /// The code as OpenFeature spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TargetingKeyMissing => "TARGETING_KEY_MISSING",
            Self::InvalidContext => "INVALID_CONTEXT",
        }
    }

    /// What to tell the caller.
    #[must_use]
    pub const fn details(self) -> &'static str {
        match self {
            Self::TargetingKeyMissing => {
                "this flag splits by targeting key, and the context has no non-empty targetingKey"
            }
            Self::InvalidContext => {
                "this flag splits by another attribute, which the context lacks or which is not a non-empty string"
            }
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
