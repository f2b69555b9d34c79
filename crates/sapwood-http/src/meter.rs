//! How often one token may ask: a bucket that fills evenly and holds a second's worth, kept as the moment at which it
//! will be full again, so that asking is one comparison.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use crate::limits::METERED_TOKENS_MAX;

/// Holds tokens to so many requests a second.
#[derive(Debug)]
pub(crate) struct Meter {
    began: Instant,
    /// Nanoseconds between two requests.
    interval: u64,
    /// Nanoseconds a bucket takes from empty to full.
    whole: u64,
    /// When each token's bucket is full again, in nanoseconds since it began.
    full_at: RwLock<HashMap<Uuid, Arc<AtomicU64>>>,
}

impl Meter {
    pub(crate) fn new(per_second: NonZeroU32) -> Self {
        let interval = 1_000_000_000 / u64::from(per_second.get());
        let whole = interval.saturating_mul(u64::from(per_second.get()));
        Self { began: Instant::now(), interval, whole, full_at: RwLock::default() }
    }

    /// Counts a request of a valid token.
    ///
    /// # Errors
    /// How long to wait, if there were too many; then it does not count.
    pub(crate) fn take(&self, token: Uuid) -> Result<(), Duration> {
        let full_at = self.of(token);
        let now = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let taken = full_at.fetch_update(Ordering::AcqRel, Ordering::Acquire, |full_at| {
            let after = full_at.max(now).saturating_add(self.interval);
            (after.saturating_sub(now) <= self.whole).then_some(after)
        });
        taken.map(drop).map_err(|full_at| {
            let after = full_at.saturating_add(self.interval);
            Duration::from_nanos(after.saturating_sub(now).saturating_sub(self.whole))
        })
    }

    fn of(&self, token: Uuid) -> Arc<AtomicU64> {
        let known = self.full_at.read().unwrap_or_else(PoisonError::into_inner).get(&token).cloned();
        known.unwrap_or_else(|| {
            let mut buckets = self.full_at.write().unwrap_or_else(PoisonError::into_inner);
            if buckets.len() >= METERED_TOKENS_MAX {
                // Most of these were revoked long ago; those in use get one full bucket too many.
                buckets.clear();
            }
            Arc::clone(buckets.entry(token).or_default())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    fn meter(per_second: u32) -> Meter {
        Meter::new(NonZeroU32::new(per_second).unwrap())
    }

    fn taken(meter: &Meter, token: Uuid, asked: usize) -> usize {
        (0..asked).filter(|_| meter.take(token).is_ok()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_holds_so_many_and_no_more() {
        let meter = meter(5);
        assert_eq!(taken(&meter, ONE, 100), 5);
        assert_eq!(meter.take(ONE), Err(Duration::from_millis(200)));
        assert_eq!(taken(&meter, OTHER, 100), 5);
        tokio::time::advance(Duration::from_millis(199)).await;
        assert_eq!(taken(&meter, ONE, 100), 0);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(taken(&meter, ONE, 100), 1);
        // Refusals do not count against who is refused, and rest saves no more than one second's worth.
        tokio::time::advance(Duration::from_hours(1)).await;
        assert_eq!(taken(&meter, ONE, 100), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn over_time_it_is_as_many_as_it_says() {
        for per_second in [1, 3, 7, 1_000, 1_000_000_000, u32::MAX] {
            let meter = meter(per_second);
            let first = taken(&meter, ONE, 2_000);
            assert_eq!(first, 2_000.min(usize::try_from(per_second).unwrap()), "{per_second}");
            tokio::time::advance(Duration::from_secs(1)).await;
            assert_eq!(taken(&meter, ONE, 2_000), first, "{per_second}");
        }
    }
}
