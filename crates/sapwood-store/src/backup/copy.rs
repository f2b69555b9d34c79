//! Copying both databases as they are at one moment, while their owner goes on writing.

use std::path::Path;
use std::sync::Arc;

use sqlx::{Connection, Executor, SqliteConnection};

use super::BackupError;
use super::files::io_error;
use crate::clock::Clock;
use crate::limits::LOCK_FILE;
use crate::sqlite::{OpenError, SqliteStore, check_readable, plain_connection};

/// Makes both databases in `backup` with everything that is in those of `data`.
///
/// Two read transactions are opened while a third connection keeps all writers of both files waiting; from then on
/// each sees its file as it was at that one moment, for as long as the copy takes. Keeping them waiting for the whole
/// copy would keep a rollback waiting, too.
pub(super) async fn databases(data: &Path, backup: &Path, clock: Arc<dyn Clock>) -> Result<(), BackupError> {
    check_readable(data).await?;
    // An empty store has the schema, and nothing in it.
    let empty = SqliteStore::open(backup, clock).await?;
    empty.close().await;
    let lock = backup.join(LOCK_FILE);
    std::fs::remove_file(&lock).map_err(io_error("remove", &lock))?;
    let mut copier = plain_connection(&backup.join("log.db")).await?;
    let outcome = copy(&mut copier, data, backup).await;
    // Whether the copy is good is checked by reading it, not by whether its last connection closed well.
    copier.close().await.ok();
    outcome.map_err(|source| {
        OpenError::Database { doing: "copy the database into", file: "the backup", source }.into()
    })
}

async fn copy(copier: &mut SqliteConnection, data: &Path, backup: &Path) -> Result<(), sqlx::Error> {
    attach(copier, &data.join("log.db"), "from_log").await?;
    attach(copier, &data.join("evidence.db"), "from_evidence").await?;
    attach(copier, &backup.join("evidence.db"), "to_evidence").await?;
    // One file, whole when it is closed: a write-ahead log beside it would be a part that can get lost.
    copier.execute("pragma main.journal_mode = delete").await?;
    copier.execute("pragma to_evidence.journal_mode = delete").await?;
    // What held in the source holds in the copy; in between, tables refer to what comes later.
    copier.execute("pragma foreign_keys = off").await?;
    copier.execute("begin").await?;
    see_one_moment(copier, data).await?;
    for (from, to) in [("from_log", "main"), ("from_evidence", "to_evidence")] {
        copy_tables(copier, from, to).await?;
    }
    copier.execute("commit").await?;
    Ok(())
}

/// Fixes what the open transaction sees of both sources, while nobody can write to either.
async fn see_one_moment(copier: &mut SqliteConnection, data: &Path) -> Result<(), sqlx::Error> {
    let mut holder = plain_connection(&data.join("log.db")).await.map_err(sqlx_error)?;
    attach(&mut holder, &data.join("evidence.db"), "evidence").await?;
    holder.execute("begin immediate").await?;
    copier.execute("select count(*) from from_log.schema_version").await?;
    copier.execute("select count(*) from from_evidence.schema_version").await?;
    holder.execute("rollback").await?;
    holder.close().await
}

async fn copy_tables(copier: &mut SqliteConnection, from: &str, to: &str) -> Result<(), sqlx::Error> {
    let question = format!("select name from {from}.sqlite_schema where type = 'table' order by name");
    let tables: Vec<String> =
        sqlx::query_scalar(sqlx::AssertSqlSafe(question)).fetch_all(&mut *copier).await?;
    // Numbers that were given out are not given out again: SQLite keeps them in a table of its own, copied last.
    let (own, others): (Vec<_>, Vec<_>) = tables.into_iter().partition(|name| name.starts_with("sqlite_"));
    let sequences = own.into_iter().filter(|name| name == "sqlite_sequence");
    for table in others.into_iter().chain(sequences) {
        let statement = format!(
            "delete from {to}.\"{table}\"; insert into {to}.\"{table}\" select * from {from}.\"{table}\""
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut *copier).await?;
    }
    Ok(())
}

async fn attach(db: &mut SqliteConnection, file: &Path, name: &'static str) -> Result<(), sqlx::Error> {
    let statement = format!("attach database ? as {name}");
    sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(file.to_string_lossy().into_owned())
        .execute(db)
        .await
        .map(drop)
}

fn sqlx_error(error: OpenError) -> sqlx::Error {
    sqlx::Error::Configuration(Box::new(error))
}
