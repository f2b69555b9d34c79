//! Files as people write them, good and bad.

#![cfg(test)]

mod bad;
mod checkout;
mod definitions;
mod instances;
mod published;

use sapwood_file::plan::{PlanFile, read};
use sapwood_file::{Finding, Source};

pub(crate) fn plan(name: &str, text: &str) -> Result<PlanFile, (Source, Vec<Finding>)> {
    let source = Source::new(name, text).unwrap();
    read(&source, None).map_err(|findings| (source, findings))
}
