//! The names beside a tree: one row per stage, a thin line from each to its ring, and under the stage that stands
//! what its three arcs mean.

use std::f64::consts::TAU;

use sapwood_api::manage::RolloutResponse;

use super::curve::Px;
use super::state::{Fate, Standing};
use super::tree::{COLUMN_LEFT, COLUMN_RIGHT, Ring, SIZE, seen};
use super::wood::Wood;
use super::words;

const ROW: f64 = 30.0;
const ROW_DENSE: f64 = 20.0;
/// Rows above which they move closer together.
const ROWS_MAX: usize = 14;
const LINE: f64 = 19.0;
/// Characters of a name that fit beside its state.
const NAME_MAX: usize = 16;
/// Where the text beside an arc's sign begins.
const TEXT_LEFT: f64 = COLUMN_LEFT + 30.0;
/// Lines run freely to here, then level to their label.
const ELBOW: f64 = 506.0;

/// A stage's name and state.
pub(super) struct Label {
    pub(super) class: &'static str,
    pub(super) x: Px,
    pub(super) y: Px,
    pub(super) end: Px,
    pub(super) name: String,
    pub(super) word: String,
    pub(super) lines: Vec<Line>,
}

/// What one arc means.
pub(super) struct Line {
    pub(super) class: &'static str,
    pub(super) y: Px,
    pub(super) x: Px,
    pub(super) what: &'static str,
    pub(super) text: String,
}

/// The line from a label to its ring.
pub(super) struct Leader {
    pub(super) path: String,
    pub(super) dot: (Px, Px),
    pub(super) class: &'static str,
}

/// All of them, and how much height they need.
pub(super) struct Column {
    pub(super) top: f64,
    pub(super) height: f64,
    pub(super) labels: Vec<Label>,
    pub(super) leaders: Vec<Leader>,
}

/// Sets the labels from the pith at the top to the last ring at the bottom.
pub(super) fn column(
    rollout: &RolloutResponse,
    rings: &[Ring<'_>],
    wood: &Wood,
    standing: Standing,
) -> Column {
    let row = if rings.len() > ROWS_MAX { ROW_DENSE } else { ROW };
    let extra = |ring: &Ring<'_>| if ring.fate.is_here() { LINE.mul_add(3.0, 8.0) } else { 0.0 };
    let height: f64 = rings.iter().map(|ring| row + extra(ring)).sum();
    let top = (SIZE - height) / 2.0;
    let mut y = top;
    let (mut labels, mut leaders) = (Vec::new(), Vec::new());
    for ring in rings {
        let middle = y + row / 2.0;
        if standing.is_live() || ring.fate != Fate::Coming {
            leaders.push(leader(ring, wood, middle));
        }
        labels.push(label(rollout, ring, middle, standing));
        y += row + extra(ring);
    }
    Column { top: top - 6.0, height: height + 12.0, labels, leaders }
}

fn label(rollout: &RolloutResponse, ring: &Ring<'_>, y: f64, standing: Standing) -> Label {
    let lines = if ring.fate.is_here() { gate_lines(rollout, y) } else { Vec::new() };
    let word = ring.fate.word(standing);
    let word = match (ring.fate, &ring.stage.entered_at) {
        (Fate::Growing, Some(at)) => format!("{word} since {}", words::clock(at)),
        (Fate::Lost, Some(at)) => format!("{word}, {}", words::day(at)),
        (Fate::Passed | Fate::Growing | Fate::Held | Fate::Lost | Fate::Coming, _) => word.to_owned(),
    };
    Label {
        class: ring.fate.class(),
        x: Px(COLUMN_LEFT),
        y: Px(y),
        end: Px(COLUMN_RIGHT),
        name: words::short(&words::bare(&ring.stage.name), NAME_MAX),
        word,
        lines,
    }
}

fn gate_lines(rollout: &RolloutResponse, y: f64) -> Vec<Line> {
    let mut texts = Vec::new();
    if let Some(gate) = rollout.gate {
        let bake = format!(
            "{} of {} min",
            gate.bake_minutes.min(gate.bake_minutes_needed),
            gate.bake_minutes_needed
        );
        let data = format!(
            "{} of {}",
            words::count(seen(&gate).min(gate.subjects_needed)),
            words::count(gate.subjects_needed)
        );
        texts.push(("arc-bake", "bake", bake));
        texts.push(("arc-data", "data", data));
    }
    let nearest = rollout.guardrails.iter().max_by(|one, other| {
        super::tree::toward(one.evidence, one.limit)
            .total_cmp(&super::tree::toward(other.evidence, other.limit))
    });
    let harm = nearest.map_or_else(
        || "no guardrail".to_owned(),
        |guardrail| format!("{} of {}", words::odds(guardrail.evidence), words::about(guardrail.limit)),
    );
    texts.push(("arc-harm", "harm", harm));
    let ys = std::iter::successors(Some(y + LINE + 3.0), |y| Some(y + LINE));
    texts
        .into_iter()
        .zip(ys)
        .map(|((class, what, text), y)| Line { class, y: Px(y), x: Px(TEXT_LEFT), what, text })
        .collect()
}

/// From the ring outwards in the direction of its label, so that no two lines cross.
fn leader(ring: &Ring<'_>, wood: &Wood, y: f64) -> Leader {
    let middle = SIZE / 2.0;
    let angle = TAU / 4.0 + ((y - middle) / (ELBOW - middle)).clamp(-1.6, 1.6).atan();
    let dot = wood.point(ring.depth + 0.5, angle);
    Leader {
        path: format!("M{:.1} {:.1}L{ELBOW:.1} {y:.1}H{:.1}", dot.x, dot.y, COLUMN_LEFT - 8.0),
        dot: (Px(dot.x), Px(dot.y)),
        class: ring.fate.class(),
    }
}
