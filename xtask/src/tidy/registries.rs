//! Rule: dependencies come from the public registries, by their default addresses.

use super::repo::{File, Repo};
use super::{Finding, Rule};

pub(super) const RULE: Rule = Rule {
    name: "registries",
    why: "a clone builds anywhere only if no file sends it to a registry of somebody's own",
    check,
};

/// Client configuration that would redirect whoever clones the repository.
const CONFIGURATION: &[&str] = &[".npmrc", ".yarnrc", ".yarnrc.yml", "pip.conf", ".pypirc"];
const CARGO_SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";
const NPM_REGISTRY: &str = "https://registry.npmjs.org/";
const PIP_OPTIONS: &[&str] =
    &["--index-url", "--extra-index-url", "--find-links", "-i ", "-f ", "--trusted-host"];

fn check(repo: &Repo) -> Vec<Finding> {
    repo.files.iter().flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Finding> {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let complaint: fn(&str) -> Option<String> = match name {
        "Cargo.lock" => cargo_lock,
        "package-lock.json" => npm_lock,
        "requirements.txt" => requirements,
        "config.toml" if file.path.contains(".cargo/") => cargo_config,
        _ if CONFIGURATION.contains(&name) => {
            return vec![Finding::new(&file.path, 1, "configures a client")];
        }
        _ => return Vec::new(),
    };
    let lines = file.numbered_lines();
    lines
        .filter_map(|(number, line)| Some(Finding::new(&file.path, number, complaint(line.trim())?)))
        .collect()
}

fn cargo_lock(line: &str) -> Option<String> {
    let source = line.strip_prefix("source = ")?.trim_matches('"');
    (source != CARGO_SOURCE).then(|| format!("comes from {source}"))
}

fn npm_lock(line: &str) -> Option<String> {
    let address = line.strip_prefix("\"resolved\": ")?.trim_end_matches(',').trim_matches('"');
    (!address.starts_with(NPM_REGISTRY)).then(|| format!("comes from {address}"))
}

fn requirements(line: &str) -> Option<String> {
    let option = PIP_OPTIONS.iter().find(|option| line.starts_with(**option));
    let is_pinned = line.is_empty() || line.starts_with('#') || line.contains("==");
    match option {
        Some(option) => Some(format!("sets `{}`", option.trim())),
        None if is_pinned => None,
        None => Some("is not pinned with `==`".to_owned()),
    }
}

fn cargo_config(line: &str) -> Option<String> {
    let redirects = ["[source", "[registries", "[registry", "registry ", "replace-with"];
    redirects.iter().any(|start| line.starts_with(start)).then(|| "redirects cargo".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> usize {
        check(&Repo::of_file(path, text)).len()
    }

    #[test]
    fn every_way_to_another_registry_is_caught() {
        assert_eq!(findings("Cargo.lock", "source = \"registry+https://example.test/index\""), 1);
        assert_eq!(
            findings("tests/a/package-lock.json", "  \"resolved\": \"https://example.test/a.tgz\","),
            1
        );
        assert_eq!(findings("tests/a/requirements.txt", "--index-url https://example.test/simple"), 1);
        assert_eq!(findings("tests/a/requirements.txt", "openfeature-sdk>=0.1"), 1);
        assert_eq!(findings(".cargo/config.toml", "[source.crates-io]\nreplace-with = \"own\""), 2);
        assert_eq!(findings("tests/a/.npmrc", "fund=false"), 1);
    }

    #[test]
    fn the_public_registries_pass() {
        assert_eq!(findings("Cargo.lock", &format!("source = \"{CARGO_SOURCE}\"")), 0);
        assert_eq!(
            findings("tests/a/package-lock.json", &format!("\"resolved\": \"{NPM_REGISTRY}a.tgz\"")),
            0
        );
        assert_eq!(findings("tests/a/requirements.txt", "# why\nopenfeature-sdk==0.10.0\n"), 0);
        assert_eq!(findings(".cargo/config.toml", "[alias]\nxtask = \"run --package xtask --\""), 0);
    }
}
