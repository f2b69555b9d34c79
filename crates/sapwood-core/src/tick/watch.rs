//! One look at one rollout: roll back, hold, lift a hold, or pass the gate — in that order.

use sapwood_eval::{RolloutId, Share};

use super::{Gate, Observed, Report, active_minutes, gate, stale_minutes};
use crate::command::{Command, Step};
use crate::decide::prerequisites_hold;
use crate::event::Because;
use crate::evidence::{Evidence, GuardrailReading};
use crate::id::EnvironmentKey;
use crate::ledger::RolloutLedger;
use crate::limits::{COOL_DOWN_SECONDS, HOLD_ENTER, HOLD_LEAVE, SOURCE_DOWN_GAPS, SRM_ALPHA};
use crate::rollout::{Guardrail, GuardrailAction, HoldCause, Phase, Rollout};
use crate::sentence;
use crate::state::Environment;
use crate::time::Timestamp;

/// Everything one look needs.
pub(super) struct Scene<'a> {
    pub(super) environment_key: &'a EnvironmentKey,
    pub(super) environment: &'a Environment,
    pub(super) rollout: &'a Rollout,
    pub(super) ledger: &'a RolloutLedger,
    pub(super) observed: &'a Observed<'a>,
    pub(super) now: Timestamp,
}

/// What a look came to: a step with its reason, or just the reason for none.
struct Finding {
    step: Option<Step>,
    sentence: String,
}

impl Finding {
    const fn wait(sentence: String) -> Self {
        Self { step: None, sentence }
    }

    const fn go(step: Step, sentence: String) -> Self {
        Self { step: Some(step), sentence }
    }
}

impl Scene<'_> {
    /// `earlier` are the reports of rollouts that may depend on this one.
    pub(super) fn report(&self, earlier: &[Report]) -> Report {
        let evidence = Evidence::read(self.rollout, self.ledger, self.observed.ledger_offset, self.now);
        let gate = gate(self.rollout, self.ledger, self.now);
        let Finding { step, sentence } = self.look(&evidence, &gate, earlier);
        let evidence = match step {
            None => evidence,
            // Whoever lets more people in should know what could have been seen so far.
            Some(step) if step.expands() => {
                evidence.with_intervals(self.rollout, self.ledger).with_power(self.rollout, self.ledger)
            }
            Some(_) => evidence.with_intervals(self.rollout, self.ledger),
        };
        let command = step.map(|step| Command::Step {
            environment: self.environment_key.clone(),
            rollout: self.rollout.spec.id.clone(),
            step,
            because: Box::new(Because { reason: sentence.clone(), evidence: Some(evidence.clone()) }),
        });
        Report {
            environment: self.environment_key.clone(),
            rollout: self.rollout.spec.id.clone(),
            command,
            sentence,
            gate,
            evidence,
        }
    }

    fn look(&self, evidence: &Evidence, gate: &Gate, earlier: &[Report]) -> Finding {
        if let Some(finding) = self.harmed(evidence, earlier) {
            return finding;
        }
        match self.suspicion(evidence) {
            Some((cause, reason)) => self.hold(cause, reason),
            None => self.go_on(gate),
        }
    }

    /// A crossed limit rolls back, whatever else holds the rollout. Where a dependent is suspect too, it goes
    /// first and this one waits a cool-down, because the harm may have been the dependent's.
    fn harmed(&self, evidence: &Evidence, earlier: &[Report]) -> Option<Finding> {
        self.crossed(evidence, GuardrailAction::RollBack)?;
        let detailed = evidence.clone().with_intervals(self.rollout, self.ledger);
        let (guardrail, reading) = self.crossed(&detailed, GuardrailAction::RollBack)?;
        let harm = sentence::harm(self.rollout, guardrail, reading);
        if let Some(dependent) = self.suspect_dependent(earlier) {
            let reason =
                format!("{harm}. It waits for what depends on it, {dependent}, to be out of the way first");
            return Some(self.hold(HoldCause::Dependency, reason));
        }
        let here = sentence::stage_name(self.rollout, self.rollout.epoch().stage);
        let reason = format!("Rolled back at {} on {here}: {harm}", self.now.clock());
        Some(Finding::go(Step::RollBack, reason))
    }

    fn crossed<'b>(
        &'b self,
        evidence: &'b Evidence,
        action: GuardrailAction,
    ) -> Option<(&'b Guardrail, &'b GuardrailReading)> {
        self.rollout
            .spec
            .guardrails
            .iter()
            .zip(&evidence.guardrails)
            .find(|(guardrail, reading)| guardrail.action == action && reading.crossed())
    }

    /// A rollout that needs this one, directly or through others, and is being rolled back in this tick or was
    /// within the cool-down.
    fn suspect_dependent(&self, earlier: &[Report]) -> Option<&RolloutId> {
        self.dependents()
            .into_iter()
            .find(|other| {
                let now_suspect = earlier.iter().any(|report| {
                    report.rollout == other.spec.id
                        && matches!(report.command, Some(Command::Step { step: Step::RollBack, .. }))
                });
                let was_suspect = matches!(
                    other.phase,
                    Phase::RolledBack { at, .. } if at >= self.rollout.started_at
                        // Either way, so that a clock set back cannot stretch it.
                        && self.now.seconds_since(at).abs() < COOL_DOWN_SECONDS
                );
                now_suspect || was_suspect
            })
            .map(|other| &other.spec.id)
    }

    /// Rollouts of whatever phase that need this one's candidate, directly or through others.
    fn dependents(&self) -> Vec<&Rollout> {
        let mut found: Vec<&Rollout> = Vec::new();
        let mut open = vec![self.rollout];
        while let Some(base) = open.pop() {
            let base = &base.spec;
            for other in self.environment.rollouts.values() {
                let mut needs = other.spec.prerequisites.iter();
                let depends =
                    needs.any(|needs| needs.flag == base.flag && needs.variants.contains(&base.candidate));
                if depends
                    && other.spec.id != self.rollout.spec.id
                    && !found.iter().any(|known| known.spec.id == other.spec.id)
                {
                    found.push(other);
                    open.push(other);
                }
            }
        }
        found
    }

    /// Reasons to stand still that are not proof of harm.
    fn suspicion(&self, evidence: &Evidence) -> Option<(HoldCause, String)> {
        if evidence.sample_ratio_alarm() {
            let reason = format!(
                "{} treated and {} control subjects do not fit the shares (evidence {}); find out who is missing",
                sentence::count(evidence.exposed_treated),
                sentence::count(evidence.exposed_control),
                sentence::odds(evidence.sample_ratio_log_e),
            );
            return Some((HoldCause::Guardrail, reason));
        }
        if let Some((guardrail, _)) =
            self.zip(evidence).find(|(_, reading)| reading.exposure_loss_log_e >= -SRM_ALPHA.ln())
        {
            let reason = format!(
                "Subjects with `{}` but without an exposure are unevenly split; exposures are being lost",
                guardrail.metric
            );
            return Some((HoldCause::Guardrail, reason));
        }
        if let Some((guardrail, reading)) = self.crossed(evidence, GuardrailAction::Hold) {
            return Some((HoldCause::Guardrail, sentence::harm(self.rollout, guardrail, reading)));
        }
        let held_by_evidence = matches!(self.rollout.phase, Phase::Held { cause: HoldCause::Guardrail, .. });
        let line = if held_by_evidence { HOLD_LEAVE } else { HOLD_ENTER };
        if evidence.log_average >= line.ln() {
            let worst = self
                .zip(evidence)
                .max_by(|(_, one), (_, other)| one.log_e.total_cmp(&other.log_e))
                .map(|(guardrail, reading)| sentence::harm(self.rollout, guardrail, reading))
                .unwrap_or_default();
            let reason = format!("Weak evidence of harm, waiting for more: {worst}");
            return Some((HoldCause::Guardrail, reason));
        }
        self.missing_data(evidence).map(|reason| (HoldCause::NoData, reason))
    }

    fn zip<'b>(
        &'b self,
        evidence: &'b Evidence,
    ) -> impl Iterator<Item = (&'b Guardrail, &'b GuardrailReading)> {
        self.rollout
            .spec
            .guardrails
            .iter()
            .zip(&evidence.guardrails)
            .filter(|(guardrail, _)| guardrail.action != GuardrailAction::Notify)
    }

    /// Missing data is never good news.
    fn missing_data(&self, evidence: &Evidence) -> Option<String> {
        let stale = self.rollout.stage().map_or(0, stale_minutes);
        let began = self.rollout.epoch().from.minute();
        let last =
            active_minutes(self.rollout, self.ledger, self.now).last().copied().unwrap_or(began).max(began);
        let silence = self.now.minute().saturating_sub(last);
        if silence > stale {
            return Some(format!("No traffic: nobody met the flag for {silence} minutes"));
        }
        let silent = self.zip(evidence).filter(|(_, reading)| reading.treated > 0 || reading.control > 0);
        let mut silent = silent.peekable();
        if silent.peek().is_some() && silent.all(|(_, reading)| reading.silent_treated) {
            return Some(
                "The treated arm is silent: no event of any guardrail, where control has them; \
                 its telemetry may be broken"
                    .to_owned(),
            );
        }
        self.rollout.spec.guardrails.iter().find_map(|guardrail| self.source_down(guardrail, stale))
    }

    /// A source is down when it has been quiet for far longer than its own past makes credible, or when it was
    /// never heard by the time the stage could end.
    fn source_down(&self, guardrail: &Guardrail, stale: i64) -> Option<String> {
        if guardrail.action == GuardrailAction::Notify {
            return None;
        }
        let key = (self.environment_key.clone(), guardrail.metric.clone());
        let Some(seen) = self.observed.sources.get(&key) else {
            let baked = gate(self.rollout, self.ledger, self.now).is_filled();
            return baked.then(|| {
                format!(
                    "No report of `{}` has ever arrived; report events, or `alive` while there are none",
                    guardrail.metric
                )
            });
        };
        let quiet = self.now.seconds_since(seen.last);
        let span = seen.last.seconds_since(seen.first).max(1);
        let events = i64::try_from(seen.events).unwrap_or(i64::MAX);
        // Quiet for more than SOURCE_DOWN_GAPS mean gaps: events * quiet / span > SOURCE_DOWN_GAPS.
        let incredible = events.saturating_mul(quiet) > span.saturating_mul(SOURCE_DOWN_GAPS);
        if quiet > stale.saturating_mul(60) && incredible {
            let minutes = quiet.div_euclid(60);
            return Some(format!(
                "The source of `{}` is down: last report {minutes} minutes ago",
                guardrail.metric
            ));
        }
        None
    }

    /// Holds, unless it already stands still for this or for something only a person may lift.
    fn hold(&self, cause: HoldCause, reason: String) -> Finding {
        match &self.rollout.phase {
            Phase::Held { cause: standing, .. } if *standing == cause => Finding::wait(reason),
            Phase::Held { cause: standing, reason: by_hand, .. } if !standing.lifts_itself() => {
                Finding::wait(format!("{by_hand}. Also: {reason}"))
            }
            Phase::Running | Phase::Held { .. } | Phase::RolledBack { .. } | Phase::Completed { .. } => {
                Finding::go(Step::Hold { cause }, reason)
            }
        }
    }

    fn go_on(&self, gate: &Gate) -> Finding {
        if let Phase::Held { cause, reason, .. } = &self.rollout.phase {
            if cause.lifts_itself() {
                return Finding::go(Step::Resume, "The reason to hold is gone".to_owned());
            }
            return Finding::wait(reason.clone());
        }
        if !gate.is_filled() {
            return Finding::wait(sentence::waiting(self.rollout, gate));
        }
        let here = sentence::stage_name(self.rollout, self.rollout.epoch().stage);
        if gate.approval_missing {
            let reason = format!("On {here}: everything is there but a person's approval");
            return Finding::go(Step::Hold { cause: HoldCause::Approval }, reason);
        }
        let Some((next, _)) = self.rollout.next_stage() else {
            if let Some(wait) = self.base_is_behind(Share::WHOLE) {
                return Finding::wait(format!("On {here}: {wait}"));
            }
            let reason = format!("The last stage, {here}, held for its whole bake; the audience gets it");
            return Finding::go(Step::Complete, reason);
        };
        let share = self.rollout.spec.effective_share(next);
        if let Some(wait) = self.base_is_behind(share) {
            return Finding::wait(format!("On {here}: {wait}"));
        }
        let reason = sentence::passed(self.rollout, gate, next);
        Finding::go(Step::Advance { from: self.rollout.epoch().stage }, reason)
    }

    fn base_is_behind(&self, share: Share) -> Option<String> {
        prerequisites_hold(self.environment, self.rollout, share).err().map(|rejection| rejection.to_string())
    }
}
