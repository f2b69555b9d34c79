//! The page of one rollout.

use askama::Template;
use sapwood_api::manage::{LogEntry, RolloutResponse, StageResponse};

use super::frame::Frame;
use super::guardrail::Card;
use super::state::{self, Fate, Standing};
use super::steps::{self, Action};
use super::story::{self, Told};
use super::tree::{Tree, seen};
use super::words;

/// The page.
#[derive(Template)]
#[template(path = "rollout.html")]
pub(crate) struct RolloutPage<'a> {
    frame: &'a Frame,
    icon: &'a str,
    title: String,
    announcement: String,
    rollout: &'a RolloutResponse,
    class: &'static str,
    standing: String,
    /// HTML.
    sentence: String,
    lead: String,
    started: String,
    tree: Tree,
    now: String,
    next: String,
    waits: Vec<Wait>,
    ended: Option<String>,
    actions: Vec<Action>,
    problem: Option<String>,
    average: String,
    sample_ratio: Option<String>,
    cards: Vec<Card>,
    rows: Vec<Row>,
    log: Vec<Told>,
    live: bool,
}

/// One condition of the gate.
struct Wait {
    class: &'static str,
    icon: &'static str,
    what: &'static str,
    text: String,
    /// Width of the bar, from 0 to 100.
    part: u64,
}

/// One stage in the table.
struct Row {
    number: usize,
    name: String,
    who: &'static str,
    share: String,
    bake: String,
    entered: String,
    class: &'static str,
    icon: &'static str,
    word: &'static str,
    here: bool,
}

impl<'a> RolloutPage<'a> {
    /// The page for `rollout`; `log` may hold other entries too, oldest first.
    pub(crate) fn new(
        frame: &'a Frame,
        rollout: &'a RolloutResponse,
        log: &[LogEntry],
        problem: Option<String>,
    ) -> Self {
        let standing = Standing::of(rollout);
        let here = here(rollout);
        let state = standing_words(standing, &here);
        Self {
            frame,
            icon: frame.icon(Some(standing)),
            title: format!("{state} · {}", rollout.flag),
            announcement: format!("{}: {state}", rollout.flag),
            rollout,
            class: standing.class(),
            standing: state,
            sentence: words::rich(&rollout.sentence),
            lead: words::rich(&format!(
                "From `{}` to `{}` in {}",
                rollout.baseline, rollout.candidate, rollout.environment
            )),
            started: words::moment(&rollout.started_at),
            tree: Tree::large(rollout),
            now: words::rich(&now(rollout, standing)),
            next: words::rich(&next(rollout, standing)),
            waits: waits(rollout),
            ended: ended(rollout, standing),
            actions: steps::actions(rollout),
            problem,
            average: words::odds(rollout.evidence),
            sample_ratio: (rollout.sample_ratio_evidence >= 1000.0)
                .then(|| words::odds(rollout.sample_ratio_evidence)),
            cards: rollout.guardrails.iter().map(|guardrail| Card::of(rollout, guardrail)).collect(),
            rows: (1..).zip(&rollout.stages).map(|(number, stage)| row(number, stage, standing)).collect(),
            log: told(rollout, log),
            live: standing.is_live(),
        }
    }
}

/// The page that asks before a step, for browsers without dialogs or scripts.
#[derive(Template)]
#[template(path = "confirm.html")]
pub(crate) struct ConfirmPage<'a> {
    frame: &'a Frame,
    icon: &'a str,
    title: String,
    announcement: String,
    rollout: &'a RolloutResponse,
    action: &'a Action,
}

impl<'a> ConfirmPage<'a> {
    /// The question `action` asks.
    pub(crate) fn new(frame: &'a Frame, rollout: &'a RolloutResponse, action: &'a Action) -> Self {
        let title = format!("{} · {}", action.verb, rollout.flag);
        let icon = frame.icon(Some(Standing::of(rollout)));
        Self { frame, icon, title, announcement: String::new(), rollout, action }
    }
}

fn told(rollout: &RolloutResponse, log: &[LogEntry]) -> Vec<Told> {
    let concerning = log.iter().rev().filter(|entry| story::concerns(entry, &rollout.id));
    concerning.map(|entry| story::tell(entry, rollout)).collect()
}

/// Where it stands: `5 %` or the ring's name.
pub(super) fn here(rollout: &RolloutResponse) -> String {
    let stage = rollout.stages.get(rollout.stage.saturating_sub(1));
    stage.map_or_else(String::new, |stage| words::bare(&stage.name))
}

pub(super) fn standing_words(standing: Standing, here: &str) -> String {
    match standing {
        Standing::Running | Standing::Held => format!("{} at {here}", standing.word()),
        Standing::RolledBack => format!("rolled back from {here}"),
        Standing::Completed => standing.word().to_owned(),
    }
}

fn now(rollout: &RolloutResponse, standing: Standing) -> String {
    let (candidate, baseline) = (&rollout.candidate, &rollout.baseline);
    match standing {
        Standing::RolledBack => format!("Nobody has `{candidate}`. Everybody has `{baseline}` again."),
        Standing::Completed => format!("The whole audience has `{candidate}`."),
        Standing::Running | Standing::Held if rollout.share == 0 => {
            format!("People in the rings so far have `{candidate}`. Everybody else has `{baseline}`.")
        }
        Standing::Running | Standing::Held => format!(
            "{} of everybody eligible have `{candidate}`: {} people so far, compared with {} who have `{baseline}`.",
            words::share(rollout.share),
            words::count(rollout.had_candidate),
            words::count(without(rollout)),
        ),
    }
}

fn next(rollout: &RolloutResponse, standing: Standing) -> String {
    match (standing, steps::next(rollout)) {
        (Standing::RolledBack, _) => {
            "Find and fix the cause, then start a new rollout. It draws people anew and leaves out whoever had this one.".to_owned()
        }
        (Standing::Completed, _) => {
            format!("Take `{}` out of the code, then retire the flag.", rollout.baseline)
        }
        (Standing::Running, Some(next)) => format!("{} when all of this is there.", capital(&steps::who(next))),
        (Standing::Running, None) => "Complete: the whole audience, when all of this is there.".to_owned(),
        (Standing::Held, Some(next)) => format!("Nothing until the hold ends, then {}.", steps::who(next)),
        (Standing::Held, None) => "Nothing until the hold ends, then the whole audience.".to_owned(),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn waits(rollout: &RolloutResponse) -> Vec<Wait> {
    let Some(gate) = rollout.gate else { return Vec::new() };
    let mut waits = Vec::new();
    if let Some(cause) = &rollout.cause {
        let text = format!("held by {}", state::cause(cause));
        waits.push(Wait { class: "held", icon: "held", what: "Hold", text, part: 0 });
    }
    let minutes = |n: i64| u64::try_from(n).unwrap_or_default();
    let (done, needed) = (minutes(gate.bake_minutes), minutes(gate.bake_minutes_needed));
    waits.push(condition("Bake", done, needed, " min of fresh data"));
    if gate.control == 0 && gate.subjects_needed <= 1 {
        let mut people = condition("People", seen(&gate), gate.subjects_needed, "");
        people.text = format!(
            "{} of the ring, {} needed",
            words::count(seen(&gate)),
            words::count(gate.subjects_needed)
        );
        waits.push(people);
    } else {
        waits.push(condition("With it", gate.treated, gate.subjects_needed, " people"));
        waits.push(condition("Without", gate.control, gate.subjects_needed, " people"));
    }
    if gate.approval_missing {
        let text = "somebody must agree".to_owned();
        waits.push(Wait { class: "held", icon: "held", what: "Approval", text, part: 0 });
    }
    waits
}

fn condition(what: &'static str, done: u64, needed: u64, unit: &str) -> Wait {
    let fulfilled = done >= needed;
    let part = done.saturating_mul(100).checked_div(needed).unwrap_or(100).min(100);
    let (seen, wanted) = (words::count(done), words::count(needed));
    let text = if done > needed {
        format!("{seen}{unit}, {wanted} needed")
    } else {
        format!("{seen} of {wanted}{unit}")
    };
    let (class, icon) = if fulfilled { ("done", "done") } else { ("growing", "growing") };
    Wait { class, icon, what, text, part }
}

fn ended(rollout: &RolloutResponse, standing: Standing) -> Option<String> {
    (!standing.is_live() && rollout.had_candidate > 0).then(|| {
        let (with, without) = (words::count(rollout.had_candidate), words::count(without(rollout)));
        words::rich(&format!("{with} people had `{}`, {without} never had it.", rollout.candidate))
    })
}

/// People seen who never had the candidate.
const fn without(rollout: &RolloutResponse) -> u64 {
    rollout.exposed_treated.saturating_add(rollout.exposed_control).saturating_sub(rollout.had_candidate)
}

fn row(number: usize, stage: &StageResponse, standing: Standing) -> Row {
    let fate = Fate::of(stage, standing);
    Row {
        number,
        name: words::bare(&stage.name),
        who: if stage.ring.is_some() { "ring, not randomised" } else { "share of everybody eligible" },
        share: if stage.ring.is_some() { "named".to_owned() } else { words::share(stage.share) },
        bake: words::duration(stage.bake_seconds),
        entered: stage.entered_at.as_deref().map(words::moment).unwrap_or_default(),
        class: fate.class(),
        icon: fate.class(),
        word: fate.word(standing),
        here: fate.is_here(),
    }
}
