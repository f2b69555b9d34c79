//! The planner from outside: known optima, properties, and plans that cannot be.

#![cfg(test)]

mod by_hand;
mod instances;
mod known;
mod laws;
mod random;
mod refused;
