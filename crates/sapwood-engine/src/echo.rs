//! How much of what somebody sent a message repeats.

pub use sapwood_words::cut;
