//! What a backup holds, in a file that is written last and checks itself.

use std::path::Path;

use sapwood_core::entry::Hash;
use sapwood_core::id::Stream;
use sapwood_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::BackupError;
use super::files::io_error;
use crate::checked;

pub(super) const NAME: &str = "backup.json";
pub(super) const FORMAT: u32 = 1;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this shape.
    pub format: u32,
    /// When the backup was begun.
    pub made_at: Timestamp,
    /// Every stream of the log and where it ends.
    pub streams: Vec<BackupStream>,
    /// The last batch of the journal.
    pub journal_offset: u64,
    /// Every file but this one, in the order of names.
    pub files: Vec<BackupFile>,
}

/// One stream of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupStream {
    /// Which.
    pub stream: Stream,
    /// Version of its last entry.
    pub version: u64,
    /// Hash of its last entry.
    pub hash: Hash,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupFile {
    /// Its name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Hash of all of it.
    pub sha256: Hash,
}

impl Manifest {
    pub(super) fn write(&self, dir: &Path) -> Result<(), BackupError> {
        let path = dir.join(NAME);
        let text = serde_json::to_string(self).map_err(|error| io_error("write", &path)(error.into()))?;
        checked::write(&path, &text).map_err(io_error("write", &path))
    }

    pub(super) fn read(dir: &Path) -> Result<Self, BackupError> {
        let path = dir.join(NAME);
        if !path.is_file() {
            return Err(BackupError::NoManifest { dir: dir.to_owned() });
        }
        let damaged = |detail: String| BackupError::Damaged { detail: format!("{NAME}: {detail}") };
        let text = checked::read(&path).map_err(|error| damaged(error.to_string()))?;
        let manifest: Self = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        if manifest.format != FORMAT {
            let detail = format!(
                "it has format {}, this program reads {FORMAT}; use the program that made it",
                manifest.format
            );
            return Err(damaged(detail));
        }
        Ok(manifest)
    }
}
