#![doc = include_str!("../README.md")]
//!
//! This file is for the crate's vocabulary: what goes in, who answers, and what comes out.

mod baseline;
mod bound;
mod calendar;
pub mod contradiction;
pub mod cuts;
mod exact;
pub mod explain;
mod flow;
mod judge;
pub mod limits;
pub mod model;
mod network;
mod pace;
mod placer;
mod rng;
mod search;
mod sidney;
mod solve;
pub mod what_if;

pub use baseline::{Baseline, baseline};
pub use contradiction::Contradiction;
pub use judge::{Broken, Release, Schedule, Score, Wait, judge};
pub use model::{Absence, Order, Plan, Requirement, Shipped, Slice, SliceId, Surface};
pub use network::Network;
pub use solve::{Answer, Effort, Solver, solve};
