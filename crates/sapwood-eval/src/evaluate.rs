//! Who gets which variant, and why: one walk over a compiled flag that never fails, waits or allocates.

use crate::attributes::{Attributes, Seen, Source};
use crate::key::VariantKey;
use crate::limits::Limits;
use crate::outcome::{Arm, ErrorCode, Evaluation, Failure, Outcome, Reason};
use crate::program::{
    Asked, CompiledFlag, CompiledRollout, CompiledSegment, CompiledServe, CompiledServes, CompiledSlot, Cond,
    Mode, NAMES_KEPT_MAX, Step,
};
use crate::rollout::Phase;
use crate::set::FlagSet;
use crate::target::{By, Served, Target};
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

/// What a rule, rollout or default decided: two words, so that it is handed on in registers.
#[derive(Clone, Copy)]
pub(crate) struct Decision {
    served: Served,
    by: By,
}

impl Decision {
    #[inline]
    pub(crate) const fn plain(target: Target, reason: Reason, by: By) -> Self {
        Self { served: Served::new(target, reason, None), by }
    }

    /// What a rollout decided, by its arms or without any.
    #[inline]
    fn rolled_out(
        rollout: &CompiledRollout,
        (target, reason, arm): (Target, Reason, Option<Arm>),
        bucket: u32,
    ) -> Self {
        // Once its candidate is barred, a rollout compares nothing any more.
        let arm = arm.filter(|_| rollout.given.barred().is_none());
        Self { served: Served::new(target, reason, arm), by: By::rollout(rollout.at, bucket) }
    }
}

impl CompiledFlag {
    /// What a decision answers.
    #[inline]
    pub(crate) fn outcome(&self, decided: Decision) -> Outcome<'_> {
        let Decision { served, by } = decided;
        // Every target is the place of a variant; that is what compiling one means.
        match self.program.variants.get(usize::from(served.target().variant())) {
            Some(variant) => Outcome::Found(Evaluation { flag: self, variant, served, by }),
            None => Outcome::NotFound,
        }
    }

    /// The answer that there is no unit to split by.
    #[inline(never)]
    pub(crate) fn failed(&self) -> Outcome<'_> {
        let code = ErrorCode::missing(&self.config.flag.unit);
        let answer = usize::from(self.failure());
        Outcome::Failed(Failure { code, answer, revision: self.program.revision })
    }

    /// The number of that answer.
    const fn failure(&self) -> u16 {
        match self.program.mode {
            Mode::On { failure: Some(failure), .. } => failure,
            Mode::On { failure: None, .. } | Mode::Fixed { .. } => 0,
        }
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
    #[inline]
    pub(crate) fn flag(&mut self, flag: &'a CompiledFlag) -> Outcome<'a> {
        if T::WATCHES {
            return self.watched(flag);
        }
        // The answer is made where the caller wants it, and nobody looks at it before.
        match self.decide(flag) {
            Some(decision) => flag.outcome(decision),
            None => flag.failed(),
        }
    }

    /// The same walk, told to the trace.
    fn watched(&mut self, flag: &'a CompiledFlag) -> Outcome<'a> {
        self.trace.enter(Place::Flag(flag));
        let decision = self.decide(flag);
        if let Some(decision) = &decision {
            self.tell_if_barred(flag, decision);
        }
        let outcome = decision.map_or_else(|| flag.failed(), |decision| flag.outcome(decision));
        self.trace.answer(&outcome);
        self.trace.leave(outcome.found().is_some());
        outcome
    }

    fn tell_if_barred(&mut self, flag: &'a CompiledFlag, decision: &Decision) {
        let Some(bar) = decision.served.target().barred() else { return };
        let rollout = flag.program.rest.bars.get(usize::from(bar.get()).saturating_sub(1));
        if let Some((rollout, baseline)) = rollout.zip(variant(flag, decision.served.target())) {
            self.trace.fact(Fact::Barred { rollout, baseline });
        }
    }

    /// The number of the answer that [`Walk::flag`] would give, for whoever has it ready.
    #[inline]
    pub(crate) fn answer(&mut self, flag: &'a CompiledFlag) -> usize {
        let answer = self.decide(flag).map(|decision| decision.served.target().answer());
        usize::from(answer.unwrap_or_else(|| flag.failure()))
    }

    /// What decides; nothing if there is no unit to split by.
    #[inline]
    fn decide(&mut self, flag: &'a CompiledFlag) -> Option<Decision> {
        match &flag.program.mode {
            Mode::Fixed { target, reason, break_glass } => {
                let by = if *break_glass { By::BREAK_GLASS } else { By::DEFAULT };
                Some(Decision::plain(*target, *reason, by))
            }
            Mode::On { steps, default, failure: _ } => {
                if S::KEEPS && !flag.program.kept.is_empty() {
                    self.prepared(flag, steps, default)
                } else {
                    self.steps(flag, steps, default, &[])
                }
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
    ) -> Option<Decision> {
        let kept = &flag.program.kept;
        let mut known = [None; NAMES_KEPT_MAX];
        for (place, name) in known.iter_mut().zip(kept) {
            self.source.read(&self.set.names, *name, place);
        }
        self.steps(flag, steps, default, known.get(..kept.len()).unwrap_or_default())
    }

    #[inline(never)]
    fn steps(
        &mut self,
        flag: &'a CompiledFlag,
        steps: &'a [Step],
        default: &'a CompiledServe,
        known: &[Option<Seen<'c>>],
    ) -> Option<Decision> {
        for step in steps {
            let decided = match step {
                Step::Rule { at, when, serve } => {
                    if T::WATCHES
                        && let Some(rule) = flag.config.targeting.rules.get(usize::from(*at))
                    {
                        self.trace.enter(Place::Rule(&rule.id));
                    }
                    let held = match when {
                        // The most common of all: walked here, without a call.
                        Cond::All(parts) if !T::WATCHES => parts.iter().all(|part| self.holds(part, known)),
                        Cond::Always
                        | Cond::Test(_)
                        | Cond::All(_)
                        | Cond::Any(_)
                        | Cond::Not(_)
                        | Cond::Segment(_)
                        | Cond::Serves(_)
                        | Cond::Now(_) => self.holds(when, known),
                    };
                    let decided = if held { self.serve(flag, serve) } else { None };
                    self.trace.leave(decided.is_some());
                    decided.map(|(target, split)| {
                        let reason = if split { Reason::Split } else { Reason::TargetingMatch };
                        Decision::plain(target, reason, By::rule(*at))
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
        Some(Decision::plain(target, reason, By::DEFAULT))
    }

    /// What is served, and whether a bucket decided; `None` passes on.
    #[inline]
    fn serve(&mut self, flag: &'a CompiledFlag, serve: &'a CompiledServe) -> Option<(Target, bool)> {
        match serve {
            CompiledServe::Variant(target) => Some((*target, false)),
            CompiledServe::Slots(slots) => self.slots(flag, slots).map(|target| (target, true)),
        }
    }

    #[inline]
    fn slots(&mut self, flag: &'a CompiledFlag, slots: &'a [CompiledSlot]) -> Option<Target> {
        let unit = self.unit(flag)?;
        if !self.in_layer(flag, unit) {
            return None;
        }
        let bucket = flag.program.salt.bucket(unit);
        let target = slots.iter().find(|slot| bucket < slot.until).and_then(|slot| slot.target);
        self.trace.fact(Fact::Slot { bucket, serve: target.and_then(|target| variant(flag, target)) });
        target
    }

    #[inline(never)]
    fn rollout(
        &mut self,
        flag: &'a CompiledFlag,
        rollout: &'a CompiledRollout,
        known: &[Option<Seen<'c>>],
    ) -> Option<Decision> {
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
        let given = |arm| Decision::rolled_out(rollout, (rollout.given, Reason::TargetingMatch, arm), 0);
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
        let bucket = rollout.salt.bucket(unit);
        self.trace.fact(Fact::Share { bucket, share: rollout.share });
        let (target, arm) = if bucket < rollout.share {
            (rollout.treated, Arm::Treated)
        } else {
            (rollout.control, Arm::Control)
        };
        Some(Decision::rolled_out(rollout, (target, Reason::Split, Some(arm)), bucket))
    }

    #[inline]
    fn unit(&mut self, flag: &'a CompiledFlag) -> Option<&'c str> {
        let unit = match flag.program.unit {
            None => self.source.key_text(),
            Some(name) => {
                let text = self
                    .source
                    .find(&self.set.names, name)
                    .and_then(|seen| seen.text().map(|text| text.text));
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
        let Some(layer) = &flag.program.layer else { return true };
        let bucket = layer.salt.bucket(unit);
        self.trace.fact(Fact::Layer { bucket, slice: &layer.slice });
        layer.slice.contains(bucket)
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
            Cond::Test(asked) => match self.source.recall(asked.id) {
                Some(held) => held,
                None => self.test(asked, known),
            },
            Cond::All(_)
            | Cond::Any(_)
            | Cond::Not(_)
            | Cond::Segment(_)
            | Cond::Serves(_)
            | Cond::Now(_) => self.composite(condition, known),
        };
        self.trace.leave(held);
        held
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "part of the same loop over leaves")]
    fn test(&mut self, asked: &'a Asked, known: &[Option<Seen<'c>>]) -> bool {
        let test = &asked.test.test;
        let mut room = None;
        let held = test.passes(match known.get(usize::from(asked.kept)) {
            Some(seen) => seen.as_ref(),
            None => self.source.look(&self.set.names, test.name(), &mut room),
        });
        self.source.remember(asked.id, held);
        held
    }

    /// Conditions that are more than a test.
    fn composite(&mut self, condition: &'a Cond, known: &[Option<Seen<'c>>]) -> bool {
        match condition {
            Cond::All(parts) => parts.iter().all(|part| self.holds(part, known)),
            Cond::Any(parts) => parts.iter().any(|part| self.holds(part, known)),
            Cond::Not(part) => !self.holds(part, known),
            Cond::Segment(segment) => self.segment(segment),
            Cond::Serves(serves) => self.asked(serves),
            Cond::Now(moment) => moment.holds(self.now_ms),
            Cond::Always | Cond::Test(_) => self.holds(condition, known),
        }
    }

    fn segment(&mut self, segment: &'a CompiledSegment) -> bool {
        if let Some(held) = self.source.recall(segment.id) {
            return held;
        }
        let held = self.member(segment);
        self.source.remember(segment.id, held);
        held
    }

    fn member(&mut self, segment: &'a CompiledSegment) -> bool {
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
        outcome.found().is_some_and(|found| serves.variants.contains(found.variant()))
    }
}

fn variant(flag: &CompiledFlag, target: Target) -> Option<&VariantKey> {
    flag.program.variants.get(usize::from(target.variant())).map(|variant| &variant.key)
}
