//! Reading Rust source: what is test code, and where things stand in the file.

use proc_macro2::Span;
use syn::{Attribute, Meta};

use super::repo::File;
use super::{Finding, Rule};

/// Files that hold only test code, by where they are: `tests.rs` beside a module, or anything in a `tests` folder.
pub(super) fn is_test_file(path: &str) -> bool {
    path.contains("/tests/") || path.starts_with("tests/") || path.ends_with("/tests.rs")
}

/// `#[cfg(test)]` and its combinations, negation left out.
pub(super) fn is_cfg_test(attributes: &[Attribute]) -> bool {
    let conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    conditions.into_iter().any(|attribute| {
        let Meta::List(list) = &attribute.meta else { return false };
        let text = list.tokens.to_string();
        let words: Vec<&str> =
            text.split(|character: char| !character.is_alphanumeric() && character != '_').collect();
        words.contains(&"test") && !words.contains(&"not")
    })
}

/// `#[test]`, `#[tokio::test]` and the like.
pub(super) fn is_test_function(attributes: &[Attribute]) -> bool {
    let last = |attribute: &Attribute| {
        attribute.path().segments.last().is_some_and(|segment| segment.ident == "test")
    };
    attributes.iter().any(last)
}

pub(super) fn line(span: Span) -> usize {
    span.start().line
}

/// The syntax tree, or the finding that there is none.
pub(super) fn parse(file: &File, rule: &Rule) -> Result<syn::File, Finding> {
    syn::parse_file(&file.text).map_err(|error| {
        let message = format!("rule `{}` cannot parse this: {error}", rule.name);
        Finding::new(&file.path, line(error.span()), message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(text: &str) -> Vec<Attribute> {
        let item: syn::ItemFn = syn::parse_str(&format!("{text} fn f() {{}}")).expect("valid Rust");
        item.attrs
    }

    #[test]
    fn test_configurations_are_recognised() {
        assert!(is_cfg_test(&attribute("#[cfg(test)]")));
        assert!(is_cfg_test(&attribute("#[cfg(any(test, feature = \"x\"))]")));
        assert!(!is_cfg_test(&attribute("#[cfg(not(test))]")));
        assert!(!is_cfg_test(&attribute("#[cfg(feature = \"latest\")]")));
    }

    #[test]
    fn test_functions_and_files_are_recognised() {
        assert!(is_test_function(&attribute("#[tokio::test(start_paused = true)]")));
        assert!(!is_test_function(&attribute("#[inline]")));
        assert!(is_test_file("crates/sapwood-eval/src/bucket/tests.rs"));
        assert!(is_test_file("crates/sapwood-http/tests/it/main.rs"));
        assert!(!is_test_file("crates/sapwood-eval/src/attests.rs"));
    }
}
