//! The files of a backup: made so that they are still there after a power cut, and described so that every bit counts.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use sapwood_core::entry::Hash;
use sha2::{Digest, Sha256};

use super::BackupError;
use super::manifest::BackupFile;

/// Bytes read at a time.
const CHUNK: usize = 64 << 10;

/// Makes a directory, or finds an empty one.
pub(super) fn make_empty(dir: &Path) -> Result<(), BackupError> {
    fs::create_dir_all(dir).map_err(io_error("make", dir))?;
    let mut inside = fs::read_dir(dir).map_err(io_error("look into", dir))?;
    if inside.next().is_some() {
        return Err(BackupError::NotEmpty { dir: dir.to_owned() });
    }
    if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        sync_directory(parent)?;
    }
    Ok(())
}

/// Copies a file durably, if there is one.
pub(super) fn copy_if_there(from: &Path, to: &Path) -> Result<(), BackupError> {
    if !from.exists() {
        return Ok(());
    }
    fs::copy(from, to).map_err(io_error("copy", from))?;
    sync_file(to)
}

/// Names of all files, in order.
pub(super) fn names(dir: &Path) -> Result<Vec<String>, BackupError> {
    let mut names = Vec::new();
    for found in fs::read_dir(dir).map_err(io_error("look into", dir))? {
        let found = found.map_err(io_error("look into", dir))?;
        names.push(found.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Size and hash of a file.
pub(super) fn describe(dir: &Path, name: &str) -> Result<BackupFile, BackupError> {
    let path = dir.join(name);
    let mut file = File::open(&path).map_err(io_error("open", &path))?;
    let (mut sha, mut bytes, mut chunk) = (Sha256::new(), 0_u64, vec![0; CHUNK]);
    loop {
        let read = file.read(&mut chunk).map_err(io_error("read", &path))?;
        if read == 0 {
            break;
        }
        sha.update(chunk.get(..read).unwrap_or_default());
        bytes = bytes.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
    }
    Ok(BackupFile { name: name.to_owned(), bytes, sha256: Hash::from_bytes(sha.finalize().into()) })
}

pub(super) fn sync_directory(dir: &Path) -> Result<(), BackupError> {
    sync_file(dir)
}

/// Makes sure that a file is on disk.
pub(super) fn sync_file(path: &Path) -> Result<(), BackupError> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(io_error("write to disk", path))
}

pub(super) fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::Io { doing, path, source }
}
