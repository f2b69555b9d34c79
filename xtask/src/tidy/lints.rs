//! Rule: every crate takes part in the workspace's lints.

use super::repo::{File, Repo};
use super::{Finding, Rule};

pub(super) const RULE: Rule = Rule {
    name: "lints",
    why: "a manifest without `[lints] workspace = true` leaves the crate out of every lint, silently",
    check,
};

fn check(repo: &Repo) -> Vec<Finding> {
    let manifests = repo.files.iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    let outside = manifests.filter(|file| !inherits(file));
    outside
        .map(|file| Finding::new(&file.path, 1, "has no `[lints]` section with `workspace = true`"))
        .collect()
}

fn inherits(manifest: &File) -> bool {
    let mut lines = manifest.text.lines().map(str::trim).skip_while(|line| *line != "[lints]").skip(1);
    lines.find(|line| !line.is_empty()).is_some_and(|line| line == "workspace = true")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_outside_the_lints_is_caught() {
        let path = "crates/a/Cargo.toml";
        assert_eq!(check(&Repo::of_file(path, "[package]\nname = \"a\"\n")).len(), 1);
        assert_eq!(check(&Repo::of_file(path, "[lints]\n[features]\nworkspace = true\n")).len(), 1);
        assert_eq!(check(&Repo::of_file(path, "[package]\n\n[lints]\nworkspace = true\n")), []);
    }
}
