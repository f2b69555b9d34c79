//! Rule: nothing in the source says that it is unfinished.

use super::repo::{File, Repo};
use super::{Finding, Rule};

pub(super) const RULE: Rule = Rule {
    name: "marks",
    why: "a mark in the code is a task nobody is assigned to, and an ignored test is one that nobody runs",
    check,
};

/// Split in two, so that this file does not break its own rule.
const MARKS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("to", "do!"),
    concat!("unimpl", "emented!"),
    concat!("#[ig", "nore"),
];

const SOURCE: &[&str] = &["rs", "js", "mjs", "css", "html", "sql", "py", "toml"];

fn check(repo: &Repo) -> Vec<Finding> {
    let sources = repo.files.iter().filter(|file| file.has_extension(SOURCE) && !file.is_vendored());
    sources.flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in file.numbered_lines() {
        let present = MARKS.iter().filter(|mark| has_word(line, mark));
        findings.extend(present.map(|mark| Finding::new(&file.path, number, format!("contains `{mark}`"))));
    }
    findings
}

/// Whether `mark` occurs in `line` and is not a part of a longer word.
fn has_word(line: &str, mark: &str) -> bool {
    let is_word = |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let ends_in_word = is_word(mark.chars().last());
    line.match_indices(mark).any(|(start, _)| {
        let before = line.get(..start).and_then(|text| text.chars().next_back());
        let after = line.get(start + mark.len()..).and_then(|text| text.chars().next());
        let inside = is_word(before) || (ends_in_word && is_word(after));
        !inside
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> usize {
        check(&Repo::of_file(path, text)).len()
    }

    #[test]
    fn each_mark_is_caught() {
        for mark in MARKS {
            assert_eq!(findings("src/a.rs", &format!("// {mark} later\n")), 1, "{mark}");
        }
    }

    #[test]
    fn longer_words_other_files_and_vendored_code_pass() {
        let mark = MARKS.first().expect("not empty");
        assert_eq!(findings("src/a.rs", &format!("const {mark}S: u8 = 1;\n")), 0);
        assert_eq!(findings("notes.md", mark), 0);
        assert_eq!(findings("crates/a/assets/htmx.min.js", mark), 0);
    }
}
