//! Compiles one flag: variants, targeting and rollouts become steps, barred candidates are exchanged for good.

use std::collections::BTreeSet;
use std::num::NonZeroU16;

use crate::answer;
use crate::bucket::{BUCKETS, Salted};
use crate::config::FlagConfig;
use crate::flag::{Flag, Rule, Serve, Slot, Targeting};
use crate::hash::hash;
use crate::key::{RuleId, VariantKey};
use crate::name::NameAt;
use crate::outcome::Reason;
use crate::prerequisite;
use crate::problem::{Part, Problem};
use crate::program::{
    CompiledServe, CompiledSlot, Layer, Mode, NAMES_KEPT_MAX, Program, Rest, Step, Variant,
};
use crate::rollout::Barred;
use crate::share::Share;
use crate::target::Target;

use super::Builder;

/// The variants of a flag as a list to choose from.
pub(super) fn names(flag: &Flag) -> String {
    let names: Vec<&str> = flag.variants.keys().map(VariantKey::as_str).collect();
    names.join(", ")
}

/// The variants that may be served, with the bars in force.
pub(super) struct Variants<'a> {
    pub(super) flag: &'a Flag,
    bars: Vec<&'a Barred>,
}

impl Variants<'_> {
    fn compiled(&self) -> Box<[Variant]> {
        let variants = self.flag.variants.iter();
        variants.map(|(key, value)| Variant { key: key.clone(), value: value.clone() }).collect()
    }
}

impl<'a> Builder<'a> {
    /// Compiles a flag, or says everything that is wrong with it.
    pub(crate) fn flag(mut self, config: &'a FlagConfig) -> Result<Program, Vec<Problem>> {
        let FlagConfig { flag, targeting, rollouts: _, barred, break_glass, revision: _ } = config;
        self.field("flag", |this| this.variants(flag));
        let variants = Variants { flag, bars: bars_in_force(barred) };
        self.barred(barred, &variants);
        // All parts are built even where an early one decides, so that everything wrong is found.
        let steps = self.steps(config, &variants);
        let targeting_parts = self.field("targeting", |this| this.ends(targeting, &variants));
        let broken =
            break_glass.as_ref().map(|key| self.field("break_glass", |this| this.exact(key, &variants)));
        let asks = self.asks(config);
        let fixed = |target, reason| Mode::Fixed { target, reason, break_glass: false };
        let mode = match (broken, steps, targeting_parts) {
            (Some(override_), Some(_), Some(_)) => {
                override_.map(|target| Mode::Fixed { target, reason: Reason::Static, break_glass: true })
            }
            (None, Some(_), Some((off, _))) if !targeting.on => Some(fixed(off, Reason::Disabled)),
            (None, Some(steps), Some((_, CompiledServe::Variant(target)))) if steps.is_empty() => {
                Some(fixed(target, Reason::Static))
            }
            (None, Some(steps), Some((_, default))) => Some(Mode::On { steps, default, failure: None }),
            (_, None, _) | (_, _, None) => None,
        };
        let program = mode.map(|mut mode| Program {
            rest: Box::new(Rest {
                asks,
                answers: answer::number(&mut mode),
                moments: self.moments_of(&mode),
                bars: variants.bars.iter().map(|bar| bar.rollout.clone()).collect(),
            }),
            client_visible: flag.client_visible,
            hash: hash(flag.key.as_str()),
            revision: config.revision,
            variants: variants.compiled(),
            unit: (!flag.unit.is_targeting_key()).then(|| self.interner.name(flag.unit.as_str())),
            salt: if splits(&mode) {
                Salted::new(flag.salt.as_str())
            } else {
                Salted::plain(flag.salt.as_str())
            },
            layer: flag.layer.clone().map(|slice| {
                let salt = Salted::new(slice.salt.as_str());
                Box::new(Layer { slice, salt })
            }),
            mode,
            kept: self.names_to_keep(),
        });
        self.finish(program)
    }

    /// A flag that asks no condition does not turn with the time.
    fn moments_of(&mut self, mode: &Mode) -> Box<[i64]> {
        let moments = std::mem::take(&mut self.moments);
        match mode {
            Mode::On { .. } => moments.into_iter().collect(),
            Mode::Fixed { .. } => Box::default(),
        }
    }

    /// The attributes worth looking up before the rules are walked: a few, each asked for several times.
    fn names_to_keep(&mut self) -> Box<[NameAt]> {
        let names = std::mem::take(&mut self.names);
        let asked: usize = names.iter().map(|(_, times)| times).sum();
        if asked < 2 * names.len() + 2 {
            return Box::default();
        }
        names.into_iter().take(NAMES_KEPT_MAX).map(|(name, _)| name).collect()
    }

    fn variants(&mut self, flag: &'a Flag) {
        self.layer(flag);
        self.field("variants", |this| {
            if flag.variants.is_empty() {
                this.problem("the flag has no variants", "give it at least one");
            }
            this.at_most(flag.variants.len(), this.limits.variants, "variants");
            for (key, value) in &flag.variants {
                this.within(Part::Key(key.as_str()), |this| this.value(flag, value));
            }
        });
    }

    fn value(&mut self, flag: &Flag, value: &crate::Value) {
        let (found, declared) = (value.value_type(), flag.value_type);
        if found != declared {
            self.problem(
                format!("the value is of type {found}, the flag of type {declared}"),
                format!("use a value of type {declared}"),
            );
        }
        if let crate::Value::String(_) | crate::Value::Object(_) = value {
            self.at_most(
                value.to_json().to_string().len(),
                self.limits.value_bytes,
                "bytes of value as JSON",
            );
        }
    }

    fn layer(&mut self, flag: &Flag) {
        let Some(slice) = &flag.layer else { return };
        self.field("layer", |this| {
            let end = slice.from.saturating_add(slice.width);
            if slice.width == 0 || end > BUCKETS {
                this.problem(
                    format!("the slice {}..{end} is empty or reaches beyond {BUCKETS}", slice.from),
                    format!("use a width of at least 1, and from + width of at most {BUCKETS}"),
                );
            }
        });
    }

    fn barred(&mut self, barred: &'a [Barred], variants: &Variants<'a>) {
        self.field("barred", |this| {
            this.at_most(barred.len(), this.limits.rollout_parts, "barred candidates");
            for (at, bar) in barred.iter().enumerate() {
                // A bar on a variant that is gone is kept silently: a rollback must never be what fails to compile.
                this.within(Part::At(at), |this| {
                    this.field("baseline", |this| this.exact(&bar.baseline, variants));
                });
            }
        });
    }

    /// Rules and rollouts in the order in which they are walked.
    fn steps(&mut self, config: &'a FlagConfig, variants: &Variants<'a>) -> Option<Box<[Step]>> {
        let rules = &config.targeting.rules;
        let mut placed = self.rollouts(config, variants);
        let built = self.field("targeting", |this| {
            this.field("rules", |this| this.at_most(rules.len(), this.limits.rules, "rules"));
            this.unique(rules);
            let mut places = 0..;
            this.each("rules", rules, |this, rule| this.rule(places.next()?, rule, variants))
        })?;
        let mut steps = Vec::with_capacity(built.len());
        let mut place = |after: Option<&RuleId>, steps: &mut Vec<Step>| {
            steps.extend(placed.extract_if(.., |(at, _)| at.as_ref() == after).map(|(_, step)| step));
        };
        place(None, &mut steps);
        for (rule, step) in rules.iter().zip(built) {
            steps.push(step);
            place(Some(&rule.id), &mut steps);
        }
        for (step, place) in steps.iter_mut().zip(0..) {
            if let Step::Rollout(rollout) = step {
                rollout.at = place;
            }
        }
        Some(steps.into_boxed_slice())
    }

    fn unique(&mut self, rules: &'a [Rule]) {
        let mut seen = BTreeSet::new();
        for (at, rule) in rules.iter().enumerate() {
            if !seen.insert(&rule.id) {
                self.path.extend([Part::Field("rules"), Part::At(at), Part::Field("id")]);
                self.problem(format!("another rule has the id {}", rule.id), "give each rule its own id");
                self.path.truncate(self.path.len().saturating_sub(3));
            }
        }
    }

    fn rule(&mut self, at: u16, rule: &'a Rule, variants: &Variants<'a>) -> Option<Step> {
        let when = self.field("when", |this| this.condition(&rule.when));
        let serve = self.field("serve", |this| this.serve(&rule.serve, variants));
        Some(Step::Rule { at, when: when?, serve: serve? })
    }

    /// The off-variant and the default.
    fn ends(&mut self, targeting: &'a Targeting, variants: &Variants<'a>) -> Option<(Target, CompiledServe)> {
        let off = self.field("off_variant", |this| this.target(&targeting.off_variant, variants));
        let default = self.field("default", |this| {
            if let Serve::Slots(slots) = &targeting.default {
                this.default_slots(slots, variants);
            }
            this.serve(&targeting.default, variants)
        });
        off.zip(default)
    }

    /// The default is the last word: its slots must have something for everybody.
    fn default_slots(&mut self, slots: &'a [Slot], variants: &Variants<'a>) {
        if slots.iter().any(|slot| slot.serve.is_none()) {
            self.problem("the default passes on, but nothing follows it", "name a variant in every slot");
        }
        if variants.flag.layer.is_some() {
            self.problem(
                "the default of a flag in a layer is split, which leaves those outside its slice without a variant",
                "split in a rule, and serve one variant by default",
            );
        }
    }

    fn serve(&mut self, serve: &'a Serve, variants: &Variants<'a>) -> Option<CompiledServe> {
        match serve {
            Serve::Variant(key) => {
                self.field("variant", |this| this.target(key, variants)).map(CompiledServe::Variant)
            }
            Serve::Slots(slots) => self.slots(slots, variants).map(CompiledServe::Slots),
        }
    }

    fn slots(&mut self, slots: &'a [Slot], variants: &Variants<'a>) -> Option<Box<[CompiledSlot]>> {
        let mut until = 0_u32;
        let built = self.each("slots", slots, |this, slot| {
            until = until.saturating_add(slot.width.parts());
            let target = match &slot.serve {
                Some(key) => Some(this.field("serve", |this| this.target(key, variants))?),
                None => None,
            };
            Some(CompiledSlot { until, target })
        });
        self.field("slots", |this| {
            this.at_most(slots.len(), this.limits.slots, "slots");
            let whole = Share::WHOLE.parts();
            if until != whole {
                this.problem(
                    format!("the widths add up to {until} instead of {whole}"),
                    format!("make them add up to {whole}; a slot that serves null passes on"),
                );
            }
        });
        built
    }

    /// A variant to be served, exchanged if it is barred.
    pub(super) fn target(&mut self, key: &VariantKey, variants: &Variants<'a>) -> Option<Target> {
        // An unknown variant is refused even where a bar would replace it.
        let mut target = self.exact(key, variants)?;
        let mut served = key;
        // Each bar is followed at most once, so the chain ends.
        for _ in &variants.bars {
            let bars = variants.bars.iter().zip(1_u16..);
            let Some((bar, number)) = bars.into_iter().find(|(bar, _)| bar.candidate == *served) else {
                break;
            };
            served = &bar.baseline;
            target = Target::variant_at(self.exact(served, variants)?.variant(), NonZeroU16::new(number));
        }
        Some(target)
    }

    /// A variant as it is written, bars or not.
    fn exact(&mut self, key: &VariantKey, variants: &Variants<'a>) -> Option<Target> {
        let found = variants.flag.variants.keys().zip(0..).find(|(variant, _)| *variant == key);
        if found.is_none() {
            self.problem(
                format!("flag {} has no variant {key}", variants.flag.key),
                format!("use one of {}", names(variants.flag)),
            );
        }
        found.map(|(_, variant)| Target::variant_at(variant, None))
    }

    fn asks(&mut self, config: &'a FlagConfig) -> Box<[crate::FlagKey]> {
        let asked: BTreeSet<_> = prerequisite::of(config).into_iter().map(|serves| &serves.flag).collect();
        if !asked.is_empty() {
            let troubles = prerequisite::troubles(self.world, config, &self.limits);
            self.field("targeting", |this| {
                this.field("rules", |this| {
                    for (kind, message, remedy) in troubles {
                        this.problem_of(kind, message, remedy);
                    }
                });
            });
        }
        asked.into_iter().cloned().collect()
    }
}

/// Whether some slot table is there to ask for a bucket.
fn splits(mode: &Mode) -> bool {
    let slots = |serve: &CompiledServe| matches!(serve, CompiledServe::Slots(_));
    match mode {
        Mode::Fixed { .. } => false,
        Mode::On { steps, default, .. } => {
            slots(default)
                || steps.iter().any(|step| match step {
                    Step::Rule { serve, .. } => slots(serve),
                    Step::Rollout(_) => false,
                })
        }
    }
}

/// The bars that count, newest first. A bar that would close a circle with newer ones is dropped: the newer rollback
/// declared its baseline good, and a circle would leave nothing to serve.
fn bars_in_force(barred: &[Barred]) -> Vec<&Barred> {
    let mut kept: Vec<&Barred> = Vec::new();
    for bar in barred {
        let mut end = &bar.baseline;
        for _ in &kept {
            match kept.iter().find(|newer| newer.candidate == *end) {
                Some(newer) => end = &newer.baseline,
                None => break,
            }
        }
        if *end != bar.candidate && kept.iter().all(|newer| newer.candidate != bar.candidate) {
            kept.push(bar);
        }
    }
    kept
}
