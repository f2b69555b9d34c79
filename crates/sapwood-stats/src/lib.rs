#![doc = include_str!("../README.md")]
//!
//! This file is for the crate's vocabulary: what the evidence is made of, and where each test lives.

pub mod advisor;
pub mod betting;
pub mod bounded;
pub mod combine;
pub mod conversion;
pub mod counter;
pub mod cuped;
pub mod latency;
mod logs;
pub mod mean;
pub mod metric;
pub mod mixture;
pub mod multinomial;
pub mod power;
pub mod prior;
pub mod proportion;
#[cfg(test)]
mod published;
pub mod quantile;
pub mod quotient;
pub mod ratio;
#[cfg(test)]
mod reference;
pub mod score;
#[cfg(test)]
mod seeded;
pub mod silent;
pub mod sketch;
mod special;
pub mod spending;
pub mod srm;
pub mod stitching;
mod strata;
pub mod tally;
pub mod volume;

pub use prior::Prior;
pub use strata::{Harm, Stratum};
