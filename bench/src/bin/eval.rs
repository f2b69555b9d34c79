//! Measures evaluation.
fn main() {}
