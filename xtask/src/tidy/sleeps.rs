//! Rule: tests do not sleep.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{ItemFn, ItemMod, Macro, Path};

use super::repo::{File, Repo};
use super::{Finding, Rule, rust};

pub(super) const RULE: Rule = Rule {
    name: "sleeps",
    why: "a test that sleeps is slow when it passes and wrong when the machine is busy; pass `now`, pause the clock, or wait for the event",
    check,
};

const SLEEPS: &[&str] = &["sleep", "sleep_until", "sleep_ms"];

/// What the same thing is called in the other languages of the tests.
const SLEEPS_ELSEWHERE: &[(&str, &[&str])] = &[
    ("mjs", &["setTimeout(", "waitForTimeout(", "timers/promises"]),
    ("py", &["time.sleep(", "asyncio.sleep("]),
];

fn check(repo: &Repo) -> Vec<Finding> {
    let rust = repo.rust_files().flat_map(check_rust);
    let others = repo.files.iter().filter(|file| file.path.starts_with("tests/")).flat_map(check_other);
    rust.chain(others).collect()
}

fn check_other(file: &File) -> Vec<Finding> {
    let language = SLEEPS_ELSEWHERE.iter().find(|(extension, _)| file.has_extension(&[extension]));
    let spellings = language.map(|(_, spellings)| *spellings).unwrap_or_default();
    let mut findings = Vec::new();
    for (number, line) in file.numbered_lines() {
        let present = spellings.iter().filter(|spelling| line.contains(**spelling));
        findings.extend(
            present.map(|spelling| Finding::new(&file.path, number, format!("`{spelling}` in a test"))),
        );
    }
    findings
}

fn check_rust(file: &File) -> Vec<Finding> {
    let tree = match rust::parse(file, &RULE) {
        Ok(tree) => tree,
        Err(finding) => return vec![finding],
    };
    let mut walk = Walk { path: &file.path, in_tests: rust::is_test_file(&file.path), findings: Vec::new() };
    walk.visit_file(&tree);
    walk.findings
}

struct Walk<'f> {
    path: &'f str,
    in_tests: bool,
    findings: Vec<Finding>,
}

impl Walk<'_> {
    fn report(&mut self, ident: &proc_macro2::Ident) {
        let is_sleep = SLEEPS.iter().any(|name| ident == name);
        if self.in_tests && is_sleep {
            let finding = Finding::new(self.path, rust::line(ident.span()), format!("`{ident}` in a test"));
            self.findings.push(finding);
        }
    }

    /// Macros are not parsed: inside them a sleep is its name and an opening parenthesis.
    fn search(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(ident) => {
                    let is_call = matches!(tokens.peek(), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
                    if is_call {
                        self.report(&ident);
                    }
                }
                TokenTree::Group(group) => self.search(group.stream()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        let outside = self.in_tests;
        self.in_tests |= rust::is_cfg_test(&module.attrs);
        visit::visit_item_mod(self, module);
        self.in_tests = outside;
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        let outside = self.in_tests;
        self.in_tests |= rust::is_test_function(&function.attrs);
        visit::visit_item_fn(self, function);
        self.in_tests = outside;
    }

    fn visit_path(&mut self, path: &'ast Path) {
        if let Some(last) = path.segments.last() {
            self.report(&last.ident);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invocation: &'ast Macro) {
        self.search(invocation.tokens.clone());
        visit::visit_macro(self, invocation);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> usize {
        check(&Repo::of_file(path, text)).len()
    }

    #[test]
    fn sleeping_tests_are_caught() {
        let test = |body: &str| format!("#[tokio::test] async fn t() {{ {body} }}");
        assert_eq!(findings("src/a.rs", &test("std::thread::sleep(d);")), 1);
        assert_eq!(findings("src/a.rs", &test("tokio::time::sleep(d).await;")), 1);
        assert_eq!(findings("src/a.rs", &test("select! { () = sleep(d) => {} }")), 1);
        assert_eq!(findings("src/a.rs", "#[cfg(test)] mod tests { fn wait() { sleep(d); } }"), 1);
        assert_eq!(findings("crates/a/tests/it/main.rs", "fn wait() { thread::sleep(d); }"), 1);
    }

    #[test]
    fn sleeping_tests_in_other_languages_are_caught() {
        let (node, python) = (concat!("setTime", "out(done, 5)"), concat!("time.sl", "eep(1)"));
        assert_eq!(findings("tests/browser/a.test.mjs", node), 1);
        assert_eq!(findings("tests/sdk/python/test_a.py", python), 1);
    }

    #[test]
    fn the_product_may_wait() {
        assert_eq!(findings("src/a.rs", "async fn tick() { tokio::time::sleep(d).await; }"), 0);
    }
}
