//! Two small drawings per guardrail: where the ratio of the rates lies, and how far the evidence is from its limit.
//! Both are on logarithmic axes.

use askama::Template;
use sapwood_api::manage::GuardrailResponse;

use super::curve::Px;
use super::words;

const WIDTH: f64 = 320.0;
/// Room for what stands at the ends of an axis.
const INSET: f64 = 14.0;
/// Evidence from which a hold begins.
const HOLD: f64 = 3.0;

/// The ratio treated : control with its interval.
#[derive(Template)]
#[template(path = "ratio.svg")]
pub(super) struct Ratio {
    title: String,
    ticks: Vec<Tick>,
    /// Where it would be worse than tolerated.
    worse_from: Px,
    worse_width: Px,
    worse_word: Px,
    worse_anchor: &'static str,
    margin: Px,
    interval: Option<Interval>,
}

struct Interval {
    from: Px,
    to: Px,
    at: Px,
    open_left: bool,
    open_right: bool,
}

struct Tick {
    x: Px,
    text: String,
}

impl Ratio {
    pub(super) fn of(guardrail: &GuardrailResponse) -> Self {
        let ends = [guardrail.ratio_lower, guardrail.ratio, guardrail.ratio_upper];
        let widest = ends.into_iter().flatten().filter(|ratio| *ratio > 0.0).map(|ratio| ratio.log2().abs());
        // Four doublings each way, and more only when the ratio itself lies beyond.
        let doublings = if widest.fold(0.0, f64::max) > 3.2 { 6.0 } else { 3.0 };
        let place = |ratio: f64| {
            let way = (ratio.max(1e-9).log2() / doublings).clamp(-1.0, 1.0);
            f64::midpoint(way, 1.0) * (WIDTH - 2.0 * INSET) + INSET
        };
        let margin = place(f64::from(guardrail.margin_permille) / 1000.0);
        let up = guardrail.harm == "up";
        let (from, to) = if up { (margin, WIDTH) } else { (0.0, margin) };
        let steps: &[f64] =
            if doublings > 3.0 { &[-5.0, -2.0, 0.0, 2.0, 5.0] } else { &[-2.0, -1.0, 0.0, 1.0, 2.0] };
        let tick = |power: &f64| Tick { x: Px(place(power.exp2())), text: tick_text(power.exp2()) };
        Self {
            title: ratio_words(guardrail),
            ticks: steps.iter().map(tick).collect(),
            worse_from: Px(from),
            worse_width: Px(to - from),
            worse_word: Px(if up { WIDTH - 5.0 } else { 5.0 }),
            worse_anchor: if up { "end" } else { "start" },
            margin: Px(margin),
            interval: guardrail.ratio.map(|ratio| interval(guardrail, ratio, doublings, place)),
        }
    }
}

/// An end beyond the axis, or one that is not known, is an arrow at its edge.
fn interval(
    guardrail: &GuardrailResponse,
    ratio: f64,
    doublings: f64,
    place: impl Fn(f64) -> f64,
) -> Interval {
    let inside = |end: Option<f64>| end.filter(|end| end.max(1e-9).log2().abs() <= doublings);
    let (lower, upper) = (inside(guardrail.ratio_lower), inside(guardrail.ratio_upper));
    Interval {
        from: Px(lower.map_or(2.0, &place)),
        to: Px(upper.map_or(WIDTH - 2.0, &place)),
        at: Px(place(ratio)),
        open_left: lower.is_none(),
        open_right: upper.is_none(),
    }
}

fn tick_text(ratio: f64) -> String {
    if ratio < 1.0 { format!("1/{:.0}", 1.0 / ratio) } else { format!("{ratio:.0}") }
}

/// `ratio 2.2, between 1.1 and 3.9`.
pub(super) fn ratio_words(guardrail: &GuardrailResponse) -> String {
    let Some(ratio) = guardrail.ratio else { return "No ratio yet: nobody is affected".to_owned() };
    let lower = guardrail.ratio_lower.map_or_else(|| "0".to_owned(), words::about);
    let upper = guardrail.ratio_upper.map_or_else(|| "no upper bound".to_owned(), words::about);
    format!("Ratio {}, interval {lower} to {upper}", words::about(ratio))
}

/// Evidence of harm against its two lines.
#[derive(Template)]
#[template(path = "evidence.svg")]
pub(super) struct Evidence {
    title: String,
    reach: Px,
    hold: Px,
    limit: Px,
    limit_text: String,
    limit_word: &'static str,
    crossed: bool,
}

impl Evidence {
    pub(super) fn of(guardrail: &GuardrailResponse) -> Self {
        // The limit stands at nine tenths, so that one can see a crossing.
        let place = |evidence: f64| {
            let way = evidence.max(1.0).ln() / guardrail.limit.max(HOLD + 1.0).ln() * 0.9;
            way.clamp(0.0, 1.0) * (WIDTH - INSET)
        };
        let crossed = guardrail.evidence >= guardrail.limit;
        Self {
            title: format!(
                "Evidence of harm {}; it acts at {}",
                words::odds(guardrail.evidence),
                words::odds(guardrail.limit)
            ),
            reach: Px(place(guardrail.evidence)),
            hold: Px(place(HOLD)),
            limit: Px(place(guardrail.limit)),
            limit_text: words::about(guardrail.limit),
            limit_word: action(&guardrail.action),
            crossed,
        }
    }
}

/// What the guardrail does at its limit, as a label.
pub(super) fn action(word: &str) -> &'static str {
    match word {
        "roll_back" => "roll back",
        "hold" => "hold",
        _ => "notify",
    }
}
