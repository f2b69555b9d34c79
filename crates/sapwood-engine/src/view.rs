//! A rollout as people see it: the folded state and the controller's last reading, in one answer.

use sapwood_api::manage::{GateResponse, GuardrailResponse, RolloutResponse, StageResponse};
use sapwood_core::evidence::{GuardrailReading, weight};
use sapwood_core::limits::HOLD_ENTER;
use sapwood_core::rollout::{Guardrail, GuardrailAction, HoldCause, Phase, Rollout, Who};
use sapwood_core::sentence;
use sapwood_eval::RolloutId;
use sapwood_stats::{Harm, combine};

use crate::engine::Engine;
use crate::project::{Reading, read};
use crate::snapshot::Scope;

/// Evidence beyond this is shown as this: JSON has no infinity, and nobody needs the difference.
const EVIDENCE_MAX: f64 = 1e300;

impl Engine {
    /// All rollouts of an environment, the newest first.
    pub fn rollouts(&self, scope: &Scope) -> Vec<RolloutResponse> {
        let ids: Vec<RolloutId> = self
            .read(&scope.project, |state| {
                let environment = state.environments.get(&scope.environment);
                environment.map(|e| e.rollouts.keys().rev().cloned().collect()).unwrap_or_default()
            })
            .unwrap_or_default();
        ids.iter().filter_map(|id| self.rollout(scope, id.as_str())).collect()
    }

    /// One rollout as it stands.
    pub fn rollout(&self, scope: &Scope, id: &str) -> Option<RolloutResponse> {
        let served = self.served(scope)?;
        self.read(&scope.project, |state| {
            let rollouts = &state.environments.get(&scope.environment)?.rollouts;
            let rollout = rollouts.get(&RolloutId::try_from(id.to_owned()).ok()?)?;
            let readings = read(&served.readings);
            Some(response(scope, rollout, readings.get(&rollout.spec.id)))
        })?
    }
}

fn response(scope: &Scope, rollout: &Rollout, reading: Option<&Reading>) -> RolloutResponse {
    let spec = &rollout.spec;
    let epoch = rollout.epoch();
    let (state, cause, said) = match &rollout.phase {
        Phase::Running => ("running", None, None),
        Phase::Held { cause, reason, .. } => ("held", Some(*cause), Some(reason.clone())),
        Phase::RolledBack { reason, .. } => ("rolled_back", None, Some(reason.clone())),
        Phase::Completed { .. } => ("completed", None, Some("The whole audience has it".to_owned())),
    };
    let fresh = reading.filter(|reading| rollout.is_live() && reading.revision == rollout.revision);
    let looked = fresh.map(|reading| reading.sentence.clone());
    let sentence = match &rollout.phase {
        Phase::Running => looked.or(said),
        Phase::Held { cause, .. } if cause.lifts_itself() => looked.or(said),
        Phase::Held { .. } | Phase::RolledBack { .. } | Phase::Completed { .. } => said,
    };
    let e_value = |log_e: f64| log_e.exp().min(EVIDENCE_MAX);
    let evidence = reading.map(|reading| &reading.evidence);
    let readings = evidence.map(|evidence| evidence.guardrails.as_slice()).unwrap_or_default();
    RolloutResponse {
        id: spec.id.to_string(),
        revision: rollout.revision,
        environment: scope.environment.to_string(),
        flag: spec.flag.to_string(),
        baseline: spec.baseline.to_string(),
        candidate: spec.candidate.to_string(),
        state: state.to_owned(),
        cause: cause.map(|cause| cause_word(cause).to_owned()),
        sentence: sentence.unwrap_or_else(|| {
            let here = sentence::stage_name(rollout, epoch.stage);
            format!("On {here} since {}; the next look comes within a second", epoch.from.clock())
        }),
        stage: epoch.stage.saturating_add(1),
        share: if rollout.is_live() { epoch.share.parts() } else { final_share(rollout) },
        epoch: epoch.number,
        started_at: rollout.started_at.to_string(),
        holdback: spec.holdback.parts(),
        stages: stages(rollout),
        gate: fresh.map(gate),
        guardrails: spec.guardrails.iter().map(|of| guardrail_response(rollout, of, readings)).collect(),
        evidence: evidence.map_or(1.0, |evidence| e_value(evidence.log_average)),
        sample_ratio_evidence: evidence.map_or(1.0, |evidence| e_value(evidence.sample_ratio_log_e)),
        exposed_treated: evidence.map_or(0, |evidence| evidence.exposed_treated),
        exposed_control: evidence.map_or(0, |evidence| evidence.exposed_control),
        had_candidate: evidence.map_or(0, |evidence| evidence.had_candidate),
    }
}

/// Nobody after a rollback, the whole audience after completion.
const fn final_share(rollout: &Rollout) -> u32 {
    match rollout.phase {
        Phase::Completed { .. } => 100_000,
        Phase::RolledBack { .. } | Phase::Running | Phase::Held { .. } => 0,
    }
}

fn stages(rollout: &Rollout) -> Vec<StageResponse> {
    let standing = rollout.epoch().stage;
    let stage = |(index, stage): (usize, &sapwood_core::rollout::Stage)| {
        let entered = rollout.epochs.iter().find(|epoch| epoch.stage == index).map(|epoch| epoch.from);
        let state = match (&rollout.phase, index.cmp(&standing)) {
            (Phase::Completed { .. }, _) | (_, std::cmp::Ordering::Less) => "passed",
            (_, std::cmp::Ordering::Greater) => "coming",
            (Phase::Running, std::cmp::Ordering::Equal) => "growing",
            (Phase::Held { .. }, std::cmp::Ordering::Equal) => "held",
            (Phase::RolledBack { .. }, std::cmp::Ordering::Equal) => "lost",
        };
        StageResponse {
            name: sentence::stage_name(rollout, index),
            ring: match &stage.who {
                Who::Ring(segment) => Some(segment.to_string()),
                Who::Share(_) => None,
            },
            share: rollout.spec.effective_share(index).parts(),
            state: state.to_owned(),
            entered_at: entered.map(|at| at.to_string()),
            bake_seconds: stage.bake_seconds,
        }
    };
    rollout.spec.ladder.stages.iter().enumerate().map(stage).collect()
}

const fn gate(reading: &Reading) -> GateResponse {
    let gate = &reading.gate;
    GateResponse {
        bake_minutes: gate.bake_minutes,
        bake_minutes_needed: gate.bake_minutes_needed,
        treated: gate.treated,
        control: gate.control,
        subjects_needed: gate.subjects_needed,
        approval_missing: gate.approval_missing,
    }
}

fn guardrail_response(
    rollout: &Rollout,
    guardrail: &Guardrail,
    readings: &[GuardrailReading],
) -> GuardrailResponse {
    let reading = readings.iter().find(|reading| reading.guardrail == guardrail.key);
    let log_e = reading.map_or(0.0, |reading| reading.log_e);
    let limit_log_e = combine::rollback_line(rollout.spec.alpha(), weight(guardrail));
    let state = if log_e >= limit_log_e {
        "harmed"
    } else if log_e >= HOLD_ENTER.ln() {
        "suspect"
    } else {
        "quiet"
    };
    GuardrailResponse {
        key: guardrail.key.to_string(),
        metric: guardrail.metric.to_string(),
        harm: match guardrail.harm {
            Harm::Up => "up",
            Harm::Down => "down",
        }
        .to_owned(),
        action: action_word(guardrail.action).to_owned(),
        weight: guardrail.weight_permille,
        margin_permille: guardrail.margin_permille,
        evidence: log_e.exp().min(EVIDENCE_MAX),
        limit: limit_log_e.exp().min(EVIDENCE_MAX),
        treated: reading.map_or(0, |reading| reading.treated),
        control: reading.map_or(0, |reading| reading.control),
        expected_treated: reading.map_or(0.0, |reading| reading.expected_treated),
        ratio: reading.and_then(|reading| reading.ratio),
        ratio_lower: reading.and_then(|reading| reading.ratio_lower),
        ratio_upper: reading.and_then(|reading| reading.ratio_upper),
        state: state.to_owned(),
    }
}

pub(crate) const fn cause_word(cause: HoldCause) -> &'static str {
    match cause {
        HoldCause::Guardrail => "guardrail",
        HoldCause::NoData => "no_data",
        HoldCause::Operator => "operator",
        HoldCause::Approval => "approval",
        HoldCause::Dependency => "dependency",
        HoldCause::Freeze => "freeze",
        HoldCause::Edit => "edit",
    }
}

pub(crate) const fn action_word(action: GuardrailAction) -> &'static str {
    match action {
        GuardrailAction::RollBack => "roll_back",
        GuardrailAction::Hold => "hold",
        GuardrailAction::Notify => "notify",
    }
}
