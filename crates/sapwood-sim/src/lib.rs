#![doc = include_str!("../README.md")]

pub mod case;
pub mod cases;
pub mod figures;
pub mod oracle;
pub mod plane;
pub mod pool;
pub mod rng;
pub mod setup;
pub mod shop;
pub mod sweep;
pub mod track;
pub mod world;
