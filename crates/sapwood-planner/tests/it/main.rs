//! The planner from outside: known optima, properties, and plans that cannot be.

#![cfg(test)]

mod instances;
mod known;
