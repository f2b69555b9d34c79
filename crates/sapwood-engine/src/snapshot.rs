//! What one environment serves, compiled: immutable, published whole, read without a lock.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use sapwood_core::compose;
use sapwood_core::id::{EnvironmentKey, ProjectKey};
use sapwood_core::rollout::ExposureSource;
use sapwood_core::state::{Environment, State};
use sapwood_core::time::Timestamp;
use sapwood_eval::{FlagSet, RolloutId, Segment, SegmentKey, Subject, Warning};

use crate::answers::{Answers, Audience, Written};
use crate::exposure::Exposing;
use crate::project::Change;

/// One environment of one project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// The project.
    pub project: ProjectKey,
    /// The environment.
    pub environment: EnvironmentKey,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.project, self.environment)
    }
}

/// What one environment serves.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Version of the project's stream it was folded from.
    pub version: u64,
    /// Version of the last entry that changed what is served here.
    pub revision: u64,
    /// When that entry was appended.
    pub changed_at: Timestamp,
    /// `default/production`: the name OpenFeature calls a flag set.
    pub flag_set: String,
    /// The compiled flags.
    pub flags: FlagSet,
    /// The segments the flags were compiled with, for readers that evaluate for themselves.
    pub(crate) segments: Arc<BTreeMap<SegmentKey, Segment>>,
    /// Live rollouts whose exposures come from evaluations.
    pub(crate) exposing: BTreeMap<RolloutId, Arc<Exposing>>,
    /// What evaluation answers, written down; in step with `flags`.
    pub(crate) answers: Answers,
}

impl Snapshot {
    /// The snapshot after `state` changed in `changes`, sharing everything that did not change. Also answers
    /// whether everything that is defined is served, be it in an older version.
    pub(crate) fn next(&self, scope: &Scope, state: &State, changes: &[Change]) -> (Self, bool) {
        let Some(environment) = state.environments.get(&scope.environment) else {
            return (Self { version: state.version, flag_set: scope.to_string(), ..Self::default() }, true);
        };
        let mut flags = self.flags.clone();
        let mut segments = Arc::clone(&self.segments);
        let mut warnings = Vec::new();
        let mut compiled = false;
        for change in changes {
            let (set, new) = match change {
                Change::All => {
                    let config = compose::set_config(state, environment);
                    let (set, new) = FlagSet::compile(config, Some(&flags));
                    segments = Arc::new(self.segments_in_force(state, &new));
                    (set, new)
                }
                Change::Flag(place, _) if place.as_ref().is_some_and(|place| *place != scope.environment) => {
                    continue;
                }
                Change::Flag(_, flag) => match compose::flag_config(state, environment, flag) {
                    Some(config) => flags.republish(config),
                    None if flags.get(flag.as_str()).is_some() => (flags.without(flag), Vec::new()),
                    None => continue,
                },
            };
            flags = set;
            warnings.extend(new);
            compiled = true;
        }
        for warning in &warnings {
            tracing::warn!(scope = %scope, "a definition does not compile: {warning}");
        }
        let whole = warnings.iter().all(|warning| warning.kept_previous);
        let next = Self {
            version: state.version,
            revision: self.revision,
            changed_at: self.changed_at,
            flag_set: scope.to_string(),
            // Most changes are of one environment, and cost the others nothing.
            answers: if compiled { self.answers.next(&flags) } else { self.answers.clone() },
            flags,
            segments,
            exposing: exposing(scope, environment),
        };
        (next, whole)
    }

    /// What the flag at this place of [`FlagSet::flags`] says where it gives the answer of this number, ready to be
    /// sent.
    pub fn written(&self, place: usize, answer: usize, audience: Audience) -> Option<&Written> {
        self.answers.written(&self.flag_set, place, answer, audience)
    }

    /// All segments, those that do not compile as they last did.
    fn segments_in_force(&self, state: &State, warnings: &[Warning]) -> BTreeMap<SegmentKey, Segment> {
        let broken: BTreeSet<&SegmentKey> = warnings
            .iter()
            .filter_map(|warning| match &warning.subject {
                Subject::Segment(key) => Some(key),
                Subject::Flag(_) => None,
            })
            .collect();
        state
            .segments
            .iter()
            .filter_map(|(key, segment)| {
                let good = if broken.contains(key) { self.segments.get(key) } else { Some(&segment.value) };
                Some((key.clone(), good?.clone()))
            })
            .collect()
    }
}

fn exposing(scope: &Scope, environment: &Environment) -> BTreeMap<RolloutId, Arc<Exposing>> {
    let live = environment.rollouts.values().filter(|rollout| rollout.is_live());
    live.filter(|rollout| rollout.spec.exposure_source == ExposureSource::ServerEval)
        .map(|rollout| {
            let of = Exposing { scope: scope.clone(), rollout: rollout.spec.id.clone() };
            (rollout.spec.id.clone(), Arc::new(of))
        })
        .collect()
}
