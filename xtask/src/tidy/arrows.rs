//! Rule: our crates use only the crates below them.

use super::graph::Package;
use super::repo::Repo;
use super::{Finding, Rule};

pub(super) const RULE: Rule = Rule {
    name: "arrows",
    why: "each crate may use only what is below it (ARCHITECTURE.md); an arrow the other way makes a knot of two crates",
    check,
};

/// Crate → what it may use of ours, in normal, build and test dependencies alike.
const ARROWS: &[(&str, &[&str])] = &[
    ("sapwood-words", &[]),
    ("sapwood-eval", &[]),
    ("sapwood-stats", &[]),
    ("sapwood-planner", &["sapwood-words"]),
    ("sapwood-api", &[]),
    ("sapwood-file", &["sapwood-stats", "sapwood-planner", "sapwood-words"]),
    ("sapwood-core", &["sapwood-eval", "sapwood-stats", "sapwood-planner", "sapwood-words"]),
    ("sapwood-store", &["sapwood-core", "sapwood-eval"]),
    (
        "sapwood-engine",
        &["sapwood-store", "sapwood-core", "sapwood-eval", "sapwood-stats", "sapwood-api", "sapwood-words"],
    ),
    ("sapwood-http", &["sapwood-engine", "sapwood-api", "sapwood-core", "sapwood-eval", "sapwood-words"]),
    ("sapwood-sdk", &["sapwood-eval", "sapwood-api"]),
    (
        "sapwood-sim",
        &["sapwood-engine", "sapwood-store", "sapwood-core", "sapwood-stats", "sapwood-eval", "sapwood-api"],
    ),
    (
        "sapwood",
        &[
            "sapwood-http",
            "sapwood-engine",
            "sapwood-sim",
            "sapwood-sdk",
            "sapwood-store",
            "sapwood-core",
            "sapwood-eval",
            "sapwood-api",
            "sapwood-stats",
            "sapwood-planner",
            "sapwood-file",
            "sapwood-words",
        ],
    ),
    ("xtask", &[]),
];

fn check(repo: &Repo) -> Vec<Finding> {
    let is_ours = |name: &str| ARROWS.iter().any(|(known, _)| *known == name);
    repo.graph.ours().flat_map(|package| check_crate(package, is_ours)).collect()
}

fn check_crate(package: &Package, is_ours: impl Fn(&str) -> bool) -> Vec<Finding> {
    let at = |message: String| Finding::new(&format!("{}/Cargo.toml", package.name), 1, message);
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package.name) else {
        return vec![at(format!(
            "`{}` is not in the table of arrows in xtask/src/tidy/arrows.rs",
            package.name
        ))];
    };
    let names = package.declared.iter().map(|dependency| dependency.name.as_str());
    let wrong = names.filter(|name| is_ours(name) && *name != package.name && !allowed.contains(name));
    wrong.map(|name| at(format!("`{}` may not use `{name}`", package.name))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::graph::Graph;
    use super::*;

    fn findings(name: &str, dependencies: &[&str]) -> usize {
        let graph = Graph::of_ours(&[(name, dependencies)]);
        check(&Repo { graph, ..Repo::default() }).len()
    }

    #[test]
    fn an_arrow_upwards_or_past_the_seam_is_caught() {
        assert_eq!(findings("sapwood-core", &["sapwood-store"]), 1);
        assert_eq!(findings("sapwood-http", &["sapwood-store", "sapwood-engine"]), 1);
        assert_eq!(findings("sapwood-api", &["sapwood-eval"]), 1);
    }

    #[test]
    fn a_crate_without_a_place_is_caught() {
        assert_eq!(findings("sapwood-helpers", &[]), 1);
    }

    #[test]
    fn arrows_downwards_pass() {
        assert_eq!(findings("sapwood-engine", &["sapwood-store", "sapwood-api", "tokio"]), 0);
    }

    /// The table itself must not allow a knot: whatever a crate may use comes from a row above it.
    #[test]
    fn the_table_has_no_cycle() {
        let depth = |name: &str| ARROWS.iter().position(|(known, _)| *known == name);
        let mut arrows = ARROWS.iter().flat_map(|(from, all)| all.iter().map(move |to| (from, to)));
        assert!(arrows.all(|(from, to)| depth(to) < depth(from)));
    }
}
