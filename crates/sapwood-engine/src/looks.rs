//! How often the controller looked, and when last: for whoever watches that it still does.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use sapwood_core::time::Timestamp;

/// Looks of the controller since this process began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Looks {
    /// Those that ended, well or not.
    pub ended: u64,
    /// Those that met a failure of storage.
    pub failed: u64,
    /// When the last one ended.
    pub last: Option<Timestamp>,
}

#[derive(Debug, Default)]
pub(crate) struct LookCount {
    ended: AtomicU64,
    failed: AtomicU64,
    last_ms: AtomicI64,
}

impl LookCount {
    pub(crate) fn add(&self, failed: bool, at: Timestamp) {
        self.failed.fetch_add(u64::from(failed), Ordering::Relaxed);
        self.last_ms.store(at.ms(), Ordering::Relaxed);
        self.ended.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Looks {
        let ended = self.ended.load(Ordering::Relaxed);
        let last = (ended > 0).then(|| Timestamp::from_ms(self.last_ms.load(Ordering::Relaxed)));
        Looks { ended, failed: self.failed.load(Ordering::Relaxed), last }
    }
}
