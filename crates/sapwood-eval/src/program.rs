//! The compiled form of flags, segments and conditions: resolved, hashed and laid out for reading only.

use std::sync::Arc;

use crate::condition::Comparison;
use crate::config::FlagConfig;
use crate::context::{Datum, Text};
use crate::flag::LayerSlice;
use crate::hash::hash;
use crate::instant;
use crate::key::{AttributeName, FlagKey, RolloutId, RuleId, SegmentKey, VariantKey};
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

/// What evaluation runs.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) hash: u64,
    pub(crate) variants: Box<[Arc<Variant>]>,
    pub(crate) unit: Name,
    pub(crate) salt: Box<str>,
    pub(crate) layer: Option<LayerSlice>,
    pub(crate) mode: Mode,
    /// Flags this one asks, without repetition.
    pub(crate) asks: Box<[FlagKey]>,
}

#[derive(Debug)]
pub(crate) enum Mode {
    BreakGlass(Target),
    Off(Target),
    On { steps: Box<[Step]>, default: CompiledServe },
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
    pub(crate) baseline: Target,
    pub(crate) candidate: Target,
    pub(crate) epoch: u32,
    pub(crate) phase: Phase,
}

#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) key: VariantKey,
    pub(crate) value: Value,
    pub(crate) index: usize,
}

/// A variant to be served, already exchanged if it was barred.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) variant: Arc<Variant>,
    /// The rollback that put this variant in the place of the one written down.
    pub(crate) barred_by: Option<RolloutId>,
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

/// An attribute's name with its hash.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub(crate) hash: u64,
    pub(crate) name: Box<str>,
}

impl Name {
    pub(crate) fn new(name: &AttributeName) -> Self {
        Self { hash: hash(name.as_str()), name: name.as_str().into() }
    }
}

#[derive(Debug)]
pub(crate) struct CompiledSegment {
    pub(crate) key: SegmentKey,
    /// As written, for whoever asks what segments refer to.
    pub(crate) definition: crate::condition::Condition,
    pub(crate) targeting_key: Name,
    pub(crate) included: TextSet,
    pub(crate) excluded: TextSet,
    pub(crate) condition: Cond,
}

#[derive(Debug)]
pub(crate) struct CompiledServes {
    /// Found by key at each evaluation, so that a flag never answers with another flag's outdated version.
    pub(crate) hash: u64,
    pub(crate) flag: FlagKey,
    pub(crate) variants: Box<[VariantKey]>,
}

#[derive(Debug)]
pub(crate) enum Cond {
    Always,
    All(Box<[Cond]>),
    Any(Box<[Cond]>),
    Not(Box<Cond>),
    Segment(Arc<CompiledSegment>),
    Serves(CompiledServes),
    Attribute { name: Name, test: CompiledTest },
    Now(Moment),
}

#[derive(Debug)]
pub(crate) enum CompiledTest {
    Present,
    Absent,
    Boolean(bool),
    Is(Finite),
    Text(Text),
    OneOf(Box<OneOf>),
    Contains(Box<[Text]>),
    StartsWith(Box<[Box<str>]>),
    EndsWith(Box<[Box<str>]>),
    Number(Comparison<Finite>),
    Semver(Comparison<VersionOperand>),
    DateTime(Moment),
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
    #[inline]
    pub(crate) fn passes(&self, datum: Option<&Datum>) -> bool {
        let Some(datum) = datum else { return matches!(self, Self::Absent) };
        match self {
            Self::Present => true,
            Self::Absent => false,
            Self::Boolean(wanted) => matches!(datum, Datum::Boolean(found) if found == wanted),
            Self::Is(wanted) => matches!(datum, Datum::Number(found) if same(*found, *wanted)),
            Self::Text(wanted) => {
                text(datum).is_some_and(|found| found.hash == wanted.hash && found.text == wanted.text)
            }
            Self::OneOf(list) => list.contains(datum),
            Self::Contains(needles) => contains(datum, needles),
            Self::StartsWith(prefixes) => text(datum)
                .is_some_and(|found| prefixes.iter().any(|prefix| found.text.starts_with(&**prefix))),
            Self::EndsWith(suffixes) => {
                text(datum).is_some_and(|found| suffixes.iter().any(|suffix| found.text.ends_with(&**suffix)))
            }
            Self::Number(comparison) => match datum {
                Datum::Number(found) => found
                    .partial_cmp(&comparison.operand().get())
                    .is_some_and(|order| comparison.accepts(order)),
                Datum::Boolean(_) | Datum::Text(_) | Datum::List(_) | Datum::Object(_) => false,
            },
            Self::Semver(_) | Self::DateTime(_) | Self::Cidr(_) | Self::Matches(_) => {
                text(datum).is_some_and(|found| self.reads(&found.text))
            }
        }
    }
}

impl CompiledTest {
    /// Whether a text passes a test that reads it; kept apart, since these are dearer than a call.
    fn reads(&self, text: &str) -> bool {
        match self {
            Self::Semver(comparison) => {
                comparison.operand().order_of(text).is_some_and(|order| comparison.accepts(order))
            }
            Self::DateTime(moment) => instant::parse(text).is_some_and(|at_ms| moment.holds(at_ms)),
            Self::Cidr(networks) => network::address(text)
                .is_some_and(|address| networks.iter().any(|network| network.contains(address))),
            Self::Matches(pattern) => pattern.matches(text),
            Self::Present
            | Self::Absent
            | Self::Boolean(_)
            | Self::Is(_)
            | Self::Text(_)
            | Self::OneOf(_)
            | Self::Contains(_)
            | Self::StartsWith(_)
            | Self::EndsWith(_)
            | Self::Number(_) => false,
        }
    }
}

impl OneOf {
    fn contains(&self, datum: &Datum) -> bool {
        match datum {
            Datum::Text(text) => self.texts.contains(text),
            Datum::Number(found) => self.numbers.iter().any(|number| same(*found, *number)),
            Datum::Boolean(true) => self.yes,
            Datum::Boolean(false) => self.no,
            Datum::List(_) | Datum::Object(_) => false,
        }
    }
}

fn same(found: f64, wanted: Finite) -> bool {
    found.partial_cmp(&wanted.get()).is_some_and(std::cmp::Ordering::is_eq)
}

fn contains(datum: &Datum, needles: &[Text]) -> bool {
    match datum {
        Datum::Text(found) => needles.iter().any(|needle| found.text.contains(&*needle.text)),
        Datum::List(items) => items
            .iter()
            .filter_map(text)
            .any(|item| needles.iter().any(|needle| item.hash == needle.hash && item.text == needle.text)),
        Datum::Boolean(_) | Datum::Number(_) | Datum::Object(_) => false,
    }
}

pub(crate) const fn text(datum: &Datum) -> Option<&Text> {
    match datum {
        Datum::Text(text) => Some(text),
        Datum::Boolean(_) | Datum::Number(_) | Datum::List(_) | Datum::Object(_) => None,
    }
}
