//! Rule: every crate we build on has a licence we may ship under.

use super::graph::Package;
use super::repo::Repo;
use super::{Finding, Rule, spdx};

pub(super) const RULE: Rule = Rule {
    name: "licences",
    why: "the program is MIT OR Apache-2.0, so nothing in it may ask for more than a notice",
    check,
};

const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

fn check(repo: &Repo) -> Vec<Finding> {
    let refused = repo.graph.packages.values().filter(|package| !is_allowed(package));
    let message = |package: &Package| {
        let licence = package.licence.as_deref().unwrap_or("no licence expression");
        format!("`{} {}` has {licence}", package.name, package.version)
    };
    refused.map(|package| Finding::new("Cargo.lock", 1, message(package))).collect()
}

fn is_allowed(package: &Package) -> bool {
    let expression = package.licence.as_deref().unwrap_or_default();
    spdx::is_satisfied(expression, |name| ALLOWED.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::super::graph::Graph;
    use super::*;

    fn findings(licence: Option<&str>) -> usize {
        let graph = Graph::default().with_outside("sapwood", "other", licence);
        check(&Repo { graph, ..Repo::default() }).len()
    }

    #[test]
    fn a_licence_off_the_list_or_absent_is_caught() {
        assert_eq!(findings(Some("GPL-3.0-only")), 1);
        assert_eq!(findings(Some("MIT AND AGPL-3.0")), 1);
        assert_eq!(findings(None), 1);
        assert_eq!(findings(Some("GPL-3.0-only OR MIT")), 0);
    }
}
