//! Ladders and guardrails of a plan file: stages in an order that can be climbed, gates that exist.

use std::collections::BTreeMap;

use sapwood_planner::cuts::Climb;
use sapwood_words::nearest;

use crate::finding::Finding;
use crate::quantity;
use crate::tree::Node;

/// A stage that exposes a share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    /// Parts per 100 000.
    pub(super) share: u32,
    /// Minutes it is given.
    pub(super) minutes: u64,
}

/// What the rest of the file needs to know of a ladder.
#[derive(Debug, Clone)]
pub(super) struct Ladder {
    pub(super) climb: Climb,
    pub(super) shares: Vec<Share>,
}

/// Reads the ladders; what is wrong with them goes to `found`.
pub(super) fn ladders(root: &Node, found: &mut Vec<Finding>) -> BTreeMap<String, Ladder> {
    let guardrails: Vec<&str> = root
        .get(&["guardrails"])
        .map(Node::entries)
        .unwrap_or_default()
        .iter()
        .map(|(key, _)| key.text.as_str())
        .collect();
    let mut ladders = BTreeMap::new();
    for (name, stages) in root.get(&["ladders"]).map(Node::entries).unwrap_or_default() {
        if stages.items().is_empty() || stages.items().len() > crate::limits::STAGES_MAX {
            let message = format!(
                "a ladder has 1 to {} stages, and `{}` has {}",
                crate::limits::STAGES_MAX,
                name.text,
                stages.items().len()
            );
            found.push(Finding::error(
                "ladder",
                name.span.clone(),
                message,
                "add a stage, or take some away",
            ));
            continue;
        }
        ladders.insert(name.text.clone(), ladder(&name.text, stages, &guardrails, found));
    }
    ladders
}

fn ladder(name: &str, stages: &Node, guardrails: &[&str], found: &mut Vec<Finding>) -> Ladder {
    let mut shares: Vec<Share> = Vec::new();
    let mut minutes_before_last = 0;
    let mut minutes = 0;
    let mut widest = 0;
    let mut is_reviewed = false;
    for stage in stages.items() {
        minutes_before_last += minutes;
        minutes = stage
            .get(&["bake"])
            .and_then(Node::text)
            .and_then(|text| quantity::minutes(text).ok())
            .unwrap_or(0);
        is_reviewed |= stage.get(&["needs_review"]).and_then(Node::text) == Some("true");
        gates(stage, guardrails, found);
        let share = stage.get(&["share"]);
        match (stage.get(&["ring"]), share) {
            (Some(ring), None) if !shares.is_empty() => {
                found.push(Finding::error(
                    "ladder",
                    ring.span.clone(),
                    "a ring comes after a share",
                    "rings come first: move it up",
                ));
            }
            (Some(_), None) => {}
            (None, Some(share)) => {
                let parts = share.text().and_then(|text| quantity::share(text).ok()).unwrap_or(0);
                let before = shares.last().map_or(0, |stage| stage.share);
                if parts <= before {
                    let message = format!(
                        "this share is not larger than the one before, {}%",
                        f64::from(before) / 1000.0
                    );
                    found.push(Finding::error(
                        "ladder",
                        share.span.clone(),
                        message,
                        "shares rise from stage to stage",
                    ));
                }
                if !shares.is_empty() {
                    widest = widest.max(parts.saturating_sub(before));
                }
                shares.push(Share { share: parts, minutes });
            }
            (Some(_), Some(both)) => {
                found.push(Finding::error(
                    "ladder",
                    both.span.clone(),
                    "a stage is a ring or a share, not both",
                    "make two stages of it",
                ));
            }
            (None, None) => {
                found.push(Finding::error(
                    "ladder",
                    stage.span.clone(),
                    "this stage says neither `ring` nor `share`",
                    "add one of them",
                ));
            }
        }
    }
    let days = minutes_before_last.div_ceil(24 * 60);
    Ladder { climb: Climb { name: name.to_owned(), days, widest_step: widest, is_reviewed }, shares }
}

fn gates(stage: &Node, guardrails: &[&str], found: &mut Vec<Finding>) {
    for gate in stage.get(&["gates"]).map(Node::items).unwrap_or_default() {
        let Some(name) = gate.text().filter(|name| !guardrails.contains(name)) else { continue };
        found.push(unknown("guardrail", name, gate, guardrails.iter().copied()));
    }
}

/// A name that means nothing, with the one that was probably meant.
pub(super) fn unknown<'a>(
    what: &str,
    name: &str,
    at: &Node,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Finding {
    let remedy = nearest(name, known.clone()).map_or_else(
        || {
            let all: Vec<&str> = known.take(10).collect();
            if all.is_empty() {
                format!("this file has no {what}; add it")
            } else {
                format!("there is {}", all.join(", "))
            }
        },
        |near| format!("did you mean `{near}`?"),
    );
    Finding::error(
        &format!("unknown_{what}"),
        at.span.clone(),
        format!("no {what} is called `{name}`"),
        remedy,
    )
}
