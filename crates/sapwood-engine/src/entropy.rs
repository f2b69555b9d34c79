//! Where ids, salts and secrets come from: the operating system, or a seed when a world must be replayed.

use std::sync::atomic::{AtomicU64, Ordering};

use sapwood_core::time::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A source of random bytes.
pub trait Entropy: Send + Sync + 'static {
    /// Fills 32 bytes.
    fn bytes(&self) -> [u8; 32];

    /// A UUID version 7 of this moment.
    fn id(&self, now: Timestamp) -> Uuid {
        let [a, b, c, d, e, f, g, h, i, j, ..] = self.bytes();
        let ms = u64::try_from(now.ms()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(ms, &[a, b, c, d, e, f, g, h, i, j]).into_uuid()
    }

    /// 128 random bits as 32 hexadecimal digits.
    fn salt(&self) -> String {
        hex(self.bytes().get(..16).unwrap_or_default())
    }

    /// 256 random bits as 64 hexadecimal digits.
    fn secret(&self) -> String {
        hex(&self.bytes())
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len().saturating_mul(2)), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The operating system's.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    #[expect(clippy::expect_used, reason = "a machine without randomness must not mint secrets or ids")]
    fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the operating system has no random bytes to give");
        bytes
    }
}

/// The same bytes for the same seed and number of calls. For simulated worlds and tests only.
#[derive(Debug, Default)]
pub struct SeededEntropy {
    seed: u64,
    calls: AtomicU64,
}

impl SeededEntropy {
    /// A source that starts from `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { seed, calls: AtomicU64::new(0) }
    }
}

impl Entropy for SeededEntropy {
    fn bytes(&self) -> [u8; 32] {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let mut sha = Sha256::new();
        sha.update(self.seed.to_le_bytes());
        sha.update(call.to_le_bytes());
        sha.finalize().into()
    }
}
