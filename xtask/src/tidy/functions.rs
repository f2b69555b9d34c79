//! Rule: functions fit on a screen.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Block, ImplItemFn, ItemFn, ItemMod, Signature, TraitItemFn};

use super::repo::{File, Repo};
use super::{Finding, Rule, rust};

pub(super) const RULE: Rule = Rule {
    name: "functions",
    why: "what is tidy and what is not differ in the longest functions; past one screen nobody holds the whole in mind",
    check,
};

const LINES_MAX: usize = 70;
/// Tests are read one at a time and from the top, so a longer one hurts less.
const LINES_MAX_IN_TESTS: usize = 120;

fn check(repo: &Repo) -> Vec<Finding> {
    repo.rust_files().flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Finding> {
    let tree = match rust::parse(file, &RULE) {
        Ok(tree) => tree,
        Err(finding) => return vec![finding],
    };
    let in_tests = rust::is_test_file(&file.path);
    let mut walk = Walk { path: &file.path, in_tests, findings: Vec::new() };
    walk.visit_file(&tree);
    walk.findings
}

struct Walk<'f> {
    path: &'f str,
    in_tests: bool,
    findings: Vec<Finding>,
}

impl Walk<'_> {
    /// Counted from the line of `fn` to the closing brace, comments and blank lines included.
    fn measure(&mut self, signature: &Signature, body: &Block) {
        let start = rust::line(signature.span());
        let lines = body.span().end().line.saturating_sub(start) + 1;
        let limit = if self.in_tests { LINES_MAX_IN_TESTS } else { LINES_MAX };
        if lines > limit {
            let message = format!("`{}` has {lines} lines; {limit} is the limit", signature.ident);
            self.findings.push(Finding::new(self.path, start, message));
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
        self.measure(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(body) = &function.default {
            self.measure(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function of exactly `lines` lines.
    fn function(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    step();\n".repeat(lines - 2))
    }

    fn findings(path: &str, text: &str) -> usize {
        check(&Repo::of_file(path, text)).len()
    }

    #[test]
    fn the_limit_is_the_last_length_that_passes() {
        assert_eq!(findings("src/a.rs", &function(70)), 0);
        assert_eq!(findings("src/a.rs", &function(71)), 1);
    }

    #[test]
    fn methods_and_default_methods_are_measured() {
        assert_eq!(findings("src/a.rs", &format!("impl A {{\n{}}}\n", function(71))), 1);
        assert_eq!(findings("src/a.rs", &format!("trait A {{\n{}}}\n", function(71))), 1);
    }

    #[test]
    fn tests_have_a_limit_of_their_own() {
        let module = |lines| format!("#[cfg(test)]\nmod tests {{\n{}}}\n", function(lines));
        assert_eq!(findings("src/a.rs", &module(120)), 0);
        assert_eq!(findings("src/a.rs", &module(121)), 1);
        assert_eq!(findings("src/a/tests.rs", &function(120)), 0);
    }

    #[test]
    fn a_file_that_is_not_rust_is_a_finding() {
        assert_eq!(findings("src/a.rs", "fn {"), 1);
    }
}
