//! Buckets one by one: who owns each, who gives up which, who takes them. Plain rather than clever; it runs once an edit.

use std::collections::BTreeMap;

/// The arm that takes what no other asks for.
pub(super) const REST: usize = 0;

/// How many subjects move, by the arms they leave and join.
pub(super) type Moves = BTreeMap<(usize, usize), usize>;

/// Who owns each bucket, and where each arm started.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    owners: Vec<usize>,
    /// By arm; `None` until it has a place.
    anchors: Vec<Option<usize>>,
}

impl Cells {
    /// Leaves so many buckets to the rest.
    pub(super) fn fill(&mut self, length: usize) {
        self.owners = vec![REST; length];
    }

    /// Makes room for so many arms, the rest included.
    pub(super) fn arms(&mut self, arms: usize) {
        let arms = arms.max(self.anchors.len());
        self.anchors.resize(arms, None);
    }

    /// Appends buckets of an arm as a table lists them. The first are its anchor, unless some of no width mark it.
    pub(super) fn append(&mut self, arm: usize, length: usize) {
        self.arms(arm + 1);
        let at = self.owners.len();
        if let Some(anchor) = self.anchors.get_mut(arm) {
            *anchor = if length == 0 { Some(at) } else { anchor.or(Some(at)) };
        }
        self.owners.extend(std::iter::repeat_n(arm, length));
    }

    /// Gives arms without a place anchors at even distances.
    pub(super) fn space_evenly(&mut self) {
        let arms = self.anchors.len().saturating_sub(1).max(1);
        for (at, anchor) in self.anchors.iter_mut().skip(1).enumerate() {
            *anchor = Some(self.owners.len() * at / arms);
        }
    }

    /// Moves the fewest buckets so that each arm owns as many as wanted (which must add up), and says which moved.
    pub(super) fn reallocate(&mut self, wanted: &[usize]) -> Moves {
        self.arms(wanted.len());
        let before = self.owners.clone();
        let mut have = vec![0_usize; wanted.len()];
        for owner in &self.owners {
            if let Some(count) = have.get_mut(*owner) {
                *count += 1;
            }
        }
        let arms = || have.iter().zip(wanted).enumerate().skip(1);
        let mut given_up = 0;
        for (arm, (have, wanted)) in arms() {
            let surplus = have.saturating_sub(*wanted);
            self.release(arm, surplus);
            given_up += surplus;
        }
        let asked: usize = arms().map(|(_, (have, wanted))| wanted.saturating_sub(*have)).sum();
        // What arms give up is taken before the rest loses anything: that is what makes the movement minimal.
        let mut free =
            Free { given_up: given_up.min(asked), rest: asked.saturating_sub(given_up), before: &before };
        // Arms that have a place go first, so that a new one settles in what they leave.
        for placed in [true, false] {
            for (arm, (have, wanted)) in arms() {
                let has_place = *have > 0;
                if has_place == placed {
                    self.take(arm, wanted.saturating_sub(*have), &mut free);
                }
            }
        }
        self.moves(&before)
    }

    /// Gives up the buckets that an arm took last.
    fn release(&mut self, arm: usize, mut count: usize) {
        let order: Vec<usize> = self.order(arm).collect();
        for at in order.into_iter().rev() {
            if count == 0 {
                return;
            }
            if let Some(owner) = self.owners.get_mut(at).filter(|owner| **owner == arm) {
                *owner = REST;
                count -= 1;
            }
        }
    }

    /// Takes free buckets: beyond the last it owns first, and holes before that only then.
    fn take(&mut self, arm: usize, mut count: usize, free: &mut Free<'_>) {
        if count == 0 {
            return;
        }
        let empty = !self.owners.contains(&arm);
        if self.anchors.get(arm).is_none_or(Option::is_none) {
            let place = self.place_in_widest(free, count);
            self.settle(arm, place);
        }
        let order: Vec<usize> = self.order(arm).collect();
        let owned_until =
            order.iter().rposition(|at| self.owners.get(*at) == Some(&arm)).map_or(0, |last| last + 1);
        let (before, beyond) = order.split_at(owned_until);
        let mut first = None;
        for at in beyond.iter().chain(before) {
            if count == 0 {
                break;
            }
            if self.owners.get(*at) == Some(&REST) && free.take(*at) {
                if let Some(owner) = self.owners.get_mut(*at) {
                    *owner = arm;
                }
                first = first.or(Some(*at));
                count -= 1;
            }
        }
        if let Some(first) = first.filter(|_| empty) {
            self.settle(arm, first);
        }
    }

    fn settle(&mut self, arm: usize, at: usize) {
        if let Some(anchor) = self.anchors.get_mut(arm) {
            *anchor = Some(at);
        }
    }

    /// Every bucket in the order in which an arm takes them: from its anchor to the right and around.
    fn order(&self, arm: usize) -> impl Iterator<Item = usize> + use<> {
        let length = self.owners.len();
        let anchor = self.anchors.get(arm).copied().flatten().unwrap_or(0);
        (0..length).map(move |step| (anchor + step) % length)
    }

    /// Where in the widest span that can be taken a new arm of so many buckets begins: in the middle, where it has most
    /// room and leaves its neighbours most, or so far before it that it fits.
    fn place_in_widest(&self, free: &Free<'_>, count: usize) -> usize {
        let (mut best, mut start) = ((0, 0), None);
        for at in 0..=self.owners.len() {
            let takeable = self.owners.get(at) == Some(&REST) && free.may_take(at);
            match (takeable, start) {
                (true, None) => start = Some(at),
                (false, Some(from)) => {
                    if at - from > best.1 {
                        best = (from, at - from);
                    }
                    start = None;
                }
                (true, Some(_)) | (false, None) => {}
            }
        }
        let (from, width) = best;
        // A span that reaches from the very first bucket belongs to nobody yet: begin with it.
        if width == self.owners.len() { 0 } else { from + (width / 2).min(width.saturating_sub(count)) }
    }

    fn moves(&self, before: &[usize]) -> Moves {
        let mut moves = Moves::new();
        for (from, to) in before.iter().zip(&self.owners).filter(|(from, to)| from != to) {
            *moves.entry((*from, *to)).or_default() += 1;
        }
        moves
    }

    /// Runs of one owner, with marks of no width where arms that `keeps` says need their anchor remembered.
    pub(super) fn runs(&self, keeps: impl Fn(usize) -> bool) -> Vec<(usize, usize)> {
        let mut marks = BTreeMap::<usize, Vec<usize>>::new();
        for (arm, anchor) in self.anchors.iter().enumerate().skip(1) {
            let Some(anchor) = anchor.filter(|_| keeps(arm)) else { continue };
            let first = self.owners.iter().position(|owner| *owner == arm);
            if first != Some(anchor) {
                marks.entry(anchor).or_default().push(arm);
            }
        }
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for (at, owner) in self.owners.iter().enumerate() {
            let marked = marks.remove(&at).unwrap_or_default();
            let fresh = !marked.is_empty();
            runs.extend(marked.into_iter().map(|arm| (arm, 0)));
            match runs.last_mut() {
                Some((arm, length)) if arm == owner && !fresh => *length += 1,
                Some(_) | None => runs.push((*owner, 1)),
            }
        }
        runs
    }
}

/// What may still be taken without moving more than necessary.
struct Free<'a> {
    given_up: usize,
    rest: usize,
    before: &'a [usize],
}

impl Free<'_> {
    fn may_take(&self, at: usize) -> bool {
        if self.before.get(at) == Some(&REST) { self.rest > 0 } else { self.given_up > 0 }
    }

    fn take(&mut self, at: usize) -> bool {
        let left = if self.before.get(at) == Some(&REST) { &mut self.rest } else { &mut self.given_up };
        let fine = *left > 0;
        *left = left.saturating_sub(1);
        fine
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells(owners: &[usize]) -> Cells {
        let mut cells = Cells::default();
        for owner in owners {
            cells.append(*owner, 1);
        }
        cells
    }

    fn counts(owners: &[usize], arms: usize) -> Vec<usize> {
        (0..arms).map(|arm| owners.iter().filter(|owner| **owner == arm).count()).collect()
    }

    /// The fewest buckets that any table with these counts moves, by trying them all.
    fn fewest(before: &[usize], left: &mut [usize]) -> usize {
        let Some((first, others)) = before.split_first() else { return 0 };
        let mut best = usize::MAX;
        for arm in 0..left.len() {
            if left[arm] > 0 {
                left[arm] -= 1;
                best = best.min(fewest(others, left).saturating_add(usize::from(arm != *first)));
                left[arm] += 1;
            }
        }
        best
    }

    proptest! {
        #[test]
        fn movement_is_minimal(before in prop::collection::vec(0_usize..4, 1..8), after in prop::collection::vec(0_usize..4, 8)) {
            let wanted = counts(&after[..before.len()], 4);
            let mut table = cells(&before);
            let moves = table.reallocate(&wanted);
            prop_assert_eq!(counts(&table.owners, 4), wanted.clone());
            prop_assert_eq!(moves.values().sum::<usize>(), fewest(&before, &mut wanted.clone()));
        }

        #[test]
        fn expansion_takes_only_from_the_rest(before in prop::collection::vec(0_usize..4, 1..40), more in prop::collection::vec(1_usize..4, 0..40)) {
            let mut table = cells(&before);
            let mut wanted = counts(&before, 4);
            for arm in more {
                if wanted[REST] > 0 {
                    wanted[REST] -= 1;
                    wanted[arm] += 1;
                }
            }
            let moves = table.reallocate(&wanted);
            prop_assert!(moves.keys().all(|(from, _)| *from == REST), "{:?}", moves);
        }
    }
}
