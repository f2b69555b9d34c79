//! Every limit of the store, in one place.

/// An expanding decision older than this, by the store's clock, is refused.
pub const DECISION_AGE_MS_MAX: i64 = 5_000;
/// Entries of one append: one decision, or one imported project.
pub const APPEND_DRAFTS_MAX: usize = 20_000;
/// Bytes of one entry's body.
pub const ENTRY_BODY_BYTES_MAX: usize = 4 << 20;
/// Records of one journal batch.
pub const BATCH_RECORDS_MAX: usize = 100_000;
