#![doc = include_str!("../README.md")]

pub mod attribution;
pub mod break_glass;
pub mod command;
pub mod compose;
pub mod decide;
pub mod diff;
pub mod entry;
pub mod event;
pub mod evidence;
pub mod id;
pub mod ledger;
pub mod limits;
pub mod moves;
pub mod record;
pub mod rejection;
pub mod resource;
pub mod revert;
pub mod rollout;
pub mod sentence;
pub mod state;
#[cfg(test)]
mod testing;
pub mod tick;
pub mod time;
pub mod token;
pub mod wanted;
pub mod weight;
