//! Rule: every Rust file opens with a sentence on what it is for.

use super::repo::{File, Repo};
use super::{Finding, Rule};

pub(super) const RULE: Rule =
    Rule { name: "purpose", why: "the first line tells a reader whether this is the file they want", check };

fn check(repo: &Repo) -> Vec<Finding> {
    let without = repo.rust_files().filter(|file| !has_purpose(file));
    without.map(|file| Finding::new(&file.path, 1, "does not open with `//! ` and a purpose")).collect()
}

fn has_purpose(file: &File) -> bool {
    let first = file.text.lines().next().unwrap_or_default();
    // A crate whose documentation is its README says so on the first line.
    let from_readme = first.starts_with("#![doc = include_str!(");
    let sentence = first.strip_prefix("//! ").unwrap_or_default();
    from_readme || sentence.split_whitespace().count() >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> usize {
        check(&Repo::of_file("src/a.rs", text)).len()
    }

    #[test]
    fn a_file_without_a_purpose_is_caught() {
        assert_eq!(findings("use std::fmt;\n"), 1);
        assert_eq!(findings("// not a doc comment\n"), 1);
        assert_eq!(findings("//!\n//! late\n"), 1);
        assert_eq!(findings("//! Walks the rules.\n"), 0);
        assert_eq!(findings("#![doc = include_str!(\"../README.md\")]\n"), 0);
    }
}
