//! Compiles segments: their lists become tables that every flag shares.

use crate::condition::Condition;
use crate::config::World;
use crate::flag::Segment;
use crate::key::SegmentKey;
use crate::problem::{Part, Problem, ProblemKind};
use crate::program::{CompiledSegment, Cond};
use crate::table::TextSet;

use super::Builder;

impl CompiledSegment {
    /// A segment of nobody.
    pub(crate) fn nobody(key: SegmentKey) -> Self {
        Self {
            key,
            definition: Condition::Any(Vec::new()),
            included: TextSet::default(),
            excluded: TextSet::default(),
            condition: Cond::Any(Box::default()),
            moments: Box::default(),
        }
    }
}

impl<'a> Builder<'a> {
    /// Compiles a segment, or says everything that is wrong with it.
    pub(crate) fn segment(mut self, segment: &'a Segment) -> Result<CompiledSegment, Vec<Problem>> {
        if let Some((kind, message)) = chain_trouble(self.world, segment, self.limits.segment_depth) {
            self.field("condition", |this| {
                this.problem_of(kind, message, "refer to fewer segments in a row");
            });
        }
        let condition = self.field("condition", |this| {
            if asks_flags(&segment.condition) {
                this.problem("a segment cannot depend on a flag", "put the prerequisite into the rule");
            }
            this.condition(&segment.condition)
        });
        for (name, list) in [("included", &segment.included), ("excluded", &segment.excluded)] {
            self.field(name, |this| {
                this.at_most(list.len(), this.limits.segment_ids, "targeting keys");
                for (at, id) in list.iter().enumerate() {
                    this.within(Part::At(at), |this| {
                        this.at_most(id.len(), this.limits.segment_id_bytes, "bytes in one targeting key");
                        if id.is_empty() {
                            this.problem("a targeting key is never empty", "leave it out");
                        }
                    });
                }
            });
        }
        let built = condition.map(|condition| CompiledSegment {
            key: segment.key.clone(),
            definition: segment.condition.clone(),
            included: TextSet::new(segment.included.iter().map(String::as_str)),
            excluded: TextSet::new(segment.excluded.iter().map(String::as_str)),
            condition,
            moments: std::mem::take(&mut self.moments).into_iter().collect(),
        });
        self.finish(built)
    }
}

/// The segments a condition refers to.
pub(crate) fn references(condition: &Condition) -> Vec<&SegmentKey> {
    let mut found = Vec::new();
    let mut left = vec![condition];
    while let Some(condition) = left.pop() {
        match condition {
            Condition::All(parts) | Condition::Any(parts) => left.extend(parts),
            Condition::Not(part) => left.push(part),
            Condition::Segment(key) => found.push(key),
            Condition::Always | Condition::Serves(_) | Condition::Attribute(_) | Condition::Now(_) => {}
        }
    }
    found
}

fn asks_flags(condition: &Condition) -> bool {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().any(asks_flags),
        Condition::Not(part) => asks_flags(part),
        Condition::Serves(_) => true,
        Condition::Always | Condition::Segment(_) | Condition::Attribute(_) | Condition::Now(_) => false,
    }
}

/// What is wrong with the segments reached from this one: a circle through it, or too long a chain.
fn chain_trouble(world: &dyn World, segment: &Segment, limit: usize) -> Option<(ProblemKind, String)> {
    let mut level: Vec<(&SegmentKey, String)> = Vec::new();
    level.extend(
        references(&segment.condition).into_iter().map(|key| (key, format!("{} → {key}", segment.key))),
    );
    for _ in 0..limit {
        let mut next = Vec::new();
        for (key, chain) in level {
            if *key == segment.key {
                let message = format!("segments refer to one another in a circle: {chain}");
                return Some((ProblemKind::Invalid, message));
            }
            let beyond = world.segment_condition(key).map(references).unwrap_or_default();
            next.extend(beyond.into_iter().map(|key| (key, format!("{chain} → {key}"))));
        }
        next.sort_unstable();
        next.dedup_by(|one, other| one.0 == other.0);
        level = next;
    }
    let (_, chain) = level.first()?;
    let found = limit.saturating_add(1);
    let message = format!("{found} segments or more in a row, at most {limit} are allowed: {chain}");
    Some((ProblemKind::OverLimit, message))
}
