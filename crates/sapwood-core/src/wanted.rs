//! What people write where the log keeps more: shares instead of slots, a slice of a layer without its place. Each is
//! turned into what is kept by [`crate::decide`], which knows what is there already.

mod layer;
mod serve;

use std::collections::BTreeSet;

use sapwood_eval::{Condition, Flag, RuleId, Salt, Targeting, VariantKey};
use serde::Deserialize;

pub use layer::WantedSlice;
pub use serve::{Rest, WantedServe, WantedShares};

use crate::rejection::Rejection;

/// A flag as asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct WantedFlag {
    /// All of it but a slice whose place is not said.
    pub flag: Flag,
    /// The slice of a layer it is to have; `flag.layer` counts where there is none.
    pub slice: Option<WantedSlice>,
    /// Variants whose values are corrected: they still mean what they meant.
    pub corrects: BTreeSet<VariantKey>,
}

impl From<Flag> for WantedFlag {
    fn from(flag: Flag) -> Self {
        Self { flag, slice: None, corrects: BTreeSet::new() }
    }
}

impl WantedFlag {
    /// With this slice; `minted` becomes the salt of a layer that no flag has yet.
    #[must_use]
    pub fn in_layer(mut self, slice: Option<WantedSlice>, minted: Salt) -> Self {
        self.slice = slice.map(|slice| WantedSlice { minted: Some(minted), ..slice });
        self
    }
}

/// Targeting as asked for; the same as [`Targeting`], but that shares may stand for slots.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WantedTargeting {
    /// Whether rules, rollouts and default are in force.
    pub on: bool,
    /// What everybody gets while the flag is off.
    pub off_variant: VariantKey,
    /// Ordered: the first that matches and does not pass on decides.
    pub rules: Vec<WantedRule>,
    /// What is served when no rule decides.
    pub default: WantedServe,
}

/// A rule as asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WantedRule {
    /// Its name within the flag, by which the table it had is found.
    pub id: RuleId,
    /// Whom it is for.
    pub when: Condition,
    /// What they get.
    pub serve: WantedServe,
}

impl From<Targeting> for WantedTargeting {
    fn from(targeting: Targeting) -> Self {
        let rule =
            |rule: sapwood_eval::Rule| WantedRule { id: rule.id, when: rule.when, serve: rule.serve.into() };
        Self {
            on: targeting.on,
            off_variant: targeting.off_variant,
            rules: targeting.rules.into_iter().map(rule).collect(),
            default: targeting.default.into(),
        }
    }
}

impl WantedTargeting {
    /// As it is kept: shares are laid over the table that the same rule has in `before`, so that the fewest people move,
    /// and laid out anew for a rule that is new.
    ///
    /// # Errors
    /// Shares that make no table: they do not add up, name a variant that `flag` does not have, or would cut the table
    /// into more slots than are allowed.
    pub fn laid_over(self, flag: &Flag, before: Option<&Targeting>) -> Result<Targeting, Rejection> {
        let mut rules = Vec::with_capacity(self.rules.len());
        for (index, rule) in self.rules.into_iter().enumerate() {
            let known = before.and_then(|before| before.rules.iter().find(|known| known.id == rule.id));
            let path = format!("/targeting/rules/{index}/serve");
            let serve = rule.serve.laid_over(flag, known.map(|known| &known.serve), &path)?;
            rules.push(sapwood_eval::Rule { id: rule.id, when: rule.when, serve });
        }
        let default =
            self.default.laid_over(flag, before.map(|before| &before.default), "/targeting/default")?;
        Ok(Targeting { on: self.on, off_variant: self.off_variant, rules, default })
    }
}

#[cfg(test)]
mod tests;
