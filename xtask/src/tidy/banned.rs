//! Rule: crates we decided against do not come back through somebody else's dependencies.

use super::repo::Repo;
use super::{Finding, Rule};

pub(super) const RULE: Rule = Rule {
    name: "banned",
    why: "one TLS stack that needs no C library at run time, and no parser without a maintainer",
    check,
};

/// Crate → what to use instead.
const BANNED: &[(&str, &str)] = &[
    ("openssl", "rustls with ring"),
    ("openssl-sys", "rustls with ring"),
    ("native-tls", "rustls with ring"),
    ("aws-lc-rs", "rustls with ring"),
    ("aws-lc-sys", "rustls with ring"),
    ("serde_yaml", "serde-saphyr"),
    ("serde_yml", "serde-saphyr"),
];

fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in repo.graph.packages.values() {
        let ban = BANNED.iter().find(|(name, _)| *name == package.name);
        findings.extend(ban.map(|(name, instead)| {
            Finding::new("Cargo.lock", 1, format!("`{name}` is in the build; use {instead}"))
        }));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::graph::Graph;
    use super::*;

    #[test]
    fn a_banned_crate_is_caught() {
        let graph = |name| Graph::default().with_outside("sapwood", name, Some("MIT"));
        assert_eq!(check(&Repo { graph: graph("openssl-sys"), ..Repo::default() }).len(), 1);
        assert_eq!(check(&Repo { graph: graph("rustls"), ..Repo::default() }), []);
    }
}
