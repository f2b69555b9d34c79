//! What people can do to a rollout, each button saying what it will do to whom.

use sapwood_api::manage::{RolloutResponse, StageResponse};

use super::state::Standing;
use super::words;

/// One thing somebody can do, with the question that is asked before.
pub(crate) struct Action {
    /// The last part of its address.
    pub(crate) step: &'static str,
    /// On the button.
    pub(crate) verb: &'static str,
    /// `harm`, `calm` or `grow`: how the button looks.
    pub(crate) tone: &'static str,
    /// The question, as HTML.
    pub(crate) question: String,
    /// What it does and what stays, as HTML.
    pub(crate) effect: String,
    /// On the button that does it.
    pub(crate) confirm: String,
    /// The stage the person saw, from 1.
    pub(crate) stage: usize,
}

/// What can be done now, the likeliest first and the strongest last.
pub(crate) fn actions(rollout: &RolloutResponse) -> Vec<Action> {
    let standing = Standing::of(rollout);
    let mut actions = Vec::new();
    if !standing.is_live() {
        return actions;
    }
    if rollout.gate.is_some_and(|gate| gate.approval_missing) {
        actions.push(approve(rollout));
    }
    if standing == Standing::Held {
        actions.push(resume(rollout));
    } else {
        actions.push(hold(rollout));
        actions.push(next(rollout).map_or_else(|| complete(rollout), |next| advance(rollout, next)));
    }
    actions.push(roll_back(rollout));
    actions
}

/// The stage after the one it stands on.
pub(super) fn next(rollout: &RolloutResponse) -> Option<&StageResponse> {
    rollout.stages.get(rollout.stage)
}

fn new(rollout: &RolloutResponse, step: &'static str, verb: &'static str, tone: &'static str) -> Action {
    Action {
        step,
        verb,
        tone,
        question: String::new(),
        effect: String::new(),
        confirm: verb.to_owned(),
        stage: rollout.stage,
    }
}

fn hold(rollout: &RolloutResponse) -> Action {
    Action {
        question: words::rich(&format!("Hold `{}` where it is?", rollout.flag)),
        effect: words::rich(&format!(
            "Whoever has `{}` keeps it and nobody else gets it, until a person resumes. Guardrails go on watching and still roll back.",
            rollout.candidate
        )),
        confirm: "Hold here".to_owned(),
        ..new(rollout, "hold", "Hold", "calm")
    }
}

fn resume(rollout: &RolloutResponse) -> Action {
    Action {
        question: words::rich(&format!("Let `{}` grow on?", rollout.flag)),
        effect: words::rich(
            "The hold ends. Nobody gets more or less at once; the stage ends when its gate is fulfilled.",
        ),
        confirm: "Let it grow on".to_owned(),
        ..new(rollout, "resume", "Resume", "grow")
    }
}

fn approve(rollout: &RolloutResponse) -> Action {
    let to = next(rollout).map_or_else(|| "the end".to_owned(), who);
    Action {
        question: words::rich(&format!("Agree that `{}` may go on to {to}?", rollout.flag)),
        effect: words::rich("It goes on by itself as soon as time, data and guardrails allow it."),
        confirm: "Agree".to_owned(),
        ..new(rollout, "approve", "Agree to go on", "grow")
    }
}

fn advance(rollout: &RolloutResponse, next: &StageResponse) -> Action {
    let seen = rollout.exposed_treated.saturating_add(rollout.exposed_control);
    let more = u64::from(next.share.saturating_sub(rollout.share));
    let about = seen.saturating_mul(more) / 100_000;
    let people = if about == 0 {
        String::new()
    } else {
        format!(
            " That is about {} more of the {} people seen so far.",
            words::count(about),
            words::count(seen)
        )
    };
    Action {
        question: words::rich(&format!("Give `{}` to {} now?", rollout.candidate, who(next))),
        effect: words::rich(&format!(
            "This skips what is left of the gate of {}.{people} Whoever has it keeps it.",
            rollout.stages.get(rollout.stage.saturating_sub(1)).map_or_else(|| "this stage".to_owned(), who),
        )),
        confirm: format!("Go on to {}", words::bare(&next.name)),
        ..new(rollout, "advance", "Advance now", "calm")
    }
}

fn complete(rollout: &RolloutResponse) -> Action {
    Action {
        question: words::rich(&format!("Give `{}` to the whole audience?", rollout.candidate)),
        effect: words::rich(&format!(
            "The {} kept on `{}` get it too. Nothing is left to compare with, so guardrails stop.",
            words::share(rollout.holdback),
            rollout.baseline
        )),
        confirm: "Complete it".to_owned(),
        ..new(rollout, "complete", "Complete", "grow")
    }
}

fn roll_back(rollout: &RolloutResponse) -> Action {
    let people = match rollout.had_candidate {
        0 => "everybody".to_owned(),
        1 => "1 person".to_owned(),
        n => format!("{} people", words::count(n)),
    };
    Action {
        question: words::rich(&format!("Take {people} back to `{}`?", rollout.baseline)),
        effect: words::rich(&format!(
            "Nobody in {} gets `{}` any more, rings and rules included, and what depends on it goes first. It cannot be resumed; a new attempt is a new rollout.",
            rollout.environment, rollout.candidate
        )),
        confirm: format!("Take {people} back"),
        ..new(rollout, "roll-back", "Roll back", "harm")
    }
}

/// Who a stage is for: ``the ring `internal` `` or `5 %`.
pub(super) fn who(stage: &StageResponse) -> String {
    match &stage.ring {
        Some(ring) => format!("the ring `{ring}`"),
        None => words::share(stage.share),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;

    fn steps(rollout: &RolloutResponse) -> Vec<&'static str> {
        actions(rollout).iter().map(|action| action.step).collect()
    }

    #[test]
    fn what_can_be_done_depends_on_where_it_stands() {
        assert_eq!(steps(&fixtures::running()), ["hold", "advance", "roll-back"]);
        assert_eq!(steps(&fixtures::held()), ["resume", "roll-back"]);
        assert!(steps(&fixtures::rolled_back()).is_empty());
        assert!(steps(&fixtures::completed()).is_empty());
        assert_eq!(steps(&fixtures::approval()), ["approve", "hold", "advance", "roll-back"]);
    }

    #[test]
    fn a_button_says_what_it_does_to_whom() {
        let rollout = fixtures::running();
        let back = actions(&rollout).pop().unwrap();
        assert_eq!(back.question.replace('\u{a0}', " "), "Take 2 310 people back to <code>off</code>?");
    }
}
