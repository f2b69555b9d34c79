//! The same validation as compilation, up front: for a control plane that refuses what would not compile.

use std::sync::Arc;

use crate::build::{Builder, SegmentSource};
use crate::condition::Condition;
use crate::config::{FlagConfig, World};
use crate::flag::{Flag, Segment, Targeting};
use crate::key::{FlagKey, SegmentKey};
use crate::layer::conflict;
use crate::limits::Limits;
use crate::name::Interner;
use crate::prerequisite;
use crate::problem::{Problem, ProblemKind};
use crate::program::CompiledSegment;

/// Everything wrong with a flag and its targeting, beside what else exists; empty if it may be published.
///
/// Holds it to [`Limits::PUBLISH`]. The flag itself need not exist in the world yet; if it does, this version counts.
/// For a flag that already has rollouts, use [`check_config`], so that rules they refer to are not lost.
///
/// ```
/// use sapwood_eval::{SetConfig, check};
/// let flag = serde_json::from_str(r#"{"key":"a","type":"boolean","variants":{"on":true},"salt":"s"}"#)?;
/// let targeting = serde_json::from_str(r#"{"on":true,"off_variant":"of","rules":[],"default":{"variant":"on"}}"#)?;
/// let problems = check(&flag, &targeting, &SetConfig::default());
/// assert_eq!(problems[0].to_string(), "/targeting/off_variant: flag a has no variant of; use one of on");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[must_use]
pub fn check(flag: &Flag, targeting: &Targeting, world: &dyn World) -> Vec<Problem> {
    check_config(&FlagConfig::new(flag.clone(), targeting.clone(), 0), world)
}

/// Everything wrong with a flag, its targeting, rollouts and bars, beside what else exists.
#[must_use]
pub fn check_config(config: &FlagConfig, world: &dyn World) -> Vec<Problem> {
    let Some(stand_in) = stand_in() else { return Vec::new() };
    let world = Overlay { config, world };
    let interner = Interner::default();
    let builder = Builder::new(&world, SegmentSource::Checked(&stand_in), Limits::PUBLISH, &interner);
    let mut problems = builder.flag(config).err().unwrap_or_default();
    problems.extend(layer_conflicts(&config.flag, world.world));
    problems
}

/// What is wrong with the flags that a flag asks, directly or through others: a circle, or more depth or evaluations than
/// [`Limits::PUBLISH`] allows. Nothing else about the flag is looked at, so that a control plane can ask this of every
/// flag that an edit of another one reaches.
#[must_use]
pub fn check_prerequisites(config: &FlagConfig, world: &dyn World) -> Vec<Problem> {
    let troubles = prerequisite::troubles(&Overlay { config, world }, config, &Limits::PUBLISH);
    let problem =
        |(kind, message, remedy)| Problem { kind, path: "/targeting/rules".to_owned(), message, remedy };
    troubles.into_iter().map(problem).collect()
}

/// Everything wrong with a segment, beside what else exists.
#[must_use]
pub fn check_segment(segment: &Segment, world: &dyn World) -> Vec<Problem> {
    let Some(stand_in) = stand_in() else { return Vec::new() };
    let world = SegmentOverlay { segment, world };
    let interner = Interner::default();
    let builder = Builder::new(&world, SegmentSource::Checked(&stand_in), Limits::PUBLISH, &interner);
    builder.segment(segment).err().unwrap_or_default()
}

/// Flags of one layer that do not exclude this one. Not asked when compiling: an overlap is served as it is written.
fn layer_conflicts(flag: &Flag, world: &dyn World) -> Vec<Problem> {
    let Some(ours) = &flag.layer else { return Vec::new() };
    let others = world.flags_in_layer(&ours.layer).into_iter().filter(|other| other.key != flag.key);
    let conflicts =
        others.filter_map(|other| other.layer.as_ref().and_then(|theirs| conflict(ours, &other.key, theirs)));
    let kind = ProblemKind::Invalid;
    let problem = |(message, remedy)| Problem { kind, path: "/flag/layer".to_owned(), message, remedy };
    conflicts.map(problem).collect()
}

/// Stands for segments whose existence is all that matters.
fn stand_in() -> Option<Arc<CompiledSegment>> {
    SegmentKey::try_from("any").ok().map(|key| Arc::new(CompiledSegment::nobody(key)))
}

/// A world in which one flag has a new version.
pub(crate) struct Overlay<'a> {
    pub(crate) config: &'a FlagConfig,
    pub(crate) world: &'a dyn World,
}

impl World for Overlay<'_> {
    fn flag(&self, key: &FlagKey) -> Option<&FlagConfig> {
        if *key == self.config.flag.key { Some(self.config) } else { self.world.flag(key) }
    }

    fn segment_condition(&self, key: &SegmentKey) -> Option<&Condition> {
        self.world.segment_condition(key)
    }
}

/// A world in which one segment has a new version.
struct SegmentOverlay<'a> {
    segment: &'a Segment,
    world: &'a dyn World,
}

impl World for SegmentOverlay<'_> {
    fn flag(&self, key: &FlagKey) -> Option<&FlagConfig> {
        self.world.flag(key)
    }

    fn segment_condition(&self, key: &SegmentKey) -> Option<&Condition> {
        if *key == self.segment.key {
            Some(&self.segment.condition)
        } else {
            self.world.segment_condition(key)
        }
    }
}
