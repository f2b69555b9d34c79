//! Rule: templates need nothing that the content security policy forbids.

use super::repo::{File, Repo};
use super::{Finding, Rule};

pub(super) const RULE: Rule = Rule {
    name: "templates",
    why: "the policy allows scripts and styles from our own files only, so anything inline is dead in the browser",
    check,
};

const FOLDER: &str = "crates/sapwood-http/templates/";
/// Attributes that htmx would compile into functions.
const COMPILED: &[&str] = &["hx-on", "hx-live"];

fn check(repo: &Repo) -> Vec<Finding> {
    let templates =
        repo.files.iter().filter(|file| file.path.starts_with(FOLDER) && file.has_extension(&["html"]));
    templates.flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Finding> {
    let markup = blanked(&file.text);
    let mut findings = Vec::new();
    for (start, tag) in tags(&markup) {
        let line = 1 + markup.get(..start).unwrap_or_default().matches('\n').count();
        findings.extend(complaints(tag).into_iter().map(|message| Finding::new(&file.path, line, message)));
    }
    findings
}

/// What is wrong with one opening tag, given without its angle brackets.
fn complaints(tag: &str) -> Vec<String> {
    let tag = tag.to_ascii_lowercase();
    let name = tag.split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default();
    let attributes = attributes(tag.get(name.len()..).unwrap_or_default());
    let mut messages = Vec::new();
    if name == "style" {
        messages.push("inline <style>".to_owned());
    }
    if name == "script" && !attributes.iter().any(|(attribute, _)| *attribute == "src") {
        messages.push("inline <script>".to_owned());
    }
    for (attribute, value) in attributes {
        let is_handler = attribute.starts_with("on") && attribute.len() > 2;
        let is_compiled = COMPILED.iter().any(|prefix| attribute.starts_with(prefix));
        if is_handler || is_compiled || attribute == "style" {
            messages.push(format!("inline `{attribute}`"));
        }
        if value.trim_start().starts_with(concat!("java", "script:")) || value.trim_start().starts_with("js:")
        {
            messages.push(format!("code in `{attribute}`"));
        }
    }
    messages
}

/// `class="a" hidden href=b` → (class, a), (hidden, ""), (href, b)
fn attributes(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        let end = rest.find(|c: char| c.is_whitespace() || c == '=' || c == '/').unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let Some(assigned) = after.trim_start().strip_prefix('=') else {
            if name.is_empty() {
                return found;
            }
            found.push((name, ""));
            rest = after;
            continue;
        };
        let (value, after) = value(assigned.trim_start());
        found.push((name, value));
        rest = after;
    }
}

/// An attribute's value, and what follows it.
fn value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(quoted) = text.strip_prefix(quote) {
            return quoted.split_once(quote).unwrap_or((quoted, ""));
        }
    }
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
}

/// Opening tags with their offsets; quoted `>` do not end a tag.
fn tags(markup: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (start, _) in markup.match_indices('<') {
        let inside = markup.get(start + 1..).unwrap_or_default();
        if !inside.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let mut quote: Option<char> = None;
        let end = inside.find(|c: char| {
            match quote {
                Some(open) if c == open => quote = None,
                None if c == '"' || c == '\'' => quote = Some(c),
                Some(_) | None => {}
            }
            quote.is_none() && c == '>'
        });
        found.push((start, inside.get(..end.unwrap_or(inside.len())).unwrap_or_default()));
    }
    found
}

/// The markup with template expressions and comments replaced by blanks; lines stay where they are.
fn blanked(text: &str) -> String {
    let mut markup = text.to_owned();
    for (open, close) in [("{#", "#}"), ("{%", "%}"), ("{{", "}}"), ("<!--", "-->")] {
        while let Some(start) = markup.find(open) {
            let rest = markup.get(start..).unwrap_or_default();
            let length = rest.find(close).map_or(rest.len(), |at| at + close.len());
            let hidden = rest.get(..length).unwrap_or_default();
            let blank: String = hidden.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
            markup.replace_range(start..start + length, &blank);
        }
    }
    markup
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> usize {
        check(&Repo::of_file("crates/sapwood-http/templates/page.html", text)).len()
    }

    #[test]
    fn everything_inline_is_caught() {
        for bad in [
            "<button onclick=\"go()\">",
            "<body\n  onload=go()>",
            "<p style=\"color: red\">",
            "<p {% if x == \"y\" %}style='{{ css }}'{% endif %}>",
            "<script>go()</script>",
            "<script type=\"module\">",
            "<style>p {}</style>",
            "<a HREF=\"javascript:go()\">",
            "<div hx-on:click=\"go()\">",
            "<div hx-vals='js:{a: 1}'>",
        ] {
            assert_eq!(findings(bad), 1, "{bad}");
        }
    }

    #[test]
    fn ordinary_markup_passes() {
        for good in [
            "<script src=\"/assets/{{ name }}.js\" type=\"module\"></script>",
            "<p class=\"on style\" data-on=\"x > y\" hidden>style=\"not an attribute\"</p>",
            "{# <p style=\"x\"> #}<!-- <script>old()</script> --><br/>",
            "{% if a < b %}<input type=checkbox checked>{% endif %}",
        ] {
            assert_eq!(findings(good), 0, "{good}");
        }
    }

    #[test]
    fn the_line_of_a_finding_is_the_line_of_its_tag() {
        let found = check(&Repo::of_file(&format!("{FOLDER}a.html"), "{#\n#}\n<p style=\"x\">"));
        assert_eq!(found.first().map(|finding| finding.line), Some(3));
    }
}
