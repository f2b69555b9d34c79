//! Maximum flow (Dinic 1970), for the one question asked of it: which down-closed set weighs most.

use std::collections::VecDeque;

struct Edge {
    to: usize,
    left: u64,
}

struct Graph {
    edges: Vec<Edge>,
    from: Vec<Vec<usize>>,
    level: Vec<usize>,
    next: Vec<usize>,
}

/// The smallest down-closed set of greatest weight; empty when no set weighs more than nothing.
///
/// `needs` holds, per element, what must be in the set with it.
pub(crate) fn heaviest_closed_set(weights: &[i64], needs: &[Vec<usize>]) -> Vec<usize> {
    let count = weights.len();
    let (source, sink) = (count, count + 1);
    let mut graph =
        Graph { edges: Vec::new(), from: vec![Vec::new(); count + 2], level: Vec::new(), next: Vec::new() };
    for (element, weight) in weights.iter().enumerate() {
        match weight.signum() {
            1 => graph.add(source, element, weight.unsigned_abs()),
            -1 => graph.add(element, sink, weight.unsigned_abs()),
            _ => {}
        }
    }
    for (element, needs) in needs.iter().enumerate() {
        for need in needs {
            graph.add(element, *need, u64::MAX / 4);
        }
    }
    while graph.layer(source, sink) {
        while graph.push(source, sink, u64::MAX / 4) > 0 {}
    }
    // What the source still reaches in the residual graph is the source's side of a least cut.
    (0..count).filter(|element| graph.level.get(*element).is_some_and(|level| *level < usize::MAX)).collect()
}

#[expect(clippy::indexing_slicing, reason = "nodes and edges are numbered by this graph alone")]
impl Graph {
    fn add(&mut self, from: usize, to: usize, capacity: u64) {
        self.from[from].push(self.edges.len());
        self.edges.push(Edge { to, left: capacity });
        self.from[to].push(self.edges.len());
        self.edges.push(Edge { to: from, left: 0 });
    }

    fn layer(&mut self, source: usize, sink: usize) -> bool {
        self.level = vec![usize::MAX; self.from.len()];
        self.next = vec![0; self.from.len()];
        self.level[source] = 0;
        let mut queue = VecDeque::from([source]);
        while let Some(node) = queue.pop_front() {
            for edge in &self.from[node] {
                let edge = &self.edges[*edge];
                if edge.left > 0 && self.level[edge.to] == usize::MAX {
                    self.level[edge.to] = self.level[node] + 1;
                    queue.push_back(edge.to);
                }
            }
        }
        self.level[sink] < usize::MAX
    }

    fn push(&mut self, node: usize, sink: usize, flow: u64) -> u64 {
        if node == sink {
            return flow;
        }
        while let Some(&number) = self.from[node].get(self.next[node]) {
            let Edge { to, left } = self.edges[number];
            if left > 0 && self.level[to] == self.level[node] + 1 {
                let pushed = self.push(to, sink, flow.min(left));
                if pushed > 0 {
                    self.edges[number].left -= pushed;
                    self.edges[number ^ 1].left += pushed;
                    return pushed;
                }
            }
            self.next[node] += 1;
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::heaviest_closed_set;

    #[test]
    fn a_burden_is_taken_only_for_what_is_worth_more() {
        let needs = vec![vec![], vec![0], vec![0], vec![]];
        assert_eq!(heaviest_closed_set(&[-5, 3, 1, -1], &needs), Vec::<usize>::new());
        assert_eq!(heaviest_closed_set(&[-5, 3, 3, -1], &needs), [0, 1, 2]);
        assert_eq!(heaviest_closed_set(&[-5, 6, -1, 2], &needs), [0, 1, 3]);
        assert_eq!(heaviest_closed_set(&[0, 0], &[vec![1], vec![0]]), Vec::<usize>::new());
    }
}
