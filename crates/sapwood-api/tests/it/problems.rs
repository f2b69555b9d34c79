//! Codes are added, never changed or taken away.

use sapwood_api::problem::{Code, Problem};

use crate::fixture::{frozen, response};

#[test]
fn every_code_is_what_it_always_was() {
    let known: Vec<Problem> = frozen("problems");
    let now = Code::ALL.iter().map(|code| {
        let problem = Problem::new(*code, "What is wrong here, where, and what to do");
        if *code == Code::InvalidValue {
            problem.at("/ladder/stages/2/share")
        } else if *code == Code::TouchedLater {
            Problem { entries: vec![43, 47], ..problem }
        } else {
            problem
        }
    });
    assert_eq!(known, now.collect::<Vec<_>>());
}

#[test]
fn a_reader_of_problems_does_not_mind_extensions() {
    let _: Vec<Problem> = response("problems", &["/0", "/1"]);
}

#[test]
fn codes_are_distinct_and_are_errors() {
    let mut words: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert!(Code::ALL.iter().all(|code| (400..600).contains(&code.status())));
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Code::ALL.len());
}
