//! Every answer that a flag can give, numbered, so that something can be kept ready for each.

use crate::outcome::{ErrorCode, Evaluation, Failure, Outcome, Reason, RuleRef};
use crate::program::{CompiledFlag, CompiledServe, Mode, Step, Target};
use crate::rollout::Phase;

impl CompiledFlag {
    /// Every answer this flag can give, by the number that [`Evaluation::answer`] and [`Failure::answer`] name. What
    /// depends on the subject beyond that (arm and bucket of a rollout) is left out.
    #[must_use]
    pub fn answers(&self) -> Vec<Outcome<'_>> {
        let revision = self.program.revision;
        let mut answers = vec![Outcome::NotFound; self.program.answers];
        let mut put = |answer: usize, outcome| {
            if let Some(place) = answers.get_mut(answer) {
                *place = outcome;
            }
        };
        each(&self.program.mode, &mut |target, reason, rule| {
            let found = Evaluation {
                variant: &target.variant.key,
                value: &target.variant.value,
                variant_index: target.index,
                answer: target.answer,
                reason,
                rule,
                rollout: None,
                revision,
            };
            put(target.answer, Outcome::Found(found));
        });
        if let Mode::On { failure: Some(failure), .. } = self.program.mode {
            let code = ErrorCode::missing(&self.config.flag.unit);
            put(failure, Outcome::Failed(Failure { code, answer: failure, revision }));
        }
        answers
    }
}

type Visit<'v, 'p> = &'v mut dyn FnMut(&'p Target, Reason, Option<RuleRef<'p>>);

/// Shows every target with what it is served for.
fn each<'p>(mode: &'p Mode, visit: Visit<'_, 'p>) {
    match mode {
        Mode::BreakGlass(target) => visit(target, Reason::Static, Some(RuleRef::BreakGlass)),
        Mode::Off(target) => visit(target, Reason::Disabled, None),
        Mode::Static(target) => visit(target, Reason::Static, None),
        Mode::On { steps, default, .. } => {
            for step in steps {
                match step {
                    Step::Rule { id, serve, .. } => {
                        served(serve, Reason::TargetingMatch, Some(RuleRef::Rule(id)), visit);
                    }
                    Step::Rollout(rollout) => {
                        let rule = Some(RuleRef::Rollout(&rollout.id));
                        visit(&rollout.given, Reason::TargetingMatch, rule);
                        if rollout.phase == Phase::Running {
                            visit(&rollout.treated, Reason::Split, rule);
                            visit(&rollout.control, Reason::Split, rule);
                        }
                    }
                }
            }
            served(default, Reason::Default, None, visit);
        }
    }
}

fn served<'p>(serve: &'p CompiledServe, plain: Reason, rule: Option<RuleRef<'p>>, visit: Visit<'_, 'p>) {
    match serve {
        CompiledServe::Variant(target) => visit(target, plain, rule),
        CompiledServe::Slots(slots) => {
            for target in slots.iter().filter_map(|slot| slot.target.as_ref()) {
                visit(target, Reason::Split, rule);
            }
        }
    }
}

/// Gives every answer its number, from zero without gaps, and says how many there are.
pub(crate) fn number(mode: &mut Mode) -> usize {
    let mut next = 0;
    let mut give = |target: &mut Target| {
        target.answer = next;
        next += 1;
    };
    match mode {
        Mode::BreakGlass(target) | Mode::Off(target) | Mode::Static(target) => give(target),
        Mode::On { steps, default, failure } => {
            for step in steps.iter_mut() {
                match step {
                    Step::Rule { serve, .. } => number_served(serve, &mut give),
                    Step::Rollout(rollout) => {
                        give(&mut rollout.given);
                        if rollout.phase == Phase::Running {
                            give(&mut rollout.treated);
                            give(&mut rollout.control);
                        }
                    }
                }
            }
            number_served(default, &mut give);
            if let CompiledServe::Slots(_) = default {
                *failure = Some(next);
                next += 1;
            }
        }
    }
    next
}

/// Slots of one variant in one table are one answer.
fn number_served(serve: &mut CompiledServe, give: &mut dyn FnMut(&mut Target)) {
    match serve {
        CompiledServe::Variant(target) => give(target),
        CompiledServe::Slots(slots) => {
            let mut known: Vec<(usize, usize)> = Vec::new();
            for target in slots.iter_mut().filter_map(|slot| slot.target.as_mut()) {
                let same = known.iter().find(|(variant, _)| *variant == target.index);
                if let Some((_, answer)) = same {
                    target.answer = *answer;
                } else {
                    give(target);
                    known.push((target.index, target.answer));
                }
            }
        }
    }
}
