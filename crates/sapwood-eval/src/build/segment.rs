//! Compiles segments: their lists become tables that every flag shares.

use std::collections::BTreeSet;

use crate::condition::Condition;
use crate::config::World;
use crate::flag::Segment;
use crate::key::SegmentKey;
use crate::memo::TestId;
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
            id: TestId::NONE,
            moments: Box::default(),
        }
    }
}

impl<'a> Builder<'a> {
    /// Compiles a segment, or says everything that is wrong with it.
    pub(crate) fn segment(mut self, segment: &'a Segment) -> Result<CompiledSegment, Vec<Problem>> {
        if let Some((kind, message, remedy)) = chain_trouble(self.world, segment, self.limits.segment_depth) {
            self.field("condition", |this| this.problem_of(kind, message, remedy));
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
            id: if self.moments.is_empty() { self.interner.number() } else { TestId::NONE },
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

/// What is wrong with the segments reached from this one, and what to do: a circle through it, or too long a chain.
fn chain_trouble(
    world: &dyn World,
    segment: &Segment,
    limit: usize,
) -> Option<(ProblemKind, String, &'static str)> {
    let beyond = |key: &SegmentKey, chain: &str| -> Vec<(SegmentKey, String)> {
        let named = world.segment_condition(key).map(references).unwrap_or_default();
        named.into_iter().map(|key| (key.clone(), format!("{chain} → {key}"))).collect()
    };
    let first = references(&segment.condition).into_iter();
    let mut level: Vec<(SegmentKey, String)> =
        first.map(|key| (key.clone(), format!("{} → {key}", segment.key))).collect();
    // Beyond the limit it is only followed to its end to say how long it is, each segment once.
    let mut seen = BTreeSet::new();
    let (mut length, mut longest) = (0_usize, String::new());
    while let Some((_, chain)) = level.first() {
        length = length.saturating_add(1);
        longest = if length <= limit.saturating_add(1) { chain.clone() } else { longest };
        if let Some((_, chain)) = level.iter().find(|(key, _)| *key == segment.key) {
            let message = format!("segments refer to one another in a circle: {chain}");
            let remedy = "take out one of these references, so that the circle is broken";
            return Some((ProblemKind::Invalid, message, remedy));
        }
        let mut next: Vec<_> = level.iter().flat_map(|(key, chain)| beyond(key, chain)).collect();
        next.sort_unstable();
        next.dedup_by(|one, other| one.0 == other.0);
        if length > limit {
            next.retain(|(key, _)| seen.insert(key.clone()));
        }
        level = next;
    }
    (length > limit).then(|| {
        let message = format!("{length} segments in a row, at most {limit} are allowed: {longest}");
        (ProblemKind::OverLimit, message, "refer to fewer segments in a row")
    })
}
