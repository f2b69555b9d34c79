//! Backups: both files as they were at one moment, copied while a server runs, with a manifest that notices the change
//! of any bit.

mod copy;
mod files;
mod manifest;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sapwood_core::id::Stream;

use crate::clock::Clock;
use crate::error::StoreError;
use crate::sqlite::{OpenError, SqliteStore};
use crate::store::Store as _;
use crate::verify::verify;

pub use manifest::{BackupFile, BackupStream, Manifest};

/// What a data directory holds beside the two databases that belongs into a backup.
const BESIDE: &[&str] = &[crate::limits::OVERRIDES_FILE];

/// Why a backup was not made, not restored, or is not good. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The target is in use.
    #[error("{} is not empty; name a directory that is empty or not there yet", dir.display())]
    NotEmpty {
        /// The target.
        dir: PathBuf,
    },
    /// It was never finished, or it is none.
    #[error("{} is no finished backup: it has no manifest; make another, or check the path", dir.display())]
    NoManifest {
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// It is not what was written.
    #[error("the backup is damaged: {detail}; use another one")]
    Damaged {
        /// What is wrong, with the file.
        detail: String,
    },
    /// The operating system said no.
    #[error("could not {doing} {}", path.display())]
    Io {
        /// What could not be done.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Copies `data` to `backup`, which must be empty or not there. A server may be running on `data`: its writers wait for
/// the moment it takes to look at both files at once, not for the copy. The copy is checked before it is called one.
pub async fn create(data: &Path, backup: &Path, clock: Arc<dyn Clock>) -> Result<Manifest, BackupError> {
    for file in ["log.db", "evidence.db"] {
        if !data.join(file).is_file() {
            return Err(OpenError::Nothing { dir: data.to_owned(), file }.into());
        }
    }
    files::make_empty(backup)?;
    let made_at = clock.now();
    copy::databases(data, backup, clock).await?;
    for name in BESIDE {
        files::copy_if_there(&data.join(name), &backup.join(name))?;
    }
    let (streams, offset) = contents(backup).await?;
    let names = files::names(backup)?;
    names.iter().try_for_each(|name| files::sync_file(&backup.join(name)))?;
    let listed = names.iter().map(|name| files::describe(backup, name)).collect::<Result<Vec<_>, _>>()?;
    let manifest =
        Manifest { format: manifest::FORMAT, made_at, streams, journal_offset: offset, files: listed };
    manifest.write(backup)?;
    Ok(manifest)
}

/// Checks a backup: every bit of every file, the structure of both databases, and the chain of every stream.
pub async fn check(backup: &Path) -> Result<Manifest, BackupError> {
    let manifest = Manifest::read(backup)?;
    let mut names = files::names(backup)?;
    names.retain(|name| name != manifest::NAME);
    let listed: Vec<&String> = manifest.files.iter().map(|file| &file.name).collect();
    if !names.iter().eq(listed.iter().copied()) {
        let detail = format!("it holds {names:?} where the manifest lists {listed:?}");
        return Err(BackupError::Damaged { detail });
    }
    for file in &manifest.files {
        if files::describe(backup, &file.name)? != *file {
            let detail = format!("{} is not what was written", file.name);
            return Err(BackupError::Damaged { detail });
        }
    }
    let (streams, offset) = contents(backup).await?;
    if streams != manifest.streams || offset != manifest.journal_offset {
        return Err(BackupError::Damaged {
            detail: "the manifest names other heads than the log has".to_owned(),
        });
    }
    Ok(manifest)
}

/// Checks a backup and puts it into `data`, which must be empty or not there.
pub async fn restore(backup: &Path, data: &Path) -> Result<Manifest, BackupError> {
    let manifest = check(backup).await?;
    files::make_empty(data)?;
    for file in &manifest.files {
        files::copy_if_there(&backup.join(&file.name), &data.join(&file.name))?;
    }
    files::sync_directory(data)?;
    Ok(manifest)
}

/// Reads all that two databases hold; fails if any of it is not what was written.
async fn contents(dir: &Path) -> Result<(Vec<BackupStream>, u64), BackupError> {
    let store = SqliteStore::open_read_only(dir).await?;
    let read = heads(&store).await;
    store.close().await;
    Ok(read?)
}

async fn heads(store: &SqliteStore) -> Result<(Vec<BackupStream>, u64), StoreError> {
    let files = store.check_files().await?;
    let mut streams = Vec::new();
    for stream in store.streams().await? {
        streams.push(head(store, stream).await?);
    }
    Ok((streams, files.offset))
}

async fn head(store: &SqliteStore, stream: Stream) -> Result<BackupStream, StoreError> {
    let head = verify(store, stream.clone()).await?;
    Ok(BackupStream { stream, version: head.version, hash: head.hash })
}
