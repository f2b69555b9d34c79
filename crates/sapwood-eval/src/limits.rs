//! Every limit of this crate in one place, so that a refusal can name its figure and a reader can be laxer than a writer.

/// Limits on definitions. What may be published is half of what a reader accepts, so that a reader never meets
/// something that a slightly newer writer was allowed to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Flags in one environment.
    pub flags: usize,
    /// Variants of one flag.
    pub variants: usize,
    /// Bytes of one variant's value as JSON.
    pub value_bytes: usize,
    /// Rules of one flag.
    pub rules: usize,
    /// Leaves (tests, segments, prerequisites, groups without parts) of one condition.
    pub clauses: usize,
    /// Nesting of one condition.
    pub condition_depth: usize,
    /// Entries of one list operand.
    pub operands: usize,
    /// Bytes of one text operand.
    pub operand_bytes: usize,
    /// Bytes of one regular expression.
    pub pattern_bytes: usize,
    /// Bytes of one regular expression once compiled.
    pub pattern_compiled_bytes: usize,
    /// Slots of one table.
    pub slots: usize,
    /// Rollouts of one flag, shipped ones included.
    pub rollouts: usize,
    /// Rings, prerequisites of one rollout and barred candidates of one flag, each.
    pub rollout_parts: usize,
    /// Targeting keys in each list of one segment.
    pub segment_ids: usize,
    /// Bytes of one listed targeting key.
    pub segment_id_bytes: usize,
    /// Segments in one chain of segments that refer to segments.
    pub segment_depth: usize,
    /// Flags in one chain of prerequisites.
    pub prerequisite_depth: usize,
    /// Evaluations of other flags that one evaluation can cause.
    pub prerequisite_evaluations: usize,
}

impl Limits {
    /// What may be published.
    pub const PUBLISH: Self = Self {
        flags: 10_000,
        variants: 64,
        value_bytes: 64 * 1024,
        rules: 100,
        clauses: 50,
        condition_depth: 8,
        operands: 1_000,
        operand_bytes: 1_024,
        pattern_bytes: 256,
        pattern_compiled_bytes: 64 * 1024,
        slots: 64,
        rollouts: 16,
        rollout_parts: 16,
        segment_ids: 10_000,
        segment_id_bytes: 4 * 1024,
        segment_depth: 4,
        prerequisite_depth: 8,
        prerequisite_evaluations: 128,
    };

    /// What a reader accepts: twice as much.
    pub const READ: Self = Self::PUBLISH.doubled();

    const fn doubled(self) -> Self {
        Self {
            flags: self.flags * 2,
            variants: self.variants * 2,
            value_bytes: self.value_bytes * 2,
            rules: self.rules * 2,
            clauses: self.clauses * 2,
            condition_depth: self.condition_depth * 2,
            operands: self.operands * 2,
            operand_bytes: self.operand_bytes * 2,
            pattern_bytes: self.pattern_bytes * 2,
            pattern_compiled_bytes: self.pattern_compiled_bytes * 2,
            slots: self.slots * 2,
            rollouts: self.rollouts * 2,
            rollout_parts: self.rollout_parts * 2,
            segment_ids: self.segment_ids * 2,
            segment_id_bytes: self.segment_id_bytes * 2,
            segment_depth: self.segment_depth * 2,
            prerequisite_depth: self.prerequisite_depth * 2,
            prerequisite_evaluations: self.prerequisite_evaluations * 2,
        }
    }
}

/// Attribute names of one environment that have a slot; beyond, they are looked up by name.
pub const NAMES_SLOTTED_MAX: usize = 4_096;
/// Answers of tests that one prepared subject remembers; beyond, some are asked again.
pub const ANSWERS_REMEMBERED_MAX: usize = 1_024;
/// Steps of one explanation.
pub const EXPLAIN_STEPS_MAX: usize = 5_000;
/// Attributes of one context.
pub const CONTEXT_ATTRIBUTES_MAX: usize = 200;
/// Bytes of one attribute's name.
pub const CONTEXT_NAME_BYTES_MAX: usize = 256;
/// Bytes of one text in a context, at any depth.
pub const CONTEXT_TEXT_BYTES_MAX: usize = 4 * 1024;
/// Values in one context, lists and objects counted through.
pub const CONTEXT_VALUES_MAX: usize = 2_000;
/// Nesting of lists and objects in a context.
pub const CONTEXT_DEPTH_MAX: usize = 8;
