//! The repository's own rules. `cargo xtask tidy` prints what breaks them; a test fails on the same findings.
//!
//! Each rule has a file of its own, and in it the proof that it can fail: a bad sample that it must catch.

mod arrows;
mod banned;
mod budget;
mod files;
mod functions;
mod graph;
mod licences;
mod lints;
mod marks;
mod outside;
mod pure_lints;
mod purpose;
mod registries;
mod repo;
mod rust;
mod sleeps;
mod spdx;
mod templates;
mod words;

use std::fmt;

use crate::failure::Failure;
use crate::places::{Places, repository_root};
use crate::steps::Report;
use repo::Repo;

/// One rule: what it asks for and how it is checked.
#[derive(Debug)]
struct Rule {
    name: &'static str,
    /// The reason, printed with the findings.
    why: &'static str,
    check: fn(&Repo) -> Vec<Finding>,
}

/// One place where a rule is broken.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    path: String,
    line: usize,
    message: String,
}

impl Finding {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

const RULES: &[Rule] = &[
    arrows::RULE,
    outside::RULE,
    lints::RULE,
    pure_lints::RULE,
    functions::RULE,
    files::RULE,
    purpose::RULE,
    licences::RULE,
    banned::RULE,
    budget::RULE,
    marks::RULE,
    sleeps::RULE,
    templates::RULE,
    words::RULE,
    registries::RULE,
];

/// The step of `cargo xtask`.
pub(crate) fn step(_places: &Places, report: &mut Report) -> Result<(), Failure> {
    let repo = Repo::read(&repository_root())?;
    report.note = Some(format!("{} rules on {} files", RULES.len(), repo.files.len()));
    let complaint = complaint(&repo);
    if complaint.is_empty() { Ok(()) } else { Err(Failure::Found(complaint)) }
}

/// Everything that breaks a rule, or nothing.
fn complaint(repo: &Repo) -> String {
    let mut lines = Vec::new();
    for rule in RULES {
        let findings = (rule.check)(repo);
        if !findings.is_empty() {
            lines.push(format!("tidy rule `{}`: {}", rule.name, rule.why));
            lines.extend(findings.iter().map(|finding| format!("  {finding}")));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_obeys_its_rules() {
        let repo = Repo::read(&repository_root()).expect("the repository can be read");
        let complaint = complaint(&repo);
        assert!(complaint.is_empty(), "{complaint}");
    }

    #[test]
    fn every_rule_file_is_in_the_table() {
        let repo = Repo::read(&repository_root()).expect("the repository can be read");
        let files = repo.files.iter().filter(|file| file.path.starts_with("xtask/src/tidy/"));
        let with_rule = files.filter(|file| file.text.contains("const RULE: Rule")).count();
        assert_eq!(with_rule, RULES.len());
    }
}
