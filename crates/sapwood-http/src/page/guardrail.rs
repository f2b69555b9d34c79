//! A guardrail as a card: what it watches, what it found, in words and in two drawings.

use askama::Template;
use sapwood_api::manage::{GuardrailResponse, RolloutResponse};

use super::gauge::{self, Evidence, Ratio};
use super::words;

/// One card.
#[derive(Template)]
#[template(path = "guardrail.html")]
pub(super) struct Card {
    key: String,
    watches: String,
    class: &'static str,
    icon: &'static str,
    word: &'static str,
    finding: String,
    ratio: Ratio,
    ratio_words: String,
    evidence: Evidence,
    evidence_words: String,
    counts: [(&'static str, String); 3],
}

impl Card {
    pub(super) fn of(rollout: &RolloutResponse, guardrail: &GuardrailResponse) -> Self {
        let (class, icon, word) = match guardrail.state.as_str() {
            "quiet" => ("done", "done", "quiet"),
            "harmed" => ("harmed", "harmed", "harmed"),
            "suspect" => ("held", "held", "suspect"),
            _ => ("unknown", "unknown", "unknown"),
        };
        let worse = if guardrail.harm == "up" { "more of it is worse" } else { "less of it is worse" };
        Self {
            key: guardrail.key.clone(),
            watches: words::rich(&format!("`{}`, {worse}{}", guardrail.metric, tolerance(guardrail))),
            class,
            icon,
            word,
            finding: words::rich(&finding(rollout, guardrail)),
            ratio: Ratio::of(guardrail),
            ratio_words: gauge::ratio_words(guardrail),
            evidence: Evidence::of(guardrail),
            evidence_words: format!("Evidence of harm {}", words::odds(guardrail.evidence)),
            counts: [
                ("with it", words::count(guardrail.treated)),
                ("expected", words::about(guardrail.expected_treated)),
                ("without", words::count(guardrail.control)),
            ],
        }
    }
}

fn tolerance(guardrail: &GuardrailResponse) -> String {
    match guardrail.margin_permille {
        1000 => String::new(),
        margin => format!("; a ratio of {} is tolerated", words::about(f64::from(margin) / 1000.0)),
    }
}

/// "31 of 302 people with `checkout_error` had `on`; 15 would if it were harmless."
fn finding(rollout: &RolloutResponse, guardrail: &GuardrailResponse) -> String {
    let affected = guardrail.treated.saturating_add(guardrail.control);
    if affected == 0 {
        return format!("Nobody in the comparison has had `{}` yet.", guardrail.metric);
    }
    let told = format!(
        "{} of {} people with `{}` had `{}`; {} would if it were harmless.",
        words::count(guardrail.treated),
        words::count(affected),
        guardrail.metric,
        rollout.candidate,
        words::about(guardrail.expected_treated),
    );
    let verdict = match guardrail.state.as_str() {
        "quiet" => "Nothing points to harm.",
        "suspect" => "That is suspicious, but not yet enough to act on.",
        "harmed" => "That is beyond its limit.",
        _ => "",
    };
    format!("{told} {verdict}")
}
