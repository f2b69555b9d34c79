//! What one environment serves, compiled: immutable, published whole, read without a lock.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use sapwood_core::compose;
use sapwood_core::entry::Hash;
use sapwood_core::id::{EnvironmentKey, ProjectKey};
use sapwood_core::rollout::ExposureSource;
use sapwood_core::state::{Environment, State};
use sapwood_core::time::Timestamp;
use sapwood_eval::{
    FlagConfig, FlagKey, FlagSet, RolloutId, Segment, SegmentKey, Subject, VariantKey, Warning,
};

use crate::answers::{Answers, Audience, Written};
use crate::exposure::Exposing;
use crate::fingerprint::Fingerprint;
use crate::overrides::{Locals, Override, What};
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
    /// When a local override last changed what is served here, without an entry.
    pub overridden_at: Timestamp,
    /// Hash of the last entry that changed what is served here, or of what was known when there was no log to read.
    pub(crate) said: Hash,
    /// Stands for all that is served here, but for the time of day.
    pub fingerprint: Fingerprint,
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
    pub(crate) fn next(
        &self,
        scope: &Scope,
        state: &State,
        changes: &[Change],
        locals: &Locals,
    ) -> (Self, bool) {
        let (next, warnings) = self.supposing(scope, state, changes, locals);
        for warning in &warnings {
            tracing::warn!(scope = %scope, "a definition does not compile: {warning}");
        }
        let whole = warnings.iter().all(|warning| warning.kept_previous);
        (next, whole)
    }

    /// The same with what does not compile, and nothing said about it: of a state that may never be.
    pub(crate) fn supposing(
        &self,
        scope: &Scope,
        state: &State,
        changes: &[Change],
        locals: &Locals,
    ) -> (Self, Vec<Warning>) {
        let Some(environment) = state.environments.get(&scope.environment) else {
            let nothing = Self { version: state.version, flag_set: scope.to_string(), ..Self::default() };
            return (nothing, Vec::new());
        };
        let mut flags = self.flags.clone();
        let mut segments = Arc::clone(&self.segments);
        let mut warnings = Vec::new();
        let mut compiled = false;
        for change in changes {
            let (set, new) = match change {
                Change::All => {
                    let mut config = compose::set_config(state, environment);
                    for flag in config.flags.values_mut() {
                        put_local(flag, &scope.environment, locals);
                    }
                    let (set, new) = FlagSet::compile(config, Some(&flags));
                    segments = Arc::new(self.segments_in_force(state, &new));
                    (set, new)
                }
                Change::Flag(place, _) if place.as_ref().is_some_and(|place| *place != scope.environment) => {
                    continue;
                }
                Change::Flag(_, flag) => match compose::flag_config(state, environment, flag) {
                    Some(mut config) => {
                        put_local(&mut config, &scope.environment, locals);
                        flags.republish(config)
                    }
                    None if flags.get(flag.as_str()).is_some() => (flags.without(flag), Vec::new()),
                    None => continue,
                },
            };
            flags = set;
            warnings.extend(new);
            compiled = true;
        }
        let next = Self {
            version: state.version,
            revision: self.revision,
            changed_at: self.changed_at,
            overridden_at: self.overridden_at,
            said: self.said,
            fingerprint: self.fingerprint,
            flag_set: scope.to_string(),
            // Most changes are of one environment, and cost the others nothing.
            answers: if compiled { self.answers.next(&flags) } else { self.answers.clone() },
            flags,
            segments,
            exposing: exposing(scope, environment),
        };
        (next, warnings)
    }

    /// What the flag at this place of [`FlagSet::flags`] says where it gives the answer of this number, ready to be
    /// sent.
    pub fn written(&self, place: usize, answer: usize, audience: Audience) -> Option<&Written> {
        self.answers.written(&self.flag_set, place, answer, audience)
    }

    /// This snapshot with another override of one flag: the local one if there is one, else the one the log knows.
    /// `None` if that changes nothing, or cannot be served; then what is in force stays.
    pub(crate) fn overridden(
        &self,
        flag: &FlagKey,
        local: Option<&Override>,
        logged: Option<VariantKey>,
        now: Timestamp,
    ) -> Option<Self> {
        let mut config = self.flags.get(flag.as_str())?.config().clone();
        let before = std::mem::replace(&mut config.break_glass, logged);
        if let Some(local) = local {
            config.break_glass = in_force(local, &config);
        }
        if config.break_glass == before {
            return None;
        }
        let (flags, warnings) = self.flags.republish(config);
        for warning in &warnings {
            tracing::error!("an override cannot be served, so it is not in force: {warning}");
        }
        let answers = self.answers.next(&flags);
        warnings.is_empty().then(|| Self { flags, answers, overridden_at: now, ..self.clone() })
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

/// A local override that names what the flag does not have is left out: a flag that does not compile would keep its
/// previous version, and that is not what anybody wants in an emergency.
fn put_local(config: &mut FlagConfig, environment: &EnvironmentKey, locals: &Locals) {
    if let Some(local) = locals.get(&(environment.clone(), config.flag.key.clone())) {
        config.break_glass = in_force(local, config);
    }
}

fn in_force(local: &Override, config: &FlagConfig) -> Option<VariantKey> {
    match &local.what {
        What::Off => Some(config.targeting.off_variant.clone()),
        What::Variant(variant) if config.flag.variants.contains_key(variant) => Some(variant.clone()),
        What::Variant(variant) => {
            tracing::error!(flag = %config.flag.key, %variant, "the override names a variant the flag does not have");
            None
        }
        What::Lifted => None,
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
