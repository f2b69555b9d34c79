#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod answer;
mod attributes;
mod bucket;
mod build;
mod check;
mod compile;
mod condition;
mod config;
mod context;
mod evaluate;
mod explain;
mod flag;
mod hash;
mod instant;
mod key;
mod layer;
pub mod limits;
mod memo;
mod name;
mod network;
mod outcome;
mod pattern;
mod prepared;
mod prerequisite;
mod problem;
mod program;
mod rollout;
mod set;
mod share;
mod slots;
mod table;
mod target;
#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "tests hand over the JSON they have just made")]
mod tests;
mod trace;
mod value;
mod version;

pub use attributes::{Attribute, Attributes, Pairs};
pub use bucket::{BUCKETS, bucket};
pub use check::{check, check_config, check_prerequisites, check_segment};
pub use condition::{AttributeTest, Comparison, Condition, Instant, Scalar, Serves, Test};
pub use config::{FlagConfig, SetConfig, World};
pub use context::{Context, ContextError, TARGETING_KEY};
pub use explain::{Explanation, Step, StepKind};
pub use flag::{Bucketing, Flag, LayerSlice, Rule, Segment, Serve, Slot, Targeting};
pub use key::{AttributeName, FlagKey, KeyError, LayerKey, RolloutId, RuleId, Salt, SegmentKey, VariantKey};
pub use layer::free_slice;
pub use outcome::{Arm, ErrorCode, Evaluation, Failure, Outcome, Reached, Reason, RuleRef};
pub use prepared::{Prepared, Which};
pub use problem::{Problem, ProblemKind, Subject, Warning};
pub use program::CompiledFlag;
pub use rollout::{Barred, Phase, RolloutRule};
pub use set::FlagSet;
pub use share::{PercentError, Share, ShareError};
pub use slots::{Move, Reshared, SlotsError, lay_out, moves, reshare, shares};
pub use value::{Finite, INTEGER_MAX, Value, ValueError, ValueType};
