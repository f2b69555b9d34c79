//! Opening the two files: one connection that writes, a few that read, and proof that SQLite is as safe as asked.

use std::path::{Path, PathBuf};

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection};

use super::migrate;
use crate::limits::{BUSY_WAIT_MAX, READER_WAIT_MAX, READERS_MAX};

/// Before this version, two connections at work could damage a database in WAL mode.
const VERSION_MIN: (u32, u32, u32) = (3, 51, 3);

/// Why a store did not open. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("{} is in use by process {holder}; stop it, or give this one a directory of its own", dir.display())]
    Locked {
        /// The directory.
        dir: PathBuf,
        /// Number of the process that holds it, or "another".
        holder: String,
    },
    /// The directory cannot be made, read or written.
    #[error("could not use {} as the data directory; check that it may be written to", dir.display())]
    Directory {
        /// The directory.
        dir: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The SQLite in this program is too old to be trusted.
    #[error("SQLite {found} can damage a database; build this program with SQLite 3.51.3 or later")]
    OldSqlite {
        /// Its version.
        found: String,
    },
    /// A setting that durability rests on was not taken.
    #[error("{file}: `{pragma}` is {found} where {wanted} is needed; use a local disk, not a network share")]
    Setting {
        /// Which file.
        file: &'static str,
        /// Which setting.
        pragma: &'static str,
        /// What it should be.
        wanted: &'static str,
        /// What it is.
        found: String,
    },
    /// A newer program has been here.
    #[error(
        "{file} has schema {found}, and this program knows schemas up to {known}; run the newer program that \
         wrote it, or restore the backup from before the upgrade"
    )]
    NewerSchema {
        /// Which file.
        file: &'static str,
        /// Its schema.
        found: i64,
        /// The newest schema this program knows.
        known: i64,
    },
    /// An older program has been here, and this one only came to read.
    #[error(
        "{file} has schema {found}, and this program reads schema {known}; start the server once, which brings it up"
    )]
    OlderSchema {
        /// Which file.
        file: &'static str,
        /// Its schema.
        found: i64,
        /// The schema this program knows.
        known: i64,
    },
    /// There is nothing to read.
    #[error("{} holds no data of Sapwood: there is no {file} in it; check the path", dir.display())]
    Nothing {
        /// The directory.
        dir: PathBuf,
        /// What is missing.
        file: &'static str,
    },
    /// SQLite failed.
    #[error("could not {doing} {file}")]
    Database {
        /// What could not be done.
        doing: &'static str,
        /// With which file.
        file: &'static str,
        /// How SQLite failed.
        #[source]
        source: sqlx::Error,
    },
}

impl OpenError {
    /// Whether it is what lies in the directory that cannot be used, and not who asks or with what.
    pub const fn is_of_the_data(&self) -> bool {
        match self {
            Self::Directory { .. } | Self::Nothing { .. } | Self::Database { .. } => true,
            Self::Locked { .. }
            | Self::OldSqlite { .. }
            | Self::Setting { .. }
            | Self::NewerSchema { .. }
            | Self::OlderSchema { .. } => false,
        }
    }
}

/// One of the two databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum File {
    /// The log: what was decided.
    Log,
    /// Journal, ledger and secrets: what was seen. A file of its own, so that it never makes the log wait.
    Evidence,
}

impl File {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Log => "log.db",
            Self::Evidence => "evidence.db",
        }
    }

    pub(super) fn failed(self, doing: &'static str) -> impl FnOnce(sqlx::Error) -> OpenError {
        move |source| OpenError::Database { doing, file: self.name(), source }
    }
}

/// The one connection that writes to `file`, and the only one that checkpoints it.
pub(super) async fn writer(dir: &Path, file: File) -> Result<SqliteConnection, OpenError> {
    let options = common(dir, file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous())
        // Where a plain fsync does not reach the platter; elsewhere these do nothing.
        .pragma("fullfsync", "on")
        .pragma("checkpoint_fullfsync", "on")
        .pragma("journal_size_limit", "67108864");
    let mut db = options.connect().await.map_err(file.failed("open"))?;
    check_version(&mut db, file).await?;
    if synchronous() == SqliteSynchronous::Full {
        check_settings(&mut db, file).await?;
    }
    migrate::run(&mut db, file).await?;
    Ok(db)
}

/// A commit is on disk before it is answered.
#[cfg(not(test))]
const fn synchronous() -> SqliteSynchronous {
    SqliteSynchronous::Full
}

/// The fault that a test of this crate plants, to prove that it would notice. No program is built with it.
#[cfg(test)]
pub(super) const PLANT_NO_SYNC: &str = "SAPWOOD_TEST_PLANT_NO_SYNC";

#[cfg(test)]
fn synchronous() -> SqliteSynchronous {
    if std::env::var_os(PLANT_NO_SYNC).is_some() { SqliteSynchronous::Off } else { SqliteSynchronous::Full }
}

/// Whether there is a file that this program can read, without making or changing anything.
pub(super) async fn check_readable(dir: &Path, file: File) -> Result<(), OpenError> {
    if !dir.join(file.name()).is_file() {
        return Err(OpenError::Nothing { dir: dir.to_owned(), file: file.name() });
    }
    let options = common(dir, file).read_only(true).pragma("query_only", "on");
    let mut db = options.connect().await.map_err(file.failed("open"))?;
    check_version(&mut db, file).await?;
    let checked = migrate::check(&mut db, file).await;
    db.close().await.map_err(file.failed("close"))?;
    checked
}

/// Connections that only read. They open when first needed, and never checkpoint.
pub(super) fn readers(dir: &Path, file: File) -> SqlitePool {
    let options =
        common(dir, file).read_only(true).pragma("wal_autocheckpoint", "0").pragma("query_only", "on");
    SqlitePoolOptions::new()
        .max_connections(READERS_MAX)
        .acquire_timeout(READER_WAIT_MAX)
        .test_before_acquire(false)
        .connect_lazy_with(options)
}

/// A connection to an existing database that writes and checkpoints nothing by itself.
pub(crate) async fn plain_connection(path: &Path) -> Result<SqliteConnection, OpenError> {
    let options = of_file(path).pragma("wal_autocheckpoint", "0");
    let failed = |source| OpenError::Database { doing: "open", file: "a database", source };
    options.connect().await.map_err(failed)
}

fn common(dir: &Path, file: File) -> SqliteConnectOptions {
    of_file(&dir.join(file.name()))
}

fn of_file(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(BUSY_WAIT_MAX)
        .pragma("mmap_size", "0")
        .disable_statement_logging()
}

async fn check_version(db: &mut SqliteConnection, file: File) -> Result<(), OpenError> {
    let version = sqlx::query_scalar("select sqlite_version()").fetch_one(&mut *db);
    let found: String = version.await.map_err(file.failed("ask for the version of"))?;
    if is_safe(&found) { Ok(()) } else { Err(OpenError::OldSqlite { found }) }
}

fn is_safe(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    let mut next = || parts.next().flatten();
    match (next(), next(), next()) {
        (Some(major), Some(minor), Some(patch)) => (major, minor, patch) >= VERSION_MIN,
        _ => false,
    }
}

/// A pragma that SQLite does not take is not an error to it, so the effect is what counts.
async fn check_settings(db: &mut SqliteConnection, file: File) -> Result<(), OpenError> {
    const SETTINGS: [(&str, &str, &str); 3] = [
        ("journal_mode", "pragma journal_mode", "wal"),
        ("synchronous", "select cast(synchronous as text) from pragma_synchronous", "2"),
        ("foreign_keys", "select cast(foreign_keys as text) from pragma_foreign_keys", "1"),
    ];
    for (pragma, question, wanted) in SETTINGS {
        let answer = sqlx::query_scalar(question).fetch_one(&mut *db).await;
        let found: String = answer.map_err(file.failed("read the settings of"))?;
        if found != wanted {
            return Err(OpenError::Setting { file: file.name(), pragma, wanted, found });
        }
    }
    Ok(())
}

/// Closes the file; the last connection to do so folds the write-ahead log back in.
pub(super) async fn close(db: SqliteConnection, file: File) {
    if let Err(error) = db.close().await {
        tracing::warn!(%error, file = file.name(), "could not close; what was acknowledged is safe in its WAL");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        for (version, safe) in [
            ("3.51.3", true),
            ("3.51.2", false),
            ("3.9.9", false),
            ("3.100.0", true),
            ("4.0.0", true),
            ("x", false),
        ] {
            assert_eq!(is_safe(version), safe, "{version}");
        }
    }
}
