//! Exit codes: one meaning each, one table of them for the program's help, its errors in JSON, and the reference.

use std::fmt::Write as _;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exit {
    pub(crate) code: u8,
    /// A stable word, which errors in JSON carry.
    pub(crate) word: &'static str,
    pub(crate) meaning: &'static str,
}

macro_rules! exits {
    ($($name:ident = $code:literal $word:literal $meaning:literal;)*) => {
        $(#[doc = $meaning] pub(crate) const $name: Exit = Exit { code: $code, word: $word, meaning: $meaning };)*
        /// All but success, by code.
        pub(crate) const ALL: &[Exit] = &[$($name),*];
    };
}

// 9 is kept for a command that waits and is not answered in time.
exits! {
    FAILED = 1 "failed" "something failed: a disk, a defect, data that is not as it was written";
    USAGE = 2 "usage" "the command line cannot be read, or leaves out what is needed";
    REFUSED = 3 "refused" "what was given is wrong: a file, a definition, a context, a request; the message has the place";
    NOT_FOUND = 4 "not_found" "something that was named is not there: a file, a project, a flag, an entry";
    CONFLICT = 5 "conflict" "somebody was quicker, or the state of things does not allow it";
    ROLLED_BACK = 6 "rolled_back" "the rollout that was watched was rolled back";
    AUTH = 7 "auth" "the token is missing, wrong, or may not do this";
    UNREACHABLE = 8 "unreachable" "the server cannot be reached";
    NOT_SERVED = 10 "not_served" "the flag is defined, and not served in this environment";
    NO_ANSWER = 11 "no_answer" "the flag is served, and cannot be evaluated for this subject";
    FALLS_SHORT = 12 "falls_short" "all is right, and what was asked for is not kept: a date, a harm budget, a scenario's end";
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code)
    }
}

/// What `sapwood help` says of them.
pub(crate) fn help() -> String {
    let mut out = String::from("Exit codes:\n   0  done\n");
    for exit in ALL {
        let _ = writeln!(out, "  {:>2}  {}", exit.code, exit.meaning);
    }
    out.push_str("\nWith --json an error is one object on standard output: {\"format\": 1, \"error\": {…}}.");
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_has_one_meaning_and_the_reference_has_them_all() {
        let mut table = String::from("| exit code | word | |\n|---|---|---|\n| 0 | | done |\n");
        for exit in ALL {
            let _ = writeln!(table, "| {} | `{}` | {} |", exit.code, exit.word, exit.meaning);
        }
        let page = include_str!("../../../docs/reference/cli.md");
        assert!(page.contains(&table), "put this into docs/reference/cli.md:\n{table}");
        let codes: BTreeSet<u8> = ALL.iter().map(|exit| exit.code).collect();
        let words: BTreeSet<&str> = ALL.iter().map(|exit| exit.word).collect();
        let meanings: BTreeSet<&str> = ALL.iter().map(|exit| exit.meaning).collect();
        assert_eq!((codes.len(), words.len(), meanings.len()), (ALL.len(), ALL.len(), ALL.len()));
    }
}
