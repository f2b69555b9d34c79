//! Rule: nothing in the repository points into somebody's machine.

use super::repo::{File, Repo};
use super::{Finding, Rule};

pub(super) const RULE: Rule = Rule {
    name: "words",
    why: "a path or host of one workplace means nothing to anybody else, and tells strangers about the workplace",
    check,
};

/// Absolute folders of a workplace, split so that this file does not break its own rule.
const FOLDERS: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/tmp/tar", "get")];
/// Hosts that are mirrors of something public.
const MIRROR_HOSTS: &[&str] = &["registry", "mirror", "artifactory"];
const PUBLIC_HOSTS: &[&str] = &["registry.npmjs.org"];

fn check(repo: &Repo) -> Vec<Finding> {
    repo.files.iter().flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in file.numbered_lines() {
        let folders = FOLDERS.iter().filter(|folder| names_folder(line, folder));
        findings.extend(folders.map(|folder| Finding::new(&file.path, number, format!("names `{folder}`"))));
        let hosts = hosts(line).filter(|host| is_private_mirror(host));
        findings
            .extend(hosts.map(|host| Finding::new(&file.path, number, format!("names the host `{host}`"))));
    }
    findings
}

/// Whether the line holds an absolute path that begins with `folder`.
fn names_folder(line: &str, folder: &str) -> bool {
    let continues_a_path =
        |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | ')' | '*' | '~' | '>');
    line.match_indices(folder).any(|(start, _)| {
        let before = line.get(..start).and_then(|text| text.chars().next_back());
        !before.is_some_and(continues_a_path)
    })
}

/// The host of every URL in the line.
fn hosts(line: &str) -> impl Iterator<Item = &str> {
    let is_host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    line.split("://").skip(1).map(move |rest| rest.split(|c: char| !is_host(c)).next().unwrap_or_default())
}

fn is_private_mirror(host: &str) -> bool {
    !PUBLIC_HOSTS.contains(&host) && MIRROR_HOSTS.iter().any(|word| host.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> usize {
        check(&Repo::of_file("docs/a.md", text)).len()
    }

    #[test]
    fn paths_of_a_workplace_are_caught() {
        for folder in FOLDERS {
            assert_eq!(findings(&format!("see {folder}x")), 1, "{folder}");
            assert_eq!(findings(&format!("{folder}x")), 1, "{folder}");
        }
        assert_eq!(findings(concat!("docs/wo", "rk/in-progress and ~/wo", "rk/x")), 0);
    }

    #[test]
    fn mirrors_are_caught_and_the_public_ones_pass() {
        assert_eq!(findings(concat!("https://npm-mir", "ror.example.test/a")), 1);
        assert_eq!(findings(concat!("sparse+https://regi", "stry.example.test:8080/")), 1);
        assert_eq!(findings("https://registry.npmjs.org/a/-/a-1.0.0.tgz and https://crates.io"), 0);
    }
}
