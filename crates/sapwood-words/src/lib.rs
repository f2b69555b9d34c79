#![doc = include_str!("../README.md")]

mod choice;
mod echo;
mod fault;
pub mod limits;
mod nearest;
mod said;
mod shape;
mod spot;
mod tree;

pub use choice::{Choice, OneOf};
pub use echo::cut;
pub use fault::Fault;
pub use nearest::nearest;
pub use shape::shape;
pub use spot::{Fields, Spot};
pub use tree::{is_deep, tree};
