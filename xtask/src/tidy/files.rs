//! Rule: files are short enough to read in one go.

use super::repo::Repo;
use super::{Finding, Rule};

pub(super) const RULE: Rule =
    Rule { name: "files", why: "a file is one thought; past this length there are two of them in it", check };

const LINES_MAX: usize = 500;

fn check(repo: &Repo) -> Vec<Finding> {
    let measured = repo.rust_files().map(|file| (file, file.text.lines().count()));
    let long = measured.filter(|(_, lines)| *lines > LINES_MAX);
    let message = |lines| format!("has {lines} lines; {LINES_MAX} is the limit");
    long.map(|(file, lines)| Finding::new(&file.path, LINES_MAX + 1, message(lines))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_caught() {
        assert_eq!(check(&Repo::of_file("src/a.rs", &"\n".repeat(501))).len(), 1);
        assert_eq!(check(&Repo::of_file("src/a.rs", &"\n".repeat(500))), []);
        assert_eq!(check(&Repo::of_file("README.md", &"\n".repeat(501))), []);
    }
}
