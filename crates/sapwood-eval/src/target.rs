//! What is served, in single words: a decision goes through many hands, and what is stored in pieces and read as a whole
//! makes the processor wait longer than the rest of a plain evaluation takes.

use std::num::{NonZeroU16, NonZeroU64};

use crate::outcome::{Arm, Reason};

/// A variant to be served, already exchanged if it was barred: its place among the flag's variants, its number among the
/// flag's answers, and the rollback that put it in the place of the one written down.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target(u64);

const ANSWER_AT: u32 = 16;
const BARRED_AT: u32 = 32;
const REASON_AT: u32 = 48;
const ARM_AT: u32 = 56;
/// Always set in a [`Served`], so that none at all is told apart without another word.
const MARK: u64 = 1 << 63;

#[inline]
fn sixteen(word: u64, at: u32) -> u16 {
    let [low, high, ..] = (word >> at).to_le_bytes();
    u16::from_le_bytes([low, high])
}

impl Target {
    /// The variant at this place; it has no number yet.
    pub(crate) fn variant_at(place: u16, barred: Option<NonZeroU16>) -> Self {
        Self(u64::from(place) | u64::from(barred.map_or(0, NonZeroU16::get)) << BARRED_AT)
    }

    /// The same with its number among the answers.
    pub(crate) fn numbered(self, answer: u16) -> Self {
        Self(self.0 & !(0xffff << ANSWER_AT) | u64::from(answer) << ANSWER_AT)
    }

    /// Its place among the flag's variants.
    #[inline]
    pub(crate) fn variant(self) -> u16 {
        sixteen(self.0, 0)
    }

    /// Its number among the flag's answers.
    #[inline]
    pub(crate) fn answer(self) -> u16 {
        sixteen(self.0, ANSWER_AT)
    }

    /// Whether it stands in for a variant that was rolled back, and by which of the flag's bars, counted from one.
    #[inline]
    pub(crate) fn barred(self) -> Option<NonZeroU16> {
        NonZeroU16::new(sixteen(self.0, BARRED_AT))
    }
}

/// A target with why it is served and the arm reached, if arms are compared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Served(NonZeroU64);

impl Served {
    #[inline]
    pub(crate) const fn new(target: Target, reason: Reason, arm: Option<Arm>) -> Self {
        let reason: u64 = match reason {
            Reason::Static => 0,
            Reason::TargetingMatch => 1,
            Reason::Split => 2,
            Reason::Default => 3,
            Reason::Disabled => 4,
        };
        let arm: u64 = match arm {
            None => 0,
            Some(Arm::Treated) => 1,
            Some(Arm::Control) => 2,
            Some(Arm::Ring) => 3,
        };
        match NonZeroU64::new(target.0 | reason << REASON_AT | arm << ARM_AT | MARK) {
            Some(word) => Self(word),
            // Not reached, since the mark is set.
            None => Self(NonZeroU64::MIN),
        }
    }

    #[inline]
    pub(crate) const fn target(self) -> Target {
        Target(self.0.get() & ((1 << REASON_AT) - 1))
    }

    pub(crate) const fn reason(self) -> Reason {
        match self.0.get() >> REASON_AT & 7 {
            0 => Reason::Static,
            1 => Reason::TargetingMatch,
            2 => Reason::Split,
            3 => Reason::Default,
            _ => Reason::Disabled,
        }
    }

    pub(crate) const fn arm(self) -> Option<Arm> {
        match self.0.get() >> ARM_AT & 3 {
            0 => None,
            1 => Some(Arm::Treated),
            2 => Some(Arm::Control),
            _ => Some(Arm::Ring),
        }
    }
}

/// What decided, and the bucket if a rollout did.
#[derive(Clone, Copy)]
pub(crate) struct By(u64);

const KIND_AT: u32 = 48;
const PLACE_AT: u32 = 32;
const BREAK_GLASS: u64 = 1;
const RULE: u64 = 2;
const ROLLOUT: u64 = 3;

/// The same taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Default,
    BreakGlass,
    /// The rule at this place among the rules.
    Rule(u16),
    /// The rollout at this place among the steps, and the unit's bucket in it, if it went by bucket.
    Rollout(u16, u32),
}

impl By {
    pub(crate) const DEFAULT: Self = Self(0);
    pub(crate) const BREAK_GLASS: Self = Self(BREAK_GLASS << KIND_AT);

    #[inline]
    pub(crate) fn rule(place: u16) -> Self {
        Self(RULE << KIND_AT | u64::from(place) << PLACE_AT)
    }

    #[inline]
    pub(crate) fn rollout(place: u16, bucket: u32) -> Self {
        Self(ROLLOUT << KIND_AT | u64::from(place) << PLACE_AT | u64::from(bucket))
    }

    pub(crate) fn who(self) -> Who {
        let place = sixteen(self.0, PLACE_AT);
        match self.0 >> KIND_AT {
            BREAK_GLASS => Who::BreakGlass,
            RULE => Who::Rule(place),
            ROLLOUT => Who::Rollout(place, u32::try_from(self.0 & u64::from(u32::MAX)).unwrap_or(0)),
            _ => Who::Default,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_decided_comes_out_again() {
        assert_eq!((By::DEFAULT.who(), By::BREAK_GLASS.who()), (Who::Default, Who::BreakGlass));
        for place in [0, 1, u16::MAX] {
            assert_eq!(By::rule(place).who(), Who::Rule(place));
            for bucket in [0, 99_999, u32::MAX] {
                assert_eq!(By::rollout(place, bucket).who(), Who::Rollout(place, bucket));
            }
        }
    }

    #[test]
    fn what_is_packed_comes_out_again() {
        let reasons =
            [Reason::Static, Reason::TargetingMatch, Reason::Split, Reason::Default, Reason::Disabled];
        let arms = [None, Some(Arm::Treated), Some(Arm::Control), Some(Arm::Ring)];
        for number in [0, 1, 255, 256, u16::MAX] {
            let target = Target::variant_at(number, NonZeroU16::new(!number)).numbered(7).numbered(number);
            for (reason, arm) in reasons.iter().flat_map(|reason| arms.map(|arm| (*reason, arm))) {
                let served = Served::new(target, reason, arm);
                assert_eq!((served.reason(), served.arm()), (reason, arm));
                let target = served.target();
                assert_eq!((target.variant(), target.answer()), (number, number));
                assert_eq!(target.barred(), NonZeroU16::new(!number));
            }
        }
    }
}
