#![doc = include_str!("../README.md")]

mod app;
mod auth;
mod console;
mod events;
mod health;
mod json;
mod limits;
mod manage;
mod ofrep;
mod page;
mod problem;
mod router;
mod stream;

pub use app::Options;
pub use router::router;
