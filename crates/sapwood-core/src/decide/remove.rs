//! Taking definitions away: refused while something names them, with what does.

use sapwood_eval::{FlagKey, SegmentKey};

use super::definition::keeps_what_others_need;
use super::{Placed, environment};
use crate::compose::mentions;
use crate::event::{GuardrailRemoved, LadderRemoved, MetricRemoved, SegmentRemoved, TargetingRemoved};
use crate::id::{EnvironmentKey, GuardrailKey, LadderKey, MetricKey};
use crate::rejection::Rejection;
use crate::rollout::Phase;
use crate::state::State;

pub(super) fn targeting(state: &State, key: EnvironmentKey, flag: FlagKey) -> Result<Vec<Placed>, Rejection> {
    let known = environment(state, &key)?;
    if !known.targeting.contains_key(&flag) {
        return Err(Rejection::nothing("targeting of flag", flag.as_str()));
    }
    if let Some(live) = known.live_rollout(&flag) {
        return Err(Rejection::RolloutLive { flag, rollout: live.spec.id.clone() });
    }
    keeps_what_others_need(known, &flag, |_| false)?;
    Ok(vec![(Some(key), TargetingRemoved { flag }.into())])
}

pub(super) fn segment(state: &State, key: SegmentKey) -> Result<Vec<Placed>, Rejection> {
    if !state.segments.contains_key(&key) {
        return Err(Rejection::nothing("segment", key.as_str()));
    }
    match segment_user(state, &key) {
        Some(by) => Err(Rejection::InUse { what: "segment", key: key.to_string(), by }),
        None => Ok(vec![(None, SegmentRemoved { key }.into())]),
    }
}

/// The first thing found that names a segment.
fn segment_user(state: &State, key: &SegmentKey) -> Option<String> {
    let named = |condition| mentions(condition).segments.contains(&key);
    let segment = state.segments.values().find(|other| named(&other.value.condition));
    if let Some(other) = segment {
        return Some(format!("segment `{}`", other.value.key));
    }
    let ring_of = |stages: &[crate::rollout::Stage]| stages.iter().any(|stage| stage.who.ring() == Some(key));
    if let Some((name, _)) = state.ladders.iter().find(|(_, ladder)| ring_of(&ladder.value.ladder.stages)) {
        return Some(format!("ladder `{name}`"));
    }
    for (place, environment) in &state.environments {
        let rules = environment.targeting.iter();
        let mut using = rules.filter(|(_, of)| of.value.rules.iter().any(|rule| named(&rule.when)));
        if let Some((flag, _)) = using.next() {
            return Some(format!("the rules of flag `{flag}` in `{place}`"));
        }
        let rollouts = environment.rollouts.values();
        let mut using = rollouts
            // What was rolled back serves nobody, and of a retired flag nothing is served.
            .filter(|rollout| !matches!(rollout.phase, Phase::RolledBack { .. }))
            .filter(|rollout| state.flags.contains_key(&rollout.spec.flag))
            .filter(|rollout| named(&rollout.spec.audience) || ring_of(&rollout.spec.ladder.stages));
        if let Some(rollout) = using.next() {
            return Some(format!("rollout {} of flag `{}`", rollout.spec.id, rollout.spec.flag));
        }
    }
    None
}

pub(super) fn metric(state: &State, key: MetricKey) -> Result<Vec<Placed>, Rejection> {
    if !state.metrics.contains_key(&key) {
        return Err(Rejection::nothing("metric", key.as_str()));
    }
    let kept = state.guardrails.iter().find(|(_, kept)| kept.value.guardrail.metric == key);
    let live = || {
        let rollouts = state.environments.values().flat_map(|environment| environment.rollouts.values());
        rollouts
            .filter(|rollout| rollout.is_live())
            .find(|rollout| rollout.spec.guardrails.iter().any(|guardrail| guardrail.metric == key))
    };
    let by = match kept {
        Some((name, _)) => Some(format!("guardrail `{name}`")),
        None => live().map(|rollout| format!("rollout {} of flag `{}`", rollout.spec.id, rollout.spec.flag)),
    };
    match by {
        Some(by) => Err(Rejection::InUse { what: "metric", key: key.to_string(), by }),
        None => Ok(vec![(None, MetricRemoved { key }.into())]),
    }
}

pub(super) fn ladder(state: &State, key: LadderKey) -> Result<Vec<Placed>, Rejection> {
    if state.ladders.contains_key(&key) {
        return Ok(vec![(None, LadderRemoved { key }.into())]);
    }
    Err(Rejection::nothing("ladder", key.as_str()))
}

pub(super) fn guardrail(state: &State, key: GuardrailKey) -> Result<Vec<Placed>, Rejection> {
    if state.guardrails.contains_key(&key) {
        return Ok(vec![(None, GuardrailRemoved { key }.into())]);
    }
    Err(Rejection::nothing("kept guardrail", key.as_str()))
}
