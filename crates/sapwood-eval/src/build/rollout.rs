//! Compiles rollouts into the steps they take among the rules.

use std::collections::BTreeSet;

use crate::bucket::Salted;
use crate::config::FlagConfig;
use crate::key::RuleId;
use crate::program::{CompiledRollout, Step};
use crate::rollout::{Phase, RolloutRule};

use super::Builder;
use super::flag::Variants;

impl<'a> Builder<'a> {
    /// Every rollout as a step, with the rule it follows; those that do not compile are left out (and are problems).
    pub(super) fn rollouts(
        &mut self,
        config: &'a FlagConfig,
        variants: &Variants<'a>,
    ) -> Vec<(Option<RuleId>, Step)> {
        let rollouts = &config.rollouts;
        self.field("rollouts", |this| {
            this.at_most(rollouts.len(), this.limits.rollouts, "rollouts of a flag");
        });
        if rollouts.iter().filter(|rollout| rollout.phase == Phase::Running).count() > 1 {
            self.field("rollouts", |this| {
                this.problem(
                    "more than one rollout is running",
                    "complete or roll back one before starting another",
                );
            });
        }
        let rules: BTreeSet<&RuleId> = config.targeting.rules.iter().map(|rule| &rule.id).collect();
        let mut ids = BTreeSet::new();
        let mut steps = Vec::with_capacity(rollouts.len());
        let _ = self.each("rollouts", rollouts, |this, rollout| {
            if !ids.insert(&rollout.id) {
                this.problem(format!("rollout {} is listed twice", rollout.id), "list each rollout once");
            }
            if let Some(after) = rollout.after.as_ref().filter(|after| !rules.contains(after)) {
                this.field("after", |this| {
                    this.problem(
                        format!("there is no rule {after}"),
                        "name an existing rule, or leave it out to sit above all rules",
                    );
                });
            }
            let built = this.rollout(rollout, variants)?;
            steps.push((rollout.after.clone(), Step::Rollout(Box::new(built))));
            Some(())
        });
        steps
    }

    fn rollout(&mut self, rollout: &'a RolloutRule, variants: &Variants<'a>) -> Option<CompiledRollout> {
        if rollout.baseline == rollout.candidate {
            self.problem(
                format!("baseline and candidate are both {}", rollout.baseline),
                "roll out a variant other than the baseline",
            );
        }
        let parts = self.limits.rollout_parts;
        self.field("prerequisites", |this| {
            this.at_most(rollout.prerequisites.len(), parts, "prerequisites");
        });
        self.field("rings", |this| this.at_most(rollout.rings.len(), parts, "rings"));
        let prerequisites = self.each("prerequisites", &rollout.prerequisites, Self::serves);
        let audience = self.field("audience", |this| this.condition(&rollout.audience));
        let rings = self.each("rings", &rollout.rings, Self::segment_reference);
        let baseline = self.field("baseline", |this| this.target(&rollout.baseline, variants));
        let candidate = self.field("candidate", |this| this.target(&rollout.candidate, variants));
        Some(CompiledRollout {
            // Known once the steps are in order.
            at: 0,
            id: rollout.id.clone(),
            salt: Salted::new(rollout.salt.as_str()),
            prerequisites: prerequisites?,
            audience: audience?,
            rings: rings?,
            share: rollout.share.parts(),
            given: candidate?,
            treated: candidate?,
            control: baseline?,
            epoch: rollout.epoch,
            phase: rollout.phase,
        })
    }
}
