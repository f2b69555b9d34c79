#![doc = include_str!("../README.md")]
//!
//! This file is for the crate's vocabulary: what the evidence is made of, and where each test lives.

pub mod betting;
pub mod combine;
mod logs;
pub mod mean;
pub mod mixture;
pub mod multinomial;
pub mod power;
pub mod prior;
pub mod proportion;
pub mod ratio;
#[cfg(test)]
mod reference;
pub mod score;
pub mod silent;
mod special;
pub mod spending;
pub mod srm;
mod strata;

pub use prior::Prior;
pub use strata::{Harm, Stratum};
