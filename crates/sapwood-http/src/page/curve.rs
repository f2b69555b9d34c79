//! Smooth curves through points, as SVG path data.

use std::fmt::{self, Write as _};

/// A place on the drawing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// A coordinate, written with one digit after the point: finer than any screen, and short.
#[derive(Debug, Clone, Copy)]
pub(super) struct Px(pub(super) f64);

impl fmt::Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}", self.0)
    }
}

/// A smooth curve through all points and back to the first.
pub(super) fn closed(points: &[Point]) -> String {
    let Some(first) = points.first() else { return String::new() };
    let mut path = format!("M{:.1} {:.1}", first.x, first.y);
    let around = || points.iter().cycle();
    let before = around().skip(points.len().saturating_sub(1));
    let corners = points.iter().zip(before).zip(around().skip(1)).zip(around().skip(2));
    for (((from, before), to), after) in corners {
        bend(&mut path, *before, *from, *to, *after);
    }
    path.push('z');
    path
}

/// A smooth curve from the first point to the last. `start` is the command that reaches the first: `M` or `L`.
pub(super) fn open(points: &[Point], start: char) -> String {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return String::new() };
    let mut path = format!("{start}{:.1} {:.1}", first.x, first.y);
    let before = std::iter::once(first).chain(points);
    let after = points.iter().skip(2).chain(std::iter::once(last));
    let corners = points.iter().zip(before).zip(points.iter().skip(1)).zip(after);
    for (((from, before), to), after) in corners {
        bend(&mut path, *before, *from, *to, *after);
    }
    path
}

/// One Catmull-Rom piece as a cubic Bézier curve.
fn bend(path: &mut String, before: Point, from: Point, to: Point, after: Point) {
    let lead = |a: f64, b: f64| (b - a) / 6.0;
    let _infallible = write!(
        path,
        "C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}",
        from.x + lead(before.x, to.x),
        from.y + lead(before.y, to.y),
        to.x - lead(from.x, after.x),
        to.y - lead(from.y, after.y),
        to.x,
        to.y,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_curve_ends_where_it_starts() {
        let square = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)].map(|(x, y)| Point { x, y });
        let path = closed(&square);
        assert!(path.starts_with("M0.0 0.0C") && path.ends_with(" 0.0 0.0z"), "{path}");
        assert_eq!(path.matches('C').count(), 4);
    }

    #[test]
    fn an_open_curve_visits_every_point_once() {
        let line = [(0.0, 0.0), (3.0, 0.0), (6.0, 0.0)].map(|(x, y)| Point { x, y });
        assert_eq!(open(&line, 'M'), "M0.0 0.0C0.5 0.0 2.0 0.0 3.0 0.0C4.0 0.0 5.5 0.0 6.0 0.0");
        assert_eq!(open(&[], 'M'), "");
    }
}
