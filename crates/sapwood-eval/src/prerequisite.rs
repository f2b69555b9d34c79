//! Prerequisites as a graph: which flags one flag asks, and whether asking them ends and stays cheap.

use std::collections::BTreeMap;

use crate::condition::{Condition, Serves};
use crate::config::{FlagConfig, World};
use crate::key::FlagKey;
use crate::limits::Limits;
use crate::problem::ProblemKind;

/// Every prerequisite in a flag's rules and rollouts, repeated as often as it is written.
pub(crate) fn of(config: &FlagConfig) -> Vec<&Serves> {
    let mut found = Vec::new();
    let mut left: Vec<&Condition> = config.targeting.rules.iter().map(|rule| &rule.when).collect();
    for rollout in &config.rollouts {
        found.extend(&rollout.prerequisites);
        left.push(&rollout.audience);
    }
    while let Some(condition) = left.pop() {
        match condition {
            Condition::All(parts) | Condition::Any(parts) => left.extend(parts),
            Condition::Not(part) => left.push(part),
            Condition::Serves(serves) => found.push(serves),
            Condition::Always | Condition::Segment(_) | Condition::Attribute(_) | Condition::Now(_) => {}
        }
    }
    found
}

/// How much evaluating a flag can cause.
#[derive(Clone, Copy, Default)]
struct Cost {
    depth: usize,
    evaluations: usize,
}

/// Something wrong with prerequisites: of what sort, the message and the remedy.
pub(crate) type Trouble = (ProblemKind, String, String);

/// What is wrong with a flag's prerequisites. A flag that is off asks nobody, so what it would
/// cause is no reason to leave it on.
pub(crate) fn troubles(world: &dyn World, config: &FlagConfig, limits: &Limits) -> Vec<Trouble> {
    let mut search = Search {
        world,
        start: config,
        known: BTreeMap::new(),
        chain: vec![&config.flag.key],
        circle: None,
        seen_max: limits.prerequisite_evaluations,
    };
    let cost = search.cost(config);
    let mut troubles = Vec::new();
    if let Some(circle) = search.circle {
        troubles.push((
            ProblemKind::Invalid,
            format!("prerequisites form a circle: {circle}"),
            "remove one of these prerequisites".to_owned(),
        ));
    }
    if !config.targeting.on {
        return troubles;
    }
    if cost.depth > limits.prerequisite_depth {
        let limit = limits.prerequisite_depth;
        troubles.push((
            ProblemKind::OverLimit,
            format!("prerequisites are {} deep, at most {limit} are allowed", cost.depth),
            "depend on the flag that matters directly".to_owned(),
        ));
    }
    if cost.evaluations > limits.prerequisite_evaluations {
        let limit = limits.prerequisite_evaluations;
        troubles.push((
            ProblemKind::OverLimit,
            format!(
                "one evaluation could cause {} evaluations of other flags or more, at most {limit} are allowed",
                cost.evaluations
            ),
            "name fewer prerequisites, here or in the flags asked".to_owned(),
        ));
    }
    troubles
}

struct Search<'a> {
    world: &'a dyn World,
    start: &'a FlagConfig,
    known: BTreeMap<&'a FlagKey, Cost>,
    /// The flags being asked right now, from the first.
    chain: Vec<&'a FlagKey>,
    circle: Option<String>,
    /// Beyond so many flags the limit on evaluations is broken anyway; stopping keeps the search small.
    seen_max: usize,
}

impl<'a> Search<'a> {
    fn cost(&mut self, config: &'a FlagConfig) -> Cost {
        let mut total = Cost::default();
        for serves in of(config) {
            let cost = self.asked(&serves.flag);
            total.depth = total.depth.max(cost.depth.saturating_add(1));
            total.evaluations = total.evaluations.saturating_add(cost.evaluations).saturating_add(1);
        }
        total
    }

    fn asked(&mut self, key: &'a FlagKey) -> Cost {
        if let Some(known) = self.known.get(key) {
            return *known;
        }
        if self.chain.contains(&key) {
            // Only a circle through the flag at hand is its own fault; others are refused where they are.
            if *key == self.start.flag.key && self.circle.is_none() {
                let names: Vec<&str> = self.chain.iter().chain([&key]).map(|key| key.as_str()).collect();
                self.circle = Some(names.join(" → "));
            }
            return Cost::default();
        }
        if self.known.len() + self.chain.len() > self.seen_max {
            return Cost { depth: 0, evaluations: self.seen_max.saturating_add(1) };
        }
        let Some(config) = self.world.flag(key) else { return Cost::default() };
        self.chain.push(key);
        let cost = self.cost(config);
        self.chain.pop();
        self.known.insert(key, cost);
        cost
    }
}
