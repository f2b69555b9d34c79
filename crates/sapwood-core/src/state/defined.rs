//! What is defined, as it stands: each thing with the version of the entry that last touched it.

use std::collections::BTreeMap;

use sapwood_eval::{Flag, Value, VariantKey};
use sha2::{Digest, Sha256};

use crate::entry::Hash;
use crate::event::{About, MetricKind};
use crate::rollout::{GuardrailTemplate, Ladder};

/// A value with the version of the last entry that touched it: what `ETag` and `If-Match` compare.
#[derive(Debug, Clone, PartialEq)]
pub struct Revised<T> {
    /// The value.
    pub value: T,
    /// The version.
    pub revision: u64,
    /// Bytes that the entry takes in the log.
    pub bytes: u64,
}

impl<T> Revised<T> {
    /// The version alone.
    pub const fn revision(&self) -> u64 {
        self.revision
    }
}

/// A flag as defined for all environments.
#[derive(Debug, Clone, PartialEq)]
pub struct DefinedFlag {
    /// What evaluation reads.
    pub flag: Flag,
    /// What people read.
    pub about: About,
    /// Variants it once had, with the fingerprints of their values: their names never come to mean something else.
    pub gone: BTreeMap<VariantKey, Hash>,
}

impl DefinedFlag {
    /// The next definition of a flag, which remembers what the one before had.
    pub(super) fn following(before: Option<&Self>, flag: Flag, about: About) -> Self {
        let mut gone = before.map(|before| before.gone.clone()).unwrap_or_default();
        let had = before.iter().flat_map(|before| &before.flag.variants);
        gone.extend(had.map(|(variant, value)| (variant.clone(), fingerprint(value))));
        gone.retain(|variant, _| !flag.variants.contains_key(variant));
        Self { flag, about, gone }
    }
}

/// What stands for the value of a variant that is gone. It lives as long as the process, never in the log.
pub(crate) fn fingerprint(value: &Value) -> Hash {
    Hash::from_bytes(Sha256::digest(value.to_json().to_string()).into())
}

/// A metric as defined.
#[derive(Debug, Clone, PartialEq)]
pub struct DefinedMetric {
    /// What it counts.
    pub metric: MetricKind,
    /// What it means.
    pub description: String,
}

/// A ladder kept for rollouts to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinedLadder {
    /// Its stages.
    pub ladder: Ladder,
    /// What it is for.
    pub description: String,
}

/// A guardrail kept for rollouts to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinedGuardrail {
    /// What it watches, and what it does.
    pub guardrail: GuardrailTemplate,
    /// What it is for.
    pub description: String,
}
