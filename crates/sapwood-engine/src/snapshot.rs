//! What one environment serves, compiled: immutable, published whole, read without a lock.

use std::collections::BTreeMap;
use std::fmt;

use sapwood_core::compose;
use sapwood_core::id::{EnvironmentKey, ProjectKey};
use sapwood_core::rollout::ExposureSource;
use sapwood_core::state::{State, Touched};
use sapwood_eval::{FlagSet, RolloutId};

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
    /// `default/production`: the name OpenFeature calls a flag set.
    pub flag_set: String,
    /// The compiled flags.
    pub flags: FlagSet,
    /// Where live rollouts get their exposures from.
    pub(crate) exposure_sources: BTreeMap<RolloutId, ExposureSource>,
}

impl Snapshot {
    /// The snapshot after `state` changed in `touched`, sharing everything that did not change.
    pub(crate) fn next(&self, scope: &Scope, state: &State, touched: &[Touched]) -> Self {
        let Some(environment) = state.environments.get(&scope.environment) else {
            return Self { version: state.version, flag_set: scope.to_string(), ..Self::default() };
        };
        let mut flags = self.flags.clone();
        let mut warnings = Vec::new();
        for touched in touched {
            match touched {
                Touched::All => {
                    let (set, new) = FlagSet::compile(compose::set_config(state, environment), Some(&flags));
                    flags = set;
                    warnings.extend(new);
                }
                Touched::Flag(key, flag) if *key == scope.environment => {
                    match compose::flag_config(state, environment, flag) {
                        None => flags = flags.without(flag),
                        Some(config) => {
                            let (set, new) = flags.republish(config);
                            flags = set;
                            warnings.extend(new);
                        }
                    }
                }
                Touched::Flag(..) | Touched::Nothing => {}
            }
        }
        for warning in warnings {
            tracing::warn!(scope = %scope, "a definition does not compile, its last good version is served: {warning:?}");
        }
        let live = environment.rollouts.values().filter(|rollout| rollout.is_live());
        Self {
            version: state.version,
            flag_set: scope.to_string(),
            flags,
            exposure_sources: live
                .map(|rollout| (rollout.spec.id.clone(), rollout.spec.exposure_source))
                .collect(),
        }
    }
}
