//! How long a solver may go on: a number of steps, and a question to the caller now and then.

use crate::limits::STEPS_BETWEEN_QUESTIONS;

/// Counts steps down, and asks the caller between them.
///
/// The steps make an answer the same on every machine. The question is for a caller with a clock; whoever answers "no"
/// gets what was found so far.
pub(crate) struct Pace<'a> {
    steps_left: u64,
    until_question: u64,
    keep_going: &'a mut dyn FnMut() -> bool,
    /// The caller said no.
    pub(crate) interrupted: bool,
}

impl<'a> Pace<'a> {
    pub(crate) fn new(steps: u64, keep_going: &'a mut dyn FnMut() -> bool) -> Self {
        Self { steps_left: steps, until_question: STEPS_BETWEEN_QUESTIONS, keep_going, interrupted: false }
    }

    /// Takes some steps; false when there are none left or the caller wants an answer.
    pub(crate) fn take(&mut self, steps: u64) -> bool {
        if self.interrupted || self.steps_left < steps {
            self.steps_left = 0;
            return false;
        }
        self.steps_left -= steps;
        if self.until_question > steps {
            self.until_question -= steps;
            return true;
        }
        self.until_question = STEPS_BETWEEN_QUESTIONS;
        self.interrupted = !(self.keep_going)();
        !self.interrupted
    }

    /// Steps that are left.
    pub(crate) fn left(&self) -> u64 {
        self.steps_left
    }
}
