//! Rule: the pure crates stand on a short list of outside crates.

use super::graph::Package;
use super::repo::Repo;
use super::{Finding, Rule};

pub(super) const RULE: Rule = Rule {
    name: "outside",
    why: "a pure crate reads no clock, file, socket or random source, so it may use only crates that do not either",
    check,
};

/// The crates that are functions and nothing else.
pub(super) const PURE: &[&str] =
    &["sapwood-words", "sapwood-eval", "sapwood-stats", "sapwood-planner", "sapwood-core"];

/// Pure crate → outside crates it may be built on. Test dependencies are free.
const OUTSIDE: &[(&str, &[&str])] = &[
    ("sapwood-eval", &["jiff", "regex", "semver", "serde", "serde_json", "thiserror"]),
    ("sapwood-words", &["serde", "serde_json"]),
    ("sapwood-stats", &[]),
    ("sapwood-planner", &["serde", "serde_json", "thiserror"]),
    ("sapwood-core", &["jiff", "serde", "serde_json", "sha2", "thiserror", "uuid"]),
];

fn check(repo: &Repo) -> Vec<Finding> {
    let pure = repo.graph.ours().filter(|package| PURE.contains(&package.name.as_str()));
    pure.flat_map(check_crate).collect()
}

fn check_crate(package: &Package) -> Vec<Finding> {
    let row = OUTSIDE.iter().find(|(name, _)| *name == package.name);
    let allowed = row.map(|(_, allowed)| *allowed).unwrap_or_default();
    let built_on = package.declared.iter().filter(|dependency| !dependency.for_tests_only);
    let outside =
        built_on.map(|dependency| dependency.name.as_str()).filter(|name| !name.starts_with("sapwood-"));
    let wrong = outside.filter(|name| !allowed.contains(name));
    wrong
        .map(|name| {
            let message = format!("`{}` is pure and may not use `{name}`", package.name);
            Finding::new(&format!("crates/{}/Cargo.toml", package.name), 1, message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::graph::{Declared, Graph};
    use super::*;

    fn findings(graph: Graph) -> Vec<Finding> {
        check(&Repo { graph, ..Repo::default() })
    }

    #[test]
    fn a_runtime_in_a_pure_crate_is_caught() {
        let found = findings(Graph::of_ours(&[("sapwood-core", &["tokio", "serde"])]));
        assert_eq!(found.len(), 1);
        assert!(found.iter().all(|finding| finding.message.contains("tokio")), "{found:?}");
    }

    #[test]
    fn test_dependencies_and_impure_crates_are_free() {
        let mut graph = Graph::of_ours(&[("sapwood-stats", &[]), ("sapwood-http", &["tokio"])]);
        let proptest = Declared { name: "proptest".to_owned(), for_tests_only: true };
        graph.packages.get_mut("sapwood-stats").expect("just made").declared.push(proptest);
        assert_eq!(findings(graph), []);
    }

    #[test]
    fn every_pure_crate_has_a_row() {
        assert!(PURE.iter().all(|name| OUTSIDE.iter().any(|(row, _)| row == name)));
    }
}
