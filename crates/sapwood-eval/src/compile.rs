//! Definitions to a set that can be evaluated; done on publish, never per request, and each flag on its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::build::{Builder, SegmentSource, Segments, segment_references};
use crate::check::Overlay;
use crate::config::{FlagConfig, SetConfig, World};
use crate::flag::{Flag, Segment};
use crate::key::{FlagKey, LayerKey, SegmentKey};
use crate::limits::Limits;
use crate::name::Interner;
use crate::problem::{Problem, ProblemKind, Subject, Warning};
use crate::program::CompiledFlag;
use crate::set::FlagSet;

impl FlagSet {
    /// Compiles all flags and segments of an environment.
    ///
    /// Each flag stands alone: one that does not compile keeps the version it has in `previous`, or is absent, and
    /// raises a warning; the rest advance. Holds definitions to [`Limits::READ`].
    #[must_use]
    pub fn compile(config: SetConfig, previous: Option<&Self>) -> (Self, Vec<Warning>) {
        let mut warnings = Vec::new();
        // A flag that keeps its previous version keeps the slots of its names.
        let interner = previous.map(|set| Interner::new(&set.names, &set.tests)).unwrap_or_default();
        let segments = compile_segments(&config, previous, &interner, &mut warnings);
        let mut programs = Vec::with_capacity(config.flags.len());
        for (at, (key, flag)) in config.flags.iter().enumerate() {
            let built = if at < Limits::READ.flags {
                let source = SegmentSource::Compiled(&segments);
                Builder::new(&config, source, Limits::READ, &interner).flag(flag)
            } else {
                Err(vec![surplus(config.flags.len())])
            };
            programs.push(built.map_err(|problems| (key.clone(), problems)));
        }
        let mut flags = Vec::with_capacity(programs.len());
        for (built, config) in programs.into_iter().zip(config.flags.into_values()) {
            match built {
                Ok(program) => flags.push(Arc::new(CompiledFlag { program, config })),
                Err((key, problems)) => {
                    let kept = previous.and_then(|set| set.get(key.as_str()));
                    warn(&mut warnings, &Subject::Flag(key), problems, kept.is_some());
                    flags.extend(kept.map(Arc::clone));
                }
            }
        }
        (Self::new(flags, segments, interner.into_known()), warnings)
    }

    /// The same set with one flag changed or added; all other flags are shared, not compiled again.
    ///
    /// A flag that depends on this one and would no longer compile is warned about, as [`FlagSet::compile`] would.
    #[must_use]
    pub fn republish(&self, config: FlagConfig) -> (Self, Vec<Warning>) {
        let mut warnings = Vec::new();
        let world = Overlay { config: &config, world: self };
        let key = &config.flag.key;
        let interner = Interner::new(&self.names, &self.tests);
        let source = SegmentSource::Compiled(&self.segments);
        let build = |config| Builder::new(&world, source, Limits::READ, &interner).flag(config);
        let known = self.get(key.as_str()).is_some();
        let built = if known || self.len() < Limits::READ.flags {
            build(&config)
        } else {
            Err(vec![surplus(self.len().saturating_add(1))])
        };
        let program = match built {
            Ok(program) => program,
            Err(problems) => {
                warn(&mut warnings, &Subject::Flag(key.clone()), problems, known);
                return (self.clone(), warnings);
            }
        };
        for dependent in
            self.flags.iter().filter(|flag| flag.program.rest.asks.contains(key) && flag.key() != key)
        {
            if let Err(problems) = build(&dependent.config) {
                warn(&mut warnings, &Subject::Flag(dependent.key().clone()), problems, true);
            }
        }
        (self.with(CompiledFlag { program, config }, interner.into_known()), warnings)
    }
}

fn surplus(count: usize) -> Problem {
    let limit = Limits::READ.flags;
    Problem {
        kind: ProblemKind::OverLimit,
        path: String::new(),
        message: format!("{count} flags in one environment, at most {limit} are allowed"),
        remedy: "archive flags that are done".to_owned(),
    }
}

fn warn(warnings: &mut Vec<Warning>, subject: &Subject, problems: Vec<Problem>, kept_previous: bool) {
    let warning = |problem| Warning { subject: subject.clone(), problem, kept_previous };
    warnings.extend(problems.into_iter().map(warning));
}

/// Compiles segments, those referred to before those that refer to them.
fn compile_segments(
    config: &SetConfig,
    previous: Option<&FlagSet>,
    interner: &Interner,
    warnings: &mut Vec<Warning>,
) -> Segments {
    let mut done: Segments = BTreeMap::new();
    for segment in in_order(&config.segments) {
        let built =
            Builder::new(config, SegmentSource::Compiled(&done), Limits::READ, interner).segment(segment);
        let key = &segment.key;
        match built {
            Ok(compiled) => drop(done.insert(key.clone(), Arc::new(compiled))),
            Err(problems) => {
                let kept = previous.and_then(|set| set.segments.get(key)).map(Arc::clone);
                warn(warnings, &Subject::Segment(key.clone()), problems, kept.is_some());
                done.extend(kept.map(|kept| (key.clone(), kept)));
            }
        }
    }
    done
}

/// Segments after those they refer to; where they refer in a circle, in any order that is always the same.
fn in_order(segments: &BTreeMap<SegmentKey, Segment>) -> Vec<&Segment> {
    enum Visit<'a> {
        Enter(&'a Segment),
        Leave(&'a Segment),
    }
    let mut order = Vec::with_capacity(segments.len());
    let mut entered = BTreeSet::new();
    let mut left: Vec<Visit<'_>> = segments.values().rev().map(Visit::Enter).collect();
    while let Some(visit) = left.pop() {
        match visit {
            Visit::Leave(segment) => order.push(segment),
            Visit::Enter(segment) if entered.insert(&segment.key) => {
                left.push(Visit::Leave(segment));
                let referred = segment_references(&segment.condition).into_iter();
                left.extend(referred.filter_map(|key| segments.get(key)).map(Visit::Enter));
            }
            Visit::Enter(_) => {}
        }
    }
    order
}

impl World for FlagSet {
    fn flag(&self, key: &FlagKey) -> Option<&FlagConfig> {
        self.get(key.as_str()).map(|flag| &flag.config)
    }

    fn segment_condition(&self, key: &SegmentKey) -> Option<&crate::Condition> {
        self.segments.get(key).map(|segment| &segment.definition)
    }

    fn flags_in_layer(&self, layer: &LayerKey) -> Vec<&Flag> {
        let flags = self.flags.iter().map(|flag| &flag.config.flag);
        flags.filter(|flag| flag.layer.as_ref().is_some_and(|slice| slice.layer == *layer)).collect()
    }
}
