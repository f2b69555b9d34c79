//! Strongly connected components: slices that need each other in a circle cannot part.

use std::collections::BTreeMap;

use crate::model::{Plan, SliceId};

/// Edges slice → slice by requirement alone, among the slices that have a position.
pub(crate) fn requirement_edges(plan: &Plan, positions: &BTreeMap<&SliceId, usize>) -> Vec<(usize, usize)> {
    let both = |left: &SliceId, right: &SliceId| Some((*positions.get(left)?, *positions.get(right)?));
    plan.requires.iter().filter_map(|requirement| both(&requirement.needs, &requirement.slice)).collect()
}

/// The same, and a circle through each together group.
pub(crate) fn all_edges(plan: &Plan, positions: &BTreeMap<&SliceId, usize>) -> Vec<(usize, usize)> {
    let mut edges = requirement_edges(plan, positions);
    for group in &plan.together {
        let members: Vec<usize> = group.iter().filter_map(|id| positions.get(id).copied()).collect();
        let next = members.iter().skip(1).chain(members.first());
        edges.extend(members.iter().copied().zip(next.copied()));
    }
    edges
}

/// Tarjan's components (SIAM J. Comput. 1, 1972), with a stack of its own so that long chains do no harm.
pub(crate) fn of(count: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut next = vec![Vec::new(); count];
    for (from, to) in edges {
        if let Some(list) = next.get_mut(*from) {
            list.push(*to);
        }
    }
    let mut search = Search {
        next,
        index: vec![None; count],
        low: vec![0; count],
        open: Vec::new(),
        is_open: vec![false; count],
        found: Vec::new(),
        seen: 0,
    };
    for root in 0..count {
        search.visit(root);
    }
    search.found
}

struct Search {
    next: Vec<Vec<usize>>,
    index: Vec<Option<usize>>,
    low: Vec<usize>,
    open: Vec<usize>,
    is_open: Vec<bool>,
    found: Vec<Vec<usize>>,
    seen: usize,
}

#[expect(clippy::indexing_slicing, reason = "every number is a node below `count`, the length of every list")]
impl Search {
    fn visit(&mut self, root: usize) {
        if self.index[root].is_some() {
            return;
        }
        self.enter(root);
        let mut path = vec![(root, 0)];
        while let Some((node, edge)) = path.pop() {
            let Some(&to) = self.next[node].get(edge) else {
                self.leave(node);
                if let Some((parent, _)) = path.last() {
                    self.low[*parent] = self.low[*parent].min(self.low[node]);
                }
                continue;
            };
            path.push((node, edge + 1));
            match self.index[to] {
                None => {
                    self.enter(to);
                    path.push((to, 0));
                }
                Some(index) if self.is_open[to] => self.low[node] = self.low[node].min(index),
                Some(_) => {}
            }
        }
    }

    fn enter(&mut self, node: usize) {
        self.index[node] = Some(self.seen);
        self.low[node] = self.seen;
        self.seen += 1;
        self.open.push(node);
        self.is_open[node] = true;
    }

    fn leave(&mut self, node: usize) {
        if self.index[node] != Some(self.low[node]) {
            return;
        }
        let mut component = Vec::new();
        while let Some(member) = self.open.pop() {
            self.is_open[member] = false;
            component.push(member);
            if member == node {
                break;
            }
        }
        self.found.push(component);
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn circles_are_found_and_chains_are_not() {
        let mut found = of(6, &[(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 3)]);
        for component in &mut found {
            component.sort_unstable();
        }
        found.sort();
        assert_eq!(found, [vec![0, 1, 2], vec![3, 4], vec![5]]);
    }

    #[test]
    fn a_long_chain_does_not_exhaust_the_stack() {
        let edges: Vec<(usize, usize)> = (1..200_000).map(|node| (node - 1, node)).collect();
        assert_eq!(of(200_000, &edges).len(), 200_000);
    }
}
