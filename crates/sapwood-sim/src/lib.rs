#![doc = include_str!("../README.md")]

pub mod agreement;
pub mod case;
pub mod cases;
pub mod figures;
pub mod live;
pub mod oracle;
pub mod plane;
pub mod pool;
pub mod rng;
pub mod script;
pub mod setup;
pub mod shop;
pub mod sweep;
pub mod track;
pub mod transcript;
pub mod world;
