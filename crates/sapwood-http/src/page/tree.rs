//! The picture of a rollout: a cross-section of a tree whose rings are the stages, from the pith outwards.

use std::f64::consts::TAU;
use std::fmt::Write as _;

use askama::Template;
use sapwood_api::manage::{GateResponse, RolloutResponse, StageResponse};

use super::curve::Px;
use super::labels::{self, Label, Leader};
use super::state::{Fate, Standing};
use super::wood::Wood;
use super::words;

/// Side of the square the tree fills.
pub(super) const SIZE: f64 = 500.0;
/// Where the label column begins and ends.
pub(super) const COLUMN_LEFT: f64 = 528.0;
pub(super) const COLUMN_RIGHT: f64 = 760.0;
/// Radius of the wood, before the waves that make it irregular.
const RADIUS: f64 = 228.0;
/// The ring that stands needs room for its three arcs.
const HERE_WIDTH_MIN: f64 = 40.0;
const SMALL_HERE_WIDTH_MIN: f64 = 58.0;
const PITH: f64 = 9.0;
const BARK: f64 = 9.0;
/// Tones of heartwood in the style sheet.
const TONES: u32 = 7;
/// The wound of a lost ring lies where labels do not.
const SCAR: (f64, f64) = (0.40 * TAU, 0.70 * TAU);

/// A tree, ready to be written as SVG.
#[derive(Template)]
#[template(path = "tree.svg")]
pub(crate) struct Tree {
    /// Makes ids unique where a page shows several trees.
    uid: String,
    class: &'static str,
    width: Px,
    height: Px,
    top: Px,
    title: String,
    description: String,
    shapes: Vec<Shape>,
    leaders: Vec<Leader>,
    labels: Vec<Label>,
}

/// One path of the drawing.
pub(super) struct Shape {
    class: String,
    path: String,
}

/// A stage on its way into the drawing.
pub(super) struct Ring<'a> {
    pub(super) stage: &'a StageResponse,
    pub(super) fate: Fate,
    /// How many rings lie inside it.
    pub(super) depth: f64,
}

/// How far the three conditions of the stage are, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Progress {
    pub(super) bake: f64,
    pub(super) data: f64,
    /// The share of the way to the limit of the guardrail that is nearest to its own.
    pub(super) harm: f64,
}

impl Tree {
    /// The large picture, with labels beside it.
    pub(crate) fn large(rollout: &RolloutResponse) -> Self {
        let mut tree = Self::draw(rollout, "tree tree-large", HERE_WIDTH_MIN, BARK, 3);
        let standing = Standing::of(rollout);
        let (rings, wood) = (rings(rollout, standing), wood(rollout, standing, HERE_WIDTH_MIN, BARK));
        let column = labels::column(rollout, &rings, &wood, standing);
        tree.width = Px(COLUMN_RIGHT);
        (tree.top, tree.height) = (Px(column.top.min(0.0)), Px(column.height.max(SIZE)));
        (tree.labels, tree.leaders) = (column.labels, column.leaders);
        tree
    }

    /// The small picture for lists: the same tree without labels, its arcs bolder.
    pub(crate) fn small(rollout: &RolloutResponse) -> Self {
        Self::draw(rollout, "tree tree-small", SMALL_HERE_WIDTH_MIN, BARK + 4.0, 1)
    }

    fn draw(rollout: &RolloutResponse, class: &'static str, here_min: f64, bark: f64, grain: u32) -> Self {
        let standing = Standing::of(rollout);
        let (rings, wood) = (rings(rollout, standing), wood(rollout, standing, here_min, bark));
        let mut shapes = Vec::new();
        for ring in &rings {
            draw_ring(&mut shapes, ring, &wood, rollout, standing, grain);
        }
        draw_pith(&mut shapes, &rings, &wood);
        if standing == Standing::Completed {
            shapes.push(Shape { class: "bark".to_owned(), path: wood.bark() });
        }
        Self {
            uid: words::short(&rollout.id, 64),
            class,
            width: Px(SIZE),
            height: Px(SIZE),
            top: Px(0.0),
            title: format!("{}, {}", rollout.flag, standing.word()),
            description: describe(rollout, &rings, standing),
            shapes,
            leaders: Vec::new(),
            labels: Vec::new(),
        }
    }
}

fn rings(rollout: &RolloutResponse, standing: Standing) -> Vec<Ring<'_>> {
    let numbered = (0_u32..).map(f64::from).zip(&rollout.stages);
    numbered.map(|(depth, stage)| Ring { stage, fate: Fate::of(stage, standing), depth }).collect()
}

/// Ring widths follow the logarithm of the share, so that 1 % can be seen beside 95 %.
fn wood(rollout: &RolloutResponse, standing: Standing, here_min: f64, bark: f64) -> Wood {
    let weight = |stage: &StageResponse| match stage.ring {
        Some(_) => 1.0,
        None => (f64::from(stage.share) / 1000.0).ln_1p().mul_add(0.25, 1.0),
    };
    let is_here = |stage: &&StageResponse| Fate::of(stage, standing).is_here();
    let total: f64 = rollout.stages.iter().map(weight).sum();
    let room = RADIUS - PITH;
    let fair = |stage: &StageResponse| weight(stage) / total * room;
    // Whatever the ring that stands takes beyond its fair part comes from the others.
    let here = rollout.stages.iter().find(is_here).map(|stage| (fair(stage).max(here_min), fair(stage)));
    let rest = here.map_or(1.0, |(taken, fair)| (room - taken) / (room - fair).max(1.0));
    let width = |stage: &StageResponse| {
        if is_here(&stage) { fair(stage).max(here_min) } else { fair(stage) * rest }
    };
    let widths: Vec<_> = rollout.stages.iter().map(width).collect();
    Wood::grow(&rollout.id, &widths, PITH, bark, SIZE, 8.0)
}

fn draw_ring(
    shapes: &mut Vec<Shape>,
    ring: &Ring<'_>,
    wood: &Wood,
    rollout: &RolloutResponse,
    standing: Standing,
    grain: u32,
) {
    let depth = ring.depth;
    let mut add = |class: &str, path: String| shapes.push(Shape { class: class.to_owned(), path });
    match ring.fate {
        Fate::Passed => {
            add(&format!("heart tone-{}", tone(depth, wood.depth())), wood.band(depth, depth + 1.0));
            for line in 1..=grain {
                let part = f64::from(line) / f64::from(grain.saturating_add(1));
                add("grain", wood.outline(depth + part));
            }
            add("latewood", wood.outline(depth + 1.0));
        }
        Fate::Growing => {
            add("sapwood", wood.band(depth, depth + 1.0));
            draw_arcs(shapes, depth, wood, progress(rollout));
        }
        Fate::Held => {
            add("standing", wood.band(depth, depth + 1.0));
            draw_arcs(shapes, depth, wood, progress(rollout));
        }
        Fate::Lost => {
            add("lost", wood.outline(depth + 1.0));
            add("scar", wood.scar(depth, SCAR.0, SCAR.1));
            add("scar-hatch", wood.scar(depth, SCAR.0, SCAR.1));
        }
        Fate::Coming if standing.is_live() => add("coming", wood.outline(depth + 1.0)),
        Fate::Coming => add("unreached", wood.outline(depth + 1.0)),
    }
}

/// Three grooves in the ring that stands: bake and data grow clockwise, evidence of harm against them.
fn draw_arcs(shapes: &mut Vec<Shape>, ring: f64, wood: &Wood, progress: Progress) {
    let grooves = [
        (0.23, "arc-bake", progress.bake, 1.0),
        (0.50, "arc-data", progress.data, 1.0),
        (0.77, "arc-harm", progress.harm, -1.0),
    ];
    for (part, class, filled, sense) in grooves {
        let depth = ring + part;
        shapes.push(Shape { class: "groove".to_owned(), path: wood.outline(depth) });
        if filled > 0.004 {
            let path = wood.arc(depth, 0.0, sense * filled.min(0.9999) * TAU);
            shapes.push(Shape { class: "arc-casing".to_owned(), path: path.clone() });
            shapes.push(Shape { class: format!("arc {class}"), path });
        }
    }
}

/// The pith, and rays from it through the heartwood.
fn draw_pith(shapes: &mut Vec<Shape>, rings: &[Ring<'_>], wood: &Wood) {
    let heart = rings.iter().take_while(|ring| ring.fate == Fate::Passed).map(|ring| ring.depth + 1.0).last();
    for ray in 0..11_u32 {
        let Some(heart) = heart else { break };
        let angle = TAU * f64::from(ray) / 11.0;
        let (from, to) = if ray.is_multiple_of(2) { (0.35, 0.97) } else { (0.6, 0.88) };
        shapes.push(Shape { class: "ray".to_owned(), path: wood.ray(heart * from, heart * to, angle) });
    }
    let class = if heart.is_some() { "pith" } else { "pith pith-alone" };
    shapes.push(Shape { class: class.to_owned(), path: wood.outline(0.0) });
}

/// Heartwood is dark at the pith and lighter outwards.
fn tone(depth: f64, of: f64) -> u32 {
    let part = depth / (of - 1.0).max(1.0) * f64::from(TONES.saturating_sub(1));
    (0..TONES).find(|tone| part < f64::from(*tone) + 0.5).unwrap_or(TONES.saturating_sub(1))
}

/// How far the stage is.
pub(super) fn progress(rollout: &RolloutResponse) -> Progress {
    let harm = rollout
        .guardrails
        .iter()
        .map(|guardrail| toward(guardrail.evidence, guardrail.limit))
        .fold(0.0, f64::max);
    let (bake, data) = rollout.gate.map_or((0.0, 0.0), |gate| (bake(&gate), data(&gate)));
    Progress { bake, data, harm }
}

fn bake(gate: &GateResponse) -> f64 {
    let number = |minutes: i64| i32::try_from(minutes).map_or(f64::MAX, f64::from);
    part(number(gate.bake_minutes), number(gate.bake_minutes_needed))
}

fn data(gate: &GateResponse) -> f64 {
    part(number(seen(gate)), number(gate.subjects_needed))
}

/// Subjects of the arm that has fewer; a ring has no control.
pub(super) fn seen(gate: &GateResponse) -> u64 {
    if gate.control == 0 && gate.subjects_needed <= 1 { gate.treated } else { gate.treated.min(gate.control) }
}

fn part(done: f64, needed: f64) -> f64 {
    if needed <= 0.0 { 1.0 } else { (done / needed).clamp(0.0, 1.0) }
}

pub(super) fn number(n: u64) -> f64 {
    u32::try_from(n).map_or(f64::MAX, f64::from)
}

/// How far evidence is on its way to the limit, on a logarithmic scale; below 1 it has not set out.
pub(super) fn toward(evidence: f64, limit: f64) -> f64 {
    let way = evidence.max(1.0).ln() / limit.max(1.0 + f64::EPSILON).ln();
    way.clamp(0.0, 1.0)
}

/// The picture in words.
fn describe(rollout: &RolloutResponse, rings: &[Ring<'_>], standing: Standing) -> String {
    let names = |fates: &[Fate]| -> Vec<String> {
        rings
            .iter()
            .filter(|ring| fates.contains(&ring.fate))
            .map(|ring| words::bare(&ring.stage.name))
            .collect()
    };
    let mut text = format!("Cross-section of a tree with {} rings, one per stage. ", rings.len());
    let mut say = |fates: &[Fate], how: &str| {
        let names = names(fates);
        if !names.is_empty() {
            // Writing to a text cannot fail.
            let _infallible = write!(text, "{} {how}. ", words::list(&names));
        }
    };
    say(&[Fate::Passed], "passed");
    say(&[Fate::Growing], "growing now");
    say(&[Fate::Held], "held");
    say(&[Fate::Lost], "lost and left as a scar");
    say(&[Fate::Coming], Fate::Coming.word(standing));
    text.push_str(&words::plain(&rollout.sentence));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_sets_out_at_one_and_arrives_at_the_limit() {
        assert!(toward(0.2, 125.0) <= 0.0);
        assert!(toward(1.0, 125.0) <= 0.0);
        assert!((toward(125.0_f64.sqrt(), 125.0) - 0.5).abs() < 1e-9);
        assert!(toward(1e300, 125.0) >= 1.0);
    }

    #[test]
    fn heartwood_goes_from_the_darkest_tone_to_the_lightest() {
        assert_eq!([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0].map(|depth| tone(depth, 7.0)), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!([0.0, 1.0].map(|depth| tone(depth, 2.0)), [0, 6]);
        assert_eq!(tone(0.0, 1.0), 0);
    }
}
