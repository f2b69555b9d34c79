//! The steps of continuous integration, in the order in which they run.

mod api;
mod bench;
mod browser;
mod rust;
mod sdk;
mod sim;
mod tools;
mod vectors;

pub(crate) use bench::bench;
pub(crate) use rust::crash;
pub(crate) use sim::measure;

use crate::failure::Failure;
use crate::places::Places;
use crate::tidy;

/// What a step leaves for the summary, also when it fails half-way.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) tests: u64,
    pub(crate) note: Option<String>,
}

/// One thing `cargo xtask` can do.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// A step without which this one cannot say anything; `ci` skips this one when that one failed.
    pub(crate) needs: Option<&'static str>,
    pub(crate) run: fn(&Places, &mut Report) -> Result<(), Failure>,
}

/// `tools` is first so that a missing program is reported in the first minute and not in the last.
pub(crate) const STEPS: &[Step] = &[
    Step { name: "tools", about: "install what the other steps need", needs: None, run: tools::all },
    Step { name: "fmt", about: "formatting is rustfmt's", needs: None, run: rust::fmt },
    Step { name: "clippy", about: "lints, warnings are errors", needs: None, run: rust::clippy },
    Step { name: "tidy", about: "the repository's own rules", needs: None, run: tidy::step },
    Step { name: "test", about: "unit, integration and documentation tests", needs: None, run: rust::test },
    Step {
        name: "vectors",
        about: "golden vectors are what their scripts print",
        needs: None,
        run: vectors::run,
    },
    Step { name: "doc", about: "API documentation, warnings are errors", needs: None, run: rust::doc },
    Step { name: "build", about: "the program, as the next steps drive it", needs: None, run: rust::build },
    Step {
        name: "sdk",
        about: "official OpenFeature clients against it",
        needs: Some("build"),
        run: sdk::run,
    },
    Step {
        name: "api",
        about: "the server against its own OpenAPI document, by schemathesis",
        needs: Some("build"),
        run: api::run,
    },
    Step { name: "browser", about: "the console in Chromium", needs: Some("build"), run: browser::run },
    Step { name: "benches", about: "the measurements still build", needs: None, run: bench::check },
    Step { name: "sim", about: "a seeded share of the simulated world", needs: Some("build"), run: sim::run },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_have_distinct_names_and_need_only_earlier_ones() {
        let mut seen: Vec<&str> = Vec::new();
        for step in STEPS {
            assert!(!seen.contains(&step.name), "`{}` twice", step.name);
            assert!(step.needs.is_none_or(|need| seen.contains(&need)), "`{}` comes too early", step.name);
            seen.push(step.name);
        }
    }
}
