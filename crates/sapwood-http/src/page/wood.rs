//! The shape of one tree's wood: how far each ring reaches in each direction.
//!
//! A ring's width is its own, everything else comes from the seed: the pith lies a little off the middle, the whole
//! stem is slightly oval, and each ring is thicker here and thinner there. Widths add up outwards, so rings never
//! cross however irregular they are.

use std::f64::consts::TAU;

use super::curve::{self, Point};
use super::seed::Seed;

/// Points on an outline; enough for the shortest wave.
const OUTLINE_POINTS: u32 = 26;
const BARK_POINTS: u32 = 80;

/// A sum of waves around the stem.
struct Waves(Vec<Wave>);

struct Wave {
    times: f64,
    height: f64,
    from: f64,
}

impl Waves {
    fn draw(seed: &mut Seed, heights: &[(f64, f64)]) -> Self {
        let wave = |(times, height): &(f64, f64)| Wave {
            times: *times,
            height: height * seed.unit().mul_add(0.6, 0.4),
            from: seed.unit() * TAU,
        };
        Self(heights.iter().map(wave).collect())
    }

    fn at(&self, angle: f64) -> f64 {
        self.0.iter().map(|wave| wave.height * (wave.times.mul_add(angle, wave.from)).cos()).sum()
    }
}

/// A tree's wood. Angles are clockwise from the top, in radians; a depth of 2.5 is the middle of the third ring.
pub(super) struct Wood {
    pith: f64,
    rings: Vec<(f64, Waves)>,
    stem: Waves,
    bark: Waves,
    bark_width: f64,
    scale: f64,
    centre: Point,
}

impl Wood {
    /// Wood with rings of these relative widths that fits a square of `size` with `margin` around it, together with
    /// its bark. Rings in `fixed` are widths on the drawing instead of relative ones.
    pub(super) fn grow(id: &str, widths: &[f64], pith: f64, bark_width: f64, size: f64, margin: f64) -> Self {
        let mut seed = Seed::of(id);
        let stem = Waves::draw(&mut seed, &[(1.0, 0.13), (2.0, 0.04), (3.0, 0.016)]);
        let ring = |width: &f64| {
            (*width, Waves::draw(&mut seed, &[(2.0, 0.06), (3.0, 0.045), (5.0, 0.035), (8.0, 0.025)]))
        };
        let rings = widths.iter().map(ring).collect();
        let bark = Waves::draw(&mut seed, &[(11.0, 0.22), (17.0, 0.25), (23.0, 0.2), (31.0, 0.15)]);
        let mut wood =
            Self { pith, rings, stem, bark, bark_width, scale: 1.0, centre: Point { x: 0.0, y: 0.0 } };
        wood.fit(size, margin);
        wood
    }

    /// Scales and moves the wood so that it fills its square.
    fn fit(&mut self, size: f64, margin: f64) {
        let edge = self.ring_points(self.depth(), OUTLINE_POINTS);
        let reach = |pick: fn(&Point) -> f64| {
            let ends = edge
                .iter()
                .map(pick)
                .fold((f64::MAX, f64::MIN), |(low, high), at| (low.min(at), high.max(at)));
            (ends.0, ends.1 - ends.0)
        };
        let ((left, width), (top, height)) = (reach(|point| point.x), reach(|point| point.y));
        let room = self.bark_width.mul_add(-2.6, margin.mul_add(-2.0, size));
        self.scale = room / width.max(height).max(1.0);
        self.centre = Point {
            x: size / 2.0 - (left + width / 2.0) * self.scale,
            y: size / 2.0 - (top + height / 2.0) * self.scale,
        };
    }

    /// How many rings there are.
    pub(super) fn depth(&self) -> f64 {
        u32::try_from(self.rings.len()).map_or(0.0, f64::from)
    }

    /// The place at this depth in this direction.
    pub(super) fn point(&self, depth: f64, angle: f64) -> Point {
        self.place(self.radius(depth, angle), angle)
    }

    /// The outline at this depth.
    pub(super) fn outline(&self, depth: f64) -> String {
        curve::closed(&self.ring_points(depth, OUTLINE_POINTS))
    }

    /// The wood between two depths, all around; to be filled by the even-odd rule.
    pub(super) fn band(&self, inner: f64, outer: f64) -> String {
        let hole = if inner > 0.0 { self.outline(inner) } else { String::new() };
        format!("{}{hole}", self.outline(outer))
    }

    /// A line at this depth, from one direction to another.
    pub(super) fn arc(&self, depth: f64, from: f64, to: f64) -> String {
        let points: Vec<_> = angles(from, to, OUTLINE_POINTS).map(|angle| self.point(depth, angle)).collect();
        curve::open(&points, 'M')
    }

    /// A wound in one ring: a crescent between two directions that eats a little into the wood below.
    pub(super) fn scar(&self, ring: f64, from: f64, to: f64) -> String {
        let depth = |angle: f64, height: f64| {
            let way = (angle - from) / (to - from);
            (way * TAU / 2.0).sin().max(0.0).powf(0.55).mul_add(height, ring)
        };
        let side = |from, to, height| -> Vec<Point> {
            angles(from, to, OUTLINE_POINTS).map(|angle| self.point(depth(angle, height), angle)).collect()
        };
        format!("{}{}z", curve::open(&side(from, to, 0.92), 'M'), curve::open(&side(to, from, -0.16), 'L'))
    }

    /// The bark outside the last ring: smooth on the wood, rugged outside.
    pub(super) fn bark(&self) -> String {
        let ring = self.depth();
        let rugged: Vec<_> = angles(0.0, TAU, BARK_POINTS)
            .take(usize::try_from(BARK_POINTS).unwrap_or(0))
            .map(|angle| {
                let thick = self.bark_width * (1.0 + self.bark.at(angle)).max(0.35);
                self.place(self.radius(ring, angle) + thick / self.scale, angle)
            })
            .collect();
        format!("{}{}", curve::closed(&rugged), self.outline(ring))
    }

    /// A crack along the grain, from one depth to another.
    pub(super) fn ray(&self, from: f64, to: f64, angle: f64) -> String {
        let (start, end) = (self.point(from, angle), self.point(to, angle + 0.01));
        format!("M{:.1} {:.1}L{:.1} {:.1}", start.x, start.y, end.x, end.y)
    }

    fn ring_points(&self, depth: f64, points: u32) -> Vec<Point> {
        angles(0.0, TAU, points)
            .take(usize::try_from(points).unwrap_or(0))
            .map(|angle| self.point(depth, angle))
            .collect()
    }

    fn radius(&self, depth: f64, angle: f64) -> f64 {
        let stem = self.stem.at(angle);
        let mut left = depth;
        let mut radius = self.pith * (1.0 + stem);
        for (width, waves) in &self.rings {
            // Past the last ring nothing is added; below the first the pith shrinks.
            let part = left.min(1.0);
            radius += part * width * (1.0 + stem + waves.at(angle));
            left -= part;
            if left <= 0.0 {
                break;
            }
        }
        radius.max(0.0)
    }

    fn place(&self, radius: f64, angle: f64) -> Point {
        let radius = radius * self.scale;
        Point {
            x: radius.mul_add(angle.sin(), self.centre.x),
            y: radius.mul_add(-angle.cos(), self.centre.y),
        }
    }
}

/// Directions from one to another, both included, at the spacing of an outline of `around` points.
fn angles(from: f64, to: f64, around: u32) -> impl Iterator<Item = f64> {
    let step = TAU / f64::from(around);
    let span = to - from;
    let mut steps = 1_u32;
    while f64::from(steps) * step < span.abs() - 1e-9 {
        steps = steps.saturating_add(1);
    }
    (0..=steps).map(move |at| span.mul_add(f64::from(at) / f64::from(steps), from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wood(id: &str) -> Wood {
        Wood::grow(id, &[1.0, 2.0, 1.0, 3.0], 0.4, 9.0, 500.0, 10.0)
    }

    #[test]
    fn rings_never_cross_and_stay_in_their_square() {
        for id in ["a", "b", "0197a3c0-0000-7000-8000-000000000001", "something else"] {
            let wood = wood(id);
            for angle in angles(0.0, TAU, 90) {
                let radii: Vec<_> = (0..=16).map(|at| wood.radius(f64::from(at) / 4.0, angle)).collect();
                assert!(radii.windows(2).all(|pair| pair[0] < pair[1]), "{id} {angle}: {radii:?}");
                let Point { x, y } = wood.point(4.0, angle);
                assert!((0.0..500.0).contains(&x) && (0.0..500.0).contains(&y), "{id}: {x} {y}");
            }
        }
    }

    #[test]
    fn the_same_rollout_always_looks_the_same() {
        assert_eq!(wood("a").outline(2.0), wood("a").outline(2.0));
        assert_ne!(wood("a").outline(2.0), wood("b").outline(2.0));
    }

    #[test]
    fn directions_include_both_ends() {
        let all: Vec<_> = angles(0.0, TAU / 4.0, 4).collect();
        assert_eq!(all, [0.0, TAU / 4.0]);
        assert_eq!(angles(1.0, 1.0, 26).count(), 2);
    }
}
