//! How the folded state becomes what evaluation compiles: flags with their rules, rollouts and bars, by
//! environment.

use std::collections::BTreeMap;

use sapwood_eval::{
    Condition, FlagConfig, FlagKey, Phase as RulePhase, RolloutRule, SegmentKey, Serves, SetConfig,
};

use crate::rollout::{Phase, Rollout};
use crate::state::{Environment, State};

/// All that one environment serves.
pub fn set_config(state: &State, environment: &Environment) -> SetConfig {
    let flags = environment.targeting.keys().filter_map(|key| flag_config(state, environment, key));
    SetConfig::new(flags, state.segments.values().map(|segment| segment.value.clone()))
}

/// One flag as an environment serves it; `None` if it is not defined or has no rules there.
pub fn flag_config(state: &State, environment: &Environment, key: &FlagKey) -> Option<FlagConfig> {
    let defined = state.flags.get(key)?;
    let targeting = environment.targeting.get(key)?;
    let mut config = FlagConfig::new(defined.value.flag.clone(), targeting.value.clone(), 0);
    let of_flag = || environment.rollouts.values().rev().filter(|rollout| rollout.spec.flag == *key);
    config.rollouts = of_flag().filter_map(rollout_rule).collect();
    let said = environment.break_glass.get(key);
    config.break_glass = said.and_then(|said| said.variant.clone());
    config.barred = environment.barred.get(key).cloned().unwrap_or_default();
    let rollouts = of_flag().map(|rollout| rollout.revision).max().unwrap_or(0);
    let said = said.map_or(0, |said| said.revision);
    config.revision = defined.revision.max(targeting.revision).max(rollouts).max(said);
    Some(config)
}

/// The synthetic rule a rollout is; none once it was rolled back.
pub(crate) fn rollout_rule(rollout: &Rollout) -> Option<RolloutRule> {
    let phase = match rollout.phase {
        Phase::Running | Phase::Held { .. } => RulePhase::Running,
        Phase::Completed { .. } => RulePhase::Complete,
        Phase::RolledBack { .. } => return None,
    };
    let spec = &rollout.spec;
    let epoch = rollout.epoch();
    Some(RolloutRule {
        id: spec.id.clone(),
        salt: spec.salt.clone(),
        after: spec.after.clone(),
        prerequisites: spec.prerequisites.clone(),
        audience: spec.audience.clone(),
        rings: rollout.rings_entered(),
        share: epoch.share,
        baseline: spec.baseline.clone(),
        candidate: spec.candidate.clone(),
        epoch: epoch.number,
        phase,
    })
}

/// What `config` can refer to, directly or through others, and nothing else: checking an edit costs as much as
/// the edit reaches.
pub(crate) fn surroundings(state: &State, environment: &Environment, config: &FlagConfig) -> SetConfig {
    let mut flags: BTreeMap<FlagKey, FlagConfig> = BTreeMap::new();
    let mut open: Vec<FlagKey> = needs_of(config).map(|needs| needs.flag.clone()).collect();
    while let Some(key) = open.pop() {
        if flags.contains_key(&key) || key == config.flag.key {
            continue;
        }
        if let Some(found) = flag_config(state, environment, &key) {
            open.extend(needs_of(&found).map(|needs| needs.flag.clone()));
            flags.insert(key, found);
        }
    }
    SetConfig {
        flags,
        segments: state.segments.iter().map(|(key, s)| (key.clone(), s.value.clone())).collect(),
    }
}

pub(crate) fn needs_of(config: &FlagConfig) -> impl Iterator<Item = &Serves> {
    let rules = config.targeting.rules.iter().map(|rule| &rule.when);
    let audiences = config.rollouts.iter().map(|rollout| &rollout.audience);
    let direct = config.rollouts.iter().flat_map(|rollout| &rollout.prerequisites);
    rules.chain(audiences).flat_map(|condition| mentions(condition).needs).chain(direct)
}

/// The flags that name `needed` in a prerequisite here, with what they name.
pub(crate) fn askers<'a>(
    environment: &'a Environment,
    needed: &'a FlagKey,
) -> impl Iterator<Item = (&'a FlagKey, &'a Serves)> {
    asking(environment).filter(move |(asker, needs)| needs.flag == *needed && *asker != needed)
}

/// Every prerequisite here, with the flag that names it; what was rolled back asks no more.
pub(crate) fn asking(environment: &Environment) -> impl Iterator<Item = (&FlagKey, &Serves)> {
    let rules = environment.targeting.iter().flat_map(|(key, targeting)| {
        let conditions = targeting.value.rules.iter().map(|rule| &rule.when);
        conditions.flat_map(|when| mentions(when).needs).map(move |needs| (key, needs))
    });
    let rollouts = environment
        .rollouts
        .values()
        .filter(|rollout| !matches!(rollout.phase, Phase::RolledBack { .. }))
        // Of a retired flag nothing is left to compile.
        .filter(|rollout| environment.targeting.contains_key(&rollout.spec.flag))
        .flat_map(|rollout| {
            let spec = &rollout.spec;
            let audience = mentions(&spec.audience).needs;
            audience.into_iter().chain(&spec.prerequisites).map(move |needs| (&spec.flag, needs))
        });
    rules.chain(rollouts)
}

/// What a condition names.
#[derive(Debug, Default)]
pub(crate) struct Mentions<'a> {
    /// Segments.
    pub(crate) segments: Vec<&'a SegmentKey>,
    /// Other flags' variants.
    pub(crate) needs: Vec<&'a Serves>,
}

/// Collects what a condition names, at any depth.
pub(crate) fn mentions(condition: &Condition) -> Mentions<'_> {
    let mut found = Mentions::default();
    let mut open = vec![condition];
    while let Some(condition) = open.pop() {
        match condition {
            Condition::Always | Condition::Attribute(_) | Condition::Now(_) => {}
            Condition::All(inner) | Condition::Any(inner) => open.extend(inner),
            Condition::Not(inner) => open.push(inner),
            Condition::Segment(key) => found.segments.push(key),
            Condition::Serves(needs) => found.needs.push(needs),
        }
    }
    found
}

#[cfg(test)]
mod tests;
