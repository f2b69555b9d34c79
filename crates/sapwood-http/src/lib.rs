#![doc = include_str!("../README.md")]

mod app;
mod auth;
mod console;
mod cors;
mod events;
mod flags;
mod follow;
mod front;
mod health;
mod json;
mod limits;
mod manage;
mod meter;
mod metrics;
mod ofrep;
mod openapi;
mod page;
mod problem;
mod query;
mod raw;
mod router;
mod serve;
mod stream;

pub use app::Options;
pub use cors::Origins;
pub use router::router;
pub use serve::serve;
