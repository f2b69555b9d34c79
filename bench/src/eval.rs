//! Evaluation in process: six workloads, our three ways to hold a subject, a floor and two peers.

pub mod eppo;
pub mod floor;
pub mod ours;
pub mod workload;
pub mod yggdrasil;
