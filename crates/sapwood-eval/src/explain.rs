//! Why a subject gets what it gets: the walk of production with a trace that writes down every step.

mod words;

use std::fmt;

use serde::Serialize;

use crate::attributes::Attributes;
use crate::evaluate::Walk;
use crate::limits::EXPLAIN_STEPS_MAX;
use crate::name::Names;
use crate::outcome::Outcome;
use crate::set::FlagSet;
use crate::trace::{Fact, Place, Trace};

/// An answer with the steps that led to it.
///
/// ```
/// # use sapwood_eval::{Context, FlagSet, SetConfig};
/// # let config: SetConfig = serde_json::from_str(r#"{"flags": {"a": {
/// #     "flag": {"key": "a", "type": "boolean", "variants": {"off": false, "on": true}, "salt": "s"},
/// #     "targeting": {"on": true, "off_variant": "off", "rules": [{"id": "german", "serve": {"variant": "on"},
/// #         "when": {"attribute": {"name": "country", "test": {"one_of": ["DE", "AT"]}}}}],
/// #         "default": {"variant": "off"}},
/// #     "revision": 1}}, "segments": {}}"#)?;
/// # let (flags, _) = FlagSet::compile(config, None);
/// let context = Context::new("user-1").with("country", "FR")?;
/// let explanation = flags.explain("a", &context, 0).expect("the flag exists");
/// assert_eq!(explanation.outcome, flags.evaluate("a", &context, 0));
/// assert_eq!(explanation.to_string(), r#"flag a
///   rule german: no
///     country is "FR", asked to be one of "DE", "AT": no
///   serves off: no rule decided (DEFAULT)
/// "#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation<'a> {
    /// What was answered.
    pub outcome: Outcome<'a>,
    /// The flag's walk.
    pub root: Step,
    /// Whether steps beyond the limit were left out.
    pub truncated: bool,
}

/// One step of a walk, and the steps within it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What kind of step.
    pub kind: StepKind,
    /// What was asked or found, to be read by people.
    pub text: String,
    /// Whether it held, where that is a question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<bool>,
    /// The steps within.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// What kind of step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// A flag, asked for or asked by another.
    Flag,
    /// A rule.
    Rule,
    /// A rollout.
    Rollout,
    /// A rollout's prerequisite.
    Prerequisite,
    /// A rollout's audience.
    Audience,
    /// A rollout's ring.
    Ring,
    /// A condition or part of one.
    Condition,
    /// Something found out on the way: a bucket, a missing unit, a place on a list.
    Fact,
    /// What the flag answers.
    Answer,
}

impl FlagSet {
    /// The same as [`FlagSet::evaluate`] with every step written down; nothing if there is no such flag.
    #[must_use]
    pub fn explain<'c>(
        &self,
        key: &str,
        attributes: impl Into<Attributes<'c>>,
        now_ms: i64,
    ) -> Option<Explanation<'_>> {
        let flag = self.get(key)?;
        let attributes = attributes.into();
        let mut walk = Walk::new(self, attributes, now_ms, Record::new(attributes, &self.names));
        let outcome = walk.flag(flag);
        let Record { root, truncated, .. } = walk.trace;
        root.map(|root| Explanation { outcome, root, truncated })
    }
}

/// Writes down a walk.
struct Record<'s, 'c> {
    attributes: Attributes<'c>,
    names: &'s Names,
    root: Option<Step>,
    /// Steps entered and not yet left, from the outermost.
    open: Vec<Step>,
    count: usize,
    truncated: bool,
}

impl<'s, 'c> Record<'s, 'c> {
    const fn new(attributes: Attributes<'c>, names: &'s Names) -> Self {
        Self { attributes, names, root: None, open: Vec::new(), count: 0, truncated: false }
    }

    /// Closes a step into the one around it.
    fn place(&mut self, step: Step) {
        match self.open.last_mut() {
            None => self.root = Some(step),
            Some(_) if self.count >= EXPLAIN_STEPS_MAX => self.truncated = true,
            Some(around) => {
                around.steps.push(step);
                self.count += 1;
            }
        }
    }
}

impl<'a> Trace<'a> for Record<'_, '_> {
    const WATCHES: bool = true;

    fn enter(&mut self, place: Place<'a>) {
        let (kind, text) = words::place(place, self.attributes, self.names);
        self.open.push(Step { kind, text, held: None, steps: Vec::new() });
    }

    fn leave(&mut self, held: bool) {
        let Some(mut step) = self.open.pop() else { return };
        // Whether a flag "holds" is said by its answer.
        step.held = (step.kind != StepKind::Flag).then_some(held);
        self.place(step);
    }

    fn fact(&mut self, fact: Fact<'a>) {
        let text = words::fact(fact);
        self.place(Step { kind: StepKind::Fact, text, held: None, steps: Vec::new() });
    }

    fn answer(&mut self, outcome: &Outcome<'a>) {
        let text = words::answer(outcome);
        self.place(Step { kind: StepKind::Answer, text, held: None, steps: Vec::new() });
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn lines(step: &Step, indent: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let held = match step.held {
                Some(true) => ": yes",
                Some(false) => ": no",
                None => "",
            };
            writeln!(f, "{:indent$}{}{held}", "", step.text)?;
            step.steps.iter().try_for_each(|inner| lines(inner, indent + 2, f))
        }
        lines(self, 0, f)
    }
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)?;
        if self.truncated {
            writeln!(f, "(only the first {EXPLAIN_STEPS_MAX} steps are shown)")?;
        }
        Ok(())
    }
}
