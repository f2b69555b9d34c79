//! The design as a person reads it in a terminal: plain text, no colour needed.

use sapwood_stats::Harm;
use sapwood_stats::advisor::{SEEN, Sight, Stage};

use super::{Design, Seen};
use crate::cli::DesignArgs;

/// The whole answer.
pub(super) fn text(design: &Design, args: &DesignArgs) -> String {
    let mut lines = vec![format!(
        "{} · {} subjects a minute · false rollbacks at most {} · evidence needed {}:1",
        if design.proposed { "A ladder for this traffic" } else { "Your ladder" },
        people(args.traffic.0),
        percent(args.false_rollbacks.0),
        people(design.line.exp()),
    )];
    for seen in &design.metrics {
        lines.push(String::new());
        lines.extend(metric(design, seen));
    }
    if !design.warnings.is_empty() {
        lines.push(String::new());
        lines.extend(design.warnings.iter().map(|warning| format!("! {warning}")));
    }
    if let Some(instead) = &design.instead {
        lines.push(String::new());
        lines.push(format!("Rather: {}", ladder(instead)));
    } else if design.proposed {
        lines.push(String::new());
        lines.push(format!("Ladder: {}", ladder(&design.ladder)));
    }
    lines.join("\n")
}

fn metric(design: &Design, seen: &Seen) -> Vec<String> {
    let harm = match seen.metric.harm {
        Harm::Up => "more",
        Harm::Down => "fewer",
    };
    let asked = format!("sees {}", ratio(seen.ratio));
    let mut lines = vec![
        format!("{} · {} of subjects · {harm} is harm", seen.metric.name, percent(seen.metric.rate)),
        format!(
            "  {:>6}  {:>7}  {:>9}  {:>9}  {:>22}  {:>10}",
            "share", "bake", "treated", "would see", "who would have met it", asked
        ),
    ];
    for (stage, sight) in design.ladder.iter().zip(&seen.sights) {
        lines.push(row(stage, sight));
    }
    lines.push(found(seen));
    lines
}

fn row(stage: &Stage, sight: &Sight) -> String {
    let met = sight.harmed.map_or_else(
        || "–".to_owned(),
        |harmed| format!("{} ({} more)", people(harmed.people), people(harmed.extra)),
    );
    format!(
        "{} {:>6}  {:>7}  {:>9}  {:>9}  {:>22}  {:>10}",
        if sight.chance >= SEEN {
            "●"
        } else if sight.smallest.is_some() {
            "◐"
        } else {
            "○"
        },
        percent(stage.treated_share),
        duration(stage.minutes),
        people(sight.treated),
        sight.smallest.map_or_else(|| "nothing".to_owned(), ratio),
        met,
        percent(sight.chance),
    )
}

fn found(seen: &Seen) -> String {
    let harm = ratio(seen.ratio);
    match seen.detection {
        None => format!("  {harm} is not seen in four runs of five by the end"),
        Some(detection) => format!(
            "  {harm} is taken back within {} in four runs of five, after {} people had the slice and {} met it ({} \
             because of it)",
            duration(detection.minutes),
            people(detection.treated),
            people(detection.harmed.people),
            people(detection.harmed.extra),
        ),
    }
}

/// `1% for 25m → 5% for 10m → …`
fn ladder(stages: &[Stage]) -> String {
    let stage = |stage: &Stage| format!("{} for {}", percent(stage.treated_share), duration(stage.minutes));
    stages.iter().map(stage).collect::<Vec<_>>().join(" → ")
}

/// A ratio of rates: `×2.4`, or `×0.62` where it fell.
pub(super) fn ratio(ratio: f64) -> String {
    let digits = if ratio >= 10.0 {
        0
    } else if ratio >= 1.995 {
        1
    } else {
        2
    };
    let text = format!("{ratio:.digits$}");
    let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("×{short}")
}

/// A part in percent, with as many digits as it needs.
pub(super) fn percent(part: f64) -> String {
    let percent = 100.0 * part;
    let digits = if percent >= 10.0 || percent <= 0.0 {
        0
    } else if percent >= 1.0 {
        1
    } else {
        2
    };
    let text = format!("{percent:.digits$}");
    let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{short}%")
}

/// Minutes as a person says them.
pub(super) fn duration(minutes: f64) -> String {
    if minutes < 120.0 {
        format!("{:.0}m", minutes.ceil())
    } else if minutes < 2880.0 {
        format!("{}h", trimmed(minutes / 60.0))
    } else {
        format!("{}d", trimmed(minutes / 1440.0))
    }
}

fn trimmed(number: f64) -> String {
    let text = format!("{number:.1}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A number of people, rounded to what an estimate can carry, with narrow gaps between thousands.
pub(super) fn people(number: f64) -> String {
    if number < 10.0 && number.fract() > 0.05 {
        return format!("{number:.1}");
    }
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}
