//! Metrics, and ladders and guardrails that are kept for rollouts to come.

use super::{Placed, limit, start, text, unless};
use crate::event::{GuardrailDefined, LadderDefined, MetricDefined, MetricKind};
use crate::id::{GuardrailKey, LadderKey, MetricKey};
use crate::limits::{GUARDRAILS_KEPT_MAX, LADDERS_MAX, METRICS_MAX, WEIGHT_PERMILLE_MAX};
use crate::rejection::Rejection;
use crate::rollout::{GuardrailTemplate, Ladder};
use crate::state::{DefinedGuardrail, DefinedLadder, DefinedMetric, State};

pub(super) fn metric(
    state: &State,
    key: MetricKey,
    metric: MetricKind,
    description: String,
) -> Result<Vec<Placed>, Rejection> {
    text("/description", &description)?;
    let value = DefinedMetric { metric, description };
    let known = state.metrics.get(&key);
    if known.is_none() {
        limit("/metric", "metrics of a project", state.metrics.len().saturating_add(1), METRICS_MAX)?;
    }
    let same = known.is_some_and(|known| known.value == value);
    Ok(unless(same, None, MetricDefined { key, metric, description: value.description }))
}

pub(super) fn ladder(
    state: &State,
    key: LadderKey,
    ladder: Ladder,
    description: String,
) -> Result<Vec<Placed>, Rejection> {
    text("/description", &description)?;
    start::ladder_climbs(state, &ladder.stages)?;
    let value = DefinedLadder { ladder, description };
    let known = state.ladders.get(&key);
    if known.is_none() {
        limit("/ladder", "ladders of a project", state.ladders.len().saturating_add(1), LADDERS_MAX)?;
    }
    let same = known.is_some_and(|known| known.value == value);
    let DefinedLadder { ladder, description } = value;
    Ok(unless(same, None, LadderDefined { key, ladder, description }))
}

pub(super) fn guardrail(
    state: &State,
    key: GuardrailKey,
    guardrail: GuardrailTemplate,
    description: String,
) -> Result<Vec<Placed>, Rejection> {
    text("/description", &description)?;
    if !state.metrics.contains_key(&guardrail.metric) {
        return Err(Rejection::UnknownMetric(guardrail.metric));
    }
    start::margin_is_sane("/guardrail/margin_permille", guardrail.margin_permille)?;
    if let Some(weight) = guardrail.weight_permille {
        start::weight_is_sane("/guardrail/weight", weight)?;
        if weight > WEIGHT_PERMILLE_MAX {
            let message =
                format!("{weight} of 1000 is more than the {WEIGHT_PERMILLE_MAX} that may be spent");
            return Err(Rejection::invalid("/guardrail/weight", message));
        }
    }
    let value = DefinedGuardrail { guardrail, description };
    let known = state.guardrails.get(&key);
    if known.is_none() {
        let found = state.guardrails.len().saturating_add(1);
        limit("/guardrail", "kept guardrails of a project", found, GUARDRAILS_KEPT_MAX)?;
    }
    let same = known.is_some_and(|known| known.value == value);
    let DefinedGuardrail { guardrail, description } = value;
    Ok(unless(same, None, GuardrailDefined { key, guardrail, description }))
}
