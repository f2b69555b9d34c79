//! Compiles conditions: operands become hashed tables, references become what they refer to.

use crate::condition::{AttributeTest, Comparison, Condition, Instant, Scalar, Serves, Test};
use crate::hash::hash;
use crate::instant;
use crate::key::{AttributeName, SegmentKey};
use crate::name::NameAt;
use crate::network::{Network, NetworkError};
use crate::pattern::Pattern;
use crate::problem::{Part, ProblemKind};
use crate::program::{
    Asked, Bloom, CompiledSegment, CompiledServes, CompiledTest, Cond, Moment, OneOf, Operand,
};
use crate::table::TextSet;
use crate::version::{Release, VersionOperand};

use std::sync::Arc;

use super::{Builder, SegmentSource};

/// Levels of `all`, `any` and `not` in a condition. Its depth was bounded where it was read.
fn levels(condition: &Condition) -> usize {
    let inner = match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().map(levels).max(),
        Condition::Not(part) => Some(levels(part)),
        Condition::Always
        | Condition::Segment(_)
        | Condition::Serves(_)
        | Condition::Attribute(_)
        | Condition::Now(_) => return 0,
    };
    inner.unwrap_or(0).saturating_add(1)
}

/// How much of a condition has been seen.
#[derive(Default)]
struct Size {
    clauses: usize,
    levels: usize,
}

impl<'a> Builder<'a> {
    /// Compiles a condition with its limits on clauses and nesting.
    pub(super) fn condition(&mut self, condition: &'a Condition) -> Option<Cond> {
        let mut size = Size::default();
        let built = self.nested(condition, 0, &mut size);
        self.at_most(size.clauses, self.limits.clauses, "clauses in one condition");
        let limit = self.limits.condition_depth;
        if size.levels > limit {
            self.problem_of(
                ProblemKind::OverLimit,
                format!("{} levels around a leaf, at most {limit} are allowed", size.levels),
                "move the inner part into a segment",
            );
        }
        built
    }

    fn nested(&mut self, condition: &'a Condition, depth: usize, size: &mut Size) -> Option<Cond> {
        if depth > self.limits.condition_depth {
            size.levels = size.levels.max(depth.saturating_add(levels(condition)));
            return None;
        }
        size.clauses += 1;
        let deeper = depth + 1;
        match condition {
            Condition::Always => Some(Cond::Always),
            // A group without parts is a leaf: it counts, or a list of such groups would have no end.
            Condition::All(parts) => {
                size.clauses -= usize::from(!parts.is_empty());
                self.each("all", parts, |this, part| this.nested(part, deeper, size)).map(Cond::All)
            }
            Condition::Any(parts) => {
                size.clauses -= usize::from(!parts.is_empty());
                self.each("any", parts, |this, part| this.nested(part, deeper, size)).map(Cond::Any)
            }
            Condition::Not(part) => {
                size.clauses -= 1;
                let part = self.field("not", |this| this.nested(part, deeper, size))?;
                Some(Cond::Not(Box::new(part)))
            }
            Condition::Segment(key) => {
                self.field("segment", |this| this.segment_reference(key)).map(Cond::Segment)
            }
            Condition::Serves(serves) => {
                self.field("serves", |this| this.serves(serves)).map(|serves| Cond::Serves(Box::new(serves)))
            }
            Condition::Attribute(test) => self.field("attribute", |this| this.attribute(test)),
            Condition::Now(instant) => {
                let moment = self.field("now", |this| this.moment(instant))?;
                self.moments.insert(moment.at_ms);
                Some(Cond::Now(Box::new(moment)))
            }
        }
    }

    /// The compiled segment of this key.
    pub(super) fn segment_reference(&mut self, key: &SegmentKey) -> Option<Arc<CompiledSegment>> {
        if self.world.segment_condition(key).is_none() {
            let remedy = "create it first, or name one that exists";
            self.problem_of(ProblemKind::Unknown, format!("there is no segment {key}"), remedy);
            return None;
        }
        match self.segments {
            SegmentSource::Checked(stand_in) => Some(Arc::clone(stand_in)),
            SegmentSource::Compiled(segments) => {
                let found = segments.get(key).map(Arc::clone);
                match &found {
                    Some(segment) => self.moments.extend(&segment.moments),
                    None => {
                        self.problem(format!("segment {key} does not compile"), "correct the segment");
                    }
                }
                found
            }
        }
    }

    /// A prerequisite on a flag and variants that exist.
    pub(super) fn serves(&mut self, serves: &'a Serves) -> Option<CompiledServes> {
        let Serves { flag, variants } = serves;
        let Some(asked) = self.world.flag(flag) else {
            self.field("flag", |this| {
                let remedy = "create it first, or name one that exists";
                this.problem_of(ProblemKind::Unknown, format!("there is no flag {flag}"), remedy);
            });
            return None;
        };
        self.field("variants", |this| {
            if variants.is_empty() {
                this.problem("no variant is named, so this can never hold", "name the variants that will do");
            }
            for variant in variants {
                if !asked.flag.variants.contains_key(variant) {
                    this.problem(
                        format!("flag {flag} has no variant {variant}"),
                        format!("use one of {}", super::flag::names(&asked.flag)),
                    );
                }
            }
        });
        let variants = variants.iter().cloned().collect();
        Some(CompiledServes { hash: hash(flag.as_str()), flag: flag.clone(), variants })
    }

    fn attribute(&mut self, of: &'a AttributeTest) -> Option<Cond> {
        let (name, kept) = self.asked_for(&of.name);
        let test = self.interner.test(self.field("test", |this| this.test(name, &of.test))?);
        Some(Cond::Test(Asked { id: test.id, test, kept }))
    }

    /// Counts how often an attribute is asked for, and gives it a place among those asked for.
    fn asked_for(&mut self, name: &AttributeName) -> (NameAt, u8) {
        let name = self.interner.name(name.as_str());
        let at = self.names.iter().position(|(known, _)| *known == name).unwrap_or(self.names.len());
        match self.names.get_mut(at) {
            Some((_, times)) => *times += 1,
            None => self.names.push((name, 1)),
        }
        // In a segment this means nothing: it is walked without what a flag keeps.
        let kept = u8::try_from(at).unwrap_or(u8::MAX);
        (name, kept)
    }

    fn test(&mut self, of: NameAt, test: &'a Test) -> Option<CompiledTest> {
        Some(match test {
            Test::Present => CompiledTest::Present(of),
            Test::Absent => CompiledTest::Absent(of),
            Test::Equals(scalar) => self.field("equals", |this| this.equals(of, scalar)),
            Test::OneOf(scalars) => self.field("one_of", |this| this.one_of(of, scalars)),
            Test::Contains(texts) => {
                self.field("contains", |this| this.texts(texts));
                CompiledTest::Contains(of, texts.iter().map(|text| Operand::new(text)).collect())
            }
            Test::StartsWith(texts) => {
                self.field("starts_with", |this| this.texts(texts));
                CompiledTest::StartsWith(of, texts.iter().map(|text| text.as_str().into()).collect())
            }
            Test::EndsWith(texts) => {
                self.field("ends_with", |this| this.texts(texts));
                CompiledTest::EndsWith(of, texts.iter().map(|text| text.as_str().into()).collect())
            }
            Test::Number(comparison) => CompiledTest::Number(of, comparison.clone()),
            Test::Semver(comparison) => return self.field("semver", |this| this.semver(of, comparison)),
            Test::DateTime(instant) => {
                return self
                    .field("date_time", |this| this.moment(instant))
                    .map(|moment| CompiledTest::DateTime(of, Box::new(moment)));
            }
            Test::Cidr(networks) => {
                return self.networks(networks).map(|networks| CompiledTest::Cidr(of, networks));
            }
            Test::Matches(text) => {
                let pattern = self.field("matches", |this| this.pattern(text));
                return pattern.map(|pattern| CompiledTest::Matches(of, Box::new(pattern)));
            }
        })
    }

    fn semver(&mut self, of: NameAt, comparison: &Comparison<String>) -> Option<CompiledTest> {
        if let Ok(release) = comparison.try_map(|text| Release::read(text).ok_or(())) {
            return Some(CompiledTest::Release(of, release));
        }
        match comparison.try_map(|text| VersionOperand::parse(text).ok_or_else(|| text.clone())) {
            Ok(operand) => Some(CompiledTest::Semver(of, Box::new(operand))),
            Err(text) => {
                self.problem(format!("{text:?} is not a version"), "write it as 2.3.0 or 2.3.0-beta.1");
                None
            }
        }
    }

    fn moment(&mut self, instant: &Instant) -> Option<Moment> {
        let (text, before) = match instant {
            Instant::Before(text) => (text, true),
            Instant::After(text) => (text, false),
        };
        let at_ms = instant::parse(text);
        if at_ms.is_none() {
            self.problem(
                format!("{text:?} is not an RFC 3339 instant"),
                "write it with its offset, as 2026-11-01T09:00:00Z or 2026-11-01T09:00:00+01:00",
            );
        }
        at_ms.map(|at_ms| Moment { text: text.as_str().into(), before, at_ms })
    }

    fn networks(&mut self, networks: &'a [String]) -> Option<Box<[Network]>> {
        self.field("cidr", |this| this.operands(networks.len()));
        self.each("cidr", networks, |this, text| match Network::parse(text) {
            Ok(network) => Some(network),
            Err(NetworkError::Shape) => {
                this.problem(format!("{text:?} is not a network"), "write it as 10.0.0.0/8 or 2001:db8::/32");
                None
            }
            Err(NetworkError::HostBits(meant)) => {
                this.problem(
                    format!("{text:?} has bits set beyond its prefix"),
                    format!("write {meant}, or the address alone"),
                );
                None
            }
        })
    }

    fn pattern(&mut self, text: &str) -> Option<Pattern> {
        if text.len() > self.limits.pattern_bytes {
            self.at_most(text.len(), self.limits.pattern_bytes, "bytes in one regular expression");
            return None;
        }
        match Pattern::compile(text, &self.limits) {
            Ok(pattern) => Some(pattern),
            Err((kind, message, remedy)) => {
                self.problem_of(kind, message, remedy);
                None
            }
        }
    }

    fn equals(&mut self, of: NameAt, scalar: &'a Scalar) -> CompiledTest {
        match scalar {
            Scalar::Boolean(boolean) => CompiledTest::Boolean(of, *boolean),
            Scalar::Number(number) => CompiledTest::Is(of, *number),
            Scalar::String(text) => {
                self.operand(text);
                let operand = Operand::new(text);
                CompiledTest::Text(of, operand.hash, Box::new(operand))
            }
        }
    }

    fn one_of(&mut self, of: NameAt, scalars: &'a [Scalar]) -> CompiledTest {
        self.operands(scalars.len());
        let mut list = OneOf::default();
        let (mut texts, mut numbers) = (Vec::new(), Vec::new());
        for (at, scalar) in scalars.iter().enumerate() {
            match scalar {
                Scalar::Boolean(true) => list.yes = true,
                Scalar::Boolean(false) => list.no = true,
                Scalar::Number(number) => numbers.push(*number),
                Scalar::String(text) => {
                    self.within(Part::At(at), |this| this.operand(text));
                    texts.push(text.as_str());
                }
            }
        }
        list.texts = TextSet::new(texts);
        list.numbers = numbers.into_boxed_slice();
        let mut bloom = Bloom::default();
        list.texts.hashes().for_each(|hash| bloom.add(hash));
        CompiledTest::OneOf(of, bloom, Box::new(list))
    }

    fn texts(&mut self, texts: &'a [String]) {
        self.operands(texts.len());
        for (at, text) in texts.iter().enumerate() {
            self.within(Part::At(at), |this| {
                this.operand(text);
                if text.is_empty() {
                    this.problem("an empty text matches every text", "leave it out, or test for presence");
                }
            });
        }
    }

    fn operands(&mut self, count: usize) {
        if count == 0 {
            self.problem("the list is empty, so this can never match", "name at least one entry");
        }
        self.at_most(count, self.limits.operands, "entries in one list");
    }

    fn operand(&mut self, text: &str) {
        self.at_most(text.len(), self.limits.operand_bytes, "bytes in one text");
    }
}
