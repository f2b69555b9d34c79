//! From definitions to the compiled form. One walk both finds what is wrong and builds what is right, so that what is
//! accepted up front and what compiles later can never differ.

mod condition;
mod flag;
mod rollout;
mod segment;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::World;
use crate::key::SegmentKey;
use crate::limits::Limits;
use crate::name::{Interner, NameAt};
use crate::problem::{Part, Problem, ProblemKind, pointer};
use crate::program::CompiledSegment;

pub(crate) use segment::references as segment_references;

pub(crate) type Segments = BTreeMap<SegmentKey, Arc<CompiledSegment>>;

/// Where compiled segments come from.
#[derive(Clone, Copy)]
pub(crate) enum SegmentSource<'a> {
    /// These, which will be evaluated.
    Compiled(&'a Segments),
    /// None: only their existence is checked, and what is built is thrown away.
    Checked(&'a Arc<CompiledSegment>),
}

pub(crate) struct Builder<'a> {
    world: &'a dyn World,
    segments: SegmentSource<'a>,
    limits: Limits,
    path: Vec<Part<'a>>,
    problems: Vec<Problem>,
    /// Attributes asked for so far, and how often.
    names: Vec<(NameAt, usize)>,
    interner: &'a Interner,
    /// Instants at which conditions turn.
    moments: BTreeSet<i64>,
}

impl<'a> Builder<'a> {
    pub(crate) const fn new(
        world: &'a dyn World,
        segments: SegmentSource<'a>,
        limits: Limits,
        interner: &'a Interner,
    ) -> Self {
        Self {
            world,
            segments,
            limits,
            path: Vec::new(),
            problems: Vec::new(),
            names: Vec::new(),
            interner,
            moments: BTreeSet::new(),
        }
    }

    /// What was built, if nothing is wrong with it.
    fn finish<T>(self, built: Option<T>) -> Result<T, Vec<Problem>> {
        match built {
            Some(built) if self.problems.is_empty() => Ok(built),
            Some(_) | None => Err(self.problems),
        }
    }

    fn within<T>(&mut self, part: Part<'a>, build: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(part);
        let built = build(self);
        self.path.pop();
        built
    }

    fn field<T>(&mut self, name: &'static str, build: impl FnOnce(&mut Self) -> T) -> T {
        self.within(Part::Field(name), build)
    }

    /// Builds every entry of a list, so that all that is wrong is found at once; `None` if anything is.
    fn each<T, U>(
        &mut self,
        name: &'static str,
        items: &'a [T],
        mut build: impl FnMut(&mut Self, &'a T) -> Option<U>,
    ) -> Option<Box<[U]>> {
        self.field(name, |this| {
            let mut built = Some(Vec::with_capacity(items.len()));
            for (at, item) in items.iter().enumerate() {
                let next = this.within(Part::At(at), |this| build(this, item));
                built = built.zip(next).map(|(mut built, next)| {
                    built.push(next);
                    built
                });
            }
            built.map(Vec::into_boxed_slice)
        })
    }

    fn problem(&mut self, message: impl Into<String>, remedy: impl Into<String>) {
        self.problem_of(ProblemKind::Invalid, message, remedy);
    }

    fn problem_of(&mut self, kind: ProblemKind, message: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(Problem {
            kind,
            path: pointer(&self.path),
            message: message.into(),
            remedy: remedy.into(),
        });
    }

    /// Refuses more of something than its limit.
    fn at_most(&mut self, count: usize, limit: usize, what: &str) {
        if count > limit {
            self.problem_of(
                ProblemKind::OverLimit,
                format!("{count} {what}, at most {limit} are allowed"),
                format!("use at most {limit} {what}"),
            );
        }
    }
}
