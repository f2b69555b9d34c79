//! Every answer that a flag can give, numbered, so that something can be kept ready for each.

use crate::evaluate::Decision;
use crate::outcome::{Outcome, Reason};
use crate::program::{CompiledFlag, CompiledServe, Mode, Step};
use crate::rollout::Phase;
use crate::target::{By, Target};

impl CompiledFlag {
    /// Every answer this flag can give, by the number that [`crate::Evaluation::answer`] and [`crate::Failure::answer`] name. What
    /// depends on the subject beyond that (arm and bucket of a rollout) is left out.
    #[must_use]
    pub fn answers(&self) -> Vec<Outcome<'_>> {
        let mut answers = vec![Outcome::NotFound; self.program.rest.answers];
        let mut put = |answer: u16, outcome| {
            if let Some(place) = answers.get_mut(usize::from(answer)) {
                *place = outcome;
            }
        };
        each(&self.program.mode, &mut |target, reason, by| {
            let decided = Decision::plain(target, reason, by);
            put(target.answer(), self.outcome(decided));
        });
        if let Mode::On { failure: Some(failure), .. } = self.program.mode {
            put(failure, self.failed());
        }
        answers
    }
}

type Visit<'v> = &'v mut dyn FnMut(Target, Reason, By);

/// Shows every target with what it is served for.
fn each(mode: &Mode, visit: Visit<'_>) {
    match mode {
        Mode::Fixed { target, reason, break_glass } => {
            visit(*target, *reason, if *break_glass { By::BREAK_GLASS } else { By::DEFAULT });
        }
        Mode::On { steps, default, .. } => {
            for step in steps {
                match step {
                    Step::Rule { at, serve, .. } => {
                        served(serve, Reason::TargetingMatch, By::rule(*at), visit);
                    }
                    Step::Rollout(rollout) => {
                        let by = By::rollout(rollout.at, 0);
                        visit(rollout.given, Reason::TargetingMatch, by);
                        if rollout.phase == Phase::Running {
                            visit(rollout.treated, Reason::Split, by);
                            visit(rollout.control, Reason::Split, by);
                        }
                    }
                }
            }
            served(default, Reason::Default, By::DEFAULT, visit);
        }
    }
}

fn served(serve: &CompiledServe, plain: Reason, by: By, visit: Visit<'_>) {
    match serve {
        CompiledServe::Variant(target) => visit(*target, plain, by),
        CompiledServe::Slots(slots) => {
            for target in slots.iter().filter_map(|slot| slot.target) {
                visit(target, Reason::Split, by);
            }
        }
    }
}

/// Gives every answer its number, from zero without gaps, and says how many there are.
pub(crate) fn number(mode: &mut Mode) -> usize {
    // Limits keep the answers of a flag far below 2^16; beyond, the last would stand for more than one.
    let mut next = 0_u16;
    let mut give = |target: &mut Target| {
        *target = target.numbered(next);
        next = next.saturating_add(1);
    };
    match mode {
        Mode::Fixed { target, .. } => give(target),
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
                next = next.saturating_add(1);
            }
        }
    }
    usize::from(next)
}

/// Slots of one variant in one table are one answer.
fn number_served(serve: &mut CompiledServe, give: &mut dyn FnMut(&mut Target)) {
    match serve {
        CompiledServe::Variant(target) => give(target),
        CompiledServe::Slots(slots) => {
            let mut known: Vec<(u16, u16)> = Vec::new();
            for target in slots.iter_mut().filter_map(|slot| slot.target.as_mut()) {
                let same = known.iter().find(|(variant, _)| *variant == target.variant());
                if let Some((_, answer)) = same {
                    *target = target.numbered(*answer);
                } else {
                    give(target);
                    known.push((target.variant(), target.answer()));
                }
            }
        }
    }
}
