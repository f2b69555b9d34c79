//! The input of compilation: everything that decides what one environment serves, and nothing else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::flag::{Flag, Segment, Targeting};
use crate::key::{FlagKey, LayerKey, SegmentKey, VariantKey};
use crate::rollout::{Barred, RolloutRule};

/// A flag with all that steers it in one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlagConfig {
    /// The flag.
    pub flag: Flag,
    /// Its targeting here.
    pub targeting: Targeting,
    /// Its rollouts here, newest first, at most one of them running.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rollouts: Vec<RolloutRule>,
    /// Candidates rolled back here, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub barred: Vec<Barred>,
    /// An override above everything else, set in an emergency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub break_glass: Option<VariantKey>,
    /// Version of the last change; reported with every evaluation.
    pub revision: u64,
}

impl FlagConfig {
    /// A flag that is on, serves its default to everybody and has no rollout.
    #[must_use]
    pub const fn new(flag: Flag, targeting: Targeting, revision: u64) -> Self {
        Self { flag, targeting, rollouts: Vec::new(), barred: Vec::new(), break_glass: None, revision }
    }
}

/// All flags and segments of one environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetConfig {
    /// Flags by key.
    pub flags: BTreeMap<FlagKey, FlagConfig>,
    /// Segments by key.
    pub segments: BTreeMap<SegmentKey, Segment>,
}

impl SetConfig {
    /// Collects flags and segments under their own keys; the last of two with one key wins.
    pub fn new(
        flags: impl IntoIterator<Item = FlagConfig>,
        segments: impl IntoIterator<Item = Segment>,
    ) -> Self {
        Self {
            flags: flags.into_iter().map(|config| (config.flag.key.clone(), config)).collect(),
            segments: segments.into_iter().map(|segment| (segment.key.clone(), segment)).collect(),
        }
    }
}

/// What a definition may refer to: the flags and segments that exist beside it.
pub trait World {
    /// The flag of this key.
    fn flag(&self, key: &FlagKey) -> Option<&FlagConfig>;
    /// The condition of the segment of this key.
    fn segment_condition(&self, key: &SegmentKey) -> Option<&Condition>;
    /// Flags with a slice of this layer; overlaps with those named here are refused.
    fn flags_in_layer(&self, layer: &LayerKey) -> Vec<&Flag> {
        let _ = layer;
        Vec::new()
    }
}

impl World for SetConfig {
    fn flag(&self, key: &FlagKey) -> Option<&FlagConfig> {
        self.flags.get(key)
    }

    fn segment_condition(&self, key: &SegmentKey) -> Option<&Condition> {
        self.segments.get(key).map(|segment| &segment.condition)
    }

    fn flags_in_layer(&self, layer: &LayerKey) -> Vec<&Flag> {
        let flags = self.flags.values().map(|config| &config.flag);
        flags.filter(|flag| flag.layer.as_ref().is_some_and(|slice| slice.layer == *layer)).collect()
    }
}
