//! Licence expressions: `MIT OR (Apache-2.0 AND ISC)` against a list of licences we may ship.

/// Whether some choice within `expression` uses only allowed licences. The old spelling `MIT/Apache-2.0` means `OR`.
pub(super) fn is_satisfied(expression: &str, is_allowed: impl Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { rest: &tokens, is_allowed: &is_allowed };
    let satisfied = reader.any_of();
    satisfied && reader.rest.is_empty()
}

struct Reader<'t, F> {
    rest: &'t [&'t str],
    is_allowed: &'t F,
}

impl<'t, F: Fn(&str) -> bool> Reader<'t, F> {
    fn any_of(&mut self) -> bool {
        let mut satisfied = self.all_of();
        while self.take("OR") {
            satisfied |= self.all_of();
        }
        satisfied
    }

    fn all_of(&mut self) -> bool {
        let mut satisfied = self.one();
        while self.take("AND") {
            satisfied &= self.one();
        }
        satisfied
    }

    fn one(&mut self) -> bool {
        if self.take("(") {
            let satisfied = self.any_of();
            return self.take(")") && satisfied;
        }
        let Some(name) = self.next() else { return false };
        if self.take("WITH") {
            let exception = self.next().unwrap_or_default();
            return (self.is_allowed)(&format!("{name} WITH {exception}"));
        }
        (self.is_allowed)(name)
    }

    fn next(&mut self) -> Option<&'t str> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn take(&mut self, wanted: &str) -> bool {
        let is_next = self.rest.first().is_some_and(|token| *token == wanted);
        if is_next {
            self.next();
        }
        is_next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_follow_their_grammar() {
        let allowed = |name: &str| ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].contains(&name);
        for (expression, expected) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("GPL-3.0 OR MIT", true),
            ("GPL-3.0/MIT", true),
            ("MIT AND GPL-3.0", false),
            ("MIT AND (GPL-3.0 OR ISC)", true),
            ("(MIT OR ISC) AND GPL-3.0", false),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("Apache-2.0", false),
            ("MIT OR", true),
            ("MIT ISC", false),
            ("(MIT", false),
            ("", false),
        ] {
            assert_eq!(is_satisfied(expression, allowed), expected, "{expression}");
        }
    }
}
