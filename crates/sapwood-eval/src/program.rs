//! The compiled form of flags, segments and conditions: resolved, hashed and laid out for reading only.

use std::sync::Arc;

use crate::attributes::{Hashed, Seen};
use crate::bucket::Salted;
use crate::condition::Comparison;
use crate::config::FlagConfig;
use crate::flag::LayerSlice;
use crate::hash::{combine, confirm, hash};
use crate::instant;
use crate::key::{FlagKey, RolloutId, SegmentKey, VariantKey};
use crate::memo::{Numbered, TestId};
use crate::name::NameAt;
use crate::network::{self, Network};
use crate::outcome::Reason;
use crate::pattern::Pattern;
use crate::rollout::{Phase, RolloutRule};
use crate::table::TextSet;
use crate::target::Target;
use crate::value::{Finite, Value};
use crate::version::{Release, VersionOperand};

/// A flag ready to be evaluated, with the definition it was compiled from.
#[derive(Debug)]
pub struct CompiledFlag {
    pub(crate) program: Program,
    pub(crate) config: FlagConfig,
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

/// What evaluation runs. Everything that a walk reads is small and close together: hundreds of flags are walked for one
/// request, and what does not fit into the cache costs more than what is computed.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) hash: u64,
    pub(crate) revision: u64,
    pub(crate) variants: Box<[Variant]>,
    pub(crate) mode: Mode,
    pub(crate) salt: Salted,
    /// The attribute that is bucketed, unless it is the targeting key.
    pub(crate) unit: Option<NameAt>,
    pub(crate) layer: Option<Box<Layer>>,
    /// Attributes that the rules ask for again and again, to be looked up once.
    pub(crate) kept: Box<[NameAt]>,
    pub(crate) client_visible: bool,
    pub(crate) rest: Box<Rest>,
}

impl Program {
    /// The rollout at this place among the steps.
    pub(crate) fn rollout(&self, at: u16) -> Option<&CompiledRollout> {
        let Mode::On { steps, .. } = &self.mode else { return None };
        match steps.get(usize::from(at))? {
            Step::Rollout(rollout) => Some(rollout),
            Step::Rule { .. } => None,
        }
    }
}

/// What belongs to a program and no walk reads, except one that found something unusual.
#[derive(Debug)]
pub(crate) struct Rest {
    /// Flags this one asks, without repetition.
    pub(crate) asks: Box<[FlagKey]>,
    /// How many answers there are; see [`CompiledFlag::answers`].
    pub(crate) answers: usize,
    /// Instants at which a condition on the time turns, in order.
    pub(crate) moments: Box<[i64]>,
    /// The rollbacks that [`Target::barred`] counts.
    pub(crate) bars: Box<[RolloutId]>,
}

#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) slice: LayerSlice,
    pub(crate) salt: Salted,
}

#[derive(Debug)]
pub(crate) enum Mode {
    /// The same for everybody: off, overridden, or without any rule or rollout.
    Fixed { target: Target, reason: Reason, break_glass: bool },
    On {
        steps: Box<[Step]>,
        default: CompiledServe,
        /// Number of the answer that there is no unit to split by, if the default splits.
        failure: Option<u16>,
    },
}

#[derive(Debug)]
pub(crate) enum Step {
    /// A rule, by its place among the rules.
    Rule {
        at: u16,
        when: Cond,
        serve: CompiledServe,
    },
    Rollout(Box<CompiledRollout>),
}

#[derive(Debug)]
pub(crate) struct CompiledRollout {
    /// Its place among the steps.
    pub(crate) at: u16,
    pub(crate) id: RolloutId,
    pub(crate) salt: Salted,
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
#[derive(Clone, Debug, PartialEq)]
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
        found.hash == self.hash && confirm(found.text.as_bytes(), self.text.as_bytes())
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
    /// What its answer is remembered by, unless it turns with the time.
    pub(crate) id: TestId,
    /// See [`Rest::moments`].
    pub(crate) moments: Box<[i64]>,
}

#[derive(Debug)]
pub(crate) struct CompiledServes {
    /// Found by key at each evaluation, so that a flag never answers with another flag's outdated version.
    pub(crate) hash: u64,
    pub(crate) flag: FlagKey,
    pub(crate) variants: Box<[VariantKey]>,
}

/// A condition.
#[derive(Debug)]
pub(crate) enum Cond {
    Always,
    Test(Asked),
    All(Box<[Cond]>),
    Any(Box<[Cond]>),
    Not(Box<Cond>),
    Segment(Arc<CompiledSegment>),
    Serves(Box<CompiledServes>),
    Now(Box<Moment>),
}

/// A test as one flag asks it.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Shared by all who ask the same.
    pub(crate) test: Arc<Numbered>,
    /// Its number again, so that an answer already known is found without a look at the test.
    pub(crate) id: TestId,
    /// Place among [`Program::kept`], or beyond them.
    pub(crate) kept: u8,
}

/// A test of one attribute. Its operand is in place where that is possible, so that most tests follow one pointer only.
#[derive(Debug, PartialEq)]
pub(crate) enum CompiledTest {
    Present(NameAt),
    Absent(NameAt),
    Boolean(NameAt, bool),
    Is(NameAt, Finite),
    Text(NameAt, u64, Box<Operand>),
    OneOf(NameAt, Bloom, Box<OneOf>),
    Contains(NameAt, Box<[Operand]>),
    StartsWith(NameAt, Box<[Box<str>]>),
    EndsWith(NameAt, Box<[Box<str>]>),
    Number(NameAt, Comparison<Finite>),
    /// Three numbers and nothing else.
    Release(NameAt, Comparison<Release>),
    Semver(NameAt, Box<Comparison<VersionOperand>>),
    DateTime(NameAt, Box<Moment>),
    Cidr(NameAt, Box<[Network]>),
    Matches(NameAt, Box<Pattern>),
}

/// Which of 64 classes of texts a list has: most texts that are on no list are known by it without a look at the list.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Bloom(u64);

impl Bloom {
    pub(crate) fn add(&mut self, hash: u64) {
        self.0 |= 1 << (hash >> 58);
    }

    #[inline]
    const fn may_have(self, hash: u64) -> bool {
        self.0 >> (hash >> 58) & 1 == 1
    }
}

/// One side of an instant.
#[derive(Clone, Debug, PartialEq)]
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

/// A list of values.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct OneOf {
    pub(crate) texts: TextSet,
    pub(crate) numbers: Box<[Finite]>,
    pub(crate) yes: bool,
    pub(crate) no: bool,
}

impl OneOf {
    #[inline]
    fn contains(&self, seen: &Seen<'_>) -> bool {
        if let Some(text) = seen.text() {
            return self.texts.contains(text);
        }
        match (seen.number(), seen.boolean()) {
            (Some(found), _) => self.numbers.iter().any(|number| same(found, *number)),
            (None, Some(true)) => self.yes,
            (None, Some(false)) => self.no,
            (None, None) => false,
        }
    }
}

impl CompiledTest {
    /// One number for the whole test: equal tests have the same, and most others another.
    pub(crate) fn digest(&self) -> u64 {
        let texts = |texts: &[Box<str>]| texts.iter().fold(0, |digest, text| digest ^ hash(text));
        let operand = match self {
            Self::Present(_) => 0,
            Self::Absent(_) => 1,
            Self::Boolean(_, wanted) => 2 + u64::from(*wanted),
            Self::Is(_, wanted) => wanted.get().to_bits(),
            Self::Text(_, hash, _) => *hash,
            Self::OneOf(_, _, list) => list
                .numbers
                .iter()
                .fold(list.texts.digest(), |digest, number| digest ^ number.get().to_bits()),
            Self::Contains(_, operands) => operands.iter().fold(0, |digest, operand| digest ^ operand.hash),
            Self::StartsWith(_, wanted) | Self::EndsWith(_, wanted) => texts(wanted),
            Self::Number(_, comparison) => comparison.operand().get().to_bits(),
            Self::Release(_, comparison) => comparison.operand().bits(),
            Self::Semver(_, comparison) => hash(&comparison.operand().text),
            Self::DateTime(_, moment) => hash(&moment.text),
            Self::Cidr(_, networks) => {
                networks.iter().fold(0, |digest, network| digest ^ hash(&network.to_string()))
            }
            Self::Matches(_, pattern) => hash(pattern.as_str()),
        };
        combine(u64::from(self.name().get()), operand)
    }

    #[inline]
    pub(crate) const fn name(&self) -> NameAt {
        match self {
            Self::Present(name)
            | Self::Absent(name)
            | Self::Boolean(name, _)
            | Self::Is(name, _)
            | Self::Text(name, ..)
            | Self::OneOf(name, ..)
            | Self::Contains(name, _)
            | Self::StartsWith(name, _)
            | Self::EndsWith(name, _)
            | Self::Number(name, _)
            | Self::Release(name, _)
            | Self::Semver(name, _)
            | Self::DateTime(name, _)
            | Self::Cidr(name, _)
            | Self::Matches(name, _) => *name,
        }
    }

    /// Whether an attribute passes; `None` stands for one that is not there.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the walk over a list of leaves stays one loop")]
    pub(crate) fn passes(&self, seen: Option<&Seen<'_>>) -> bool {
        let Some(seen) = seen else { return matches!(self, Self::Absent(_)) };
        match self {
            Self::Present(_) => true,
            Self::Absent(_) => false,
            Self::Boolean(_, wanted) => seen.boolean() == Some(*wanted),
            Self::Is(_, wanted) => seen.number().is_some_and(|found| same(found, *wanted)),
            Self::Text(_, hash, wanted) => seen.text().is_some_and(|found| {
                found.hash == *hash && confirm(found.text.as_bytes(), wanted.text.as_bytes())
            }),
            Self::OneOf(_, bloom, list) => {
                seen.text().is_none_or(|found| bloom.may_have(found.hash)) && list.contains(seen)
            }
            Self::Number(_, comparison) => match seen.number() {
                Some(found) => compares(found, comparison),
                None => false,
            },
            Self::Release(_, comparison) => match seen.text() {
                Some(found) => {
                    comparison.operand().order_of(found).is_some_and(|order| comparison.accepts(order))
                }
                None => false,
            },
            Self::Contains(..)
            | Self::StartsWith(..)
            | Self::EndsWith(..)
            | Self::Semver(..)
            | Self::DateTime(..)
            | Self::Cidr(..)
            | Self::Matches(..) => self.reads(seen),
        }
    }

    /// Whether an attribute passes a test that reads it; kept apart, since these are dearer than a call.
    #[inline(never)]
    fn reads(&self, seen: &Seen<'_>) -> bool {
        if let (Self::Contains(_, needles), Some(list)) = (self, seen.list()) {
            return needles.iter().any(|needle| list.has(needle));
        }
        let Some(text) = seen.text() else { return false };
        match self {
            Self::Contains(_, needles) => needles.iter().any(|needle| text.text.contains(&*needle.text)),
            Self::StartsWith(_, prefixes) => prefixes.iter().any(|prefix| text.text.starts_with(&**prefix)),
            Self::EndsWith(_, suffixes) => suffixes.iter().any(|suffix| text.text.ends_with(&**suffix)),
            Self::Semver(_, comparison) => {
                comparison.operand().order_of(text).is_some_and(|order| comparison.accepts(order))
            }
            Self::DateTime(_, moment) => instant::parse(text.text).is_some_and(|at_ms| moment.holds(at_ms)),
            Self::Cidr(_, networks) => network::address(text.text)
                .is_some_and(|address| networks.iter().any(|network| network.contains(address))),
            Self::Matches(_, pattern) => pattern.matches(text.text),
            Self::Present(_)
            | Self::Absent(_)
            | Self::Boolean(..)
            | Self::Is(..)
            | Self::Text(..)
            | Self::OneOf(..)
            | Self::Number(..)
            | Self::Release(..) => false,
        }
    }
}

/// Compared by the processor rather than by way of an order.
#[inline]
fn compares(found: f64, comparison: &Comparison<Finite>) -> bool {
    match comparison {
        Comparison::Lt(wanted) => found < wanted.get(),
        Comparison::Lte(wanted) => found <= wanted.get(),
        Comparison::Eq(wanted) => same(found, *wanted),
        Comparison::Gte(wanted) => found >= wanted.get(),
        Comparison::Gt(wanted) => found > wanted.get(),
    }
}

#[inline]
fn same(found: f64, wanted: Finite) -> bool {
    found.partial_cmp(&wanted.get()).is_some_and(std::cmp::Ordering::is_eq)
}
