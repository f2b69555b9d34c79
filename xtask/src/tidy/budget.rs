//! Rule: the program is built on a bounded number of crates.

use super::repo::Repo;
use super::{Finding, Rule};

pub(super) const RULE: Rule = Rule {
    name: "budget",
    why: "every crate is code to audit and time to compile; going over is a conversation, not a habit",
    check,
};

const PROGRAM: &str = "sapwood";
/// Normal dependencies of the program on the platform we ship, our own crates included. There were 202 when the ceiling
/// was set; raise it together with the crate that needs it, and never above 360.
const CRATES_MAX: usize = 250;

fn check(repo: &Repo) -> Vec<Finding> {
    let crates = repo.graph.below(PROGRAM).len();
    if crates <= CRATES_MAX {
        return Vec::new();
    }
    let message = format!("`{PROGRAM}` is built on {crates} crates; {CRATES_MAX} is the ceiling");
    vec![Finding::new("Cargo.lock", 1, message)]
}

#[cfg(test)]
mod tests {
    use super::super::graph::Graph;
    use super::*;

    fn repo(crates: usize) -> Repo {
        let start = Graph::of_ours(&[(PROGRAM, &[])]);
        let add = |graph: Graph, number| graph.with_outside(PROGRAM, &format!("crate-{number}"), Some("MIT"));
        Repo { graph: (0..crates).fold(start, add), ..Repo::default() }
    }

    #[test]
    fn one_crate_too_many_is_caught() {
        assert_eq!(check(&repo(CRATES_MAX)), []);
        assert_eq!(check(&repo(CRATES_MAX + 1)).len(), 1);
    }
}
