//! How what an environment serves stands, for streams that tell of changes: a mark that readers come back with, and what
//! all readers are told, encoded once and shared between them.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use sapwood_core::time::Timestamp;
use tokio::sync::watch;

use crate::activity::Place;
use crate::limits::STANDINGS_KEPT;
use crate::snapshot::Snapshot;

/// A point in the life of what an environment serves. Printed as `42`, or `42.1795356187250` once the time has turned
/// some flag; what streams use as the id of an event, so that a reader that comes back says where it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Mark {
    /// Version of the last entry that changed what is served.
    pub version: u64,
    /// The last moment at which a condition on the time, or a local override, turned a flag, in Unix milliseconds; 0
    /// before the first.
    pub turned_ms: i64,
}

impl Mark {
    /// The mark at which an environment that serves this stands now.
    pub fn of(snapshot: &Snapshot, now: Timestamp) -> Self {
        let turned_ms = snapshot.flags.last_boundary(now.ms()).unwrap_or_default().max(0);
        let turned_ms = turned_ms.max(snapshot.overridden_at.ms());
        Self { version: snapshot.revision, turned_ms }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.turned_ms {
            0 => write!(f, "{}", self.version),
            turned => write!(f, "{}.{turned}", self.version),
        }
    }
}

/// A text that is not a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAMark;

impl FromStr for Mark {
    type Err = NotAMark;

    fn from_str(text: &str) -> Result<Self, NotAMark> {
        let (version, turned) = text.split_once('.').unwrap_or((text, "0"));
        let mark = Self {
            version: number(version)?,
            turned_ms: i64::try_from(number(turned)?).map_err(|_| NotAMark)?,
        };
        Ok(mark)
    }
}

fn number(digits: &str) -> Result<u64, NotAMark> {
    // `parse` would take a sign.
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits { digits.parse().map_err(|_| NotAMark) } else { Err(NotAMark) }
}

/// Bytes that many streams send.
pub type Encoded = Arc<[u8]>;

/// What an environment serves from one mark to the next, with what is said about it.
#[derive(Debug, Default)]
pub struct Standing {
    /// Where it stands.
    pub mark: Mark,
    /// What is served.
    pub snapshot: Arc<Snapshot>,
    notice: OnceLock<Encoded>,
    whole: OnceLock<Encoded>,
    steps: Mutex<Vec<(Mark, Encoded)>>,
}

impl Standing {
    /// When what is served last changed, or the time last turned some flag of it.
    pub fn changed_at(&self) -> Timestamp {
        self.snapshot.changed_at.max(Timestamp::from_ms(self.mark.turned_ms))
    }

    /// That something changed, as `encode` says it; encoded once for all readers.
    pub fn notice(&self, encode: impl FnOnce(&Self) -> Vec<u8>) -> Encoded {
        Arc::clone(self.notice.get_or_init(|| encode(self).into()))
    }

    /// All of it, as `encode` says it; encoded once for all readers.
    pub fn whole(&self, encode: impl FnOnce(&Self) -> Vec<u8>) -> Encoded {
        Arc::clone(self.whole.get_or_init(|| encode(self).into()))
    }

    /// What makes this of `before`, as `encode` says it; encoded once for all readers that were there.
    pub fn step(&self, before: &Self, encode: impl FnOnce(&Self, &Self) -> Vec<u8>) -> Encoded {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = steps.iter().find(|(from, _)| *from == before.mark) {
            return Arc::clone(known);
        }
        let encoded: Encoded = encode(self, before).into();
        steps.push((before.mark, Arc::clone(&encoded)));
        encoded
    }
}

/// The standings that readers may still be at, the newest last.
type Kept = Arc<Mutex<VecDeque<Arc<Standing>>>>;

/// Tells every follower of one environment how it stands. Followers see the newest standing and none in between, so
/// that a slow one costs nothing and misses nothing.
#[derive(Debug, Default)]
pub(crate) struct Tide {
    sender: watch::Sender<Arc<Standing>>,
    kept: Kept,
}

impl Tide {
    /// What is served changed, or serves something else from this moment on. One at a time, so that no older snapshot
    /// comes after a newer one: whoever calls holds the lock under which snapshots are published.
    ///
    /// `store` puts the snapshot where evaluation finds it. Nobody begins to follow between the two, so that whoever was
    /// served the new one is never told of the old one afterwards.
    pub(crate) fn move_to(&self, snapshot: Arc<Snapshot>, now: Timestamp, store: impl FnOnce(Arc<Snapshot>)) {
        let mut kept = self.lock();
        // First: who hears of a change and asks gets what it made.
        store(Arc::clone(&snapshot));
        self.push(&mut kept, snapshot, now);
    }

    /// The time turned some flag.
    pub(crate) fn turn(&self, now: Timestamp) {
        // Looked at under the lock, so that a snapshot that comes meanwhile stays the last one.
        let mut kept = self.lock();
        let standing = self.standing();
        if Mark::of(&standing.snapshot, now) != standing.mark {
            self.push(&mut kept, Arc::clone(&standing.snapshot), now);
        }
    }

    fn push(&self, kept: &mut VecDeque<Arc<Standing>>, snapshot: Arc<Snapshot>, now: Timestamp) {
        let mark = Mark::of(&snapshot, now);
        let standing = Arc::new(Standing { mark, snapshot, ..Standing::default() });
        if kept.len() >= STANDINGS_KEPT {
            kept.pop_front();
        }
        kept.push_back(Arc::clone(&standing));
        self.sender.send_replace(standing);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Standing>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn standing(&self) -> Arc<Standing> {
        Arc::clone(&self.sender.borrow())
    }

    /// Lets every follower look up, although nothing is said.
    pub(crate) fn wake(&self) {
        self.sender.send_modify(|_| {});
    }

    /// Waits until it stands as `enough` says.
    pub(crate) async fn reach(&self, enough: impl FnMut(&Arc<Standing>) -> bool) {
        let mut receiver = self.sender.subscribe();
        // The sender lives as long as this.
        drop(receiver.wait_for(enough).await);
    }

    pub(crate) fn follow(&self, place: Place) -> Follower {
        // Waits for a change that is being published; see [`Tide::move_to`].
        drop(self.lock());
        Follower { receiver: self.sender.subscribe(), kept: Arc::clone(&self.kept), place }
    }
}

/// An open stream of changes.
#[derive(Debug)]
pub struct Follower {
    receiver: watch::Receiver<Arc<Standing>>,
    kept: Kept,
    #[expect(dead_code, reason = "held for its drop")]
    place: Place,
}

impl Follower {
    /// How it stands now. What [`Follower::next`] waits for is what comes after this.
    pub fn now(&mut self) -> Arc<Standing> {
        Arc::clone(&self.receiver.borrow_and_update())
    }

    /// Waits until it stands otherwise; `None` when the engine is gone. May be dropped and called again.
    pub async fn next(&mut self) -> Option<Arc<Standing>> {
        self.receiver.changed().await.ok()?;
        Some(self.now())
    }

    /// How it stood at a mark, if that is not too long ago.
    pub fn at(&self, mark: Mark) -> Option<Arc<Standing>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().rev().find(|standing| standing.mark == mark).map(Arc::clone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_begins_to_follow_between_what_is_served_and_what_is_said() {
        let tide = Tide::default();
        let open = Arc::default();
        let next = Snapshot { revision: 7, ..Snapshot::default() };
        std::thread::scope(|scope| {
            let mut beginner = None;
            tide.move_to(Arc::new(next), Timestamp::from_ms(0), |_| {
                assert!(tide.kept.try_lock().is_err(), "a follower could begin now");
                beginner = Some(scope.spawn(|| tide.follow(Place::take(&open).unwrap()).now().mark.version));
            });
            assert_eq!(beginner.unwrap().join().unwrap(), 7);
        });
    }

    #[test]
    fn marks_are_read_as_they_are_printed() {
        for text in ["0", "42", "42.1795356187250", "18446744073709551615"] {
            assert_eq!(text.parse::<Mark>().map(|mark| mark.to_string()).as_deref(), Ok(text));
        }
        for text in
            ["", "-1", "+1", "1.", ".1", "1.2.3", " 1", "18446744073709551616", "x", "1.99999999999999999999"]
        {
            assert_eq!(text.parse::<Mark>(), Err(NotAMark), "{text}");
        }
    }
}
