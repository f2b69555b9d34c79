//! Rule: the pure crates ban the clock, the environment, files, sockets, threads and unordered maps, all alike.

use super::outside::PURE;
use super::repo::Repo;
use super::{Finding, Rule};

pub(super) const RULE: Rule = Rule {
    name: "pure-lints",
    why: "a crate's clippy.toml replaces the root one, so the pure crates keep identical copies of the whole list",
    check,
};

const MUST_BAN: &[&str] = &[
    "std::time::SystemTime::now",
    "std::time::Instant::now",
    "std::env::var",
    "std::env::var_os",
    "std::fs::read",
    "std::fs::read_to_string",
    "std::fs::write",
    "std::thread::spawn",
    "std::thread::sleep",
    "std::collections::HashMap",
    "std::collections::HashSet",
    "std::fs::File",
    "std::net::TcpStream",
    "std::net::UdpSocket",
];

fn check(repo: &Repo) -> Vec<Finding> {
    let present = PURE.iter().filter(|name| repo.file(&format!("crates/{name}/src/lib.rs")).is_some());
    let mut first: Option<(String, &str)> = None;
    let mut findings = Vec::new();
    for name in present {
        let path = format!("crates/{name}/clippy.toml");
        let Some(file) = repo.file(&path) else {
            findings.push(Finding::new(&path, 1, "is missing"));
            continue;
        };
        let unbanned = MUST_BAN.iter().filter(|item| !file.text.contains(&format!("path = \"{item}\"")));
        findings.extend(unbanned.map(|item| Finding::new(&path, 1, format!("does not ban `{item}`"))));
        match &first {
            None => first = Some((path, &file.text)),
            Some((other, text)) if *text != file.text => {
                findings.push(Finding::new(&path, 1, format!("differs from {other}")));
            }
            Some(_) => {}
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::repo::File;
    use super::*;

    fn lists(banned: &[&str]) -> String {
        let line = |item: &&str| format!("{{ path = \"{item}\", reason = \"pure\" }},");
        banned.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn repo(eval: &str, core: Option<&str>) -> Repo {
        let mut repo = Repo::of_file("crates/sapwood-eval/clippy.toml", eval);
        let add = |repo: &mut Repo, path: &str, text: &str| {
            repo.files.push(File { path: path.to_owned(), text: text.to_owned() });
        };
        add(&mut repo, "crates/sapwood-eval/src/lib.rs", "");
        add(&mut repo, "crates/sapwood-core/src/lib.rs", "");
        if let Some(core) = core {
            add(&mut repo, "crates/sapwood-core/clippy.toml", core);
        }
        repo
    }

    #[test]
    fn a_missing_a_short_and_a_different_list_are_caught() {
        let full = lists(MUST_BAN);
        let short = lists(MUST_BAN.split_last().expect("not empty").1);
        assert_eq!(check(&repo(&full, None)).len(), 1, "missing");
        assert_eq!(check(&repo(&short, Some(&short))).len(), 2, "short, twice");
        assert_eq!(check(&repo(&full, Some(&format!("{full}# own\n")))).len(), 1, "different");
        assert_eq!(check(&repo(&full, Some(&full))), []);
    }
}
