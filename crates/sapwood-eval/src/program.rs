//! The compiled form of flags, segments and conditions: resolved, hashed and laid out for reading only.

use std::sync::Arc;

use crate::attributes::{Hashed, Seen};
use crate::condition::Comparison;
use crate::config::FlagConfig;
use crate::flag::LayerSlice;
use crate::hash::hash;
use crate::instant;
use crate::key::{FlagKey, RolloutId, RuleId, SegmentKey, VariantKey};
use crate::name::Name;
use crate::network::{self, Network};
use crate::pattern::Pattern;
use crate::rollout::{Phase, RolloutRule};
use crate::table::TextSet;
use crate::value::{Finite, Value};
use crate::version::VersionOperand;

/// A flag ready to be evaluated, with the definition it was compiled from.
#[derive(Debug)]
pub struct CompiledFlag {
    pub(crate) config: FlagConfig,
    pub(crate) program: Program,
}

impl CompiledFlag {
    /// The definition this was compiled from: unit, salts, shares and all, so that others can recompute a bucket.
    #[must_use]
    pub const fn config(&self) -> &FlagConfig {
        &self.config
    }

    /// Its key.
    #[must_use]
    pub const fn key(&self) -> &FlagKey {
        &self.config.flag.key
    }

    /// Its variants with their values, in the order that [`crate::Evaluation::variant_index`] counts.
    pub fn variants(&self) -> impl ExactSizeIterator<Item = (&VariantKey, &Value)> {
        self.program.variants.iter().map(|variant| (&variant.key, &variant.value))
    }

    /// The rollout of this id.
    #[must_use]
    pub fn rollout(&self, id: &RolloutId) -> Option<&RolloutRule> {
        self.config.rollouts.iter().find(|rollout| rollout.id == *id)
    }
}

/// How many attributes one walk looks up in advance.
pub(crate) const NAMES_KEPT_MAX: usize = 8;

/// What evaluation runs.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) hash: u64,
    pub(crate) revision: u64,
    pub(crate) variants: Box<[Arc<Variant>]>,
    /// The attribute that is bucketed, unless it is the targeting key.
    pub(crate) unit: Option<Arc<Name>>,
    pub(crate) salt: Box<str>,
    pub(crate) layer: Option<LayerSlice>,
    pub(crate) mode: Mode,
    /// Attributes that the rules ask for again and again, to be looked up once.
    pub(crate) names: Box<[Arc<Name>]>,
    /// Flags this one asks, without repetition.
    pub(crate) asks: Box<[FlagKey]>,
    pub(crate) client_visible: bool,
    /// How many answers there are; see [`CompiledFlag::answers`].
    pub(crate) answers: usize,
    /// Instants at which a condition on the time turns, in order.
    pub(crate) moments: Box<[i64]>,
}

#[derive(Debug)]
pub(crate) enum Mode {
    BreakGlass(Target),
    Off(Target),
    /// On, with no rule or rollout, and one variant for all.
    Static(Target),
    On {
        steps: Box<[Step]>,
        default: CompiledServe,
        /// Number of the answer that there is no unit to split by, if the default splits.
        failure: Option<usize>,
    },
}

#[derive(Debug)]
pub(crate) enum Step {
    Rule { id: RuleId, when: Cond, serve: CompiledServe },
    Rollout(Box<CompiledRollout>),
}

#[derive(Debug)]
pub(crate) struct CompiledRollout {
    pub(crate) id: RolloutId,
    pub(crate) salt: Box<str>,
    pub(crate) prerequisites: Box<[CompiledServes]>,
    pub(crate) audience: Cond,
    pub(crate) rings: Box<[Arc<CompiledSegment>]>,
    /// Buckets below this are treated.
    pub(crate) share: u32,
    /// The candidate, to ring members and, once complete, to the whole audience.
    pub(crate) given: Target,
    /// The candidate, by share.
    pub(crate) treated: Target,
    /// The baseline, by share.
    pub(crate) control: Target,
    pub(crate) epoch: u32,
    pub(crate) phase: Phase,
}

#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) key: VariantKey,
    pub(crate) value: Value,
}

/// A variant to be served, already exchanged if it was barred.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) variant: Arc<Variant>,
    /// Its place among the flag's variants; here, so that the variant itself need not be fetched.
    pub(crate) index: usize,
    /// Its number among the flag's answers.
    pub(crate) answer: usize,
    /// The rollback that put this variant in the place of the one written down.
    pub(crate) barred_by: Option<Box<RolloutId>>,
}

#[derive(Debug)]
pub(crate) enum CompiledServe {
    Variant(Target),
    Slots(Box<[CompiledSlot]>),
}

#[derive(Debug)]
pub(crate) struct CompiledSlot {
    /// Buckets below this and not in an earlier slot.
    pub(crate) until: u32,
    /// `None` falls through.
    pub(crate) target: Option<Target>,
}

/// A text to compare with, and its hash.
#[derive(Clone, Debug)]
pub(crate) struct Operand {
    pub(crate) hash: u64,
    pub(crate) text: Box<str>,
}

impl Operand {
    pub(crate) fn new(text: &str) -> Self {
        Self { hash: hash(text), text: text.into() }
    }

    #[inline]
    pub(crate) fn is(&self, found: &Hashed<'_>) -> bool {
        found.hash == self.hash && crate::hash::same(found.text, &self.text)
    }
}

#[derive(Debug)]
pub(crate) struct CompiledSegment {
    pub(crate) key: SegmentKey,
    /// As written, for whoever asks what segments refer to.
    pub(crate) definition: crate::condition::Condition,
    pub(crate) included: TextSet,
    pub(crate) excluded: TextSet,
    pub(crate) condition: Cond,
    /// See [`Program::moments`].
    pub(crate) moments: Box<[i64]>,
}

#[derive(Debug)]
pub(crate) struct CompiledServes {
    /// Found by key at each evaluation, so that a flag never answers with another flag's outdated version.
    pub(crate) hash: u64,
    pub(crate) flag: FlagKey,
    pub(crate) variants: Box<[VariantKey]>,
}

/// A condition. Its leaves are apart from what has parts, so that a list of leaves is walked without a call for each.
#[derive(Debug)]
pub(crate) enum Cond {
    Always,
    Attribute {
        name: Arc<Name>,
        /// Place of the name in [`Program::names`], or beyond them.
        kept: usize,
        test: CompiledTest,
    },
    Composite(Box<Composite>),
}

#[derive(Debug)]
pub(crate) enum Composite {
    All(Box<[Cond]>),
    Any(Box<[Cond]>),
    Not(Cond),
    Segment(Arc<CompiledSegment>),
    Serves(CompiledServes),
    Now(Moment),
}

impl From<Composite> for Cond {
    fn from(composite: Composite) -> Self {
        Self::Composite(Box::new(composite))
    }
}

#[derive(Debug)]
pub(crate) enum CompiledTest {
    Present,
    Absent,
    Boolean(bool),
    Is(Finite),
    Text(Operand),
    OneOf(Box<OneOf>),
    Contains(Box<[Operand]>),
    StartsWith(Box<[Box<str>]>),
    EndsWith(Box<[Box<str>]>),
    Number(Comparison<Finite>),
    Semver(Box<Comparison<VersionOperand>>),
    DateTime(Box<Moment>),
    Cidr(Box<[Network]>),
    Matches(Box<Pattern>),
}

/// One side of an instant.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    /// As written.
    pub(crate) text: Box<str>,
    pub(crate) before: bool,
    pub(crate) at_ms: i64,
}

impl Moment {
    /// Whether an instant is on this side.
    pub(crate) const fn holds(&self, now_ms: i64) -> bool {
        (now_ms < self.at_ms) == self.before
    }
}

#[derive(Debug, Default)]
pub(crate) struct OneOf {
    pub(crate) texts: TextSet,
    pub(crate) numbers: Box<[Finite]>,
    pub(crate) yes: bool,
    pub(crate) no: bool,
}

impl CompiledTest {
    /// Whether an attribute passes; `None` stands for one that is not there.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the walk over a list of leaves stays one loop")]
    pub(crate) fn passes(&self, seen: Option<Seen<'_>>) -> bool {
        let Some(seen) = seen else { return matches!(self, Self::Absent) };
        match self {
            Self::Present => true,
            Self::Absent => false,
            Self::Boolean(wanted) => seen.boolean() == Some(*wanted),
            Self::Is(wanted) => seen.number().is_some_and(|found| same(found, *wanted)),
            Self::Text(wanted) => seen.text().is_some_and(|found| wanted.is(&found)),
            Self::OneOf(list) => list.contains(seen),
            Self::Number(comparison) => seen.number().is_some_and(|found| {
                let order = found.partial_cmp(&comparison.operand().get());
                order.is_some_and(|order| comparison.accepts(order))
            }),
            Self::Contains(_)
            | Self::StartsWith(_)
            | Self::EndsWith(_)
            | Self::Semver(_)
            | Self::DateTime(_)
            | Self::Cidr(_)
            | Self::Matches(_) => self.reads(seen),
        }
    }
}

impl CompiledTest {
    /// Whether an attribute passes a test that reads it; kept apart, since these are dearer than a call.
    #[inline(never)]
    fn reads(&self, seen: Seen<'_>) -> bool {
        if let (Self::Contains(needles), Some(list)) = (self, seen.list()) {
            return needles.iter().any(|needle| list.has(needle));
        }
        let Some(text) = seen.text() else { return false };
        match self {
            Self::Contains(needles) => needles.iter().any(|needle| text.text.contains(&*needle.text)),
            Self::StartsWith(prefixes) => prefixes.iter().any(|prefix| text.text.starts_with(&**prefix)),
            Self::EndsWith(suffixes) => suffixes.iter().any(|suffix| text.text.ends_with(&**suffix)),
            Self::Semver(comparison) => {
                comparison.operand().order_of(&text).is_some_and(|order| comparison.accepts(order))
            }
            Self::DateTime(moment) => instant::parse(text.text).is_some_and(|at_ms| moment.holds(at_ms)),
            Self::Cidr(networks) => network::address(text.text)
                .is_some_and(|address| networks.iter().any(|network| network.contains(address))),
            Self::Matches(pattern) => pattern.matches(text.text),
            Self::Present
            | Self::Absent
            | Self::Boolean(_)
            | Self::Is(_)
            | Self::Text(_)
            | Self::OneOf(_)
            | Self::Number(_) => false,
        }
    }
}

impl OneOf {
    #[inline]
    fn contains(&self, seen: Seen<'_>) -> bool {
        if let Some(text) = seen.text() {
            return self.texts.contains(&text);
        }
        match (seen.number(), seen.boolean()) {
            (Some(found), _) => self.numbers.iter().any(|number| same(found, *number)),
            (None, Some(true)) => self.yes,
            (None, Some(false)) => self.no,
            (None, None) => false,
        }
    }
}

fn same(found: f64, wanted: Finite) -> bool {
    found.partial_cmp(&wanted.get()).is_some_and(std::cmp::Ordering::is_eq)
}
