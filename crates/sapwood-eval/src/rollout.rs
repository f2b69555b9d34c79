//! What evaluation needs to know of a rollout: one synthetic rule, and the bar that a rollback leaves behind.

use serde::{Deserialize, Serialize};

use crate::condition::{Condition, Serves};
use crate::key::{RolloutId, RuleId, Salt, SegmentKey, VariantKey};
use crate::share::Share;

/// A rollout as a rule: prerequisites, then audience, then rings, then the share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RolloutRule {
    /// The rollout.
    pub id: RolloutId,
    /// Seeds its buckets; its own, so that a new attempt draws anew.
    pub salt: Salt,
    /// It sits right below this rule; above all rules if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<RuleId>,
    /// All of these must hold to reach the rollout.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prerequisites: Vec<Serves>,
    /// Whom it is for.
    pub audience: Condition,
    /// Rings entered so far; their members get the candidate without being randomised.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rings: Vec<SegmentKey>,
    /// Effective share: buckets below it are treated, the others control.
    pub share: Share,
    /// What control gets.
    pub baseline: VariantKey,
    /// What is being rolled out.
    pub candidate: VariantKey,
    /// Which span of the rollout this is; arms are only comparable within one.
    pub epoch: u32,
    /// Still metering, or shipped.
    pub phase: Phase,
}

/// Where a rollout stands, as far as evaluation is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Rings and share decide.
    Running,
    /// The whole audience gets the candidate, and there are no arms any more.
    Complete,
}

/// A candidate that was rolled back: whoever would get it gets the baseline instead, whatever rule says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Barred {
    /// The variant nobody gets any more.
    pub candidate: VariantKey,
    /// What they get instead.
    pub baseline: VariantKey,
    /// The rollout that was rolled back.
    pub rollout: RolloutId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_round_trip() {
        let text = concat!(
            r#"{"id":"0192f0c1-2345-7abc-8def-0123456789ab","salt":"r1","after":"staff","#,
            r#""prerequisites":[{"flag":"a","variants":["on"]}],"audience":"always","rings":["internal"],"#,
            r#""share":5000,"baseline":"off","candidate":"on","epoch":3,"phase":"running"}"#
        );
        let rule: RolloutRule = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&rule).unwrap(), text);
        let text = concat!(
            r#"{"candidate":"on","baseline":"off","#,
            r#""rollout":"0192f0c1-2345-7abc-8def-0123456789ab"}"#
        );
        let barred: Barred = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&barred).unwrap(), text);
    }
}
