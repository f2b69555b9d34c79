//! Who gets which variant, and why: one walk over a compiled flag that never fails, waits or allocates.

use crate::bucket::bucket;
use crate::context::Context;
use crate::limits::Limits;
use crate::outcome::{Arm, ErrorCode, Evaluation, Failure, Outcome, Reached, Reason, RuleRef};
use crate::program::{
    CompiledFlag, CompiledRollout, CompiledSegment, CompiledServe, CompiledServes, CompiledSlot, Cond, Mode,
    Step, Target,
};
use crate::rollout::Phase;
use crate::set::FlagSet;
use crate::trace::{Fact, NoTrace, Place, Trace};

impl FlagSet {
    /// What the flag of this key serves to this context at this time (milliseconds since 1970-01-01T00:00:00Z).
    ///
    /// Order: break-glass override, off, rules above the rollout, the rollout, rules below, default; whatever would be
    /// a barred candidate is its baseline. Total and free of allocation.
    #[must_use]
    pub fn evaluate(&self, key: &str, context: &Context, now_ms: i64) -> Outcome<'_> {
        match self.get(key) {
            Some(flag) => self.evaluate_flag(flag, context, now_ms),
            None => Outcome::NotFound,
        }
    }

    /// The same for a flag of this set already at hand; prerequisites are looked up in this set.
    #[must_use]
    pub fn evaluate_flag<'a>(
        &'a self,
        flag: &'a CompiledFlag,
        context: &Context,
        now_ms: i64,
    ) -> Outcome<'a> {
        Walk::new(self, context, now_ms, NoTrace).flag(flag)
    }
}

/// One evaluation under way.
pub(crate) struct Walk<'a, 'c, T> {
    set: &'a FlagSet,
    context: &'c Context,
    now_ms: i64,
    /// How many flags deep prerequisites may still go, and how many evaluations they may still cause. Definitions that
    /// could exceed either are refused, but what is refused may leave an older version that does not fit the new rest.
    depth_left: usize,
    evaluations_left: usize,
    pub(crate) trace: T,
}

/// What a rule, rollout or default decided.
struct Decision<'a> {
    target: &'a Target,
    reason: Reason,
    rule: Option<RuleRef<'a>>,
    rollout: Option<Reached<'a>>,
}

impl<'a, 'c, T: Trace<'a>> Walk<'a, 'c, T> {
    pub(crate) const fn new(set: &'a FlagSet, context: &'c Context, now_ms: i64, trace: T) -> Self {
        Self {
            set,
            context,
            now_ms,
            depth_left: Limits::READ.prerequisite_depth,
            evaluations_left: Limits::READ.prerequisite_evaluations,
            trace,
        }
    }

    /// Walks one flag.
    pub(crate) fn flag(&mut self, flag: &'a CompiledFlag) -> Outcome<'a> {
        self.trace.enter(Place::Flag(flag));
        let revision = flag.config.revision;
        let decision = match &flag.program.mode {
            Mode::BreakGlass(target) => Ok(Decision {
                target,
                reason: Reason::Static,
                rule: Some(RuleRef::BreakGlass),
                rollout: None,
            }),
            Mode::Off(target) => Ok(Decision { target, reason: Reason::Disabled, rule: None, rollout: None }),
            Mode::On { steps, default } => self.steps(flag, steps, default),
        };
        let outcome = match decision {
            Ok(Decision { target, reason, rule, rollout }) => {
                let variant = &*target.variant;
                if let Some(rollout) = &target.barred_by {
                    self.trace.fact(Fact::Barred { rollout, baseline: &variant.key });
                }
                Outcome::Found(Evaluation {
                    variant: &variant.key,
                    value: &variant.value,
                    variant_index: variant.index,
                    reason,
                    rule,
                    rollout,
                    revision,
                })
            }
            Err(code) => Outcome::Failed(Failure { code, revision }),
        };
        self.trace.answer(&outcome);
        self.trace.leave(outcome.found().is_some());
        outcome
    }

    fn steps(
        &mut self,
        flag: &'a CompiledFlag,
        steps: &'a [Step],
        default: &'a CompiledServe,
    ) -> Result<Decision<'a>, ErrorCode> {
        for step in steps {
            let decided = match step {
                Step::Rule { id, when, serve } => {
                    self.trace.enter(Place::Rule(id));
                    let decided = if self.holds(when) { self.serve(flag, serve) } else { None };
                    self.trace.leave(decided.is_some());
                    decided.map(|(target, split)| Decision {
                        target,
                        reason: if split { Reason::Split } else { Reason::TargetingMatch },
                        rule: Some(RuleRef::Rule(id)),
                        rollout: None,
                    })
                }
                Step::Rollout(rollout) => {
                    self.trace.enter(Place::Rollout(&rollout.id));
                    let decided = self.rollout(flag, rollout);
                    self.trace.leave(decided.is_some());
                    decided
                }
            };
            if let Some(decision) = decided {
                return Ok(decision);
            }
        }
        let (target, split) = self.serve(flag, default).ok_or_else(|| missing_unit(flag))?;
        let reason = match (split, steps.is_empty()) {
            (true, _) => Reason::Split,
            (false, true) => Reason::Static,
            (false, false) => Reason::Default,
        };
        Ok(Decision { target, reason, rule: None, rollout: None })
    }

    /// What is served, and whether a bucket decided; `None` passes on.
    #[inline]
    fn serve(&mut self, flag: &'a CompiledFlag, serve: &'a CompiledServe) -> Option<(&'a Target, bool)> {
        match serve {
            CompiledServe::Variant(target) => Some((target, false)),
            CompiledServe::Slots(slots) => self.slots(flag, slots).map(|target| (target, true)),
        }
    }

    fn slots(&mut self, flag: &'a CompiledFlag, slots: &'a [CompiledSlot]) -> Option<&'a Target> {
        let unit = self.unit(flag)?;
        if !self.in_layer(flag, unit) {
            return None;
        }
        let bucket = bucket(&flag.program.salt, unit);
        let serve = slots.iter().find(|slot| bucket < slot.until).and_then(|slot| slot.target.as_ref());
        self.trace.fact(Fact::Slot { bucket, serve });
        serve
    }

    fn rollout(&mut self, flag: &'a CompiledFlag, rollout: &'a CompiledRollout) -> Option<Decision<'a>> {
        // A shipped rollout needs no unit: nobody is randomised any more.
        let unit = match rollout.phase {
            Phase::Running => Some(self.unit(flag)?),
            Phase::Complete => None,
        };
        for serves in &rollout.prerequisites {
            self.trace.enter(Place::Prerequisite(serves));
            let held = self.asked(serves);
            self.trace.leave(held);
            if !held {
                return None;
            }
        }
        self.trace.enter(Place::Audience);
        let meant = self.holds(&rollout.audience);
        self.trace.leave(meant);
        if !meant {
            return None;
        }
        let decided = |target: &'a Target, reason, arm: Option<(Arm, Option<u32>)>| {
            // Once its candidate is barred, a rollout compares nothing any more.
            let arm = arm.filter(|_| rollout.candidate.barred_by.is_none());
            let reached = |(arm, bucket)| Reached { rollout: &rollout.id, epoch: rollout.epoch, arm, bucket };
            Decision { target, reason, rule: Some(RuleRef::Rollout(&rollout.id)), rollout: arm.map(reached) }
        };
        let Some(unit) = unit else {
            return Some(decided(&rollout.candidate, Reason::TargetingMatch, None));
        };
        for ring in &rollout.rings {
            self.trace.enter(Place::Ring(&ring.key));
            let member = self.segment(ring);
            self.trace.leave(member);
            if member {
                return Some(decided(&rollout.candidate, Reason::TargetingMatch, Some((Arm::Ring, None))));
            }
        }
        if !self.in_layer(flag, unit) {
            return None;
        }
        let bucket = bucket(&rollout.salt, unit);
        self.trace.fact(Fact::Share { bucket, share: rollout.share });
        let (target, arm) = if bucket < rollout.share {
            (&rollout.candidate, Arm::Treated)
        } else {
            (&rollout.baseline, Arm::Control)
        };
        Some(decided(target, Reason::Split, Some((arm, Some(bucket)))))
    }

    #[inline]
    fn unit(&mut self, flag: &'a CompiledFlag) -> Option<&'c str> {
        let name = &flag.program.unit;
        let unit = self.context.unit_hashed(name.hash, &name.name);
        if unit.is_none() {
            self.trace.fact(Fact::NoUnit(&name.name));
        }
        unit.map(|text| &*text.text)
    }

    /// Whether the flag's slice of its layer, if it is in one, holds this unit.
    #[inline]
    fn in_layer(&mut self, flag: &'a CompiledFlag, unit: &str) -> bool {
        let Some(slice) = &flag.program.layer else { return true };
        let bucket = bucket(slice.salt.as_str(), unit);
        let until = slice.from.saturating_add(slice.width);
        self.trace.fact(Fact::Layer { bucket, from: slice.from, until });
        (slice.from..until).contains(&bucket)
    }

    #[inline]
    fn holds(&mut self, condition: &'a Cond) -> bool {
        self.trace.enter(Place::Condition(condition));
        let held = match condition {
            Cond::Always => true,
            Cond::Attribute { name, test } => test.passes(self.context.find(name.hash, &name.name)),
            Cond::All(parts) => parts.iter().all(|part| self.holds(part)),
            Cond::Any(parts) => parts.iter().any(|part| self.holds(part)),
            Cond::Not(part) => !self.holds(part),
            Cond::Segment(segment) => self.segment(segment),
            Cond::Serves(serves) => self.asked(serves),
            Cond::Now(moment) => moment.holds(self.now_ms),
        };
        self.trace.leave(held);
        held
    }

    fn segment(&mut self, segment: &'a CompiledSegment) -> bool {
        if !(segment.excluded.is_empty() && segment.included.is_empty()) {
            let name = &segment.targeting_key;
            if let Some(key) = self.context.unit_hashed(name.hash, &name.name) {
                let excluded = segment.excluded.contains(key);
                if excluded || segment.included.contains(key) {
                    self.trace.fact(Fact::Listed { included: !excluded });
                    return !excluded;
                }
            }
        }
        self.holds(&segment.condition)
    }

    fn asked(&mut self, serves: &'a CompiledServes) -> bool {
        let Some(flag) = self.set.find(serves.hash, serves.flag.as_str()) else {
            self.trace.fact(Fact::NoSuchFlag);
            return false;
        };
        if self.depth_left == 0 || self.evaluations_left == 0 {
            self.trace.fact(Fact::BudgetSpent);
            return false;
        }
        self.evaluations_left -= 1;
        self.depth_left -= 1;
        let outcome = self.flag(flag);
        self.depth_left += 1;
        outcome.found().is_some_and(|found| serves.variants.contains(found.variant))
    }
}

fn missing_unit(flag: &CompiledFlag) -> ErrorCode {
    if flag.config.flag.unit.is_targeting_key() {
        ErrorCode::TargetingKeyMissing
    } else {
        ErrorCode::InvalidContext
    }
}
