//! Checks of each cut: is this slice worth shipping alone, can it be seen, undone and announced, and does it confuse?
//!
//! Each check passes, warns or fails, and says which answer is missing. What can be derived is derived: how easily a
//! slice is undone is a score by rule, and nobody can type it in.

mod scores;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::contradiction::list;
use crate::model::SliceId;
pub use scores::{Announce, Undo, announce, undo};

/// What is known about a slice beside its numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cut {
    /// The slice; `None` only in [`Default`].
    pub id: Option<SliceId>,
    /// It has no value of its own, and something requires it.
    pub enabler: bool,
    /// Who gains.
    pub whom: String,
    /// What they lack today.
    pub problem: String,
    /// Worth of a day.
    pub value: u64,
    /// Days it takes, if anybody said so.
    pub effort: Option<u64>,
    /// Where users meet it.
    pub surfaces: BTreeSet<String>,
    /// What it requires.
    pub requires: Vec<SliceId>,
    /// What the team wants to learn first.
    pub learn_from: Vec<SliceId>,
    /// Nothing else touches it.
    pub isolated: bool,
    /// It is in a together group.
    pub in_group: bool,
    /// How its effect is measured.
    pub measure: Measured,
    /// How it is undone.
    pub rollback: Option<Rollback>,
    /// Who is told what.
    pub announcement: Option<Announcement>,
    /// How it reaches people.
    pub ladder: Option<Climb>,
}

/// Whether an effect can be seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Measured {
    /// No metric is named.
    #[default]
    Unnamed,
    /// A metric is named; nothing is known about its traffic.
    Named,
    /// Days each share needs to show the smallest effect that matters, and the days it is given.
    Shown {
        /// Parts per 100 000.
        share: u32,
        /// Days needed at that share.
        days: u64,
        /// Days the ladder gives it there.
        given: u64,
    },
    /// No stage lasts long enough; the best of them, or none.
    Hidden {
        /// Parts per 100 000 of the stage that comes closest, and days needed there.
        best: Option<(u32, u64)>,
    },
}

/// How far back a slice can be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Class {
    /// Switching the flag off is all.
    #[serde(rename = "flag")]
    Flag,
    /// The flag, and data that has to be mended.
    #[serde(rename = "flag+data")]
    FlagAndData,
    /// It cannot be taken back.
    #[serde(rename = "forward_only")]
    ForwardOnly,
}

/// How a slice is undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollback {
    /// How far.
    pub class: Class,
    /// What to do.
    pub steps: String,
    /// Days since somebody tried it.
    pub rehearsed_days_ago: Option<u64>,
}

/// What people are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Who.
    pub audience: String,
    /// What.
    pub text: String,
    /// On which day of the plan, if it is fixed.
    pub day: Option<u64>,
}

/// How a slice reaches people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Climb {
    /// The ladder.
    pub name: String,
    /// Days from the first stage to the last, at least.
    pub days: u64,
    /// The widest step between two shares, in parts per 100 000.
    pub widest_step: u32,
    /// Whether a stage waits for a review.
    pub is_reviewed: bool,
}

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Does it deliver value alone?
    Value,
    /// Will another change confuse the people who have it?
    Confusion,
    /// Does what it needs come first, and what is to be learned?
    Dependencies,
    /// Is it as isolated as it says?
    Isolation,
    /// Can its effect be seen?
    Measure,
    /// Can it be taken back?
    Rollback,
    /// Does it grow in small steps, and does somebody look?
    Ladder,
    /// Is it announced, and not too early?
    Announcement,
    /// Is it estimated?
    Estimate,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// All is said.
    Pass,
    /// An answer is missing.
    Warn,
    /// It cannot stay like this.
    Fail,
}

/// The end of one check of one slice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Which slice.
    pub slice: SliceId,
    /// Which check.
    pub check: Check,
    /// How it ended.
    pub level: Level,
    /// What was found.
    pub message: String,
    /// The answer that is missing, or what to change; empty for a pass.
    pub remedy: String,
    /// Other slices that take part.
    pub with: Vec<SliceId>,
}

/// What a check knows beside the slice: the rest of the plan.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Surfaces the project has; empty if it never listed them.
    pub surfaces: Vec<String>,
    /// The largest step of exposure, in parts per 100 000.
    pub max_step: Option<u32>,
    /// Day on which each slice goes live in the order at hand, if there is one.
    pub live: std::collections::BTreeMap<SliceId, u64>,
}

/// Days after which a rehearsal is forgotten.
const REHEARSAL_DAYS: u64 = 30;

/// Checks every cut, in the order given.
pub fn check_cuts(cuts: &[Cut], around: &Surroundings) -> Vec<Verdict> {
    let named = cuts.iter().filter_map(|cut| Some((cut, cut.id.as_ref()?)));
    named
        .flat_map(|(cut, id)| {
            let checks = [
                estimate(cut),
                value(cut, id, cuts),
                confusion(cut, around),
                dependencies(cut, id, around),
                isolation(cut, id, cuts),
                measure(cut),
                rollback(cut),
                ladder(cut, around),
                announcement(cut, id, around),
            ];
            checks.map(|(check, level, message, remedy, with)| Verdict {
                slice: id.clone(),
                check,
                level,
                message,
                remedy,
                with,
            })
        })
        .collect()
}

type Found = (Check, Level, String, String, Vec<SliceId>);

fn pass(check: Check, message: impl Into<String>) -> Found {
    (check, Level::Pass, message.into(), String::new(), Vec::new())
}

fn warn(check: Check, message: impl Into<String>, remedy: impl Into<String>) -> Found {
    (check, Level::Warn, message.into(), remedy.into(), Vec::new())
}

fn estimate(cut: &Cut) -> Found {
    if let Some(days) = cut.effort {
        return pass(Check::Estimate, format!("{days} days"));
    }
    (
        Check::Estimate,
        Level::Fail,
        "nobody said how long it takes".to_owned(),
        "add `effort`".to_owned(),
        Vec::new(),
    )
}

fn value(cut: &Cut, id: &SliceId, cuts: &[Cut]) -> Found {
    let waiting: Vec<SliceId> = cuts
        .iter()
        .filter(|other| other.requires.contains(id))
        .filter_map(|other| other.id.clone())
        .collect();
    if cut.enabler {
        if waiting.is_empty() {
            let remedy = "say who requires it, or give it a value of its own".to_owned();
            return (
                Check::Value,
                Level::Fail,
                "an enabler nobody requires enables nothing".to_owned(),
                remedy,
                Vec::new(),
            );
        }
        if cut.value > 0 {
            return warn(
                Check::Value,
                "an enabler with a value of its own is a slice",
                "remove `enabler`, or the value",
            );
        }
        return pass(Check::Value, format!("enables {}", list(&waiting)));
    }
    if cut.value == 0 {
        return warn(
            Check::Value,
            "it has no value by itself",
            "who gains from this alone? Give it a `value`, or mark it `enabler: true`",
        );
    }
    if cut.whom.trim().is_empty() {
        return warn(Check::Value, "nobody is named who gains", "add `for`");
    }
    if cut.problem.split_whitespace().count() < 2 {
        return warn(
            Check::Value,
            "the problem it solves is not said",
            "add `problem`, in more than one word",
        );
    }
    pass(Check::Value, format!("{} a day, for {}", cut.value, cut.whom.trim()))
}

fn confusion(cut: &Cut, around: &Surroundings) -> Found {
    if cut.surfaces.is_empty() {
        if cut.enabler {
            return pass(Check::Confusion, "users do not meet it");
        }
        let remedy = "add `surfaces`: without them nobody can see that two changes meet the same people";
        return warn(Check::Confusion, "no surface is named where users meet it", remedy);
    }
    let unknown =
        cut.surfaces.iter().find(|surface| !around.surfaces.is_empty() && !around.surfaces.contains(surface));
    if let Some(surface) = unknown {
        let near = sapwood_words::nearest(surface, around.surfaces.iter().map(String::as_str));
        let remedy = near.map_or_else(
            || format!("the known ones are {}; add it there, or use one of them", around.surfaces.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        return warn(Check::Confusion, format!("`{surface}` is no surface of this project"), remedy);
    }
    let surfaces: Vec<&str> = cut.surfaces.iter().map(String::as_str).collect();
    pass(Check::Confusion, format!("settles on {}", surfaces.join(", ")))
}

fn dependencies(cut: &Cut, id: &SliceId, around: &Surroundings) -> Found {
    let own = around.live.get(id);
    let early = cut
        .learn_from
        .iter()
        .find(|from| own.is_some_and(|own| around.live.get(*from).is_some_and(|day| day >= own)));
    if let Some(from) = early {
        let remedy = format!("require `{from}`, or give up learning from it");
        return (
            Check::Dependencies,
            Level::Warn,
            format!("it is to learn from {from}, but does not come after it"),
            remedy,
            vec![from.clone()],
        );
    }
    if cut.learn_from.is_empty() && cut.requires.is_empty() {
        return pass(Check::Dependencies, "requires nothing");
    }
    let mut said = Vec::new();
    if !cut.requires.is_empty() {
        said.push(format!("requires {}", list(&cut.requires)));
    }
    if !cut.learn_from.is_empty() {
        said.push(format!("waits for the decision on {}", list(&cut.learn_from)));
    }
    pass(Check::Dependencies, said.join("; "))
}

fn isolation(cut: &Cut, id: &SliceId, cuts: &[Cut]) -> Found {
    if !cut.isolated {
        return pass(Check::Isolation, "not asked for");
    }
    let others = || cuts.iter().filter(|other| other.id.as_ref() != Some(id));
    let fail = |message: String, with: Vec<SliceId>| {
        let remedy = "remove `isolated: true`, or part the slices".to_owned();
        (Check::Isolation, Level::Fail, message, remedy, with)
    };
    for other in others() {
        let Some(name) = &other.id else { continue };
        if let Some(surface) = cut.surfaces.intersection(&other.surfaces).next() {
            return fail(
                format!("it says that it is isolated, but shares `{surface}` with {name}"),
                vec![name.clone()],
            );
        }
        if cut.requires.contains(name) || other.requires.contains(id) {
            return fail(
                format!("it says that it is isolated, but a requirement ties it to {name}"),
                vec![name.clone()],
            );
        }
    }
    if cut.in_group {
        return fail("it says that it is isolated, but ships together with others".to_owned(), Vec::new());
    }
    pass(Check::Isolation, "nothing else touches it")
}

fn measure(cut: &Cut) -> Found {
    let percent = |share: u32| format!("{}%", f64::from(share) / 1000.0);
    match &cut.measure {
        Measured::Unnamed if cut.enabler => pass(Check::Measure, "users do not meet it"),
        Measured::Unnamed => warn(
            Check::Measure,
            "nothing is named that would show its effect",
            "add `measure` with metric, direction and smallest effect that matters",
        ),
        Measured::Named => pass(
            Check::Measure,
            "a metric is named; add `baseline` and `subjects_per_day` to learn how long it takes to show",
        ),
        Measured::Shown { share, days, given } => {
            pass(Check::Measure, format!("shows within {days} of the {given} days at {}", percent(*share)))
        }
        Measured::Hidden { best: Some((share, days)) } => {
            let message =
                format!("no stage lasts long enough to show it; at {} it needs {days} days", percent(*share));
            warn(Check::Measure, message, "bake longer there, or look for a larger effect")
        }
        Measured::Hidden { best: None } => warn(
            Check::Measure,
            "no share of its ladder can show it",
            "look for a larger effect, or a metric that more people touch",
        ),
    }
}

fn rollback(cut: &Cut) -> Found {
    let Some(rollback) = &cut.rollback else {
        return warn(
            Check::Rollback,
            "no way back is named",
            "add `rollback`; without one it cannot go past the internal ring",
        );
    };
    if rollback.steps.trim().is_empty() {
        return warn(Check::Rollback, "the way back has no steps", "add `steps` to `rollback`");
    }
    if rollback.class == Class::ForwardOnly && !cut.ladder.as_ref().is_some_and(|ladder| ladder.is_reviewed) {
        return warn(
            Check::Rollback,
            "it cannot be taken back, and no stage asks for a review",
            "add `needs_review: true` to a stage of its ladder",
        );
    }
    match rollback.rehearsed_days_ago {
        Some(days) if days <= REHEARSAL_DAYS => pass(Check::Rollback, format!("rehearsed {days} days ago")),
        Some(days) => warn(Check::Rollback, format!("rehearsed {days} days ago"), "rehearse it again"),
        None => pass(Check::Rollback, "named, never rehearsed"),
    }
}

fn ladder(cut: &Cut, around: &Surroundings) -> Found {
    let Some(ladder) = &cut.ladder else {
        let said = if cut.enabler { "users do not meet it" } else { "the default ladder" };
        return pass(Check::Ladder, said);
    };
    if let Some(max) = around.max_step.filter(|max| ladder.widest_step > *max) {
        let points = |parts: u32| f64::from(parts) / 1000.0;
        let message = format!(
            "`{}` takes a step of {} points; {} is the limit",
            ladder.name,
            points(ladder.widest_step),
            points(max)
        );
        return (Check::Ladder, Level::Fail, message, "add a stage between".to_owned(), Vec::new());
    }
    pass(Check::Ladder, format!("`{}`, {} days from the first stage to the last", ladder.name, ladder.days))
}

fn announcement(cut: &Cut, id: &SliceId, around: &Surroundings) -> Found {
    let Some(announcement) = &cut.announcement else {
        let said = if cut.enabler { "users do not meet it" } else { "none planned" };
        return pass(Check::Announcement, said);
    };
    if announcement.text.trim().is_empty() || announcement.audience.trim().is_empty() {
        return warn(
            Check::Announcement,
            "the announcement has no text or nobody to read it",
            "add `audience` and `text`",
        );
    }
    let live = around.live.get(id);
    let reached = live.map(|live| live + cut.ladder.as_ref().map_or(0, |ladder| ladder.days));
    if let (Some(day), Some(reached)) = (announcement.day, reached)
        && day < reached
    {
        let message =
            format!("it is announced on day {day}, but reaches everybody on day {reached} at the earliest");
        return warn(Check::Announcement, message, "announce later, or to fewer people");
    }
    pass(Check::Announcement, format!("for {}", announcement.audience.trim()))
}
