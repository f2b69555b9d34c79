//! How a store is, for whoever asks whether it takes changes.

/// Whether a store takes writes, and what to do if it does not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Condition {
    /// It takes everything.
    #[default]
    Sound,
    /// The disk is full. What stops or takes back is still taken, as long as the reserve lasts; the rest is once there
    /// is room.
    Full,
    /// It takes nothing until it is started again, because what the disk holds is in doubt.
    ReadOnly {
        /// What happened.
        why: String,
    },
}
