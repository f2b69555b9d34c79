#![doc = include_str!("../README.md")]

mod definition;
pub mod events;
pub mod explain;
pub mod log;
pub mod manage;
pub mod ofrep;
pub mod problem;
pub mod resources;
pub mod stream;
mod tagged;
