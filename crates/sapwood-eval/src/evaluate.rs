//! Who gets which variant, and why: one walk over a compiled flag that never fails, waits or allocates.

use crate::attributes::{Attributes, Seen, Source};
use crate::bucket::bucket;
use crate::limits::Limits;
use crate::outcome::{Arm, ErrorCode, Evaluation, Failure, Outcome, Reached, Reason, RuleRef};
use crate::program::{
    CompiledFlag, CompiledRollout, CompiledSegment, CompiledServe, CompiledServes, CompiledSlot, Composite,
    Cond, Mode, NAMES_KEPT_MAX, Step, Target,
};
use crate::rollout::Phase;
use crate::set::FlagSet;
use crate::trace::{Fact, NoTrace, Place, Trace};

impl FlagSet {
    /// What the flag of this key serves to this context at this time (milliseconds since 1970-01-01T00:00:00Z).
    ///
    /// Order: break-glass override, off, rules above the rollout, the rollout, rules below, default; whatever would be
    /// a barred candidate is its baseline. Total and free of allocation. The attributes are a [`crate::Context`] or, as an
    /// application holds them, [`crate::Pairs`].
    #[must_use]
    #[inline]
    pub fn evaluate<'c>(&self, key: &str, attributes: impl Into<Attributes<'c>>, now_ms: i64) -> Outcome<'_> {
        match self.get(key) {
            Some(flag) => self.evaluate_flag(flag, attributes, now_ms),
            None => Outcome::NotFound,
        }
    }

    /// The same for a flag of this set already at hand; prerequisites are looked up in this set.
    #[must_use]
    #[inline]
    pub fn evaluate_flag<'a, 'c>(
        &'a self,
        flag: &'a CompiledFlag,
        attributes: impl Into<Attributes<'c>>,
        now_ms: i64,
    ) -> Outcome<'a> {
        match attributes.into() {
            Attributes::Context(context) => Walk::new(self, context, now_ms, NoTrace).flag(flag),
            Attributes::Pairs(pairs) => Walk::new(self, pairs, now_ms, NoTrace).flag(flag),
        }
    }
}

/// One evaluation under way.
pub(crate) struct Walk<'a, S, T> {
    set: &'a FlagSet,
    source: S,
    now_ms: i64,
    /// How many flags deep prerequisites may still go, and how many evaluations they may still cause. Definitions that
    /// could exceed either are refused, but what is refused may leave an older version that does not fit the new rest.
    depth_left: usize,
    evaluations_left: usize,
    pub(crate) trace: T,
}

/// What a rule, rollout or default decided; flat, so that it travels in registers and plain stores.
struct Decision<'a> {
    target: &'a Target,
    reason: Reason,
    rule: Option<RuleRef<'a>>,
    rollout: Option<&'a CompiledRollout>,
    arm: Option<Arm>,
    bucket: Option<u32>,
}

impl<'a> Decision<'a> {
    const fn plain(target: &'a Target, reason: Reason, rule: Option<RuleRef<'a>>) -> Self {
        Self { target, reason, rule, rollout: None, arm: None, bucket: None }
    }

    /// What a rollout decided, by its arms or without any.
    fn rolled_out(
        rollout: &'a CompiledRollout,
        target: &'a Target,
        reason: Reason,
        arm: Option<Arm>,
    ) -> Self {
        // Once its candidate is barred, a rollout compares nothing any more.
        let arm = if rollout.given.barred_by.is_none() { arm } else { None };
        Self {
            rollout: Some(rollout),
            arm,
            ..Self::plain(target, reason, Some(RuleRef::Rollout(&rollout.id)))
        }
    }

    fn reached(&self) -> Option<Reached<'a>> {
        let (rollout, arm) = self.rollout.zip(self.arm)?;
        Some(Reached { rollout: &rollout.id, epoch: rollout.epoch, arm, bucket: self.bucket })
    }
}

impl<'a, 'c, S: Source<'c>, T: Trace<'a>> Walk<'a, S, T> {
    pub(crate) const fn new(set: &'a FlagSet, source: S, now_ms: i64, trace: T) -> Self {
        Self {
            set,
            source,
            now_ms,
            depth_left: Limits::READ.prerequisite_depth,
            evaluations_left: Limits::READ.prerequisite_evaluations,
            trace,
        }
    }

    /// Walks one flag.
    pub(crate) fn flag(&mut self, flag: &'a CompiledFlag) -> Outcome<'a> {
        self.trace.enter(Place::Flag(flag));
        let revision = flag.program.revision;
        let outcome = match self.decide(flag) {
            Ok(decision) => {
                let variant = &*decision.target.variant;
                if let Some(rollout) = &decision.target.barred_by {
                    self.trace.fact(Fact::Barred { rollout, baseline: &variant.key });
                }
                Outcome::Found(Evaluation {
                    variant: &variant.key,
                    value: &variant.value,
                    variant_index: decision.target.index,
                    answer: decision.target.answer,
                    reason: decision.reason,
                    rule: decision.rule,
                    rollout: decision.reached(),
                    revision,
                })
            }
            Err(answer) => {
                let code = ErrorCode::missing(&flag.config.flag.unit);
                Outcome::Failed(Failure { code, answer, revision })
            }
        };
        self.trace.answer(&outcome);
        self.trace.leave(outcome.found().is_some());
        outcome
    }

    /// The number of the answer that [`Walk::flag`] would give, for whoever has it ready.
    pub(crate) fn answer(&mut self, flag: &'a CompiledFlag) -> usize {
        match self.decide(flag) {
            Ok(decision) => decision.target.answer,
            Err(answer) => answer,
        }
    }

    /// What decides; the number of the failure if there is no unit to split by.
    #[inline]
    fn decide(&mut self, flag: &'a CompiledFlag) -> Result<Decision<'a>, usize> {
        match &flag.program.mode {
            Mode::BreakGlass(target) => {
                Ok(Decision::plain(target, Reason::Static, Some(RuleRef::BreakGlass)))
            }
            Mode::Off(target) => Ok(Decision::plain(target, Reason::Disabled, None)),
            Mode::Static(target) => Ok(Decision::plain(target, Reason::Static, None)),
            Mode::On { steps, default, failure } => {
                let decision = if S::KEEPS && !flag.program.names.is_empty() {
                    self.prepared(flag, steps, default)
                } else {
                    self.steps(flag, steps, default, &[])
                };
                decision.ok_or(failure.unwrap_or_default())
            }
        }
    }

    /// Looks up the attributes that the rules ask for again and again, then walks. Apart from the plain walk, so that
    /// flags without such attributes do not pay for the room.
    #[inline(never)]
    fn prepared(
        &mut self,
        flag: &'a CompiledFlag,
        steps: &'a [Step],
        default: &'a CompiledServe,
    ) -> Option<Decision<'a>> {
        let mut known = [None; NAMES_KEPT_MAX];
        let names = &flag.program.names;
        for (place, name) in known.iter_mut().zip(names) {
            *place = self.source.find(name);
        }
        self.steps(flag, steps, default, known.get(..names.len()).unwrap_or_default())
    }

    fn steps(
        &mut self,
        flag: &'a CompiledFlag,
        steps: &'a [Step],
        default: &'a CompiledServe,
        known: &[Option<Seen<'c>>],
    ) -> Option<Decision<'a>> {
        for step in steps {
            let decided = match step {
                Step::Rule { id, when, serve } => {
                    self.trace.enter(Place::Rule(id));
                    let decided = if self.holds(when, known) { self.serve(flag, serve) } else { None };
                    self.trace.leave(decided.is_some());
                    decided.map(|(target, split)| {
                        let reason = if split { Reason::Split } else { Reason::TargetingMatch };
                        Decision::plain(target, reason, Some(RuleRef::Rule(id)))
                    })
                }
                Step::Rollout(rollout) => {
                    self.trace.enter(Place::Rollout(&rollout.id));
                    let decided = self.rollout(flag, rollout, known);
                    self.trace.leave(decided.is_some());
                    decided
                }
            };
            if let Some(decision) = decided {
                return Some(decision);
            }
        }
        let (target, split) = self.serve(flag, default)?;
        // A flag without steps whose default is one variant has a mode of its own.
        let reason = if split { Reason::Split } else { Reason::Default };
        Some(Decision::plain(target, reason, None))
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

    #[inline(never)]
    fn rollout(
        &mut self,
        flag: &'a CompiledFlag,
        rollout: &'a CompiledRollout,
        known: &[Option<Seen<'c>>],
    ) -> Option<Decision<'a>> {
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
        let meant = self.holds(&rollout.audience, known);
        self.trace.leave(meant);
        if !meant {
            return None;
        }
        let given = |arm| Decision::rolled_out(rollout, &rollout.given, Reason::TargetingMatch, arm);
        let Some(unit) = unit else {
            return Some(given(None));
        };
        for ring in &rollout.rings {
            self.trace.enter(Place::Ring(&ring.key));
            let member = self.segment(ring);
            self.trace.leave(member);
            if member {
                return Some(given(Some(Arm::Ring)));
            }
        }
        if !self.in_layer(flag, unit) {
            return None;
        }
        let bucket = bucket(&rollout.salt, unit);
        self.trace.fact(Fact::Share { bucket, share: rollout.share });
        let (target, arm) = if bucket < rollout.share {
            (&rollout.treated, Arm::Treated)
        } else {
            (&rollout.control, Arm::Control)
        };
        let decision = Decision::rolled_out(rollout, target, Reason::Split, Some(arm));
        Some(Decision { bucket: Some(bucket), ..decision })
    }

    #[inline]
    fn unit(&mut self, flag: &'a CompiledFlag) -> Option<&'c str> {
        let unit = match &flag.program.unit {
            None => self.source.key_text(),
            Some(name) => {
                let text = self.source.find(name).and_then(Seen::text).map(|text| text.text);
                text.filter(|text| !text.is_empty())
            }
        };
        if unit.is_none() {
            self.trace.fact(Fact::NoUnit(flag.config.flag.unit.as_str()));
        }
        unit
    }

    /// Whether the flag's slice of its layer, if it is in one, holds this unit.
    #[inline]
    fn in_layer(&mut self, flag: &'a CompiledFlag, unit: &str) -> bool {
        let Some(slice) = &flag.program.layer else { return true };
        let bucket = bucket(slice.salt.as_str(), unit);
        self.trace.fact(Fact::Layer { bucket, slice });
        slice.contains(bucket)
    }

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "a list of leaves is walked without a call for each: a third of the time"
    )]
    fn holds(&mut self, condition: &'a Cond, known: &[Option<Seen<'c>>]) -> bool {
        self.trace.enter(Place::Condition(condition));
        let held = match condition {
            Cond::Always => true,
            Cond::Attribute { name, kept, test } => match known.get(*kept) {
                Some(seen) => test.passes(*seen),
                None => test.passes(self.source.find(name)),
            },
            Cond::Composite(parts) => self.composite(parts, known),
        };
        self.trace.leave(held);
        held
    }

    fn composite(&mut self, condition: &'a Composite, known: &[Option<Seen<'c>>]) -> bool {
        match condition {
            Composite::All(parts) => parts.iter().all(|part| self.holds(part, known)),
            Composite::Any(parts) => parts.iter().any(|part| self.holds(part, known)),
            Composite::Not(part) => !self.holds(part, known),
            Composite::Segment(segment) => self.segment(segment),
            Composite::Serves(serves) => self.asked(serves),
            Composite::Now(moment) => moment.holds(self.now_ms),
        }
    }

    fn segment(&mut self, segment: &'a CompiledSegment) -> bool {
        let listed = !(segment.excluded.is_empty() && segment.included.is_empty());
        if let Some(key) = if listed { self.source.key() } else { None } {
            let excluded = segment.excluded.contains(&key);
            if excluded || segment.included.contains(&key) {
                self.trace.fact(Fact::Listed { included: !excluded });
                return !excluded;
            }
        }
        self.holds(&segment.condition, &[])
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
