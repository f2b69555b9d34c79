//! Room kept for the worst moment: a file of its own whose blocks are given back to a full disk, so that a rollback can
//! still be written.
//!
//! As long as the reserve is given away, nothing but what stops or takes back is written, so that nothing else can use
//! it up. Whoever writes next tries to take it back first.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::limits::{RESERVE_BYTES, RESERVE_FILE, RESERVE_RETRY_EVERY};

/// Bytes written at a time.
const CHUNK: usize = 64 << 10;

/// Shared by all writers of a store.
#[derive(Debug, Clone)]
pub(super) struct Space(Arc<Mutex<Reserve>>);

#[derive(Debug)]
struct Reserve {
    path: PathBuf,
    held: bool,
    tried: Option<Instant>,
    /// The last write was refused for want of room.
    short: bool,
}

impl Space {
    /// Takes the reserve, or starts without one if the disk is full already.
    pub(super) fn open(dir: &Path) -> Self {
        let path = dir.join(RESERVE_FILE);
        let mut reserve = Reserve { path, held: false, tried: None, short: false };
        reserve.take();
        Self(Arc::new(Mutex::new(reserve)))
    }

    /// Whether an ordinary write may be tried.
    pub(super) fn is_open(&self) -> bool {
        let mut reserve = self.lock();
        if !reserve.held && reserve.tried.is_none_or(|tried| tried.elapsed() >= RESERVE_RETRY_EVERY) {
            reserve.take();
        }
        reserve.held
    }

    /// Gives the reserve to the disk; answers whether there was one.
    pub(super) fn release(&self) -> bool {
        self.lock().release()
    }

    /// Remembers whether the last write found room.
    pub(super) fn note(&self, found_room: bool) {
        let short = std::mem::replace(&mut self.lock().short, !found_room);
        if found_room && short {
            tracing::info!("there is room on the disk again");
        } else if !found_room && !short {
            tracing::error!(
                "the disk is full: flags are served, and holds and rollbacks are taken; nothing else is"
            );
        }
    }

    pub(super) fn is_short(&self) -> bool {
        let reserve = self.lock();
        reserve.short || !reserve.held
    }

    fn lock(&self) -> MutexGuard<'_, Reserve> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reserve {
    fn take(&mut self) {
        self.tried = Some(Instant::now());
        let whole = fs::metadata(&self.path).is_ok_and(|file| file.len() == RESERVE_BYTES);
        let taken = if whole { Ok(()) } else { fill(&self.path) };
        self.held = taken.is_ok();
        if let Err(error) = taken {
            tracing::warn!(%error, "no room can be kept for an emergency; only what stops or takes back is written");
            fs::remove_file(&self.path).ok();
        }
    }

    fn release(&mut self) -> bool {
        if !self.held {
            return false;
        }
        self.held = false;
        self.tried = Some(Instant::now());
        tracing::warn!("the disk is full; the emergency reserve is given to what stops or takes back");
        let freed = fs::remove_file(&self.path);
        // Some file systems give blocks back only with their own next commit.
        if let Some(Ok(parent)) = self.path.parent().map(File::open) {
            parent.sync_all().ok();
        }
        freed.is_ok()
    }
}

/// Writes what does not compress, so that the blocks are really there.
fn fill(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).open(path)?;
    let mut noise = 0x9e37_79b9_7f4a_7c15_u64;
    let mut chunk = Vec::with_capacity(CHUNK);
    let mut left = RESERVE_BYTES;
    while left > 0 {
        chunk.clear();
        while chunk.len() < CHUNK {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            chunk.extend_from_slice(&noise.to_le_bytes());
        }
        let take = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        file.write_all(chunk.get(..take).unwrap_or_default())?;
        left = left.saturating_sub(u64::try_from(take).unwrap_or(left));
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_given_once_and_taken_back_whole() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(RESERVE_FILE);
        let space = Space::open(dir.path());
        assert!(space.is_open() && !space.is_short());
        assert_eq!(fs::metadata(&file).unwrap().len(), RESERVE_BYTES);
        assert!(space.release());
        assert!(!file.exists() && space.is_short());
        assert!(!space.release(), "there is nothing left to give");
        space.lock().tried = None;
        assert!(space.is_open() && !space.is_short());
        assert_eq!(fs::metadata(&file).unwrap().len(), RESERVE_BYTES);
        space.note(false);
        assert!(space.is_short() && space.is_open());
        space.note(true);
        assert!(!space.is_short());
    }

    #[test]
    fn where_there_is_no_room_there_is_no_reserve() {
        let dir = tempfile::tempdir().unwrap();
        let space = Space::open(&dir.path().join("not/there"));
        assert!(!space.is_open() && space.is_short() && !space.release());
    }
}
