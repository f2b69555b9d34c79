//! One process per directory: a lock file that the system frees when its holder ends, however it ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::connect::OpenError;
use crate::limits::LOCK_FILE;

/// Holds the directory until dropped.
#[derive(Debug)]
pub(super) struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Makes the directory where there is none, and takes it.
    pub(super) fn take(dir: &Path) -> Result<Self, OpenError> {
        let io = |source| OpenError::Directory { dir: dir.to_owned(), source };
        make_durably(dir).map_err(io)?;
        let path = dir.join(LOCK_FILE);
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = options.map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // The number is a help, not a must: the holder may be about to write it.
                file.read_to_string(&mut holder).ok();
                let holder = if holder.is_empty() { "another".to_owned() } else { holder };
                return Err(OpenError::Locked { dir: dir.to_owned(), holder });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        file.set_len(0).and_then(|()| file.rewind()).map_err(io)?;
        write!(file, "{}", std::process::id()).map_err(io)?;
        Ok(Self { _file: file })
    }
}

/// Makes a directory so that it is still there after a power cut.
fn make_durably(dir: &Path) -> std::io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(dir)?;
    // Not every system can sync a directory; where it cannot, there is nothing else to do.
    if let Some(Ok(parent)) = dir.parent().map(File::open) {
        parent.sync_all().ok();
    }
    Ok(())
}
